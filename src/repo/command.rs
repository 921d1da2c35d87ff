//! The `git` command, for what needs the user's own set-up: who commits, how commits are
//! signed, and how a remote is reached.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Error;
use super::git::open;

/// Commits a tree on top of a commit, as the user that git knows, signed when git is set to
/// sign. Gives the commit, as 40 hex digits.
///
/// # Errors
/// When git does not know who commits, or cannot sign.
pub fn commit(dir: &Path, tree: &str, parent: &str, message: &str) -> Result<String, Error> {
    let signs = run(dir, &["config", "--type=bool", "--get", "commit.gpgsign"], None);
    let sign = signs.is_ok_and(|answer| answer.trim() == "true");
    let mut args = vec!["commit-tree", tree, "-p", parent, "-F", "-"];
    args.extend(sign.then_some("-S"));
    run(dir, &args, Some(message)).map(|id| id.trim().to_owned())
}

/// A setting of git's, such as `user.email`.
pub fn setting(dir: &Path, name: &str) -> Option<String> {
    let value = run(dir, &["config", "--get", name], None).ok()?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// The address of a remote, without a password in it.
pub fn remote_address(dir: &Path, remote: &str) -> Option<String> {
    let address = run(dir, &["remote", "get-url", "--", remote], None).ok()?;
    Some(without_secret(address.trim()))
}

/// Brings the remote's branches up to date here.
///
/// # Errors
/// When the remote cannot be reached or refuses.
pub fn fetch(dir: &Path, remote: &str) -> Result<(), Error> {
    run(dir, &["fetch", "--quiet", "--no-tags", "--", remote], None).map(drop)
}

/// The commit of a branch at the remote, fetched, as 40 hex digits; none when there is none.
///
/// # Errors
/// When the remote cannot be reached or refuses.
pub fn remote_branch(dir: &Path, remote: &str, branch: &str) -> Result<Option<String>, Error> {
    let reference = format!("refs/heads/{branch}");
    let listed = run(dir, &["ls-remote", "--", remote, &reference], None)?;
    let found = listed.lines().find_map(|line| {
        let (id, name) = line.split_once('\t')?;
        (name == reference).then(|| id.to_owned())
    });
    if found.is_some() {
        run(dir, &["fetch", "--quiet", "--no-tags", "--", remote, &reference], None)?;
    }
    Ok(found)
}

/// Pushes a commit as a new branch.
///
/// # Errors
/// When the remote cannot be reached or refuses, also because the branch is there and has
/// other commits.
pub fn push(dir: &Path, remote: &str, commit: &str, branch: &str) -> Result<(), Error> {
    let what = format!("{commit}:refs/heads/{branch}");
    run(dir, &["push", "--quiet", "--", remote, &what], None).map(drop)
}

/// Runs git; gives what it printed.
fn run(dir: &Path, args: &[&str], input: Option<&str>) -> Result<String, Error> {
    // The repository that everything else reads, and not one that git would find by itself.
    let repository = open(dir)?;
    let mut command = Command::new("git");
    command.arg("-C").arg(repository.workdir().unwrap_or(dir));
    command
        .arg("--git-dir")
        .arg(repository.path())
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    if !std::io::stdin().is_terminal() {
        // Nobody is there to type a password: fail and say so.
        command.env("GIT_TERMINAL_PROMPT", "0");
    }
    let told = |error: std::io::Error| Error(format!("git cannot be run: {error}"));
    let mut child = command.spawn().map_err(told)?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).map_err(told)?;
    }
    let output = child.wait_with_output().map_err(told)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = without_secret(said.trim());
    let verb = args.first().copied().unwrap_or_default();
    Err(Error(format!("git {verb} failed: {said}")))
}

/// A text without the passwords of addresses in it.
fn without_secret(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = behind.find(['/', ' ', '\n', '\'', '"']).unwrap_or(behind.len());
        rest = match behind[..end].rfind('@') {
            Some(user) => &behind[user + 1..],
            None => behind,
        };
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_addresses_are_not_told() {
        let told = "fatal: unable to access 'https://bot:s3cret@git.acme.example/a/b': no";
        assert_eq!(
            without_secret(told),
            "fatal: unable to access 'https://git.acme.example/a/b': no"
        );
        assert_eq!(without_secret("ssh://git@host/x and a@b"), "ssh://host/x and a@b");
        assert_eq!(without_secret("git@github.com:acme/access"), "git@github.com:acme/access");
    }
}
