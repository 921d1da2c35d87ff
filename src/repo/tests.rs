//! Files and history of real repositories.

use std::path::Path;

use git2::Repository;

use super::*;

/// Commits the files given, and gives the commit.
fn save(repository: &Repository, files: &[(&str, &str)]) -> String {
    let root = repository.workdir().expect("a work tree");
    let mut index = repository.index().expect("an index");
    for (path, text) in files {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("a file");
        index.add_path(Path::new(path)).expect("added");
    }
    index.write().expect("an index");
    let tree = repository.find_tree(index.write_tree().expect("a tree")).expect("a tree");
    let by = git2::Signature::now("liwei", "liwei@acme.example").expect("a name");
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &by, &by, "a change", &tree, &parents);
    id.expect("a commit").to_string()
}

#[test]
fn a_revision_is_read_whatever_the_folder_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("a repository");
    let first = save(&repository, &[("access/jumpgate.yaml", "version: 1\n"), ("x", "y")]);
    let second = save(&repository, &[("access/people/liwei.yaml", "name: x\n")]);
    std::fs::write(folder.path().join("access/jumpgate.yaml"), "changed").expect("a file");

    let dir = folder.path().join("access");
    let tree = Tree::revision(&dir, "HEAD").expect("a tree");
    assert_eq!(tree.commit.as_deref(), Some(second.as_str()));
    let paths: Vec<&str> = tree.files.keys().map(AsRef::as_ref).collect();
    assert_eq!(paths, ["jumpgate.yaml", "people/liwei.yaml"]);
    assert_eq!(&*tree.files["jumpgate.yaml"], b"version: 1\n");
    assert_eq!(Tree::revision(&dir, &first).expect("a tree").files.len(), 1);
    let error = Tree::revision(&dir, "nothing").expect_err("no such commit");
    assert_eq!(error.to_string(), "there is no commit nothing");

    assert_eq!(descent(&dir, &second, &first), Ok(Descent::Descends));
    assert_eq!(descent(&dir, &first, &second), Ok(Descent::Elsewhere));
    assert_eq!(descent(&dir, &first, &"a".repeat(40)), Ok(Descent::Unknown));
    assert_eq!(before(&dir, &second, 10), Ok(vec![first]));
}

#[test]
fn a_folder_outside_of_git_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Tree::revision(folder.path(), "HEAD").expect_err("no repository");
    assert!(error.to_string().contains("no git repository"), "{error}");
}

/// The paths of a tree, and its faults.
fn told(tree: &Tree) -> (Vec<&str>, Vec<(&str, Fault)>) {
    let faults = tree.faults.iter().map(|(path, fault)| (path.as_ref(), *fault)).collect();
    (tree.files.keys().map(AsRef::as_ref).collect(), faults)
}

#[cfg(unix)]
#[test]
fn a_folder_and_its_commit_follow_the_same_links() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let repository = Repository::init(root).expect("a repository");
    save(&repository, &[("people/a.yaml", "name: x\n"), ("more/people/z.yaml", "name: z\n")]);
    for (target, link) in [
        ("a.yaml", "people/b.yaml"),
        ("b.yaml", "people/hop.yaml"),
        ("/etc/hostname", "people/c.yaml"),
        ("../../x", "people/out.yaml"),
        ("../.git/config", "people/git.yaml"),
        ("../people", "people/d"),
        ("..", "people/root"),
        ("me.yaml", "people/me.yaml"),
        ("nowhere", "people/e.yaml"),
        ("a.yaml/b", "people/f.yaml"),
        ("more/people", "teams"),
    ] {
        symlink(target, root.join(link)).expect("a link");
    }
    let mut index = repository.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).expect("added");
    save(&repository, &[]);
    let now = Tree::folder(root).expect("a tree");
    assert_eq!(
        told(&now),
        (
            vec!["people/a.yaml", "people/b.yaml", "people/hop.yaml", "teams/z.yaml"],
            vec![
                ("people/c.yaml", Fault::Outside),
                ("people/d", Fault::Circle),
                ("people/e.yaml", Fault::Nowhere),
                ("people/f.yaml", Fault::Nowhere),
                ("people/git.yaml", Fault::Outside),
                ("people/me.yaml", Fault::Circle),
                ("people/out.yaml", Fault::Outside),
                ("people/root", Fault::Circle),
            ]
        )
    );
    let committed = Tree::revision(root, "HEAD").expect("a tree");
    assert_eq!((&now.files, &now.faults), (&committed.files, &committed.faults));
}

