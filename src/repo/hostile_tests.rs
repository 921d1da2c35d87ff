//! Repositories that somebody made to be read by us: nothing of another repository or from
//! outside is read, nothing is run, and there is an end to everything.

use std::fs;
use std::path::Path;

use git2::{ObjectType, Oid, Repository};

use super::bench::{Bench, commit};
use super::*;

const MESSAGE: &str = "a change";

impl Bench {
    /// Commits a tree; gives the commit.
    fn commit(&self, tree: Oid) -> String {
        commit(&self.repository, tree, MESSAGE)
    }

    /// Writes an object as it is, whatever git thinks of it.
    fn object(&self, kind: ObjectType, bytes: &[u8]) -> Oid {
        self.repository.odb().expect("objects").write(kind, bytes).expect("an object")
    }

    /// A tree of entries: mode, name, object.
    fn tree(&self, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        self.object(ObjectType::Tree, &bytes)
    }
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files.keys().map(AsRef::as_ref).collect()
}

/// A repository that lies in a commit, with a history of its own: `HEAD`, `objects`, `refs`
/// and `config` are ordinary names.
#[test]
fn a_repository_inside_of_a_commit_is_no_judge() {
    let bench = Bench::new();
    bench.write("access/policy.yaml", "environments: [prod]\n");
    let real = bench.save(MESSAGE);
    let inner = Repository::init_bare(bench.path("access")).expect("a bare repository");
    let text = inner.blob(b"environments: [mine]\n").expect("a blob");
    let mut tree = inner.treebuilder(None).expect("a tree");
    tree.insert("policy.yaml", text, 0o100_644).expect("an entry");
    let forged = commit(&inner, tree.write().expect("written"), MESSAGE);
    // It would be opened where a search looks at the folders themselves.
    assert!(Repository::discover(bench.path("access")).expect("one").is_bare());
    for config in ["", "[core]\n\tbare = false\n\tworktree = /\n"] {
        if !config.is_empty() {
            fs::write(bench.path("access/config"), config).expect("a file");
        }
        let dir = bench.path("access");
        let tree = Tree::revision(&dir, "HEAD").expect("a tree");
        assert_eq!(tree.commit.as_deref(), Some(real.as_str()));
        assert_eq!(&*tree.files["policy.yaml"], b"environments: [prod]\n");
        assert_eq!(head(&dir).expect("a head").map(|head| head.commit), Some(real.clone()));
        assert!(Tree::revision(&dir, &forged).is_err(), "its commits are not there");
    }
}

#[test]
fn a_bare_repository_of_its_own_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let bare = Repository::init_bare(folder.path().join("access.git")).expect("a repository");
    let text = bare.blob(b"environments: [prod]\n").expect("a blob");
    let mut tree = bare.treebuilder(None).expect("a tree");
    tree.insert("policy.yaml", text, 0o100_644).expect("an entry");
    commit(&bare, tree.write().expect("written"), MESSAGE);
    let tree = Tree::revision(&folder.path().join("access.git"), "HEAD").expect("a tree");
    assert_eq!(paths(&tree), ["policy.yaml"]);
    assert_eq!(head(&folder.path().join("access.git")), Ok(None));
}

/// In a repository that holds several folders a branch makes one a link to another, whose
/// rules are weaker.
#[cfg(unix)]
#[test]
fn the_folder_itself_is_no_link_of_the_repository() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    bench.write("access/policy.yaml", "environments: [prod]\n");
    bench.write("docs/sample/policy.yaml", "environments: [play]\n");
    bench.save(MESSAGE);
    fs::rename(bench.path("access"), bench.path("old")).expect("moved");
    symlink("docs/sample", bench.path("access")).expect("a link");
    let dir = bench.path("access");
    let refused = [
        Tree::folder(&dir).map(|_| ()),
        Tree::revision(&dir, "HEAD").map(|_| ()),
        head(&dir).map(|_| ()),
        place(&dir).map(|_| ()),
        merge_base(&dir, "HEAD", "HEAD").map(|_| ()),
    ];
    for refused in refused {
        let error = refused.expect_err("a link").to_string();
        assert!(error.contains("access is a symbolic link in a git repository"), "{error}");
    }
    // A link that somebody keeps outside of any repository is his own.
    let outside = tempfile::tempdir().expect("a folder");
    symlink(bench.path("docs/sample"), outside.path().join("mine")).expect("a link");
    let tree = Tree::revision(&outside.path().join("mine"), "HEAD").expect("a tree");
    assert_eq!(&*tree.files["policy.yaml"], b"environments: [play]\n");
}

