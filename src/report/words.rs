//! Steps in plain words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Sign;
use crate::access::model::Access;
use crate::access::sessions::OnEnd;
use crate::handover::Step;
use crate::jumpserver::spec::PermissionSpec;
use crate::mysql::difference::Naming;
use crate::mysql::spec::{Change, Object};
use crate::period::{Edge, Period};
use crate::plan::accounts::{AccountChange, AccountStep};
use crate::plan::people::UserChange;
use crate::plan::permissions::Action;
use crate::plan::{Item, What};

/// Whether it comes, changes or goes, what it is about, and what it changes.
pub(super) fn item(item: &Item, access: &Access) -> (Sign, String, Vec<String>) {
    match &item.what {
        What::User { change } => user(change),
        What::Permission { action, .. } => permission(action, access, &item.sessions),
        What::Account { change } => account(change, &item.sessions),
    }
}

fn user(change: &UserChange) -> (Sign, String, Vec<String>) {
    match change {
        UserChange::Create { username, name, email } => {
            let words = vec![format!("{name}, {email}; gets a mail to set a password")];
            (Sign::Add, format!("user {username}"), words)
        }
        UserChange::Update { username, name, email, enable, .. } => {
            let mut words = Vec::new();
            words.extend(name.iter().map(|name| format!("is called {name} now")));
            words.extend(email.iter().map(|email| format!("has the address {email} now")));
            if *enable {
                words.push("can log in again".to_owned());
            }
            (Sign::Change, format!("user {username}"), words)
        }
        UserChange::Disable { username, .. } => {
            (Sign::End, format!("user {username}"), vec!["is switched off".to_owned()])
        }
    }
}

fn permission(
    action: &Action,
    access: &Access,
    on_ends: &BTreeSet<OnEnd>,
) -> (Sign, String, Vec<String>) {
    let zone = &access.config.zone;
    match action {
        Action::Create { spec } => {
            let words = vec![opens(spec, access), how(spec), period(spec, zone)];
            (Sign::Add, format!("permission {}", spec.name), words)
        }
        Action::Delete { from } => {
            let mut words = vec![format!("ends: {}", opens(from, access)), period(from, zone)];
            words.extend(sessions(on_ends));
            (Sign::End, format!("permission {}", from.name), words)
        }
        Action::Adopt { from, to, whole } => {
            let then = match whole {
                true => "nobody gains or loses anything",
                false => "what it gives stays until the next step about it",
            };
            let mut words = vec![format!("adopts {}: {then}", from.name)];
            words.push(format!("{}; {}", opens(to, access), how(to)));
            words.push(period(to, zone));
            (Sign::Change, format!("permission {}", to.name), words)
        }
        Action::Release { from, name } => {
            let mut words = vec!["is released as it is: nobody gains or loses anything".to_owned()];
            if *name != from.name {
                words.push(format!("is called {name} again"));
            }
            words.push("jumpgate does not look after it any more".to_owned());
            (Sign::Change, format!("permission {}", from.name), words)
        }
        Action::Update { from, to, mark } => {
            let mut words = changes(from, to, *mark, zone);
            words.extend(sessions(on_ends));
            (Sign::Change, format!("permission {}", to.name), words)
        }
    }
}

/// What becomes of open sessions in JumpServer behind what a permission gives no longer.
fn sessions(on_ends: &BTreeSet<OnEnd>) -> Option<String> {
    let words = on_ends.iter().map(|on_end| match on_end {
        OnEnd::Report => "left and told".to_owned(),
        OnEnd::Disconnect => "ended".to_owned(),
        OnEnd::After(minutes) => format!("ended {minutes} minutes after the end"),
    });
    let words = words.collect::<Vec<_>>().join(", or by their environment ");
    (!on_ends.is_empty())
        .then(|| format!("open sessions in JumpServer that nothing else allows are {words}"))
}

/// What a permission opens, and as whom.
fn opens(spec: &PermissionSpec, access: &Access) -> String {
    let mut places: Vec<String> =
        spec.nodes.iter().map(|node| format!("{node} and everything below it")).collect();
    places.extend(spec.assets.iter().cloned());
    let places = places.join(", ");
    let accounts: Vec<&str> = spec.accounts.iter().map(String::as_str).collect();
    let prefix = crate::naming::account_prefix(&access.config.prefix);
    let database = |protocol: &String| matches!(protocol.as_str(), "mysql" | "mariadb");
    if spec.protocols.iter().all(database)
        || accounts.iter().all(|account| account.starts_with(&prefix))
    {
        format!("opens {places} in JumpServer as {}", accounts.join(", "))
    } else {
        format!("log in as {} on {places}", accounts.join(" or "))
    }
}

