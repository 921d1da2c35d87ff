//! `jumpgate review`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Place, Title, ended, nothing};
use super::source::Source;
use super::{Outcome, block_on_any, could_not_run, file, use_of};
use crate::access::model::{Access, Party};
use crate::entries::{self, Entry, Key};
use crate::grants::Offers;
use crate::names::{Environment, ForgeGroup, PersonName, TeamName};
use crate::repo::{self, Origins};
use crate::review::{self, Facts, List, Scope};
use crate::visible::clean;
use crate::{diagnostic, grants, report, request};

/// The largest list that is read, as any file of an access repo.
const LARGEST: u64 = crate::yaml::FILE_MAX as u64;

/// Write a list of who has what, to be answered; and take the answers back.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only people of this team, and who is meant through it.
    #[arg(long, value_name = "TEAM")]
    team: Option<TeamName>,
    /// Only targets of this owner, as the inventory writes it: liwei, team/payments,
    /// forge/acme/dba.
    #[arg(long, value_name = "OWNER", value_parser = party)]
    owner: Option<Party>,
    /// Only targets of this environment.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
    /// Only this person.
    #[arg(long, value_name = "PERSON")]
    person: Option<PersonName>,
    /// Also when each access was last used, by what the servers record.
    #[arg(long)]
    live: bool,
    /// Write the list to this file; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Take the answers of this list (`-` is standard input): what is not kept goes out of the
    /// files. All of it or nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["team", "owner", "environment", "person", "live", "output"])]
    answers: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

