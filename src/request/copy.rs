//! What one person has, asked for another.

use jiff::Timestamp;

use super::{Ask, DatabaseAsk, ServerAsk};
use crate::access::model::{Access, Scope};
use crate::grants::{self, Grant, ServerTarget, Want};
use crate::names::PersonName;
use crate::policy;

/// What can be asked for, and what policy does not allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// The request; it asks for nothing when nothing is left.
    pub ask: Ask,
    /// What is left out, each with the reason, in words.
    pub left_out: Vec<String>,
}

/// What `from` has at `moment`, for `to`: without what `to` has already for as long, and
/// without what policy refuses for the period that `ask` says.
///
/// `period` is the one of the new request, and `ask` holds its texts and the reason.
pub fn copy(
    access: &Access,
    from: &PersonName,
    to: &PersonName,
    period: &crate::period::Period,
    ask: Ask,
    moment: Timestamp,
) -> Copied {
    let all = grants::of(access);
    let live = |person: &PersonName| -> Vec<&Grant<'_>> {
        // What was given back is nobody's here any more.
        let of = all.iter().filter(|grant| grant.person == person && !grant.because.released);
        of.filter(|grant| grant.period.contains(moment)).collect()
    };
    let has: Vec<&Grant<'_>> = live(to);
    let mut copied = Copied { ask, left_out: Vec::new() };
    copied.ask.people = vec![to.to_string()];
    let mut seen: Vec<Want<'_>> = Vec::new();
    for grant in live(from) {
        if seen.contains(&grant.want) {
            continue;
        }
        seen.push(grant.want);
        let what = words(&grant.want);
        let as_long =
            |other: &&&Grant<'_>| other.want == grant.want && other.period.end() >= period.end();
        if has.iter().any(|other| as_long(&other)) {
            copied.left_out.push(format!("{what}: {to} has it already, as long"));
            continue;
        }
        let mut wanted = grant.clone();
        wanted.person = to;
        wanted.period = std::borrow::Cow::Borrowed(period);
        // The new request is an ordinary one, whatever gave this.
        wanted.because.emergency = false;
        let broken = policy::judge(access, &wanted, moment);
        if let Some(first) = broken.first() {
            copied.left_out.push(format!(
                "{what}: {} ({}:{})",
                first.message, first.limit.file, first.limit.line
            ));
            continue;
        }
        add(&mut copied.ask, &grant.want);
    }
    copied.ask = copied.ask.tidy();
    copied
}

fn add(ask: &mut Ask, want: &Want<'_>) {
    match *want {
        Want::Server { login, target, .. } => {
            let mut server = ServerAsk { login: login.to_string(), ..ServerAsk::default() };
            match target {
                ServerTarget::Node(path) => server.nodes.push(path.to_owned()),
                ServerTarget::Asset(name) => server.assets.push(name.to_owned()),
            }
            ask.servers.push(server);
        }
        Want::Database { instance, level, scope, .. } => ask.databases.push(DatabaseAsk {
            instances: vec![instance.to_string()],
            level: level.to_string(),
            tables: vec![Scope::to_string(scope)],
        }),
    }
}

fn words(want: &Want<'_>) -> String {
    match want {
        Want::Server { login, target, .. } => match target {
            ServerTarget::Node(path) => format!("{login} on {path}"),
            ServerTarget::Asset(name) => format!("{login} on {name}"),
        },
        Want::Database { instance, level, scope, .. } => {
            format!("{level} on {instance}: {scope}")
        }
    }
}