fn how(spec: &PermissionSpec) -> String {
    format!("by {}; may {}", list(&spec.protocols), list(&spec.actions))
}

fn period(spec: &PermissionSpec, zone: &TimeZone) -> String {
    let open = Period::default();
    let from = (spec.start != open.start()).then(|| moment(spec.start, zone));
    let until = (spec.end != open.end()).then(|| Edge::end_text(spec.end, zone));
    match (from, until) {
        (Some(from), Some(until)) => format!("from {from} until {until}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), None) => format!("from {from}, WITHOUT END"),
        (None, None) => "WITHOUT END".to_owned(),
    }
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    Edge::moment(at, zone).text
}

fn changes(from: &PermissionSpec, to: &PermissionSpec, mark: bool, zone: &TimeZone) -> Vec<String> {
    let mut words = Vec::new();
    let mut set = |what: &str, from: &BTreeSet<String>, to: &BTreeSet<String>| {
        let added: BTreeSet<String> = to.difference(from).cloned().collect();
        let gone: BTreeSet<String> = from.difference(to).cloned().collect();
        if !added.is_empty() {
            words.push(format!("adds {what} {}", list(&added)));
        }
        if !gone.is_empty() {
            words.push(format!("takes away {what} {}", list(&gone)));
        }
    };
    set("user", &from.users, &to.users);
    set("group", &from.groups, &to.groups);
    set("node", &from.nodes, &to.nodes);
    set("asset", &from.assets, &to.assets);
    set("account", &from.accounts, &to.accounts);
    set("protocol", &from.protocols, &to.protocols);
    set("action", &from.actions, &to.actions);
    if (from.start, from.end) != (to.start, to.end) {
        words.push(format!("was {}, is {}", period(from, zone), period(to, zone)));
    }
    if from.name != to.name {
        words.push(format!("was called {}", from.name));
    }
    match (from.active, to.active) {
        (false, true) => words.push("is switched on".to_owned()),
        (true, false) => words.push("is switched off".to_owned()),
        _ => {}
    }
    if words.is_empty() && mark {
        words.push("only its mark: the requests that it comes from, or its label".to_owned());
    }
    words
}

fn account(change: &AccountChange, on_ends: &BTreeSet<OnEnd>) -> (Sign, String, Vec<String>) {
    let has = |wanted: fn(&Step) -> bool| {
        change.steps.iter().any(|step| match step {
            AccountStep::Handover(step) => wanted(step),
            _ => false,
        })
    };
    let created = has(|step| matches!(step, Step::CreateAccount));
    let ended = has(|step| {
        matches!(step, Step::Drop | Step::RevokeAll | Step::MarkEnding { .. } | Step::Lock)
    });
    let title = format!("{}: account {}", change.instance, change.account);
    let mut words = Vec::new();
    if ended {
        let then = if has(|step| matches!(step, Step::AwaitSessions)) {
            let after = minutes(on_ends);
            format!("open sessions are ended {after} minutes after the end, then it is dropped")
        } else if has(|step| matches!(step, Step::LeaveSessions)) {
            "is dropped; open sessions are left and told".to_owned()
        } else {
            "its sessions are ended, is dropped".to_owned()
        };
        words.push(format!("is locked, loses everything, {then}"));
        return (Sign::End, title, words);
    }
    let (mut granted, mut revoked) = (Sorted::default(), Sorted::default());
    let mut mark = false;
    for step in &change.steps {
        match step {
            AccountStep::Grants { change: Change::Grant(object) } => granted.add(object),
            AccountStep::Grants { change: Change::Revoke(object) } => revoked.add(object),
            AccountStep::Mark { .. } => mark = true,
            AccountStep::Handover(_) => {}
        }
    }
    if has(|step| matches!(step, Step::Release { .. })) {
        words.push(
            "is released as it stands, with its password and its grants: nobody gains or loses \
             anything, and jumpgate does not look after it any more"
                .to_owned(),
        );
    }
    if change.adopts() {
        let then = match (granted.0.is_empty(), revoked.0.is_empty()) {
            (true, true) => "the same grants: nobody gains or loses anything",
            _ => "and these grants change",
        };
        words.push(format!("adopts the account as it stands: the same password, {then}"));
    }
    words.extend(granted.words().map(|text| format!("may {text}")));
    words.extend(revoked.words().map(|text| format!("loses {text}")));
    if created {
        words.push("a new account; its password goes to JumpServer and nobody sees it".to_owned());
    } else if has(|step| matches!(step, Step::HandOver { .. })) {
        let text = "gets a new password in both places; the one before works until then";
        words.push(text.to_owned());
    } else if has(|step| matches!(step, Step::SetPassword)) {
        words.push("gets a new password in both places".to_owned());
    }
    let renewed = has(|step| matches!(step, Step::HandOver { .. }));
    if !renewed && has(|step| matches!(step, Step::DiscardOldPassword)) {
        words.push("its old password stops working".to_owned());
    }
    if has(|step| matches!(step, Step::Unlock)) {
        words.push("is unlocked again".to_owned());
    }
    if has(|step| matches!(step, Step::KillSessions)) {
        words.push("its open sessions are ended".to_owned());
    }
    if has(|step| matches!(step, Step::AwaitSessions)) {
        let after = minutes(on_ends);
        words.push(format!("its open sessions are ended {after} minutes after that"));
    }
    if has(|step| matches!(step, Step::LeaveSessions)) {
        words.push("its open sessions are left and told".to_owned());
    }
    if words.is_empty() && has(|step| matches!(step, Step::DeleteAssetAccount { .. })) {
        let gone = change.steps.iter().filter_map(|step| match step {
            AccountStep::Handover(Step::DeleteAssetAccount { asset, .. }) => Some(asset.as_str()),
            _ => None,
        });
        let gone: Vec<&str> = gone.collect();
        words.push(format!("is taken off asset {} in JumpServer", gone.join(", ")));
    }
    if words.is_empty() && has(|step| matches!(step, Step::WriteEvidence { .. })) {
        words.push("only the words in its ATTRIBUTE that say that it is adopted".to_owned());
    }
    if words.is_empty() && mark {
        words.push("only its mark: the requests that it comes from, or their ends".to_owned());
    }
    (if created { Sign::Add } else { Sign::Change }, title, words)
}

/// For how many minutes sessions of an account are left.
fn minutes(on_ends: &BTreeSet<OnEnd>) -> u32 {
    let minutes = on_ends.iter().find_map(|on_end| match on_end {
        OnEnd::After(minutes) => Some(*minutes),
        OnEnd::Report | OnEnd::Disconnect => None,
    });
    minutes.unwrap_or_default()
}

/// Grants sorted by privileges, so that each list of privileges is named once.
#[derive(Default)]
struct Sorted(BTreeMap<String, Vec<String>>);

impl Sorted {
    fn add(&mut self, object: &Object) {
        let mut put = |privileges: String, place: String| {
            self.0.entry(privileges).or_default().push(place);
        };
        let option = |grant_option: bool| if grant_option { vec!["GRANT OPTION"] } else { vec![] };
        match object {
            Object::Global { privileges } => put(list(privileges), "on *.*".to_owned()),
            Object::Database { stored, privileges, grant_option } => {
                let words = privileges.iter().map(|privilege| privilege.sql());
                let words: Vec<&str> = words.chain(option(*grant_option)).collect();
                put(words.join(", "), format!("on {}.*", database(stored)));
            }
            Object::Table { table, privileges, grant_option } => {
                let words = privileges.iter().map(|privilege| privilege.sql());
                let words: Vec<&str> = words.chain(option(*grant_option)).collect();
                put(words.join(", "), format!("on {}.{}", table.database, table.table));
            }
            Object::Columns { table, privileges } => {
                for (privilege, columns) in privileges {
                    put(
                        privilege.sql().to_owned(),
                        format!("on {}.{} ({})", table.database, table.table, list(columns)),
                    );
                }
            }
            Object::Routine { routine, privileges } => put(
                list(privileges),
                format!("on {} {}.{}", routine.kind.to_lowercase(), routine.database, routine.name),
            ),
            Object::Role { role } => put(format!("the role {role}"), String::new()),
            Object::Proxy { account } => put(format!("to act as {account}"), String::new()),
        }
    }

    fn words(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(privileges, places)| {
            let mut places: Vec<&str> = places.iter().map(String::as_str).collect();
            places.sort_unstable();
            let mut words = privileges.clone();
            for (number, place) in places.iter().enumerate() {
                let place = if number == 0 { place } else { place.trim_start_matches("on ") };
                words.push_str(if number == 0 { " " } else { ", " });
                words.push_str(place);
            }
            words.trim_end().to_owned()
        })
    }
}

/// A stored name of a database as people write it; a pattern stays as it is.
fn database(stored: &str) -> String {
    Naming::default().database(stored).unwrap_or_else(|| stored.to_owned())
}

fn list(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
