//! The matrix of what git gives: what requests ask for, for whom, from when until when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::data::{Column, Filling, Person, Places, Row, Target};
use crate::access::model::{Access, Party};
use crate::answers::{against_policy, scope_words};
use crate::grants::{Grant, ServerTarget, Want};
use crate::names::Environment;
use crate::node_path::with_parents;

/// What a target is, by its kind and name.
type Key<'a> = (Column, &'a str);

/// Assets, each with the nodes that it is in.
pub(super) type Assets<'a> = BTreeMap<&'a str, &'a BTreeSet<String>>;

/// The grants that hold at the moment or later, and every target that may be asked for.
/// `foreign` are assets that others than git open: each has its place in a node, or gets one.
pub(super) fn matrix<'a>(
    access: &'a Access,
    grants: &'a [Grant<'a>],
    foreign: &Assets<'a>,
    moment: Timestamp,
) -> Filling<'a> {
    // What is released jumpgate looks after no more: it stands on the servers as another hand's.
    let standing = |grant: &&Grant<'_>| !grant.period.is_over(moment) && !grant.because.released;
    let targets = targets(access, grants.iter().filter(standing), foreign);
    let mut filling = empty(access, targets);
    for request in grants.chunk_by(|a, b| a.because.request == b.because.request) {
        // Who leaves has it for a shorter time than the others. Apart from that, everybody gets
        // the same of a request, and policy looks at no name.
        let mut periods: BTreeMap<_, (Vec<usize>, &[Grant<'_>])> = BTreeMap::new();
        for grants in request.chunk_by(|a, b| a.person == b.person) {
            let Some(grant) = grants.first().filter(standing) else { continue };
            let row = filling.rows.get(grant.person.as_str()).copied();
            periods.entry(&*grant.period).or_insert_with(|| (Vec::new(), grants)).0.extend(row);
        }
        for (period, (rows, grants)) in periods {
            let because = &grants[0].because;
            let source = filling.requests.of((&because.site.file, because.reason));
            let wants = wants(&mut filling, access, grants, moment);
            let wants = filling.wants.of(wants);
            let set = filling.sets.of(rows);
            let period = filling.periods.of(period.clone());
            filling.grants.push([set, wants, period, source]);
        }
    }
    filling
}

/// What the grants of one person and request give: one entry for each target and kind, and
/// for what policy has against it.
fn wants<'a>(
    filling: &mut Filling<'a>,
    access: &Access,
    grants: &'a [Grant<'a>],
    moment: Timestamp,
) -> Vec<[usize; 5]> {
    let mut found: BTreeMap<(usize, usize, String), (Vec<String>, usize)> = BTreeMap::new();
    for grant in grants {
        let Some(column) = filling.columns.get(&key(&grant.want)) else { continue };
        let (kind, scope) = match grant.want {
            Want::Server { login, .. } => (login.as_str(), None),
            Want::Database { level, scope, .. } => (level.as_str(), Some(scope_words(scope))),
        };
        let line = grant.because.site.line as usize;
        let refused = against_policy(access, [grant], moment).join("; ");
        let key = (*column, filling.kinds.of(kind), refused);
        found.entry(key).or_insert((Vec::new(), line)).0.extend(scope);
    }
    let entry = |((column, kind, refused), (scopes, line)): (_, (Vec<String>, _))| {
        let scopes = filling.texts.of(scopes.join(", "));
        [column, kind, scopes, line, filling.texts.of(refused)]
    };
    found.into_iter().map(entry).collect()
}

fn key<'a>(want: &Want<'a>) -> Key<'a> {
    match want {
        Want::Server { target: ServerTarget::Node(path), .. } => (Column::Node, path),
        Want::Server { target: ServerTarget::Asset(name), .. } => (Column::Asset, name),
        Want::Database { instance, .. } => (Column::Instance, instance.as_str()),
    }
}

