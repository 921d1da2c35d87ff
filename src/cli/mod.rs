//! The command line: one file a command.

mod apply;
mod approvals;
mod approvers;
mod audit;
mod catalog;
mod check;
mod codeowners;
mod comment;
mod compare;
mod completions;
mod doctor;
mod draft;
mod drift;
mod edit;
mod examples;
mod exit;
mod explain;
mod file;
mod forge;
mod format;
mod grants_needed;
mod groups;
mod import;
mod init;
mod list;
mod log;
mod man;
mod mine;
mod notify;
mod plan;
mod process;
mod provenance;
mod publish;
mod report;
mod request;
mod review;
mod roles_needed;
mod rotate;
mod schema;
mod source;
mod together;
mod unused;
mod use_of;
mod who;

use std::io::{IsTerminal as _, Write as _};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use exit::Outcome;

/// Access to servers and databases through git.
#[derive(Debug, Parser)]
#[command(name = "jumpgate", version = env!("JUMPGATE_VERSION"), about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask for access: by questions at a terminal, by flags, or as JSON.
    Request(Box<request::Args>),
    /// Ask for what another person has.
    Copy(request::Copy),
    /// Give a request a later end.
    Renew(edit::Renew),
    /// Take a request back, or let it end sooner.
    Cancel(edit::Cancel),
    /// Let a person leave: everything ends after a day.
    Leave(edit::Leave),
    /// Show what may be asked for, and on which terms.
    #[command(subcommand)]
    List(list::Command),
    /// Show what a person has, what waits for approval, and how to connect.
    Mine(mine::Args),
    /// Say where a request stands.
    Status(request::Status),
    /// Check the files of an access repo: no credentials, no network.
    Check(check::Args),
    /// Show who gets what until when: reads everything, changes nothing.
    Plan(plan::Args),
    /// Keep a plan as the one comment on a pull request.
    Comment(comment::Args),
    /// Say who must approve a pull request and who has, by the forge's reviews.
    Approvals(approvals::Args),
    /// Write CODEOWNERS from the owners of the inventory.
    Codeowners(codeowners::Args),
    /// Approve an emergency after it was merged.
    ApproveEmergency(edit::ApproveEmergency),
    /// Write a list of who has what, and take the answers to it.
    Review(review::Args),
    /// Say which access nobody used, and take it out of the files.
    Unused(unused::Args),
    /// Make JumpServer and the databases match what is merged.
    Apply(apply::Args),
    /// Renew passwords of database accounts.
    Rotate(rotate::Args),
    /// Tell people what ends soon, what was done, and what waits for them.
    Notify(notify::Args),
    /// Say who may do something on a target, by which request, merged by whom.
    Who(who::Who),
    /// Say why a person may do something on a target.
    Why(who::Why),
    /// Write one page that shows who has what until when, for any browser.
    Report(report::Args),
    /// Show what opens a door and did not come through git, the worst first.
    Audit(audit::Args),
    /// Say what another hand changed on the targets since the last apply.
    Drift(drift::Args),
    /// Write a new access repo.
    Init(init::Args),
    /// Try every target, and say what is missing.
    Doctor(doctor::Args),
    /// Print the rights for the JumpServer users of plan and apply.
    RolesNeeded(roles_needed::Args),
    /// Print the statements for the database accounts of plan and apply.
    GrantsNeeded(grants_needed::Args),
    /// Write files from what JumpServer and the databases have.
    #[command(subcommand)]
    Import(import::Command),
    /// Write what the servers have to ask for into the access repo.
    Catalog(catalog::Args),
    /// Give back what a request has: jumpgate looks after it no more.
    Release(edit::Release),
    /// Say what the code of an error or a finding means.
    Explain(explain::Args),
    /// Print the JSON schema of a file or an output.
    Schema(schema::Args),
    /// Print the script for Tab in a shell.
    Completions(completions::Args),
    /// Write the man pages.
    Man(man::Args),
}

/// Runs the command that the arguments name. Nothing that goes wrong shows a secret: a
/// fault of the program says where it is, and none of the data that it met.
pub fn main() -> Outcome {
    process::keep_to_itself();
    process::run(|| {
        if let Some(outcome) = completions::answer() {
            return outcome;
        }
        let mut command = command();
        let read = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| {
            Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
        });
        let cli = match read {
            Ok(cli) => cli,
            Err(error) => return misread(&error),
        };
        if let Some(name) = crate::credentials::unreadable() {
            return could_not_run(&format!(
                "the value of {name} in the environment is not UTF-8, so it cannot be used: set it \
                 anew, or take it out"
            ));
        }
        match log::start() {
            Ok(()) => cli.run(),
            Err(why) => could_not_run(&why),
        }
    })
}

