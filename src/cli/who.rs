//! `jumpgate who` and `jumpgate why`: answers from git, and from the servers and the forge when
//! asked.

use std::io::IsTerminal;

use jiff::Timestamp;
use owo_colors::OwoColorize;

use super::approvers::Approvers;
use super::draft::ended;
use super::plan::Format;
use super::source::Source;
use super::{Outcome, could_not_run};
use crate::access::model::Access;
use crate::answers::{self, Answer, Found, RELEASED, State, Target, WayIn};
use crate::audit::Observed;
use crate::grants::{self, Grant, ServerTarget, Want};
use crate::names::PersonName;
use crate::plan::Focus;
use crate::repo::Origins;
use crate::visible::{clean, tame};
use crate::{credentials, observe};

/// Who may do something on a target, by which request, merged by whom.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// A node, an asset, an instance, or instance.database.table.
    target: String,
    #[command(flatten)]
    source: Source,
    /// Also what is over.
    #[arg(long)]
    ended: bool,
    /// Read JumpServer and the instance too: every way in, and which of them git gives.
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    approvers: Approvers,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Why a person may do something on a target: the request, its author, and who merged it.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// The person.
    person: PersonName,
    #[command(flatten)]
    who: Who,
}

pub(super) fn who(args: &Who) -> Outcome {
    answer(args, None)
}

pub(super) fn why(args: &Why) -> Outcome {
    answer(&args.who, Some(&args.person))
}

fn answer(args: &Who, person: Option<&PersonName>) -> Outcome {
    ended(ask(args, person))
}

fn ask(args: &Who, person: Option<&PersonName>) -> Result<Outcome, Outcome> {
    let now = Timestamp::now();
    let (tree, access) = args.source.access(now)?;
    if let Some(person) = person {
        super::plan::person(&access, person)?;
    }
    let parsed = Target::parse(&access, &args.target);
    let (target, observed) = match args.live {
        false => (parsed.map_err(|error| could_not_run(&error))?, None),
        true => {
            let observed = super::block_on_any(read(&access, parsed.as_ref().ok()))??;
            let target = Target::live(&access, &observed.jumpserver, &args.target);
            (target.map_err(|error| could_not_run(&error))?, Some(observed))
        }
    };
    let revision = tree.commit.as_deref().unwrap_or("HEAD");
    let origins = Origins::new(&args.source.dir, revision);
    let grants = grants::of(&access);
    let mut found =
        answers::find(&access, &grants, &target, person, now, args.ended, |file| origins.of(file));
    let mut outcome = Outcome::Done;
    if args.approvers.wanted() {
        let asked = args.approvers.ask(&access, &args.source.dir, &mut found);
        outcome = outcome.and(super::block_on_any(asked)??);
    }
    let current: Vec<&Grant<'_>> =
        grants.iter().filter(|grant| args.ended || !grant.period.is_over(now)).collect();
    let unsaid = unsaid(&access, &current, &target, person).filter(|_| !args.live);
    let mut answer = Answer {
        schema: answers::SCHEMA,
        target: args.target.clone(),
        commit: tree.commit.clone(),
        grants: found,
        ways: None,
        unreadable: None,
    };
    if let Some(observed) = &observed {
        match unreadable(observed) {
            None => answer.ways = Some(answers::ways(&access, observed, &target, person, now)),
            Some(why) => {
                could_not_run(&why);
                answer.unreadable = Some(why);
                outcome = outcome.and(Outcome::InPart);
            }
        }
    }
    match args.format {
        Format::Json => anstream::println!("{}", answer.json()),
        _ => {
            print(&answer, &target, person);
            if let Some(unsaid) = unsaid {
                anstream::print!("{}", super::folded("", "", &unsaid));
            }
        }
    }
    Ok(outcome)
}