fn party(text: &str) -> Result<Party, String> {
    let told = |error: crate::names::InvalidName| error.to_string();
    match (text.strip_prefix("team/"), text.strip_prefix("forge/")) {
        (Some(team), _) => TeamName::from_str(team).map(Party::Team).map_err(told),
        (_, Some(group)) => ForgeGroup::from_str(group).map(Party::Group).map_err(told),
        _ => PersonName::from_str(text).map(Party::Person).map_err(told),
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    ended(match &args.answers {
        Some(answers) => args.take(answers),
        None => args.write(),
    })
}

impl Args {
    /// Writes the list.
    fn write(&self) -> Result<Outcome, Outcome> {
        let moment = Timestamp::now();
        let dir = &self.place.dir;
        let (tree, access) = Source { dir: dir.clone(), rev: None }.access(moment)?;
        let scope = self.scope(&access)?;
        let grants = grants::of(&access);
        let mut used: BTreeMap<Key<'_>, String> = BTreeMap::new();
        if self.live {
            let read = block_on_any(use_of::read(&access, &grants, moment))??;
            for note in &read.notes {
                anstream::eprintln!("{}", clean(note));
            }
            // Nothing is too young to be told when it was used.
            let term = SignedDuration::ZERO;
            let judged = use_of::judge(dir, &tree, (&access, &grants), &read, term, moment)?;
            let zone = &access.config.zone;
            used =
                judged.iter().map(|one| (one.entry.key(), report::use_words(one, zone))).collect();
        }
        let origins = Origins::new(dir, tree.commit.as_deref().unwrap_or("HEAD"));
        let offers = Offers::new(&access.servers);
        let lines: Vec<(Entry<'_>, Facts)> = entries::of(&grants, moment)
            .into_iter()
            .filter(|entry| scope.has(&access, &offers, entry))
            .map(|entry| {
                let used = used.get(&entry.key()).cloned();
                let facts = Facts { used, ..facts(&origins, &entry, &access) };
                (entry, facts)
            })
            .collect();
        let today = moment.to_zoned_datetime(access.config.zone.clone());
        let head = repo::head(dir).ok().flatten().filter(|head| !head.dirty);
        let list = review::render(&List {
            access: &access,
            scope: &scope,
            commit: tree.commit.as_deref().or(head.as_ref().map(|head| head.commit.as_str())),
            day: today.strftime("%Y-%m-%d").to_string(),
            lines: &lines,
        });
        if lines.is_empty() {
            return Err(could_not_run(&format!(
                "there is no access now to be reviewed: {}",
                scope.words()
            )));
        }
        if list.len() as u64 > LARGEST {
            return Err(could_not_run(
                &"the list would be larger than 1 MiB: narrow it, as with --team or --environment",
            ));
        }
        let count = match lines.len() {
            1 => "1 access".to_owned(),
            number => format!("{number} accesses"),
        };
        match &self.output {
            None => anstream::print!("{list}"),
            Some(path) if path.exists() => {
                return Err(could_not_run(&format!(
                    "{} is there already: it may hold answers",
                    path.display()
                )));
            }
            Some(path) => file::replace(path, list.as_bytes()).map_err(|error| {
                could_not_run(&format!("{} cannot be written: {error}", path.display()))
            })?,
        }
        anstream::eprintln!("{count} to be answered");
        Ok(Outcome::Done)
    }

    /// What is asked for, when the repo has it.
    fn scope(&self, access: &Access) -> Result<Scope, Outcome> {
        if let Some(team) = self.team.as_ref().filter(|team| !access.teams.contains_key(*team)) {
            let known = access.teams.keys().map(TeamName::as_str);
            return Err(super::plan::unknown("team", team.as_str(), known));
        }
        if let Some(one) = &self.person {
            super::plan::person(access, one)?;
        }
        let environments = &access.policy.environments;
        if let Some(one) = self.environment.as_ref().filter(|one| !environments.contains(one)) {
            let known = environments.iter().map(Environment::as_str);
            return Err(super::plan::unknown("environment", one.as_str(), known));
        }
        let instances = access.instances.values().flat_map(|instance| &instance.owners);
        let owners: BTreeSet<String> = instances
            .chain(access.servers.iter().flat_map(|entry| &entry.owners))
            .map(Party::to_string)
            .collect();
        if let Some(one) = self.owner.as_ref().map(Party::to_string)
            && !owners.contains(&one)
        {
            return Err(super::plan::unknown("owner", &one, owners.iter().map(String::as_str)));
        }
        Ok(Scope {
            team: self.team.clone(),
            owner: self.owner.clone(),
            environment: self.environment.clone(),
            person: self.person.clone(),
        })
    }

    /// Takes the answers of a list.
    fn take(&self, answers: &Path) -> Result<Outcome, Outcome> {
        let bytes = read(answers)?;
        let draft = Draft::of(&self.place)?;
        let grants = grants::of(draft.access());
        let entries = entries::of(&grants, draft.now());
        let name: Arc<str> = answers.display().to_string().into();
        let found = review::read(&name, &bytes, draft.access(), &entries).map_err(|errors| {
            let text = String::from_utf8_lossy(&bytes);
            let styled = std::io::stderr().is_terminal();
            anstream::eprint!("{}", diagnostic::render(&errors, |_| Some(&*text), styled));
            nothing(Outcome::Invalid)
        })?;
        for gone in &found.gone {
            anstream::eprintln!("gone since the list was written: {}", clean(gone));
        }
        let mut stays = Vec::new();
        let changes = draft.without_entries(
            &entries,
            |entry| found.remove.contains(&entry.key()),
            |why| stays.push(why.to_owned()),
        );
        for why in &stays {
            anstream::eprintln!("{}", clean(why));
        }
        if !stays.is_empty() {
            return Err(nothing(Outcome::Refused));
        }
        anstream::eprintln!("{} kept, {} to remove", found.kept, found.remove.len());
        if changes.is_empty() {
            return Ok(nothing(Outcome::Done));
        }
        let day = draft.now().to_zoned_datetime(draft.access().config.zone.clone());
        let title = Title {
            branch: request::branch("review", &day.strftime("%Y-%m-%d").to_string()),
            fixed: false,
            subject: format!(
                "Take out what an access review did not keep ({})",
                found.remove.len()
            ),
        };
        draft.propose(&changes, &title)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Outcome> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|f| f.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(could_not_run(&format!("{} cannot be read: {error}", path.display()))),
    }
}

/// Since when an access is there, and who approved it.
fn facts(origins: &Origins<'_>, entry: &Entry<'_>, access: &Access) -> Facts {
    let from = entry.period.from.as_ref().map(|edge| edge.text.clone());
    let Some((origin, team)) = use_of::brought(origins, access, entry) else {
        let since = from.unwrap_or_else(|| "not in a commit".to_owned());
        return Facts { since, approved: "not in a commit".to_owned(), used: None };
    };
    let merged = origin.merged.to_zoned_datetime(access.config.zone.clone());
    let pull = origin.pull_request.as_ref().map(|pull| format!(", {pull}")).unwrap_or_default();
    let late = origin.merged > entry.period.start();
    let since = match from {
        Some(from) if !late => from,
        _ => merged.strftime("%Y-%m-%d").to_string(),
    };
    let team = team.map(|team| format!(" (the file of team {team})")).unwrap_or_default();
    Facts { since, approved: format!("merged by {}{pull}{team}", origin.merged_by), used: None }
}
