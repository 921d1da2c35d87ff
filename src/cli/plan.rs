//! `jumpgate plan`.

use std::collections::BTreeSet;
use std::io::IsTerminal;

use jiff::Timestamp;

use super::format::PlanFormat;
use super::source::Source;
use super::{Outcome, block_on_ended, could_not_run, provenance, width};
use crate::access::model::{Access, Person, Provenance};
use crate::names::{InstanceName, PersonName};
use crate::plan::{self, Focus, Plan};
use crate::report::{self, Look, Problem, Report, markdown};
use crate::{credentials, desired, grants, observe};

/// The form of what `apply` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) source: Source,
    /// What a pull request changes: compare with where it left this revision, which judges.
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["target", "person", "new_server"])]
    base: Option<String>,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: PlanFormat,
    /// The longest comment, in characters (UTF-16 units).
    #[arg(long, value_name = "CHARACTERS", default_value_t = markdown::GITHUB_LIMIT, value_parser = limit)]
    pub(super) limit: usize,
    /// Where files are linked to, such as https://github.com/acme/access/blob/{commit}; in CI
    /// it is found by itself.
    #[arg(long, value_name = "URL")]
    pub(super) link_base: Option<String>,
    /// Write the comment for a pull request to this file, too, whatever the form.
    #[arg(long, value_name = "FILE")]
    pub(super) comment_file: Option<std::path::PathBuf>,
    /// Exit with 2 when there is something to do.
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Only this target: an instance, or `jumpserver`; may be repeated.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Only this person; may be repeated.
    #[arg(long, value_name = "PERSON")]
    person: Vec<PersonName>,
    /// Plan for another moment than now, such as 2027-03-01T00:00:00+08:00.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub(super) at: Option<Timestamp>,
    /// The server of this instance may be another one than at the last apply.
    #[arg(long, value_name = "INSTANCE")]
    new_server: Vec<InstanceName>,
    /// Ask for at least so much about how something new was merged, whatever policy.yaml says.
    #[arg(long, value_enum, value_name = "HOW")]
    provenance: Option<Provenance>,
}

/// A moment with its offset.
fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "expected a moment with its offset, such as 2027-03-01T00:00:00+08:00".to_owned()
    })
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(async {
        match &args.base {
            Some(base) => super::compare::run(args, base).await,
            None => plan(args).await,
        }
    })
}

async fn plan(args: &Args) -> Result<Outcome, Outcome> {
    let moment = args.at.unwrap_or_else(Timestamp::now);
    let (tree, access) = args.source.access(moment)?;
    let focus = focus(&access, &args.target, &args.person)?;
    let grants = grants::of(&access);
    let desired = desired::at(&access, &grants, moment);
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(&access, environment).await.map_err(|error| could_not_run(&error))?;
    let observed = observe::all(&access, &desired, &reader, environment, &focus)
        .await
        .map_err(|error| could_not_run(&error))?;
    let new_servers: BTreeSet<InstanceName> = args.new_server.iter().cloned().collect();
    let make = |unproven: &plan::Unproven| {
        focus.narrow(plan::make(&plan::Inputs {
            access: &access,
            grants: &grants,
            desired: &desired,
            observed: &observed,
            moment,
            new_servers: &new_servers,
            unproven,
        }))
    };
    let merged = provenance::Merged {
        dir: &args.source.dir,
        commit: tree.commit.as_deref().unwrap_or("HEAD"),
        access: &access,
        grants: &grants,
        wanted: access.policy.provenance.max(args.provenance.unwrap_or_default()),
        anchor: observed.jumpserver.anchor.as_ref(),
        as_it_is: false,
        moment,
    };
    let planned = provenance::planned(&merged, make).await;
    let (mut plan, proof) = planned.map_err(|error| could_not_run(&error))?;
    proof.tell(&mut plan);
    let context = report::Context {
        access: &access,
        observed: &observed,
        moment,
        commit: tree.commit.as_deref(),
    };
    let report = Report::of(&plan, &context);
    let form = super::compare::form(args);
    super::format::comment_file(args.comment_file.as_deref(), || markdown::plan(&report, &form))?;
    match args.format {
        PlanFormat::Text => {
            let colours = std::io::stdout().is_terminal();
            anstream::print!("{}", report::render(&report, Look { width: width(), colours }));
        }
        PlanFormat::Json => anstream::println!("{}", report.json()),
        PlanFormat::Markdown => printed(&markdown::plan(&report, &form)),
        PlanFormat::Github | PlanFormat::Sarif | PlanFormat::Gitlab => {}
    }
    if let Some(format) = args.format.problems() {
        let all: Vec<Problem> = report.findings.iter().map(Problem::from).collect();
        let summary = || markdown::plan(&report, &super::compare::summary_form(args));
        super::format::problems(format, &all, &args.source.dir, summary);
    }
    Ok(outcome(&plan, args.detailed_exitcode))
}

/// Prints a comment as it is: nothing in it is for a terminal.
pub(super) fn printed(text: &str) {
    anstream::print!("{text}");
}

/// A limit that something fits into.
pub(super) fn limit(text: &str) -> Result<usize, String> {
    let least = markdown::LEAST;
    let limit: usize = text.parse().map_err(|_| "expected a number of characters".to_owned())?;
    if limit < least { Err(format!("expected at least {least}")) } else { Ok(limit) }
}

/// How a plan ends: refused, in part, or with changes pending.
pub(super) fn outcome(plan: &Plan, detailed: bool) -> Outcome {
    let mut outcome = Outcome::Done;
    if plan.stop.is_some() || plan.breaks_policy() {
        outcome = outcome.and(Outcome::Refused);
    }
    if plan.is_partial() {
        outcome = outcome.and(Outcome::InPart);
    }
    if detailed && !plan.is_empty() {
        outcome = outcome.and(Outcome::Pending);
    }
    outcome
}

/// What `--target` and `--person` name, when the repo has it.
pub(super) fn focus(
    access: &Access,
    targets: &[String],
    people: &[PersonName],
) -> Result<Focus, Outcome> {
    let mut focus = Focus::default();
    for target in targets {
        if target == "jumpserver" {
            focus.jumpserver = true;
            continue;
        }
        let name = target.parse().ok().filter(|name| access.instances.contains_key(name));
        match name {
            // An alias is read and planned as the one whose accounts it shows.
            Some(name) => focus.instances.insert(access.holder(&name).clone()),
            None => {
                let known = access.instances.keys().map(InstanceName::as_str);
                return Err(unknown("instance", target, known));
            }
        };
    }
    for name in people {
        person(access, name)?;
        focus.people.insert(name.clone());
    }
    Ok(focus)
}

/// A person whom the repo has.
pub(super) fn person<'a>(access: &'a Access, name: &PersonName) -> Result<&'a Person, Outcome> {
    access.people.get(name).ok_or_else(|| {
        unknown("person", name.as_str(), access.people.keys().map(PersonName::as_str))
    })
}

/// Says that the repo has no such name, and which one may be meant.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Outcome {
    let known: Vec<&str> = known.collect();
    let hint = match crate::diagnostic::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if known.len() <= 10 => format!("it has: {}", known.join(", ")),
        None => "see the files of the repo".to_owned(),
    };
    could_not_run(&format!("the access repo has no {what} {name}; {hint}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_has_an_offset() {
        assert!(super::moment("2027-03-01T00:00:00+08:00").is_ok());
        for text in ["2027-03-01", "yesterday", ""] {
            let told = super::moment(text).expect_err(text);
            assert!(told.starts_with("expected a moment with its offset"), "{told}");
        }
    }
}
