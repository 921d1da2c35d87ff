//! The examples that stand under the help of each command, and in its man page. A test reads
//! every one of them as a command line, so that none goes stale.

use clap::Command;

/// By the words of the command.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "init",
        "jumpgate init access
jumpgate init access --no-input --owner acme --time-zone Asia/Shanghai \\
    --url https://jump.acme.example --ci github",
    ),
    (
        "check",
        "jumpgate check
jumpgate check --rev origin/main
jumpgate check --format sarif > check.sarif",
    ),
    (
        "plan",
        "jumpgate plan
jumpgate plan --base origin/main --comment-file comment.md
jumpgate plan --person fanlichun --at 2027-03-01T00:00:00+08:00
jumpgate plan --target orders-prod --detailed-exitcode",
    ),
    (
        "comment",
        "jumpgate comment comment.md
jumpgate comment comment.md --forge gitea --repository acme/access \\
    --number 12",
    ),
    (
        "approvals",
        "jumpgate approvals --base origin/main --number 12
jumpgate approvals --base origin/main --post",
    ),
    (
        "codeowners",
        "jumpgate codeowners --write
jumpgate codeowners --check --forge gitlab",
    ),
    (
        "apply",
        "jumpgate apply
jumpgate apply --yes --metrics-file /var/lib/node_exporter/jumpgate.prom
jumpgate apply --yes --result-file last.json
jumpgate apply --expect 25570e7a54c59a0056eba5019c28cb48",
    ),
    (
        "rotate",
        "jumpgate rotate --older-than 90d
jumpgate rotate --person fanlichun --instance orders-prod --yes",
    ),
    (
        "audit",
        "jumpgate audit
jumpgate audit --target orders-prod --fail-on high
jumpgate audit --format csv > doors.csv",
    ),
    (
        "drift",
        "jumpgate drift
jumpgate drift --detailed-exitcode
jumpgate drift --issue --forge github --repository acme/access",
    ),
    (
        "unused",
        "jumpgate unused --days 90
jumpgate unused --person fanlichun --format csv > unused.csv
jumpgate unused --days 180 --write --pull-request",
    ),
    (
        "review",
        "jumpgate review --team payments > review.yaml
jumpgate review --answers review.yaml --pull-request",
    ),
    (
        "report",
        "jumpgate report --output access.html
jumpgate report --live --lang zh --output access.html",
    ),
    (
        "doctor",
        "jumpgate doctor
jumpgate doctor --for plan --target orders-prod",
    ),
    (
        "grants-needed",
        "jumpgate grants-needed orders-prod
jumpgate grants-needed orders-prod --server mariadb --host 10.8.0.7",
    ),
    ("roles-needed", "jumpgate roles-needed"),
    (
        "explain",
        "jumpgate explain
jumpgate explain JG012",
    ),
    (
        "schema",
        "jumpgate schema
jumpgate schema plan
jumpgate schema request --from . > .vscode/request.schema.json
jumpgate schema --all schema",
    ),
    (
        "who",
        "jumpgate who orders-prod
jumpgate who orders-prod.billing.cards --ended
jumpgate who /Default/payments/prod --live --format json",
    ),
    (
        "why",
        "jumpgate why fanlichun orders-prod
jumpgate why fanlichun pay-web-01 --live",
    ),
    (
        "list servers",
        "jumpgate list servers
jumpgate list servers --person fanlichun",
    ),
    (
        "list databases",
        "jumpgate list databases
jumpgate list databases --person fanlichun --format json",
    ),
    (
        "catalog",
        "jumpgate catalog
jumpgate catalog --check
jumpgate catalog --columns",
    ),
    (
        "mine",
        "jumpgate mine
jumpgate mine fanlichun --ended",
    ),
    (
        "request",
        "jumpgate request
jumpgate request --for fanlichun --server pay-web-01 --login app --hours 4 \\
    --reason 'PAY-1234: logs of the refunds' --pull-request
jumpgate request --for team/payments --database orders-prod --level r \\
    --table 'orders.*' --until 2027-02-28 --reason 'PAY-1234: refunds'
jumpgate request --for liwei --server pay-web-01 --login root --hours 2 \\
    --emergency 'payments are down, INC-77' --pull-request
jumpgate request --json - --pull-request < ticket.json",
    ),
    (
        "copy",
        "jumpgate copy --from liwei --to fanlichun --until 2027-02-28 \\
    --reason 'PAY-1250: takes over refunds' --dry-run",
    ),
    (
        "status",
        "jumpgate status 2026/PAY-1234-refunds
jumpgate status CHG-4711 --format json",
    ),
    (
        "renew",
        "jumpgate renew 2026/PAY-1234-refunds --until 2027-05-31
jumpgate renew 2026/PAY-1234-refunds --until 2027-05-31 --pull-request",
    ),
    (
        "cancel",
        "jumpgate cancel 2026/PAY-1234-refunds
jumpgate cancel 2026/PAY-1234-refunds --on 2026-12-31 --branch",
    ),
    (
        "release",
        "jumpgate release 2026/PAY-1234-refunds
jumpgate release 2026/PAY-1234-refunds --pull-request",
    ),
    ("approve-emergency", "jumpgate approve-emergency 2026/INC-77 --by liwei --pull-request"),
    (
        "notify",
        "jumpgate notify --dry-run
jumpgate notify --apply last.json --state /var/lib/jumpgate/notified.json",
    ),
    (
        "leave",
        "jumpgate leave fanlichun --on 2026-12-31
jumpgate leave fanlichun --on '2026-12-31 18:00' --pull-request",
    ),
    (
        "import people",
        "jumpgate import people --dry-run
jumpgate import people --group payments",
    ),
    (
        "import requests",
        "jumpgate import requests --dry-run
jumpgate import requests --person fanlichun --pattern 'ro_{person}=r'",
    ),
    ("import inventory", "jumpgate import inventory --environment prod --owner team/payments"),
    (
        "import all",
        "jumpgate import all --dry-run --format json > import.json
jumpgate import all --environment prod --owner team/payments --pull-request",
    ),
    (
        "completions",
        "source <(jumpgate completions bash)
jumpgate completions fish > ~/.config/fish/completions/jumpgate.fish",
    ),
    (
        "man",
        "jumpgate man /usr/local/share/man/man1
jumpgate man > jumpgate.1",
    ),
];