#[cfg(unix)]
#[test]
fn links_that_multiply_come_to_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = vec!["people".to_owned()];
    for step in 0..8 {
        paths.push(format!("x{step}"));
    }
    for pair in paths.windows(2) {
        let here = folder.path().join(&pair[0]);
        std::fs::create_dir(&here).expect("a folder");
        for number in 0..10 {
            let link = here.join(number.to_string());
            std::os::unix::fs::symlink(format!("../{}", pair[1]), link).expect("a link");
        }
    }
    std::fs::create_dir(folder.path().join("x7")).expect("a folder");
    let error = Tree::folder(folder.path()).expect_err("too many");
    assert!(error.to_string().contains("500000 files"), "{error}");
}

#[test]
fn a_submodule_is_a_hole() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("a repository");
    let first = save(&repository, &[("jumpgate.yaml", "version: 1\n")]);
    let mut index = repository.index().expect("an index");
    let (zero, id) = (git2::IndexTime::new(0, 0), first.parse().expect("an id"));
    let entry = git2::IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode: 0o160_000,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: b"requests".to_vec(),
    };
    index.add(&entry).expect("added");
    save(&repository, &[]);
    let tree = Tree::revision(folder.path(), "HEAD").expect("a tree");
    assert_eq!(told(&tree), (vec!["jumpgate.yaml"], vec![("requests", Fault::Submodule)]));

    Repository::init(folder.path().join("requests")).expect("a repository");
    let tree = Tree::folder(folder.path()).expect("a tree");
    assert_eq!(told(&tree), (vec!["jumpgate.yaml"], vec![("requests", Fault::Submodule)]));
}

#[test]
fn a_large_file_does_not_come_into_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("a repository");
    save(&repository, &[("policy.yaml", &"x".repeat(3 << 20))]);
    for tree in [Tree::folder(folder.path()), Tree::revision(folder.path(), "HEAD")] {
        let tree = tree.expect("a tree");
        assert_eq!(tree.files["policy.yaml"].len(), crate::yaml::FILE_MAX + 1);
    }
}

#[test]
fn the_head_says_whether_files_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(head(folder.path()), Ok(None));
    let repository = Repository::init(folder.path()).expect("a repository");
    let dir = folder.path().join("access");
    std::fs::create_dir(&dir).expect("a folder");
    assert_eq!(head(&dir), Ok(None));
    let commit = save(&repository, &[("access/policy.yaml", "x\n"), (".gitignore", "b.yaml\n")]);
    let clean = Head { commit, dirty: false, shallow: false };
    assert_eq!(head(&dir), Ok(Some(clean.clone())));
    std::fs::write(folder.path().join("other"), "x").expect("a file");
    assert_eq!(head(&dir), Ok(Some(clean.clone())));
    // What git ignores is read from a folder all the same.
    std::fs::create_dir(dir.join("people")).expect("a folder");
    std::fs::write(dir.join("people/b.yaml"), "x").expect("a file");
    assert_eq!(head(&dir), Ok(Some(Head { dirty: true, ..clean })));
}

#[test]
fn a_sparse_checkout_is_no_repo() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("a repository");
    let files = [("access/jumpgate.yaml", "version: 1\n"), ("access/requests/r.yaml", "x")];
    save(&repository, &[&files[..], &[("docs/x", "y")]].concat());
    let mut index = repository.index().expect("an index");
    let dir = folder.path().join("access");
    // What is no part of the access repo may be left out.
    for (path, told) in [("docs/x", None), ("access/requests/r.yaml", Some("requests/r.yaml"))] {
        let mut entry = index.get_path(Path::new(path), 0).expect("an entry");
        entry.flags_extended |= git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits();
        index.add(&entry).expect("added");
        index.write().expect("an index");
        assert!(Tree::folder(&dir).is_ok(), "{path} is there all the same");
        std::fs::remove_file(folder.path().join(path)).expect("it goes");
        let read = Tree::folder(&dir).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(read.is_err(), told.is_some(), "{read:?}");
        if let (Err(text), Some(told)) = (read, told) {
            assert!(text.contains(told) && text.contains("git sparse-checkout disable"), "{text}");
        }
    }
    assert!(Tree::revision(&dir, "HEAD").is_ok(), "the commit has it");
}

#[test]
fn a_shallow_clone_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("a repository");
    let first = save(&repository, &[("policy.yaml", "x\n")]);
    let second = save(&repository, &[("policy.yaml", "y\n")]);
    assert!(!Tree::revision(folder.path(), "HEAD").expect("a tree").shallow);
    // What `git clone --depth 1` writes.
    std::fs::write(repository.path().join("shallow"), format!("{second}\n")).expect("a file");
    assert!(Tree::revision(folder.path(), "HEAD").expect("a tree").shallow);
    assert_eq!(head(folder.path()).map(|head| head.map(|head| head.shallow)), Ok(Some(true)));
    assert_eq!(descent(folder.path(), &second, &first), Ok(Descent::Unknown));
}
