//! The questions of `jumpgate request`: for whom, what, which, how much, until when, why.

use std::collections::BTreeSet;

use super::New;
use super::terminal::{Terminal, ask, word};
use crate::access::instant::{self, End};
use crate::access::model::{Access, Instance, Scope};
use crate::access::{self, scope};
use crate::catalog::Catalog;
use crate::cli::draft::Draft;
use crate::cli::source;
use crate::diagnostic::nearest;
use crate::grants::{self, Offers, ServerTarget};
use crate::names::InstanceName;
use crate::policy;
use crate::repo::command;
use crate::request::{self, Ask, DatabaseAsk, ServerAsk};

/// So many things that may be asked for are shown before Tab is the better way.
const SHOWN: usize = 20;

/// Asks for what `given` lacks.
pub(super) fn answers(
    draft: &Draft<'_>,
    given: Ask,
    terminal: &mut impl Terminal,
) -> Result<Ask, String> {
    let access = draft.access();
    let catalog = source::catalog(draft.tree());
    let catalog = catalog.as_ref();
    let mut answers = given;
    terminal.say("Tab shows what there is; several things stand behind commas; Ctrl-C stops.");
    if answers.people.is_empty() {
        let mail = command::setting(draft.dir(), "user.email").unwrap_or_default();
        let me = request::of_git(access, &mail).map(ToString::to_string);
        let known = people(access);
        answers.people = ask(terminal, "For whom", me.as_deref(), &known, |text| {
            all_of(text, "person", &known)
        })?;
    }
    if answers.servers.is_empty() && answers.databases.is_empty() {
        loop {
            match kind(access, terminal)? {
                Thing::Servers => answers.servers.push(ServerAsk::default()),
                Thing::Databases => answers.databases.push(DatabaseAsk::default()),
            }
            complete((access, catalog), &mut answers, terminal)?;
            let choices = ["no", "yes"].map(str::to_owned);
            if !ask(terminal, "Something else too", Some("no"), &choices, word)? {
                break;
            }
        }
    } else {
        complete((access, catalog), &mut answers, terminal)?;
    }
    if answers.until.is_none() && answers.hours.is_none() {
        until(draft, &mut answers, terminal)?;
    }
    if answers.reason.trim().is_empty() {
        answers.reason = ask(terminal, "Why", None, &[], |text| {
            if text.is_empty() {
                Err("expected a few words".to_owned())
            } else {
                Ok(text.to_owned())
            }
        })?;
    }
    Ok(answers)
}

enum Thing {
    Servers,
    Databases,
}

/// Servers or databases; what the repo does not have is not offered.
fn kind(access: &Access, terminal: &mut impl Terminal) -> Result<Thing, String> {
    match (access.servers.is_empty(), access.instances.is_empty()) {
        (true, true) => Err("the inventory offers nothing yet".to_owned()),
        (false, true) => Ok(Thing::Servers),
        (true, false) => Ok(Thing::Databases),
        (false, false) => {
            let choices = ["servers", "databases"].map(str::to_owned);
            ask(terminal, "Servers or databases", None, &choices, |text| {
                let given = text.to_ascii_lowercase();
                match () {
                    () if given.is_empty() => Err("expected servers or databases".to_owned()),
                    () if "servers".starts_with(&given) => Ok(Thing::Servers),
                    () if "databases".starts_with(&given) => Ok(Thing::Databases),
                    () => Err("expected servers or databases".to_owned()),
                }
            })
        }
    }
}

/// The repo, and what its catalogue knows.
type Known<'a> = (&'a Access, Option<&'a Catalog>);

/// Asks for what the entries lack.
fn complete(known: Known<'_>, ask: &mut Ask, terminal: &mut impl Terminal) -> Result<(), String> {
    for server in &mut ask.servers {
        servers(known, server, terminal)?;
    }
    for database in &mut ask.databases {
        databases(known, database, terminal)?;
    }
    Ok(())
}

