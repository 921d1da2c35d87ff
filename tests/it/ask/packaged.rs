//! What packages have beside the binary.

use std::path::Path;
use std::process::Command;

#[test]
fn packages_get_completions_and_a_man_page_for_each_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/packaged");
    let done = Command::new(script)
        .arg(env!("CARGO_BIN_EXE_jumpgate"))
        .arg(folder.path())
        .output()
        .expect("the script runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let manifest = include_str!("../../../Cargo.toml");
    for file in ["completions/jumpgate.bash", "completions/_jumpgate", "completions/jumpgate.fish"]
    {
        let text = std::fs::read_to_string(folder.path().join(file)).expect(file);
        assert!(text.contains("JUMPGATE_COMPLETE"), "{file}");
        assert!(manifest.contains(&format!("\"target/packaged/{file}\"")), "{file}");
    }
    let page = folder.path().join("man/jumpgate-check.1");
    // The pages are read as `man` does, where it is there.
    let Ok(read) = Command::new("man").arg(&page).env("MANWIDTH", "80").output() else { return };
    let text = String::from_utf8_lossy(&read.stdout);
    for words in ["EXAMPLES", "jumpgate check --rev origin/main", "OPTIONS"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