/// Ten folders in ten folders, seven deep, of one tree object each: ten million files in a
/// few hundred bytes.
#[test]
fn a_tree_that_holds_itself_many_times_comes_to_an_end() {
    for (text, wrong) in [(8, "500000 files"), (900_000, "256 MiB")] {
        let bench = Bench::new();
        let blob = bench.object(ObjectType::Blob, &vec![b'x'; text]);
        let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let level = |mode: &str, id: Oid| {
            let entries: Vec<_> = names.iter().map(|name| (mode, name.as_bytes(), id)).collect();
            bench.tree(&entries)
        };
        let mut tree = level("100644", blob);
        for _ in 0..6 {
            tree = level("40000", tree);
        }
        bench.commit(bench.tree(&[("40000", b"requests", tree)]));
        let error = Tree::revision(bench.folder.path(), "HEAD").expect_err("too many");
        assert!(error.to_string().contains(wrong), "{error}");
        assert!(error.to_string().starts_with("requests/0/"), "{error}");
    }
}

#[test]
fn folders_that_lie_too_deep_are_told() {
    let bench = Bench::new();
    let mut tree = bench.tree(&[("100644", b"x.yaml", bench.object(ObjectType::Blob, b"x"))]);
    for _ in 0..3_000 {
        tree = bench.tree(&[("40000", b"d", tree)]);
    }
    bench.commit(bench.tree(&[("40000", b"requests", tree)]));
    let tree = Tree::revision(bench.folder.path(), "HEAD").expect("a tree");
    assert_eq!(tree.faults.len(), 1);
    assert_eq!(tree.faults[0].1, Fault::Deep);
    assert_eq!(tree.faults[0].0.split('/').count(), 33);
}

#[test]
fn a_huge_object_does_not_come_into_memory() {
    let bench = Bench::new();
    // 200 MB of zeros are 200 KB in git.
    let huge = bench.object(ObjectType::Blob, &vec![0; 200 << 20]);
    let people = bench.tree(&[("100644", b"a.yaml", huge), ("120000", b"b.yaml", huge)]);
    bench.commit(bench.tree(&[("40000", b"people", people)]));
    let tree = Tree::revision(bench.folder.path(), "HEAD").expect("a tree");
    assert_eq!(tree.files["people/a.yaml"].len(), crate::yaml::FILE_MAX + 1);
    assert_eq!(tree.faults, [("people/b.yaml".into(), Fault::Nowhere)]);
}