/// The command line with the examples of each command; those that a command says itself stay.
pub(super) fn add(mut command: Command) -> Command {
    for (path, lines) in EXAMPLES {
        let words: Vec<&str> = path.split(' ').collect();
        command = within(command, &words, &text(lines));
    }
    command
}

fn within(command: Command, path: &[&str], text: &str) -> Command {
    match path {
        [] if command.get_after_help().is_none() => command.after_help(text.to_owned()),
        // `mut_subcommand` panics on a name that is not there.
        [first, rest @ ..] if command.find_subcommand(first).is_some() => {
            command.mut_subcommand(*first, |inner| within(inner, rest, text))
        }
        _ => command,
    }
}

fn text(lines: &str) -> String {
    let lines = lines.lines().map(|line| format!("\n  {line}"));
    "Examples:".to_owned() + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, command};

    /// All commands that do something, by their words.
    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let path = format!("{path} {}", inner.get_name()).trim_start().to_owned();
            match inner.has_subcommands() {
                true => leaves(inner, &path, found),
                false => found.push((path, inner.clone())),
            }
        }
    }

    /// The words of jumpgate's own part of a line as a shell would give them.
    fn words(line: &str) -> Vec<String> {
        let own = line.split_once("<(").map_or(line, |(_, inner)| inner.trim_end_matches(')'));
        let words = shlex::split(own).unwrap_or_else(|| panic!("quotes in {line}"));
        let ends = |word: &String| matches!(word.as_str(), "<" | ">" | "|");
        words.into_iter().take_while(|word| !ends(word)).collect()
    }

    #[test]
    fn every_command_has_examples_that_are_true() {
        let mut all = Vec::new();
        leaves(&command(), "", &mut all);
        assert!(all.len() > 20, "{}", all.len());
        let mut read = 0;
        for (path, command) in all {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines = help.strip_prefix("Examples:\n").unwrap_or_default();
            assert!(!lines.is_empty(), "jumpgate {path} --help has no examples");
            assert!(lines.lines().all(|line| line.len() <= 80), "{path} is wider than 80");
            for line in lines.replace("\\\n", " ").lines() {
                let words = words(line);
                let own = words.join(" ");
                assert!(own.starts_with(&format!("jumpgate {path}")), "{path}: {line}");
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{line}\n{error}");
                }
                read += 1;
            }
        }
        assert!(read > 40, "{read} examples were read");
    }

    #[test]
    fn every_example_has_its_command() {
        let mut all = Vec::new();
        leaves(&command(), "", &mut all);
        for (path, _) in EXAMPLES {
            assert!(all.iter().any(|(known, _)| known == path), "there is no command {path}");
        }
    }

    #[test]
    fn help_fits_into_eighty_columns() {
        let mut all = Vec::new();
        leaves(&command(), "", &mut all);
        for (path, inner) in all {
            let long = inner.clone().term_width(80).render_long_help().to_string();
            for line in long.lines() {
                assert!(line.chars().count() <= 80, "{path}: {line}");
            }
        }
    }
}
