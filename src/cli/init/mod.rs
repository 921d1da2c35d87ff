//! `jumpgate init`.

mod ask;
mod write;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use self::ask::Prompt;
use super::{Outcome, could_not_run, folded};
use crate::init::questions::{CI, ENVIRONMENTS, ORGANIZATION, OWNER, TIME_ZONE, URL};
use crate::init::{self, Answers, Ci, Environments, Question};
use crate::names::Owner;
use crate::repo;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the new access repo; it is made when it is not there.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The name of the access repo: it marks everything that is made, and stays.
    #[arg(long, value_name = "NAME", value_parser = init::owner)]
    owner: Option<Owner>,
    /// The address of JumpServer.
    #[arg(long, value_name = "URL", value_parser = init::url)]
    url: Option<String>,
    /// The organization in JumpServer, by name or id [default: Default].
    #[arg(long, value_name = "NAME", value_parser = init::organization)]
    organization: Option<String>,
    /// The zone in which days are meant, such as Asia/Shanghai.
    #[arg(long, value_name = "ZONE", value_parser = init::time_zone)]
    time_zone: Option<String>,
    /// The environments, with commas [default: prod,test].
    #[arg(long, value_name = "NAMES")]
    environments: Option<Environments>,
    /// Write the workflows for pull requests too [default: none].
    #[arg(long, value_enum)]
    ci: Option<Ci>,
    /// Leave out the workflow and the form that turn issues and calls of other systems into
    /// pull requests: they need the token of a bot that may push.
    #[arg(long)]
    no_requests: bool,
    /// Ask nothing, as without a terminal: what is not given has its default.
    #[arg(long)]
    no_input: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    match init(args) {
        Ok(()) => Outcome::Done,
        Err(outcome) => outcome,
    }
}

fn init(args: &Args) -> Result<(), Outcome> {
    // What stands in the way is said before anything is asked.
    write::nothing_there(&args.dir, init::ALWAYS).map_err(|error| could_not_run(&error))?;
    let asks = !args.no_input && io::stdin().is_terminal() && io::stderr().is_terminal();
    let terminal = asks.then(|| Prompt::new(io::stdin().lock(), io::stderr()));
    let answers = answers(args, terminal).map_err(|error| could_not_run(&error))?;
    let files = init::files(&answers);
    write::fits(&args.dir, &files)?;
    write::write(&args.dir, &files).map_err(|error| could_not_run(&error))?;
    for path in files.keys() {
        anstream::println!("{}", args.dir.join(path).display());
    }
    next(args, answers.ci);
    Ok(())
}

/// The answers: what was given, else what is said at the terminal, else the default.
///
/// # Errors
/// The flags that are missing, or that the terminal gave no answer.
fn answers<R: BufRead, W: Write>(
    args: &Args,
    terminal: Option<Prompt<R, W>>,
) -> Result<Answers, String> {
    let mut answers = Answering { terminal, missing: Vec::new() };
    let zone = TimeZone::try_system().ok();
    let zone = zone.as_ref().and_then(TimeZone::iana_name);
    let owner = answers.of(&OWNER, &args.owner, folder_name(&args.dir).as_deref(), init::owner)?;
    let url = answers.of(&URL, &args.url, None, init::url)?;
    let organization = answers.of(&ORGANIZATION, &args.organization, None, init::organization)?;
    let time_zone = answers.of(&TIME_ZONE, &args.time_zone, zone, init::time_zone)?;
    let environments = answers.of(&ENVIRONMENTS, &args.environments, None, str::parse)?;
    let ci = answers.of(&CI, &args.ci, None, str::parse)?;
    let missing = answers.missing.join(", ");
    let all = (|| {
        Some(Answers {
            owner: owner?,
            url: url?,
            organization: organization?,
            time_zone: time_zone?,
            environments: environments?,
            ci: ci?,
            requests: !args.no_requests,
        })
    })();
    all.ok_or_else(|| {
        format!("there is no terminal to ask at, and these flags are missing: {missing}")
    })
}

struct Answering<R, W> {
    terminal: Option<Prompt<R, W>>,
    missing: Vec<&'static str>,
}

