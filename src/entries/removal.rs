//! What of a request's file goes so that some of its access is not asked for any more.

use std::collections::BTreeSet;

use super::{Entry, Opens};
use crate::access::model::{Access, Party, Request};
use crate::edit::Way;
use crate::grants::ServerTarget;
use crate::names::{InstanceName, PersonName};

/// What of a request's file goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal<'a> {
    /// The whole file: nothing of it is left.
    pub whole: bool,
    /// Parts of the file.
    pub parts: Vec<Vec<Way>>,
    /// What stays: the file has no part that gives this and nothing else, as when one member of
    /// a team, or one person on one of several targets, is to go.
    pub left: Vec<(&'a PersonName, Opens<'a>)>,
}

/// What of a request goes. `all` are its accesses, and `out` says which are to go.
pub fn removal<'a>(
    access: &Access,
    request: &Request,
    all: &[&Entry<'a>],
    out: impl Fn(&Entry<'a>) -> bool,
) -> Removal<'a> {
    let (gone, kept): (Vec<&Entry<'a>>, Vec<&Entry<'a>>) = all.iter().partition(|one| out(one));
    if gone.is_empty() {
        return Removal::default();
    }
    if kept.is_empty() {
        return Removal { whole: true, ..Removal::default() };
    }
    let kept_targets: BTreeSet<Opens<'a>> = kept.iter().map(|one| one.opens).collect();
    let targets: BTreeSet<Opens<'a>> =
        gone.iter().map(|one| one.opens).filter(|one| !kept_targets.contains(one)).collect();
    let kept_people: BTreeSet<&PersonName> = kept.iter().map(|one| one.person).collect();
    let people: BTreeSet<&PersonName> =
        gone.iter().map(|one| one.person).filter(|one| !kept_people.contains(one)).collect();
    let parties = parties(access, request, &people);
    let without: BTreeSet<&PersonName> = people_of(access, request, |at| !parties.contains(&at));
    let left = gone
        .iter()
        .filter(|one| !targets.contains(&one.opens) && without.contains(one.person))
        .map(|one| (one.person, one.opens))
        .collect();
    let mut parts: Vec<Vec<Way>> =
        parties.iter().map(|at| vec![Way::Key("for"), Way::At(*at)]).collect();
    parts.extend(servers(request, &targets));
    parts.extend(databases(request, &targets));
    Removal { whole: false, parts, left }
}

/// The places in `for:` of those who are to go altogether.
fn parties(access: &Access, request: &Request, people: &BTreeSet<&PersonName>) -> BTreeSet<usize> {
    if request.parties.len() < 2 {
        return BTreeSet::new();
    }
    let all_go = |party: &Party| match party {
        Party::Person(person) => people.contains(person),
        Party::Team(team) => access
            .teams
            .get(team)
            .is_some_and(|team| team.members.iter().all(|member| people.contains(member))),
        Party::Group(_) => false,
    };
    let places = request.parties.iter().enumerate();
    places.filter(|(_, (party, _))| all_go(party)).map(|(at, _)| at).collect()
}

/// The people of the parties at some places.
fn people_of<'a>(
    access: &'a Access,
    request: &'a Request,
    at: impl Fn(usize) -> bool,
) -> BTreeSet<&'a PersonName> {
    let parties = request.parties.iter().enumerate().filter(|(place, _)| at(*place));
    parties.flat_map(|(_, (party, _))| party.people(access)).collect()
}

/// A list with the places that go: these, or the whole list when nothing of it is left.
fn list(way: &[Way], gone: &[usize], of: usize) -> Vec<Vec<Way>> {
    if gone.len() == of {
        return vec![way.to_vec()];
    }
    gone.iter().map(|at| [way, &[Way::At(*at)]].concat()).collect()
}

fn servers(request: &Request, targets: &BTreeSet<Opens<'_>>) -> Vec<Vec<Way>> {
    let mut parts = Vec::new();
    let mut whole = Vec::new();
    for (at, want) in request.servers.iter().enumerate() {
        let goes = |target| targets.contains(&Opens::Server(&want.login, target));
        let places = |gone: Vec<bool>| -> Vec<usize> {
            gone.iter().enumerate().filter(|(_, gone)| **gone).map(|(at, _)| at).collect()
        };
        let nodes = want.nodes.iter().map(|(path, _)| goes(ServerTarget::Node(path)));
        let nodes = places(nodes.collect());
        let assets = want.assets.iter().map(|(name, _)| goes(ServerTarget::Asset(name)));
        let assets = places(assets.collect());
        if nodes.len() == want.nodes.len() && assets.len() == want.assets.len() {
            whole.push(at);
            continue;
        }
        for (key, gone, of) in
            [("nodes", nodes, want.nodes.len()), ("assets", assets, want.assets.len())]
        {
            if !gone.is_empty() {
                let way = [Way::Key("servers"), Way::At(at), Way::Key(key)];
                parts.extend(list(&way, &gone, of));
            }
        }
    }
    if !whole.is_empty() {
        parts.extend(list(&[Way::Key("servers")], &whole, request.servers.len()));
    }
    parts
}

fn databases(request: &Request, targets: &BTreeSet<Opens<'_>>) -> Vec<Vec<Way>> {
    let mut parts = Vec::new();
    let mut whole = Vec::new();
    for (at, want) in request.databases.iter().enumerate() {
        let goes =
            |instance: &InstanceName| targets.contains(&Opens::Database(instance, &want.level));
        let gone: Vec<usize> = want
            .instances
            .iter()
            .enumerate()
            .filter(|(_, (instance, _))| goes(instance))
            .map(|(at, _)| at)
            .collect();
        if gone.len() == want.instances.len() {
            whole.push(at);
        } else if !gone.is_empty() {
            let way = [Way::Key("databases"), Way::At(at), Way::Key("instance")];
            parts.extend(list(&way, &gone, want.instances.len()));
        }
    }
    if !whole.is_empty() {
        parts.extend(list(&[Way::Key("databases")], &whole, request.databases.len()));
    }
    parts
}
