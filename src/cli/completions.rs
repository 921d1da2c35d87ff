//! `jumpgate completions`: what a shell offers at Tab. The script asks jumpgate itself, which
//! knows the flags, and names of the access repo in the current folder.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::sync::Arc;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use jiff::Timestamp;

use super::{Outcome, could_not_run};
use crate::access;
use crate::access::model::Access;
use crate::catalog::{self, Catalog};
use crate::repo::Tree;

/// The shell that asks, as the script says it.
const VARIABLE: &str = "JUMPGATE_COMPLETE";

/// A shell that has completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    /// bash 4.4 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Outcome {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(args.shell.name()) else {
        return could_not_run(&format!("there are no completions for {}", args.shell.name()));
    };
    let mut script = Vec::new();
    let written =
        shell.write_registration(VARIABLE, "jumpgate", "jumpgate", "jumpgate", &mut script);
    match written.and_then(|()| io::stdout().write_all(&script)) {
        Ok(()) => Outcome::Done,
        Err(error) => could_not_run(&format!("the script cannot be printed: {error}")),
    }
}

/// Answers a shell that asks what to offer; none when no shell asks.
pub(super) fn answer() -> Option<Outcome> {
    let name = std::env::var(VARIABLE).ok()?;
    let shells = Shells::builtins();
    let shell = shells.completer(&name)?;
    let words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    if words.is_empty() {
        return None;
    }
    let here = std::env::current_dir().ok();
    let mut offered = Vec::new();
    let mut command = with_names(super::command(), name == Shell::Bash.name());
    command.build();
    // A shell that gets nothing offers nothing; words on a command line that is being typed
    // help nobody.
    let asked = shell.write_complete(&mut command, words, here.as_deref(), &mut offered);
    let _ = asked.and_then(|()| io::stdout().write_all(&offered));
    Some(Outcome::Done)
}

/// A kind of names, by what an argument calls its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    People,
    PeopleAndTeams,
    Requests,
    Instances,
    Servers,
    Targets,
    Logins,
    Levels,
    Tables,
}

impl Names {
    /// The names for the values of an argument of a command.
    fn of(command: &str, arg: &clap::Arg) -> Option<Self> {
        let value = arg.get_value_names().and_then(<[_]>::first).map(|name| name.as_str())?;
        let whom = arg.get_long() == Some("for");
        Some(match value {
            "PERSON" if whom => Self::PeopleAndTeams,
            "PERSON" => Self::People,
            "REQUEST" => Self::Requests,
            "INSTANCE" => Self::Instances,
            "NODE_OR_ASSET" => Self::Servers,
            // A target of a plan is a system; that of a question is anything.
            "TARGET" if matches!(command, "who" | "why") => Self::Targets,
            "TARGET" => Self::Instances,
            "LOGIN" if command == "request" => Self::Logins,
            "LEVEL" => Self::Levels,
            "TABLE" => Self::Tables,
            _ => return None,
        })
    }
}

/// The command line with names of the access repo as values, for bash or another shell.
fn with_names(command: Command, bash: bool) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|arg| match Names::of(&name, &arg) {
            Some(names) => {
                let offer = move |current: &OsStr| offer(names, current, bash);
                arg.add(ArgValueCompleter::new(offer))
            }
            None => arg,
        })
        .mut_subcommands(|command| with_names(command, bash))
}

/// The names that begin with what is typed. An access repo that is not valid offers what its
/// folders say, and one that is not there nothing.
fn offer(names: Names, current: &OsStr, bash: bool) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let Ok(tree) = Tree::folder(std::path::Path::new(".")) else { return Vec::new() };
    let all = match names {
        Names::People => in_folder(&tree, "people/"),
        Names::PeopleAndTeams => {
            let teams = in_folder(&tree, "teams/").into_iter().map(|name| format!("team/{name}"));
            in_folder(&tree, "people/").into_iter().chain(teams).collect()
        }
        Names::Requests => in_folder(&tree, "requests/"),
        Names::Instances => in_folder(&tree, "inventory/databases/"),
        _ => {
            let catalog = Catalog::of(&tree).and_then(Result::ok);
            let access = without_requests(tree);
            access.map(|access| of_access(names, &access, catalog.as_ref())).unwrap_or_default()
        }
    };
    let fits = all.into_iter().filter(|name| name.starts_with(current) && is_harmless(name, bash));
    fits.map(CompletionCandidate::new).collect()
}