/// The command line, with its commands in groups, and examples in the help of each.
fn command() -> clap::Command {
    groups::add(examples::add(Cli::command()))
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Outcome {
        match self.command {
            Command::Init(args) => init::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Plan(args) => plan::run(&args),
            Command::Comment(args) => comment::run(&args),
            Command::Approvals(args) => approvals::run(&args),
            Command::Codeowners(args) => codeowners::run(&args),
            Command::Apply(args) => apply::run(&args),
            Command::Rotate(args) => rotate::run(&args),
            Command::Audit(args) => audit::run(&args),
            Command::Notify(args) => notify::run(&args),
            Command::Drift(args) => drift::run(&args),
            Command::Report(args) => report::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::GrantsNeeded(args) => grants_needed::run(&args),
            Command::RolesNeeded(args) => roles_needed::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Schema(args) => schema::run(&args),
            Command::Who(args) => who::who(&args),
            Command::Why(args) => who::why(&args),
            Command::List(command) => list::run(&command),
            Command::Mine(args) => mine::run(&args),
            Command::Catalog(args) => catalog::run(&args),
            Command::Request(args) => args.run(),
            Command::Copy(args) => args.run(),
            Command::Status(args) => args.run(),
            Command::ApproveEmergency(args) => args.run(),
            Command::Renew(args) => args.run(),
            Command::Cancel(args) => args.run(),
            Command::Release(args) => args.run(),
            Command::Unused(args) => unused::run(&args),
            Command::Review(args) => review::run(&args),
            Command::Leave(args) => args.run(),
            Command::Import(command) => import::run(&command),
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(&args),
        }
    }
}

/// Runs a command that talks to servers.
fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    block_on_any(command).unwrap_or_else(|outcome| outcome)
}

/// Runs a command that talks to servers and may end early with its outcome.
fn block_on_ended(command: impl Future<Output = Result<Outcome, Outcome>>) -> Outcome {
    block_on(async { draft::ended(command.await) })
}

/// Runs a part of a command that talks to servers.
fn block_on_any<T>(work: impl Future<Output = T>) -> Result<T, Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match process::start_threads().and(runtime) {
        Ok(runtime) => Ok(runtime.block_on(work)),
        Err(error) => Err(could_not_run(&format!("no threads to work with: {error}"))),
    }
}

/// Waits for one request to a server.
fn block_on_value<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow::anyhow!("no thread to work with: {error}"))?;
    Ok(runtime.block_on(work))
}

/// Shows the help that was asked for, or what is wrong with the flags. The latter could not run:
/// clap's own code for it, 2, says here that changes are pending.
fn misread(error: &clap::Error) -> Outcome {
    let shown = error.print();
    match error.use_stderr() {
        false if shown.is_ok() => Outcome::Done,
        _ => Outcome::CouldNotRun,
    }
}

/// Says why a command cannot run.
fn could_not_run(error: &impl std::fmt::Display) -> Outcome {
    let text = crate::visible::clean(&error.to_string());
    anstream::eprint!("{}", line_or_lines("error: ", &text, std::io::stderr().is_terminal()));
    Outcome::CouldNotRun
}

/// A text behind its beginning: one line for programs, and lines that fit on a terminal.
fn line_or_lines(first: &str, text: &str, terminal: bool) -> String {
    match terminal {
        true => folded(first, "  ", text),
        false => format!("{first}{text}\n"),
    }
}

/// Prints the result of something that was done already: what cannot be printed is told by
/// the outcome, and stops nothing. A reader that has had enough is no error.
fn print_result(text: &str) -> Outcome {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Outcome::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Outcome::Done,
        Err(error) => could_not_run(&format!("the result could not be printed: {error}")),
    }
}

/// A text in lines that fit into the terminal: how the first begins, and how the others do.
fn folded(first: &str, rest: &str, text: &str) -> String {
    let mut folded = String::new();
    let look = crate::report::Look { width: width(), colours: false };
    crate::report::wrap(&mut folded, look, first, rest, text);
    folded
}

/// The width of the terminal, within what reads well; 80 when it is none.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(80, |(width, _)| usize::from(width.0)).clamp(60, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_folded_for_people_alone() {
        let text = "check the token or access key ".repeat(6);
        let text = text.trim_end();
        let folded = line_or_lines("error: ", text, true);
        assert!(folded.lines().count() > 1 && folded.lines().all(|line| line.len() <= 100));
        assert!(folded.starts_with("error: check") && folded.ends_with("key\n"), "{folded}");
        assert_eq!(line_or_lines("error: ", text, false), format!("error: {text}\n"));
    }

    #[test]
    fn the_command_line_is_well_formed_and_tells_its_version() {
        let command = command();
        command.clone().debug_assert();
        let version = command.get_version().expect("a version");
        let (number, commit) = version.split_once(' ').unwrap_or((version, "(none)"));
        assert_eq!(number, env!("CARGO_PKG_VERSION"));
        assert!(commit.starts_with('(') && commit.ends_with(')'), "{version}");
    }
}