/// What an answer from git alone may leave out, for those who would take it for all there is.
fn unsaid(
    access: &Access,
    grants: &[&Grant<'_>],
    target: &Target,
    person: Option<&PersonName>,
) -> Option<String> {
    let whose = |grant: &&&Grant<'_>| person.is_none_or(|person| grant.person == person);
    let held = |node: bool| {
        grants.iter().filter(whose).any(|grant| match grant.want {
            Want::Server { target: ServerTarget::Node(_), .. } => node,
            Want::Server { target: ServerTarget::Asset(_), .. } => !node,
            Want::Database { .. } => false,
        })
    };
    match target {
        Target::Asset(name) if held(true) => Some(format!(
            "Git does not say whether {} lies below a node that somebody has: `--live` asks \
             JumpServer.",
            clean(name)
        )),
        Target::Node(path) => {
            let path = if path.is_empty() { "/" } else { path };
            if let Some(near) = target.off_inventory(access) {
                return Some(format!(
                    "No entry of the inventory has {} in, below or above it{}. `--live` asks \
                     JumpServer whether there is such a node.",
                    clean(path),
                    clean(&near)
                ));
            }
            held(false).then(|| {
                format!(
                    "Git does not say which assets lie below {}: `--live` asks JumpServer.",
                    clean(path)
                )
            })
        }
        Target::Instance { name, database: Some(database), .. } => {
            let offered = access.instances.get(name)?.databases.as_ref()?;
            let is_offered = offered.iter().any(|one| one == database);
            (!is_offered).then(|| {
                let all: Vec<String> = offered.iter().map(|one| clean(one)).collect();
                format!(
                    "{name} offers no database {}: it offers {}.",
                    clean(database),
                    all.join(", ")
                )
            })
        }
        _ => None,
    }
}

/// Reads JumpServer, and the instance of the target.
async fn read(access: &Access, target: Option<&Target>) -> Result<Observed, Outcome> {
    let environment = &credentials::environment;
    let mut focus = Focus { jumpserver: true, ..Focus::default() };
    if let Some(Target::Instance { name, .. }) = target {
        focus.instances.insert(access.holder(name).clone());
    }
    let reader =
        observe::jumpserver(access, environment).await.map_err(|error| could_not_run(&error))?;
    observe::everything(access, &reader, environment, &focus)
        .await
        .map_err(|error| could_not_run(&error))
}

/// Which instance could not be read, and why.
fn unreadable(observed: &Observed) -> Option<String> {
    let mut instances = observed.instances.iter();
    instances.find_map(|(name, read)| {
        Some(format!("{name} could not be read: {}", read.as_ref().err()?))
    })
}

fn print(answer: &Answer, target: &Target, person: Option<&PersonName>) {
    if answer.grants.is_empty() {
        let name = clean(&answer.target);
        match (target, person) {
            // Who has a node above it has it too.
            (Target::Asset(_), Some(person)) => {
                anstream::println!("No request of {person} names {name} itself.");
            }
            (Target::Asset(_), None) => anstream::println!("No request names {name} itself."),
            (_, Some(person)) => anstream::println!("By git {person} has nothing on {name}."),
            (_, None) => anstream::println!("By git nobody has anything on {name}."),
        }
    }
    for found in &answer.grants {
        show(found);
    }
    if let Some(ways) = &answer.ways {
        print_ways(&answer.target, person, ways);
        if let Target::Instance { database: Some(_), .. } = target {
            anstream::println!();
            line_at(
                "",
                "Not looked at: routines, views, triggers and events, which act with the rights of \
                 their definers.",
            );
        }
    }
    if let Some(why) = &answer.unreadable {
        anstream::println!();
        line_at("", &format!("The ways to {} are not known: {why}", answer.target));
    }
}

/// The ways that the servers have, by people: what git gives a person first.
fn print_ways(target: &str, person: Option<&PersonName>, ways: &[WayIn]) {
    let target = clean(target);
    if ways.is_empty() {
        let whose = person.map(|person| format!(" for {person}")).unwrap_or_default();
        anstream::println!("\nOn the servers there is no way to {target}{whose}.");
        return;
    }
    let holders: Vec<&[WayIn]> = answers::holders(ways).collect();
    let known = holders.iter().filter(|ways| ways.iter().any(|way| way.user.is_some()));
    let alone = known.clone().filter(|ways| ways.iter().all(|way| way.git)).count();
    let people = match known.count() {
        1 => "1 person comes".to_owned(),
        many => format!("{many} people come"),
    };
    anstream::println!();
    line_at("", &format!("On the servers {people} to {target}, {alone} by git alone"));
    for ways in holders {
        let who = match ways {
            [WayIn { person: Some(person), .. }, ..] => person.to_string(),
            [WayIn { user: Some(user), .. }, ..] => {
                format!("{} (a user whom git does not know)", clean(user))
            }
            _ => "whoever knows a password (nobody is known to use these)".to_owned(),
        };
        let who = if std::io::stdout().is_terminal() { who.bold().to_string() } else { who };
        anstream::println!("{who}");
        for way in ways.iter().filter(|way| way.git).chain(ways.iter().filter(|way| !way.git)) {
            print_way(way);
        }
    }
}

fn print_way(way: &WayIn) {
    let accounts: Vec<&str> = way.accounts.iter().map(String::as_str).collect();
    let git = if way.git { "by git" } else { "NOT by git" };
    line(&format!("{git}: {} as {}", way.may, accounts.join(", ")));
    for more in std::iter::once(&way.by).chain(&way.notes) {
        line_at("    ", more);
    }
}

fn show(found: &Found) {
    let state = match found.state {
        State::Active => "active",
        State::Upcoming => "upcoming",
        State::Released => "released",
        State::Ended => "ended",
    };
    let person = found.person.to_string();
    let person = if std::io::stdout().is_terminal() { person.bold().to_string() } else { person };
    anstream::println!("{person}: {} on {} ({state})", found.kind, clean(&found.on));
    let period = match (&found.from, &found.until) {
        (Some(from), Some(until)) => format!("from {from} until {until}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), None) => format!("from {from}, WITHOUT END"),
        (None, None) => "WITHOUT END".to_owned(),
    };
    line(&period);
    if found.state == State::Released {
        line(RELEASED);
    }
    let team = found.team.as_ref().map(|team| format!(", for team {team}")).unwrap_or_default();
    line(&format!("because \"{}\"{team}", found.reason));
    line(&format!("{}:{}", found.file, found.line));
    let Some(origin) = &found.origin else {
        line("not in a commit yet");
        return;
    };
    line(&format!("written by {} on {}", origin.author, day(origin.written)));
    let pull = origin.pull_request.as_ref().map(|pull| format!(", {pull}")).unwrap_or_default();
    let commit = origin.merge.get(..12).unwrap_or(&origin.merge);
    line(&format!(
        "merged by {} on {}{pull}, commit {commit}",
        origin.merged_by,
        day(origin.merged)
    ));
    if let Some(forge) = &found.forge {
        forge.lines().iter().for_each(|told| line(told));
        if let Some(merged) = &forge.pull_request {
            // Whole, so that it can be followed.
            anstream::println!("  {}", tame(&clean(&merged.url)));
        }
    }
    if origin.cut_off {
        line("the clone is shallow: it may have been merged earlier");
    }
}

fn day(moment: Timestamp) -> String {
    moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

fn line(text: &str) {
    line_at("  ", text);
}

/// A text at some depth, folded.
fn line_at(indent: &str, text: &str) {
    anstream::print!("{}", super::folded(indent, &format!("{indent}  "), text));
}