/// Names that git itself never writes, in objects that were made by hand.
#[test]
fn names_of_odd_bytes_lead_nowhere() {
    let bench = Bench::new();
    let text = bench.object(ObjectType::Blob, b"name: x\n");
    let names: [&[u8]; 7] =
        [b"\xff\xfe.yaml", b"a\x1b[2J.yaml", b"a\nb.yaml", b"..", b".", b"a/b.yaml", b"-rf.yaml"];
    for name in names {
        let people = bench.tree(&[("100644", name, text)]);
        bench.commit(bench.tree(&[("40000", b"people", people)]));
        // An error, a fault or a file with that name, and never one of elsewhere.
        if let Ok(tree) = Tree::revision(bench.folder.path(), "HEAD") {
            let all: Vec<&str> = paths(&tree)
                .into_iter()
                .chain(tree.faults.iter().map(|(path, _)| &**path))
                .collect();
            assert!(all.iter().all(|path| path.starts_with("people/")), "{name:?}: {all:?}");
        }
    }
    for name in [&b".git"[..], b".GIT", b".Git"] {
        let people = bench.tree(&[("40000", name, bench.tree(&[("100644", b"config", text)]))]);
        bench.commit(bench.tree(&[("40000", b"people", people)]));
        let tree = Tree::revision(bench.folder.path(), "HEAD").expect("a tree");
        assert_eq!(tree.faults, [("people".into(), Fault::Submodule)], "{name:?}");
        assert!(tree.files.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn devices_pipes_and_what_a_link_leads_to_outside_are_never_opened() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    bench.write("people/good.yaml", "name: x\n");
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret.yaml"), "name: secret\n").expect("a file");
    let far = |path: &str| outside.path().join(path).display().to_string();
    for (target, link) in [
        ("/dev/zero", "people/zero.yaml"),
        ("/dev/stdin", "people/stdin.yaml"),
        ("/proc/self/environ", "people/environ.yaml"),
        (&far("secret.yaml"), "people/secret.yaml"),
        (&far(""), "people/folder"),
        (&far(""), "requests"),
        (".git/config", "teams"),
        ("loop.yaml", "people/loop.yaml"),
    ] {
        symlink(target, bench.path(link)).expect("a link");
    }
    let pipe = std::process::Command::new("mkfifo").arg(bench.path("people/pipe.yaml")).status();
    assert!(pipe.expect("mkfifo runs").success());
    fs::write(bench.path("people").join(std::ffi::OsStr::from_bytes(b"\xff.yaml")), "name: y\n")
        .expect("a file");
    let tree = Tree::folder(bench.folder.path()).expect("a tree");
    assert_eq!(paths(&tree), ["people/good.yaml"]);
    let faults: Vec<_> = tree.faults.iter().map(|(path, fault)| (&**path, *fault)).collect();
    let found = |path: &str| faults.iter().find(|(name, _)| *name == path).map(|(_, fault)| *fault);
    for path in ["zero", "stdin", "environ", "secret"] {
        assert_eq!(found(&format!("people/{path}.yaml")), Some(Fault::Outside), "{path}");
    }
    assert_eq!(found("people/folder"), Some(Fault::Outside));
    assert_eq!(found("requests"), Some(Fault::Outside));
    assert_eq!(found("teams"), Some(Fault::Outside));
    assert_eq!(found("people/loop.yaml"), Some(Fault::Circle));
    assert_eq!(found("people/pipe.yaml"), Some(Fault::Special));
    assert_eq!(found("people/\u{fffd}.yaml"), Some(Fault::Name));
}

/// Settings of the repository that make git run programs; a marker shows when one was run.
#[cfg(unix)]
#[test]
fn nothing_that_a_repository_asks_for_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let mark = bench.path("was-run");
    let script = bench.path("run.sh");
    let write = |path: &Path| {
        fs::write(path, format!("#!/bin/sh\ntouch {}\ncat\n", mark.display())).expect("a script");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("may be run");
    };
    write(&script);
    bench.write("jumpgate.yaml", "version: 1\n");
    bench.write("people/a.yaml", "name: x\n");
    bench.write(".gitattributes", "* filter=run diff=run merge=run text eol=lf ident\n");
    bench.write("people/.gitattributes", "* filter=run working-tree-encoding=UTF-16\n");
    let first = bench.save(MESSAGE);
    let run = script.display();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {run}\n\thooksPath = {hooks}\n\
         \teditor = {run}\n\tpager = {run}\n\tsshCommand = {run}\n\tgitProxy = {run}\n\
         \talternateRefsCommand = {run}\n\
         [filter \"run\"]\n\tclean = {run}\n\tsmudge = {run}\n\tprocess = {run}\n\trequired = true\n\
         [diff \"run\"]\n\tcommand = {run}\n\ttextconv = {run}\n\
         [merge \"run\"]\n\tdriver = {run}\n\
         [credential]\n\thelper = {run}\n[gpg]\n\tprogram = {run}\n",
        hooks = bench.path("hooks").display(),
    );
    fs::write(bench.path(".git/config"), config).expect("a file");
    for folder in [".git/hooks", "hooks"] {
        fs::create_dir_all(bench.path(folder)).expect("a folder");
        for hook in ["fsmonitor-watchman", "post-checkout", "post-index-change", "pre-commit"] {
            write(&bench.path(&format!("{folder}/{hook}")));
        }
    }
    // Something that git has to look at anew.
    bench.write("people/a.yaml", "name: y\n");
    let dir = bench.folder.path();
    assert!(head(dir).expect("a head").expect("a commit").dirty);
    assert_eq!(Tree::revision(dir, "HEAD").expect("a tree").files.len(), 3);
    assert_eq!(&*Tree::folder(dir).expect("a tree").files["people/a.yaml"], b"name: y\n");
    assert!(origin(dir, "HEAD", "people/a.yaml").expect("an origin").is_some());
    assert_eq!(merge_base(dir, &first, "HEAD"), Ok(first.clone()));
    assert_eq!(descent(dir, &first, &first), Ok(Descent::Descends));
    assert_eq!(place(dir).expect("a place").commit, first);
    assert!(!mark.exists(), "a program was run");
}

/// A file may differ from its commit by a filter alone; then the folder is not the commit.
#[test]
fn a_filter_hides_no_change() {
    let bench = Bench::new();
    bench.write("people/a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n");
    bench.write(".gitattributes", "people/* filter=lfs -text\n");
    bench.save(MESSAGE);
    assert!(!head(bench.folder.path()).expect("a head").expect("a commit").dirty);
    bench.write("people/a.yaml", "name: what no reviewer saw\n");
    assert!(head(bench.folder.path()).expect("a head").expect("a commit").dirty);
}

/// `.git` as a file, as worktrees have it, is not the author's; one that leads nowhere is an
/// error, and nothing above is taken in its place.
#[test]
fn a_git_file_that_leads_nowhere_is_no_way_out() {
    let bench = Bench::new();
    bench.write("access/policy.yaml", "environments: [prod]\n");
    bench.save(MESSAGE);
    for text in ["gitdir: /nowhere\n", "gitdir: ../access\n", "rubbish"] {
        bench.write("access/.git", text);
        assert!(Tree::revision(&bench.path("access"), "HEAD").is_err(), "{text}");
    }
}