fn servers(
    (access, catalog): Known<'_>,
    server: &mut ServerAsk,
    terminal: &mut impl Terminal,
) -> Result<(), String> {
    let offers = Offers::new(&access.servers);
    if server.nodes.is_empty() && server.assets.is_empty() {
        let entries =
            || access.servers.iter().flat_map(|entry| entry.nodes.iter().chain(&entry.assets));
        let named = entries().filter(|name| !name.contains('*')).cloned();
        let known = catalog.map(|known| known.servers(access)).unwrap_or_default();
        let choices: BTreeSet<String> = named.chain(known).collect();
        let choices: Vec<String> = choices.into_iter().collect();
        let all: Vec<&String> = entries().collect();
        shown(terminal, &all);
        let chosen = ask(terminal, "Which nodes or servers", None, &choices, |text| {
            let names = entries_of(text)?;
            for name in &names {
                if target(&offers, name).is_none() {
                    return Err(unknown("node or server", name, &choices));
                }
            }
            Ok(names)
        })?;
        (server.nodes, server.assets) = chosen.into_iter().partition(|name| name.starts_with('/'));
    }
    if server.login.is_empty() {
        let names = server.nodes.iter().chain(&server.assets);
        let sets = names.filter_map(|name| target(&offers, name)).map(|entry| {
            entry.logins.iter().map(ToString::to_string).collect::<BTreeSet<String>>()
        });
        let logins = in_all(sets);
        server.login = one(terminal, "Which login", "login", &logins)?;
    }
    Ok(())
}

fn target<'a>(offers: &Offers<'a>, name: &str) -> Option<&'a crate::access::model::ServerEntry> {
    if name.starts_with('/') {
        return offers.find(ServerTarget::Node(name));
    }
    // One asset, and no pattern.
    if name.contains('*') { None } else { offers.find(ServerTarget::Asset(name)) }
}

fn databases(
    (access, catalog): Known<'_>,
    database: &mut DatabaseAsk,
    terminal: &mut impl Terminal,
) -> Result<(), String> {
    let live = access.instances.iter().filter(|(name, _)| !access.is_retired(name));
    if database.instances.is_empty() {
        let choices: Vec<String> = live.map(|(name, _)| name.to_string()).collect();
        shown(terminal, &choices.iter().collect::<Vec<_>>());
        database.instances = ask(terminal, "Which instances", None, &choices, |text| {
            all_of(text, "instance", &choices)
        })?;
    }
    let named = |name: &String| access.instances.get_key_value(&name.parse::<InstanceName>().ok()?);
    let (names, chosen): (Vec<&InstanceName>, Vec<&Instance>) =
        database.instances.iter().filter_map(named).unzip();
    if database.level.is_empty() {
        let sets = chosen.iter().map(|instance| {
            instance.levels.iter().map(ToString::to_string).collect::<BTreeSet<String>>()
        });
        database.level = one(terminal, "Which level", "level", &in_all(sets))?;
    }
    if database.tables.is_empty() {
        let sets = chosen.iter().filter_map(|instance| instance.databases.clone());
        let offered = in_all(sets);
        // Whole databases stand first.
        let known = catalog.map(|known| known.scopes(access, &names, usize::MAX));
        let choices: Vec<String> = known.filter(|known| !known.is_empty()).unwrap_or_else(|| {
            offered.iter().map(|name| Scope::Database(name.clone()).to_string()).collect()
        });
        shown(terminal, &choices.iter().collect::<Vec<_>>());
        let question = "Which tables (orders.*, billing.invoices, billing.cards(id, last4))";
        database.tables = ask(terminal, question, None, &choices, |text| {
            let entries = scopes(text);
            for entry in &entries {
                let scope = scope::parse(entry).map_err(|error| format!("{entry}: {error}"))?;
                let name = scope.database();
                if !offered.is_empty() && !offered.contains(name) {
                    return Err(unknown(
                        "database",
                        name,
                        &offered.iter().cloned().collect::<Vec<_>>(),
                    ));
                }
            }
            if entries.is_empty() { Err("expected at least one".to_owned()) } else { Ok(entries) }
        })?;
    }
    Ok(())
}

/// Asks for the end, until policy allows it.
fn until(draft: &Draft<'_>, answers: &mut Ask, terminal: &mut impl Terminal) -> Result<(), String> {
    let open = refusals(draft, answers).is_empty();
    let question = "Until when (2027-02-28, 30d, 4h)";
    let ended = ask(terminal, question, open.then_some(""), &[], |text| {
        let ended = end(draft, text)?;
        let with = Ask { until: ended.0.clone(), hours: ended.1, ..answers.clone() };
        let refused = refusals(draft, &with);
        if refused.is_empty() { Ok(ended) } else { Err(refused.join("\n")) }
    })?;
    (answers.until, answers.hours) = ended;
    Ok(())
}