/// All rows and columns, without a cell.
fn empty<'a>(access: &'a Access, targets: Vec<Target<'a>>) -> Filling<'a> {
    let mut teams: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, team) in &access.teams {
        for member in &team.members {
            teams.entry(member.as_str()).or_default().push(name.as_str());
        }
    }
    let people: Vec<Person<'_>> = access
        .people
        .iter()
        .map(|(name, person)| Person {
            name: name.as_str(),
            display: &person.display,
            teams: teams.get(name.as_str()).map(|teams| teams.join(", ")).unwrap_or_default(),
            left: person.left.as_ref().map(|edge| edge.text.as_str()),
            kind: Row::Person,
        })
        .collect();
    let rows = people.iter().enumerate().map(|(row, person)| (person.name, row)).collect();
    let places = targets.iter().enumerate();
    Filling {
        people,
        rows,
        columns: places.map(|(place, target)| ((target.kind, target.name), place)).collect(),
        targets,
        kinds: Places::default(),
        periods: Places::default(),
        texts: Places::default(),
        sets: Places::default(),
        wants: Places::default(),
        requests: Places::default(),
        grants: Vec::new(),
        live: false,
        permissions: Places::default(),
        ways: Vec::new(),
    }
}

/// Every target that may be asked for by its name, and those that grants name, in the order
/// of environments, kinds and names.
fn targets<'a>(
    access: &'a Access,
    grants: impl Iterator<Item = &'a Grant<'a>>,
    foreign: &Assets<'a>,
) -> Vec<Target<'a>> {
    let offers = crate::grants::Offers::new(&access.servers);
    let mut found: BTreeMap<Key<'_>, (&Environment, &[Party])> = BTreeMap::new();
    for (name, instance) in access.instances.iter().filter(|(_, instance)| !instance.retired) {
        found.insert((Column::Instance, name.as_str()), (&instance.environment, &instance.owners));
    }
    for entry in &access.servers {
        let nodes = entry.nodes.iter().map(|path| (Column::Node, path.as_str()));
        let assets = entry.assets.iter().filter(|name| !name.contains('*'));
        for key in nodes.chain(assets.map(|name| (Column::Asset, name.as_str()))) {
            found.entry(key).or_insert((&entry.environment, &entry.owners));
        }
    }
    let asked: BTreeSet<_> = grants
        .filter_map(|grant| match grant.want {
            Want::Server { target, .. } => Some(target),
            Want::Database { .. } => None,
        })
        .collect();
    for target in asked {
        if let Some(entry) = offers.find(target) {
            let key = match target {
                ServerTarget::Node(path) => (Column::Node, path),
                ServerTarget::Asset(name) => (Column::Asset, name),
            };
            found.entry(key).or_insert((&entry.environment, &entry.owners));
        }
    }
    let databases: BTreeSet<&str> =
        access.instances.values().map(|instance| instance.asset.as_str()).collect();
    for (name, nodes) in foreign.iter().filter(|(name, _)| !databases.contains(*name)) {
        let mut above = nodes.iter().flat_map(|node| with_parents(node));
        if above.any(|node| found.contains_key(&(Column::Node, node))) {
            continue;
        }
        let entry = offers.find(ServerTarget::Asset(name));
        if let Some(entry) = entry.or_else(|| nodes.iter().find_map(|node| offers.node(node))) {
            found.entry((Column::Asset, name)).or_insert((&entry.environment, &entry.owners));
        }
    }
    let targets = found.into_iter().map(|((kind, name), (environment, owners))| Target {
        name,
        kind,
        environment: environment.as_str(),
        owners: owners.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        unreadable: None,
    });
    let mut targets: Vec<Target<'_>> = targets.collect();
    let environments = &access.policy.environments;
    let place = |name: &str| environments.iter().position(|one| one.as_str() == name);
    targets.sort_by_key(|target| (place(target.environment), target.kind, target.name));
    targets
}
