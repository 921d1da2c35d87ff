//! The commands in the help of `jumpgate`, by what somebody wants to do. clap has no headings
//! for commands, so the list stands in the template of the help.

use std::fmt::Write as _;

use clap::Command;

use super::folded;

/// What somebody wants to do, and the commands for it; the README has the same order.
const GROUPS: &[(&str, &[&str])] = &[
    ("Ask", &["request", "copy", "renew", "cancel", "leave", "list", "mine", "status"]),
    (
        "Decide",
        &[
            "check",
            "plan",
            "comment",
            "approvals",
            "codeowners",
            "approve-emergency",
            "review",
            "unused",
        ],
    ),
    ("Apply", &["apply", "rotate", "notify"]),
    ("Look", &["who", "why", "report", "audit", "drift"]),
    (
        "Adopt and set up",
        &["init", "doctor", "roles-needed", "grants-needed", "import", "catalog", "release"],
    ),
    ("Help", &["explain", "schema", "completions", "man", "help"]),
];

/// The command line with its commands in groups.
pub(super) fn add(command: Command) -> Command {
    let list = list(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}Options:\n{{options}}"
    ))
}

/// All commands under their headings.
fn list(command: &Command) -> String {
    let longest = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| name.len()).max();
    let column = longest.unwrap_or_default() + 4;
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{title}:");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            // clap's own command is not there yet.
            let about = about.map_or("Print the help of a command".to_owned(), ToString::to_string);
            let first = format!("  {name:<width$}", width = column - 2);
            text.push_str(&folded(&first, &" ".repeat(column), &about));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let command = crate::cli::command();
        let there: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        let listed: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .filter(|name| *name != "help")
            .collect();
        assert_eq!(listed.len(), there.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), there);
    }

    #[test]
    fn the_help_reads_well() {
        insta::assert_snapshot!(crate::cli::command().render_help());
    }
}