/// An end: as in a request file, or so many days or hours from now.
fn end(draft: &Draft<'_>, text: &str) -> Result<(Option<String>, Option<u32>), String> {
    let number = |unit| text.strip_suffix(unit).and_then(|n: &str| n.parse::<u32>().ok());
    let zone = &draft.access().config.zone;
    if text.is_empty() {
        return Ok((None, None));
    }
    if let Some(hours) = number('h') {
        return match hours {
            1..=87_600 => Ok((None, Some(hours))),
            _ => Err("expected 1 to 87600 hours".to_owned()),
        };
    }
    if let Some(days) = number('d') {
        let today = draft.now().to_zoned_datetime(zone.clone()).date();
        let day = today.checked_add(jiff::Span::new().days(i64::from(days.min(36_500))));
        return day.map(|day| (Some(day.to_string()), None)).map_err(|error| error.to_string());
    }
    let read = instant::parse(text, End::Until, zone);
    read.map(|_| (Some(text.to_owned()), None))
        .map_err(|error| format!("{error}; or 30d for days, 4h for hours"))
}

/// What keeps a request from being made as it is, without its reason: errors of the checks, and
/// what policy refuses.
fn refusals(draft: &Draft<'_>, ask: &Ask) -> Vec<String> {
    let reason = "a few words".to_owned();
    let Ok(new) = New::of(draft, Ask { reason, ..ask.clone() }, None, None) else {
        return vec!["this end is not possible".to_owned()];
    };
    let mut tree = draft.tree().clone();
    let path: std::sync::Arc<str> = new.path.as_str().into();
    tree.files.insert(path.clone(), new.text.as_bytes().into());
    let head = match access::load(&tree, draft.now()) {
        Ok(head) => head,
        Err(errors) => {
            return errors.iter().map(|e| format!("{}: {}", e.message, e.expected)).collect();
        }
    };
    let grants = grants::of(&head);
    let own = grants.iter().filter(|grant| grant.because.site.file == path);
    let mut told = Vec::new();
    for grant in own {
        if grant.period.is_over(draft.now()) {
            return vec!["this end has passed".to_owned()];
        }
        for broken in policy::judge(draft.access(), grant, draft.now()) {
            if !told.contains(&broken.message) {
                told.push(broken.message);
            }
        }
    }
    told
}

/// People and teams, as requests name them.
pub(super) fn people(access: &Access) -> Vec<String> {
    let teams = access.teams.keys().map(|team| format!("team/{team}"));
    access.people.keys().map(ToString::to_string).chain(teams).collect()
}

/// Names behind commas, all of which must be known.
fn all_of(text: &str, what: &str, known: &[String]) -> Result<Vec<String>, String> {
    let names = entries_of(text)?;
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(unknown(what, name, known)),
        None => Ok(names),
    }
}

fn entries_of(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() { Err("expected at least one".to_owned()) } else { Ok(names) }
}

/// Scopes behind commas; those inside of brackets stand between columns.
fn scopes(text: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0_usize, false);
    let parts = text.split(|c: char| {
        match c {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn unknown(what: &str, name: &str, known: &[String]) -> String {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("there is no {what} {name} here; did you mean {near}?"),
        None => format!("there is no {what} {name} here; Tab shows what there is"),
    }
}

/// What is in all of some sets.
fn in_all(mut sets: impl Iterator<Item = BTreeSet<String>>) -> BTreeSet<String> {
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, set| all.intersection(&set).cloned().collect())
}

/// Asks for one of some names; the only one is proposed.
fn one(
    terminal: &mut impl Terminal,
    question: &str,
    what: &str,
    names: &BTreeSet<String>,
) -> Result<String, String> {
    let names: Vec<String> = names.iter().cloned().collect();
    let question = format!("{question} ({})", names.join(", "));
    let proposed = match names.as_slice() {
        [] => return Err(format!("no {what} is offered for all of these together")),
        [only] => Some(only.as_str()),
        _ => None,
    };
    ask(terminal, &question, proposed, &names, |text| {
        if names.iter().any(|name| name == text) {
            Ok(text.to_owned())
        } else if text.is_empty() {
            Err(format!("expected one of {}", names.join(", ")))
        } else {
            Err(unknown(what, text, &names))
        }
    })
}

/// Shows what may be asked for, when that is short.
fn shown(terminal: &mut impl Terminal, names: &[&String]) {
    for name in names.iter().take(SHOWN) {
        terminal.say(&format!("  {name}"));
    }
    if names.len() > SHOWN {
        terminal.say(&format!("  ... and {} more", names.len() - SHOWN));
    }
}