/// The stems of a folder's files.
fn in_folder(tree: &Tree, folder: &str) -> Vec<String> {
    let names = tree.files.keys().filter_map(|path| {
        let name = path.strip_prefix(folder)?;
        name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).map(str::to_owned)
    });
    names.collect()
}

/// What can be asked for, without reading what was asked for: that is most of a repo.
fn without_requests(mut tree: Tree) -> Option<Access> {
    tree.files.retain(|path, _| !path.starts_with("requests/"));
    tree.files.insert(Arc::from("requests/.gitkeep"), Arc::from([]));
    access::load(&tree, Timestamp::now()).ok()
}

fn of_access(names: Names, access: &Access, catalog: Option<&Catalog>) -> Vec<String> {
    let servers = || {
        let entries =
            access.servers.iter().flat_map(|entry| entry.nodes.iter().chain(&entry.assets));
        let entries = entries.filter(|name| !name.contains('*')).cloned();
        let all: BTreeSet<String> =
            entries.chain(catalog.map(|known| known.servers(access)).unwrap_or_default()).collect();
        all.into_iter()
    };
    let instances = || access.instances.keys().map(ToString::to_string);
    match names {
        Names::Servers => servers().collect(),
        Names::Targets => servers().chain(instances()).collect(),
        Names::Logins => access.config.logins.keys().map(ToString::to_string).collect(),
        Names::Levels => access.config.levels.keys().map(ToString::to_string).collect(),
        Names::Tables => catalog::scopes_of_all(access, catalog, usize::MAX),
        Names::People | Names::PeopleAndTeams | Names::Requests | Names::Instances => Vec::new(),
    }
}

/// Whether a name means nothing to a shell: what is offered lands on a command line. Of these
/// bash alone takes a `*` as it is, and puts file names in its place.
fn is_harmless(name: &str, bash: bool) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '@');
    name.chars().all(|c| plain(c) || c == '*' && !bash) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_names_are_found_by_what_they_call_their_value() {
        let command = crate::cli::command();
        let find = |path: &str, id: &str| {
            let inner = command.find_subcommand(path).expect("a command");
            let arg = inner.get_arguments().find(|arg| arg.get_id() == id).expect("an argument");
            Names::of(path, arg)
        };
        assert_eq!(find("request", "people"), Some(Names::PeopleAndTeams));
        assert_eq!(find("plan", "person"), Some(Names::People));
        assert_eq!(find("why", "person"), Some(Names::People));
        assert_eq!(find("copy", "from"), Some(Names::People));
        assert_eq!(find("request", "from"), None);
        assert_eq!(find("renew", "request"), Some(Names::Requests));
        assert_eq!(find("status", "request"), Some(Names::Requests));
        assert_eq!(find("grants-needed", "instance"), Some(Names::Instances));
        assert_eq!(find("who", "target"), Some(Names::Targets));
        assert_eq!(find("plan", "target"), Some(Names::Instances));
        assert_eq!(find("request", "login"), Some(Names::Logins));
        assert_eq!(find("comment", "login"), None);
    }

    #[test]
    fn nothing_is_offered_that_a_shell_would_carry_out() {
        for name in ["orders.*", "/Default/payments/prod", "team/payments", "范立春", "a@b.c"] {
            assert!(is_harmless(name, false), "{name}");
            assert_eq!(is_harmless(name, true), !name.contains('*'), "{name}");
        }
        for name in ["$(reboot)", "a;b", "a b", "`id`", "a'b", "-x", "a\nb", "a\u{202e}b", "~x"] {
            assert!(!is_harmless(name, false), "{name}");
        }
    }
}
