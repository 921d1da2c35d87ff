//! `jumpgate check` as a person runs it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn check(folder: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jumpgate"))
        .arg("check")
        .arg(folder)
        .output()
        .expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_example_passes() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    let (code, stdout, stderr) = check(&example);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("ok: 2 people, 1 team, 1 database instance, 1 request"), "{stdout}");
}

#[test]
fn errors_go_to_standard_error_with_exit_code_3() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("jumpgate.yaml"), "version: 1\nowner: ACME\n").expect("a file");
    let (code, stdout, stderr) = check(folder.path());
    assert_eq!((code, stdout.as_str()), (Some(3), ""));
    assert!(stderr.contains("error[JG005]") && stderr.contains("policy.yaml"), "{stderr}");
}

#[test]
fn a_folder_that_is_not_there_is_exit_code_1() {
    let (code, _, stderr) = check(Path::new("no/such/folder"));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no/such/folder cannot be read"), "{stderr}");
}

#[test]
fn what_policy_refuses_is_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    crate::support::pages::copy(&example, folder.path());
    let asks = "servers:\n  - login: app\n    nodes: [/Default/payments/prod]\n";
    let request = format!("for: team/payments\nreason: x\n{asks}");
    fs::write(folder.path().join("requests/endless.yaml"), request).expect("a file");
    let (code, stdout, stderr) = check(folder.path());
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("ok: "), "{stdout}");
    assert!(stderr.contains("warning[JG033]: policy wants an end here"), "{stderr}");
    assert!(stderr.contains("requests/endless.yaml:5:13"), "{stderr}");
    assert_eq!(stderr.matches("JG033").count(), 1, "once for all of a team: {stderr}");
}

#[test]
fn a_part_of_an_access_repo_is_no_access_repo() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    crate::support::pages::copy(&example, folder.path());
    let (code, stdout, stderr) = check(&folder.path().join("inventory/databases"));
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    let root = folder.path().canonicalize().expect("the folder");
    let says = format!("lies in the access repo {}: run this there", root.display());
    assert!(stderr.contains(&says), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named_and_not_taken_for_unset() {
    use std::os::unix::ffi::OsStrExt as _;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    let output = Command::new(env!("CARGO_BIN_EXE_jumpgate"))
        .arg("check")
        .arg(example)
        .env("JUMPGATE_MYSQL_ORDERS_PROD_PASSWORD", std::ffi::OsStr::from_bytes(b"tell-nobody\xe9"))
        .output()
        .expect("the command runs");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("JUMPGATE_MYSQL_ORDERS_PROD_PASSWORD") && !told.contains("nobody"));
}
