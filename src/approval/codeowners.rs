//! CODEOWNERS from the owners of the inventory: who is asked to review by the forge itself.
//!
//! A forge goes by paths, and a request's path does not tell what it asks for: so all owners
//! together are asked about requests. `jumpgate approvals` is the exact answer.

use std::collections::BTreeSet;

use super::rules::{FILES, FOLDERS, SETTINGS};
use crate::access::model::{Access, Party};
use crate::plural::listed;

/// The first and the last line of the part that is ours; the rest of the file stays as it is.
const BEGIN: &str = "# jumpgate: begin (written by `jumpgate codeowners --write`)";
const END: &str = "# jumpgate: end";

/// How a forge writes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// GitHub and GitLab ("Code Owners"): paths from the root of the repository, the last line
    /// that matches counts.
    Paths,
    /// Gitea and Forgejo ("Code Owners"): regular expressions for whole paths.
    Expressions,
}

/// Our part of the file, and what could not be written. `folder` is where the access repo lies
/// in the repository; empty for its root. The same repo gives the same bytes.
pub fn part(access: &Access, folder: &str, form: Form) -> (String, Vec<String>) {
    let mut lines = Lines { access, folder, form, text: String::new(), left_out: BTreeSet::new() };
    let policy = &access.policy.owners;
    let mut everybody: BTreeSet<&Party> = policy.iter().collect();
    everybody.extend(access.instances.values().flat_map(|instance| &instance.owners));
    everybody.extend(access.servers.iter().flat_map(|entry| &entry.owners));
    lines.line("requests/", &everybody);
    let rules: BTreeSet<&Party> = policy.iter().collect();
    for path in ["people/", "teams/", "inventory/"] {
        lines.line(path, &rules);
    }
    for name in SETTINGS {
        // Both names of a file are read.
        lines.line(&format!("{name}.yaml"), &rules);
        lines.line(&format!("{name}.yml"), &rules);
    }
    // The owners of the rules approve edits of targets; where there are none, the targets' own.
    if rules.is_empty() {
        for instance in access.instances.values() {
            lines.line(&instance.site.file, &instance.owners.iter().collect());
        }
        if let Some(entry) = access.servers.first() {
            let owners = access.servers.iter().flat_map(|entry| &entry.owners);
            lines.line(&entry.site.file, &owners.collect());
        }
    }
    lines.folder = "";
    for path in FOLDERS.into_iter().chain(FILES) {
        lines.line(path, &rules);
    }
    let text = format!("{BEGIN}\n{}{END}\n", lines.text);
    (text, lines.left_out.into_iter().collect())
}

/// A whole file with our part in it: in the place of the old one, or at the end.
pub fn file(old: &str, part: &str) -> String {
    let begin = old.find("# jumpgate: begin");
    let end = begin.and_then(|begin| Some(begin + old[begin..].find(END)? + END.len()));
    match (begin, end) {
        (Some(begin), Some(end)) => {
            let rest = old[end..].strip_prefix('\n').unwrap_or(&old[end..]);
            format!("{}{part}{rest}", &old[..begin])
        }
        _ if old.trim().is_empty() => part.to_owned(),
        _ => format!("{}\n\n{part}", old.trim_end()),
    }
}

struct Lines<'a> {
    access: &'a Access,
    folder: &'a str,
    form: Form,
    text: String,
    left_out: BTreeSet<String>,
}

impl Lines<'_> {
    /// A path (a folder ends with `/`) and its owners; nothing without any.
    fn line(&mut self, path: &str, owners: &BTreeSet<&Party>) {
        let mut logins = BTreeSet::new();
        for party in owners {
            if let Party::Group(group) = party {
                logins.insert(format!("@{group}"));
            }
            for person in party.people(self.access) {
                self.person(person, &mut logins);
            }
        }
        if logins.is_empty() {
            return;
        }
        let whole = match self.folder.is_empty() {
            true => path.to_owned(),
            false => format!("{}/{path}", self.folder),
        };
        let pattern = match self.form {
            Form::Paths => format!("/{}", whole.replace(' ', "\\ ")),
            Form::Expressions => {
                let literal: String = whole.chars().flat_map(escaped).collect();
                if path.ends_with('/') { format!("{literal}.*") } else { literal }
            }
        };
        let logins = listed(logins.iter().map(String::as_str), usize::MAX).replace(", ", " ");
        self.text.push_str(&format!("{pattern} {logins}\n"));
    }

    fn person(&mut self, name: &crate::names::PersonName, logins: &mut BTreeSet<String>) {
        match self.access.people.get(name).and_then(|person| person.forge.as_ref()) {
            Some(login) => {
                logins.insert(format!("@{login}"));
            }
            None => {
                self.left_out.insert(format!(
                    "{name} owns something and has no name at the forge: add `forge:` to \
                     people/{name}.yaml"
                ));
            }
        }
    }
}

/// A character of a path in a regular expression.
fn escaped(c: char) -> Vec<char> {
    match c {
        '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | '\\'
        | ' ' => {
            vec!['\\', c]
        }
        c => vec![c],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What others wrote stays, and a second time changes nothing.
        #[test]
        fn our_part_alone_is_written(before in "[a-z@/ \n]{0,40}", after in "[a-z@/ \n]{0,40}") {
            let part = |lines: &str| format!("{BEGIN}\n{lines}{END}\n");
            let (old, new) = (part("/requests/ @a\n"), part("/requests/ @b\n"));
            let whole = format!("{before}{old}{after}");
            let written = file(&whole, &new);
            prop_assert_eq!(&written, &format!("{before}{new}{after}"));
            prop_assert_eq!(file(&written, &new), written);
            let appended = file(&before, &new);
            prop_assert!(appended.starts_with(before.trim_end()) && appended.ends_with(&new));
            prop_assert_eq!(file(&appended, &new), appended);
        }
    }

    #[test]
    fn a_path_is_literal_in_an_expression() {
        let escaped: String = "a.b (c)+".chars().flat_map(escaped).collect();
        assert_eq!(escaped, "a\\.b\\ \\(c\\)\\+");
    }
}