impl<R: BufRead, W: Write> Answering<R, W> {
    /// The answer to a question, none when there is no way to it. `likely` is proposed at the
    /// terminal, where a person sees it.
    fn of<T: Clone>(
        &mut self,
        question: &Question,
        given: &Option<T>,
        likely: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        if given.is_some() {
            return Ok(given.clone());
        }
        if let Some(terminal) = &mut self.terminal {
            return terminal.ask(question, likely, parse).map(Some);
        }
        if question.default.is_none() {
            self.missing.push(question.flag);
        }
        question.default.map(parse).transpose()
    }
}

/// The name of the folder, which is often the name of the access repo.
fn folder_name(dir: &Path) -> Option<String> {
    let name = std::path::absolute(dir).ok()?.file_name()?.to_str()?.to_owned();
    Some(name)
}

/// Says what to do next.
fn next(args: &Args, ci: Ci) {
    let dir = &args.dir;
    let inside = repo::place(dir).is_ok_and(|place| !place.folder.is_empty());
    if inside && ci != Ci::None {
        anstream::eprintln!(
            "note: forges read workflows only at the root of a repository, and {} lies below it",
            dir.display()
        );
    }
    let last = match ci {
        Ci::None => "Run `jumpgate plan` on every pull request, and `jumpgate apply` from cron.",
        _ => "Set what the CI files mark with `set:`, add the secrets that they name, and push.",
    };
    let first = if repo::place(dir).is_ok() { "Commit" } else { "`git init` there, and commit" };
    let steps = [
        format!(
            "Describe your servers and databases in {}: its README.md shows how. {first}.",
            dir.join("inventory").display()
        ),
        "`jumpgate roles-needed` and `jumpgate grants-needed` say which accounts jumpgate needs. Put \
         their credentials into the environment, then `jumpgate doctor`, `jumpgate import people`."
            .to_owned(),
        last.to_owned(),
    ];
    let mut text = "\nNext:\n".to_owned();
    for (number, step) in (1..).zip(steps) {
        text.push_str(&folded(&format!("{number}. "), "   ", &step));
    }
    anstream::eprint!("{text}");
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &[&str]) -> Args {
        Line::parse_from([&["init"], words].concat()).args
    }

    /// The answers that a person types, and what stood on the terminal.
    fn typed(args: &Args, input: &str) -> (Result<Answers, String>, String) {
        let mut screen = Vec::new();
        let found = answers(args, Some(Prompt::new(input.as_bytes(), &mut screen)));
        (found, String::from_utf8(screen).expect("UTF-8"))
    }

    #[test]
    fn a_person_answers_and_enter_takes_what_is_proposed() {
        let args = args(&["/srv/access", "--time-zone", "Asia/Shanghai"]);
        let (found, screen) =
            typed(&args, "\n\njump.acme.example\n https://jump.acme.example \nops\nlive\ngitlab\n");
        let found = found.expect("answers");
        assert_eq!(
            (found.owner.as_str(), found.url.as_str()),
            ("access", "https://jump.acme.example")
        );
        assert_eq!((found.organization.as_str(), found.ci), ("ops", Ci::Gitlab));
        assert_eq!(found.environments.to_string(), "live");
        insta::assert_snapshot!(screen);
    }

    #[test]
    fn an_end_of_the_input_is_no_answer() {
        let (found, _) = typed(&args(&["x"]), "acme\n");
        assert!(found.expect_err("no answer").contains("no answer"));
    }

    #[test]
    fn without_a_terminal_all_missing_flags_are_named_at_once() {
        let none = || None::<Prompt<&[u8], Vec<u8>>>;
        let error = answers(&args(&["x", "--url", "https://a.example"]), none());
        let error = error.expect_err("flags are missing");
        assert!(error.ends_with("are missing: --owner, --time-zone"), "{error}");
        let all = ["x", "--url", "https://a.example", "--owner", "acme", "--time-zone", "UTC"];
        let found = answers(&args(&all), none()).expect("answers");
        assert_eq!((found.organization.as_str(), found.ci), ("Default", Ci::None));
        assert_eq!(found.environments.to_string(), "prod, test");
    }
}
