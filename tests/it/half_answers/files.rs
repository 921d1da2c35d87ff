//! Half an access repo: folders that are missing, checkouts and clones that are not whole.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::place::Place;
use super::{Case, WHOLE, both};

/// Runs git in a folder.
fn git(dir: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=liwei", "-c", "user.email=liwei@acme.example"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a file and commits it.
pub(super) fn commit(dir: &Path, path: &str, text: &str) {
    fs::write(dir.join(path), text).expect("a file");
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message", "a change"]);
}

/// A clone in which one setting of `jumpgate.yaml` is another one.
pub(super) fn configured(place: &Place, from: &str, to: &str) -> TempDir {
    edited(place, "jumpgate.yaml", from, to)
}

/// A clone in which something of one file is another thing.
pub(super) fn edited(place: &Place, file: &str, from: &str, to: &str) -> TempDir {
    let folder = place.company.clone_repo();
    let text = fs::read_to_string(folder.path().join(file)).expect("the file");
    assert!(text.contains(from), "{from}: {text}");
    commit(folder.path(), file, &text.replace(from, to));
    folder
}

/// A clone in which some paths were removed by a commit.
fn without(place: &Place, paths: &[&str]) -> TempDir {
    let folder = place.company.clone_repo();
    git(folder.path(), &[&["rm", "--quiet", "-r"], paths].concat());
    git(folder.path(), &["commit", "--quiet", "--message", "half of it"]);
    folder
}

/// A clone by git's own way over a wire, which may leave things out.
fn cloned(place: &Place, flags: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = format!("file://{}", place.company.dir().display());
    let to = folder.path().to_str().expect("UTF-8");
    place.company.git(&["config", "uploadpack.allowFilter", "true"]);
    let args = [&["clone", "--quiet"], flags, &[from.as_str(), to]].concat();
    git(&place.company.dir(), &args);
    folder
}

/// A clone that holds only its last commit, one later than the one that was applied.
fn shallow(place: &Place) -> TempDir {
    let whole = place.company.clone_repo();
    commit(whole.path(), "README.md", "access\n");
    let folder = tempfile::tempdir().expect("a folder");
    let from = format!("file://{}", whole.path().display());
    let to = folder.path().to_str().expect("UTF-8");
    git(whole.path(), &["clone", "--quiet", "--depth=1", &from, to]);
    folder
}

/// A folder with the files of the repo and no git.
fn exported(place: &Place) -> TempDir {
    let folder = place.company.clone_repo();
    fs::remove_dir_all(folder.path().join(".git")).expect("the folder goes");
    folder
}

/// A whole clone of which only some folders are checked out.
fn sparse(place: &Place) -> TempDir {
    let folder = place.company.clone_repo();
    fs::create_dir_all(folder.path().join(".git/info")).expect("a folder");
    git(folder.path(), &["sparse-checkout", "set", "--no-cone", "/*", "!/requests/PAY-2.yaml"]);
    assert!(!folder.path().join("requests/PAY-2.yaml").exists());
    folder
}

/// The cases. `plan` reads the folder, `apply` the commit that it stands on.
pub(super) const FILES: &[Case] = &[
    WHOLE,
    Case {
        name: "the folder of people is missing",
        folder: Some(|place| without(place, &["people"])),
        codes: [3, 3],
        says: both(&["the folder people/ is missing or empty"]),
        ..WHOLE
    },
    Case {
        name: "one person's file is missing",
        folder: Some(|place| without(place, &["people/liwei.yaml"])),
        codes: [3, 3],
        says: both(&["there is no person of this name", "teams/payments.yaml:1:22"]),
        ..WHOLE
    },
    Case {
        name: "the folder of teams is missing",
        folder: Some(|place| without(place, &["teams"])),
        codes: [3, 3],
        says: both(&["the folder teams/ is missing or empty"]),
        ..WHOLE
    },
    Case {
        name: "the folder of requests is missing",
        folder: Some(|place| without(place, &["requests"])),
        codes: [3, 3],
        says: both(&["the folder requests/ is missing or empty", "requests/.gitkeep"]),
        ..WHOLE
    },
    Case {
        name: "the folder of databases is missing",
        folder: Some(|place| without(place, &["inventory/databases"])),
        codes: [3, 3],
        says: both(&["the folder inventory/databases/ is missing or empty"]),
        ..WHOLE
    },
    Case {
        name: "the inventory is missing",
        folder: Some(|place| without(place, &["inventory"])),
        codes: [3, 3],
        says: both(&[
            "the folder inventory/databases/ is missing or empty",
            "inventory/servers.yaml",
        ]),
        ..WHOLE
    },
    Case {
        name: "the certificate that the inventory names is missing",
        folder: Some(|place| without(place, &["inventory/ca"])),
        codes: [3, 3],
        says: both(&["inventory/ca/db.pem"]),
        ..WHOLE
    },
    Case {
        name: "policy is missing",
        folder: Some(|place| without(place, &["policy.yaml"])),
        codes: [3, 3],
        says: both(&["policy.yaml", "the file is missing"]),
        ..WHOLE
    },
    Case {
        name: "the checkout is empty",
        folder: Some(|place| without(place, &["."])),
        codes: [3, 3],
        says: both(&["jumpgate.yaml", "the file is missing"]),
        ..WHOLE
    },
    Case {
        name: "the folder is empty, and no clone",
        folder: Some(|_| tempfile::tempdir().expect("a folder")),
        codes: [3, 1],
        says: [
            &["jumpgate.yaml", "the file is missing"],
            &["lies in no git repository: clone the access repo"],
        ],
        ..WHOLE
    },
    Case {
        name: "the files came without git",
        folder: Some(exported),
        codes: [0, 1],
        says: [&[], &["lies in no git repository: clone the access repo"]],
        ..WHOLE
    },
    Case {
        name: "the clone is shallow",
        folder: Some(shallow),
        codes: [0, 1],
        says: [&[], &["fetch the whole history (git fetch --unshallow)"]],
        ..WHOLE
    },
    Case {
        name: "the clone was made without its files, and nothing is checked out",
        folder: Some(|place| cloned(place, &["--filter=blob:none", "--no-checkout"])),
        codes: [3, 1],
        says: [&["the file is missing"], &["fetch the repository whole, without a filter"]],
        ..WHOLE
    },
    Case {
        name: "the checkout is sparse",
        folder: Some(sparse),
        codes: [1, 0],
        says: [&["requests/PAY-2.yaml", "git sparse-checkout disable"], &[]],
        ..WHOLE
    },
];
