//! `jumpgate request`, `copy` and `status`: asking, and hearing what became of it.

mod applied;
mod copy;
mod dialogue;
mod machine;
mod next;
mod status;
mod terminal;
mod wants;

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use super::draft::{Changes, Draft, Place, Title, ended, nothing};
use super::publish::Published;
use super::{Outcome, could_not_run};
use crate::plural::first_of;
use crate::request::{self, Ask, External};

pub(super) use copy::Args as Copy;
pub(super) use status::Args as Status;

use self::wants::Wants;

/// Ask for access. On a terminal, questions are asked for what the flags do not say; then the
/// request's file is written, or a branch and a pull request.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Whom it is for: a person, or team/NAME; may be repeated.
    #[arg(long = "for", value_name = "PERSON")]
    people: Vec<String>,
    #[command(flatten)]
    wants: Wants,
    #[command(flatten)]
    period: Period,
    /// The name of the request's file; made of the reason without it.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Ask nothing, as without a terminal.
    #[arg(long)]
    no_input: bool,
    #[command(flatten)]
    machine: machine::Flags,
    #[command(flatten)]
    place: Place,
}

/// Why, and from when until when.
#[derive(Debug, Clone, Default, clap::Args)]
struct Period {
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When it begins, as in a request file [default: as soon as it is merged].
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day, or the moment at which it ends, as in a request file.
    #[arg(long, value_name = "DATE", conflicts_with = "hours")]
    until: Option<String>,
    /// End so many hours after the beginning, or from now.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=87600))]
    hours: Option<u32>,
    /// Mark it as an emergency, and say what happened: those whom policy names merge it without
    /// the usual approvals, it is for hours only, and an owner approves it afterwards.
    #[arg(long, value_name = "TEXT")]
    emergency: Option<String>,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        if self.machine.any() {
            return machine::run(self);
        }
        let given = self.given().map_err(|error| could_not_run(&error))?;
        let missing = missing(&given);
        let terminal = !self.no_input && std::io::stdin().is_terminal();
        if missing.is_empty() || !terminal || !std::io::stderr().is_terminal() {
            if !missing.is_empty() {
                return Err(could_not_run(&format!(
                    "there is no terminal to ask at, and these flags are missing: {}",
                    missing.join(", ")
                )));
            }
            let draft = Draft::of(&self.place)?;
            let new = New::of(&draft, given, self.name.as_deref(), None)?;
            return draft.propose(&new.changes(), &new.title());
        }
        let mut terminal = terminal::Lines::new().map_err(|error| could_not_run(&error))?;
        self.dialogue(given, &mut terminal)
    }

    /// Asks for what is missing, shows what a reviewer would see, and asks again before
    /// anything is written.
    fn dialogue(
        &self,
        given: Ask,
        terminal: &mut impl terminal::Terminal,
    ) -> Result<Outcome, Outcome> {
        let told = |error: String| could_not_run(&error);
        let draft = Draft::of(&self.place)?;
        let ask = dialogue::answers(&draft, given, terminal).map_err(told)?;
        let next = next::ask(&self.place, terminal).map_err(told)?;
        let place = next.place(&self.place);
        let draft = if place.publish.any() { Draft::of(&place)? } else { draft };
        let new = New::of(&draft, ask, self.name.as_deref(), None)?;
        let (changes, title) = (new.changes(), new.title());
        draft.judge(&changes)?;
        terminal.say(&format!("\n{}\n{}", new.path, new.text));
        if place.dry_run || !terminal::yes(terminal, next.question()).map_err(told)? {
            return Ok(nothing(Outcome::Done));
        }
        draft.write(&changes, &title)?;
        Ok(Outcome::Done)
    }

    /// What the flags say.
    fn given(&self) -> Result<Ask, String> {
        let Period { reason, from, until, hours, emergency } = self.period.clone();
        Ok(Ask {
            external_id: None,
            people: self.people.clone(),
            reason: reason.unwrap_or_default(),
            from,
            until,
            hours,
            emergency,
            servers: self.wants.servers(),
            databases: self.wants.databases()?,
        })
    }
}

/// The flags that a request lacks.
fn missing(ask: &Ask) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let mut need = |flag: &'static str, there: bool| {
        if !there {
            missing.push(flag);
        }
    };
    need("--for", !ask.people.is_empty());
    need("--server or --database", !ask.servers.is_empty() || !ask.databases.is_empty());
    need("--login", ask.servers.iter().all(|server| !server.login.is_empty()));
    need(
        "--server",
        ask.servers.iter().all(|server| !server.nodes.is_empty() || !server.assets.is_empty()),
    );
    need("--database", ask.databases.iter().all(|database| !database.instances.is_empty()));
    need("--level", ask.databases.iter().all(|database| !database.level.is_empty()));
    need("--table", ask.databases.iter().all(|database| !database.tables.is_empty()));
    need("--reason", !ask.reason.trim().is_empty() || ask.emergency.is_some());
    missing
}

/// A request that is about to be made.
struct New {
    path: String,
    text: String,
    branch: String,
    fixed: bool,
    people: String,
}

impl New {
    /// From answers, with a path that nothing has yet.
    fn of(
        draft: &Draft<'_>,
        ask: Ask,
        name: Option<&str>,
        external: Option<&External>,
    ) -> Result<Self, Outcome> {
        let zone = &draft.access().config.zone;
        let ask = ask.tidy().timed(draft.now(), zone).map_err(|error| could_not_run(&error))?;
        let paths = draft.tree().files.keys();
        let paths: HashSet<String> = paths.map(|path| path.to_lowercase()).collect();
        let taken = |path: &str| {
            let stem = path.strip_suffix(".yaml").unwrap_or(path).to_lowercase();
            ["yaml", "yml"].iter().any(|end| paths.contains(&format!("{stem}.{end}")))
        };
        let path = match name {
            Some(name) => {
                let path = named(name, draft);
                if taken(&path) {
                    return Err(could_not_run(&format!(
                        "{path} is there already: change it, or \
                                                       choose another --name"
                    )));
                }
                path
            }
            None => request::path(&ask, external, draft.now(), zone, taken),
        };
        let branch = match external {
            Some(external) => external.branch(),
            None => request::branch("request", super::draft::stem(&path)),
        };
        let people = first_of(&ask.people, 3, ask.people.len());
        let text = request::text(&ask, external);
        Ok(Self { path, text, branch, fixed: external.is_some(), people })
    }

    fn changes(&self) -> Changes {
        Changes::from([(self.path.as_str().into(), Some(self.text.clone()))])
    }

    fn title(&self) -> Title {
        let name = super::draft::stem(&self.path);
        Title {
            branch: self.branch.clone(),
            fixed: self.fixed,
            subject: format!("Access for {}: {name}", self.people),
        }
    }
}

/// The path of a file that the user named: in the folder of the year, or where he says.
fn named(name: &str, draft: &Draft<'_>) -> String {
    let name = super::draft::stem(name);
    if name.contains('/') {
        return format!("requests/{name}.yaml");
    }
    let year = draft.now().to_zoned_datetime(draft.access().config.zone.clone());
    format!("requests/{}/{name}.yaml", year.strftime("%Y"))
}

/// A file's text, or that of standard input (`-`).
fn read(path: &PathBuf) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(1 << 20).read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|found| text = found)
    };
    read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(text)
}
