//! From the access repo to grants: one thing that one person may do in one period
//! because of one request. No moment plays a part here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::access::model::{Access, Instance, Party, Request, Scope, ScopeKind, ServerEntry, Site};
use crate::asset_pattern::AssetPattern;
use crate::names::{
    Environment, InstanceName, LevelName, LoginName, PersonName, RequestName, TeamName,
};
use crate::node_path::with_parents;
use crate::period::Period;

/// One thing that one person may do. It borrows from the access repo: a repo with a
/// million grants holds their texts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant<'a> {
    /// Who.
    pub person: &'a PersonName,
    /// What.
    pub want: Want<'a>,
    /// From when until when; cut at the day on which the person leaves.
    pub period: Cow<'a, Period>,
    /// Why.
    pub because: Because<'a>,
}

/// What a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want<'a> {
    /// A login on a host, or on all hosts of a node.
    Server {
        /// The kind of account.
        login: &'a LoginName,
        /// Where.
        target: ServerTarget<'a>,
        /// The environment of the inventory's entry.
        environment: &'a Environment,
    },
    /// A level on a part of a database instance.
    Database {
        /// The instance as the request names it (it may be an alias).
        instance: &'a InstanceName,
        /// The kind of account.
        level: &'a LevelName,
        /// What of it.
        scope: &'a Scope,
        /// The environment of the instance.
        environment: &'a Environment,
        /// The environment of the instance whose accounts it shows; its own, unless it is an
        /// alias.
        holder: &'a Environment,
    },
}

/// Where a login is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerTarget<'a> {
    /// A node and everything below it, also what is added later.
    Node(&'a str),
    /// One asset.
    Asset(&'a str),
}

/// Which line of which request a grant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Because<'a> {
    /// The request.
    pub request: &'a RequestName,
    /// The line that names the target.
    pub site: &'a Site,
    /// The reason, in the words of its author.
    pub reason: &'a str,
    /// The team through which the person is meant; `None` when named himself.
    pub team: Option<&'a TeamName>,
    /// Whether the request is an emergency.
    pub emergency: bool,
    /// Whether the request is given back: what it gave is there, and nobody's here any more.
    pub released: bool,
}

impl<'a> Want<'a> {
    /// The environments whose rules it keeps: the target's, and for an alias that of the instance
    /// whose accounts it shows.
    pub fn environments(&self) -> impl Iterator<Item = &'a Environment> {
        let other = match self {
            Self::Server { .. } => None,
            Self::Database { environment, holder, .. } => {
                (holder != environment).then_some(*holder)
            }
        };
        std::iter::once(self.environment()).chain(other)
    }

    /// The environment of the target, as the inventory calls it.
    pub fn environment(&self) -> &'a Environment {
        match self {
            Self::Server { environment, .. } | Self::Database { environment, .. } => environment,
        }
    }

    /// The login, when it is about hosts.
    pub fn login(&self) -> Option<&'a LoginName> {
        match self {
            Self::Server { login, .. } => Some(login),
            Self::Database { .. } => None,
        }
    }

    /// The level, when it is about databases.
    pub fn level(&self) -> Option<&'a LevelName> {
        match self {
            Self::Server { .. } => None,
            Self::Database { level, .. } => Some(level),
        }
    }

    /// The kind of scope, when it is about databases.
    pub fn scope(&self) -> Option<ScopeKind> {
        match self {
            Self::Server { .. } => None,
            Self::Database { scope, .. } => Some(scope.kind()),
        }
    }
}

/// All grants of a repo, in the order of requests, people and lines.
///
/// What a request names and the repo does not hold is left out: the checks let that pass
/// only in requests that have ended. Retired instances give nothing.
pub fn of(access: &Access) -> Vec<Grant<'_>> {
    let offers = Offers::new(&access.servers);
    let mut grants = Vec::new();
    for (name, request) in &access.requests {
        let wants = wants(access, &offers, request);
        for (person, team) in people(access, request) {
            let Some(file) = access.people.get(person) else { continue };
            let period = match &file.left {
                Some(left) => Cow::Owned(request.period.cut(left)),
                None => Cow::Borrowed(&request.period),
            };
            // Who leaves before it begins has nothing.
            if period.is_empty() {
                continue;
            }
            for (want, site) in &wants {
                let (reason, emergency) = (&request.reason, request.emergency.is_some());
                let released = request.release;
                let because = Because { request: name, site, reason, team, emergency, released };
                grants.push(Grant { person, want: *want, period: period.clone(), because });
            }
        }
    }
    grants
}

/// The grants of one request, among all as [`of`] gives them, in the order of the requests.
pub fn of_request<'g, 'a>(grants: &'g [Grant<'a>], request: &RequestName) -> &'g [Grant<'a>] {
    let from = grants.partition_point(|grant| grant.because.request < request);
    let count = grants[from..].partition_point(|grant| grant.because.request == request);
    &grants[from..from + count]
}

/// Neighbours that differ only in what of a target they give: the same person, request,
/// period, and login or level on the same instance. They meet in the same objects, and in
/// the order of [`of`] they stand together.
pub fn groups<'g, 'a>(grants: &'g [Grant<'a>]) -> impl Iterator<Item = &'g [Grant<'a>]> {
    grants.chunk_by(|a, b| {
        let alike = match (a.want, b.want) {
            (Want::Server { login, .. }, Want::Server { login: other, .. }) => login == other,
            (
                Want::Database { instance, level, .. },
                Want::Database { instance: other, level: other_level, .. },
            ) => instance == other && level == other_level,
            _ => false,
        };
        alike
            && a.person == b.person
            && a.because.request == b.because.request
            && a.period == b.period
    })
}

/// The people of a request, each once; named himself wins over being in a team.
pub fn people<'a>(
    access: &'a Access,
    request: &'a Request,
) -> BTreeMap<&'a PersonName, Option<&'a TeamName>> {
    let mut people = BTreeMap::new();
    for (party, _) in &request.parties {
        match party {
            Party::Person(person) => {
                people.insert(person, None);
            }
            // Owners alone can be groups.
            Party::Group(_) => {}
            Party::Team(team) => {
                for member in access.teams.get(team).into_iter().flat_map(|team| &team.members) {
                    people.entry(member).or_insert(Some(team));
                }
            }
        }
    }
    people
}

/// What a request asks for, for whomever it is.
fn wants<'a>(
    access: &'a Access,
    offers: &Offers<'a>,
    request: &'a Request,
) -> Vec<(Want<'a>, &'a Site)> {
    let mut wants = Vec::new();
    for want in &request.servers {
        let nodes = want.nodes.iter().map(|(path, site)| (ServerTarget::Node(path), site));
        let assets = want.assets.iter().map(|(name, site)| (ServerTarget::Asset(name), site));
        for (target, site) in nodes.chain(assets) {
            if let Some(entry) = offers.find(target) {
                let environment = &entry.environment;
                wants.push((Want::Server { login: &want.login, target, environment }, site));
            }
        }
    }
    for want in &request.databases {
        if !access.config.levels.contains_key(&want.level) {
            continue;
        }
        for (instance, _) in &want.instances {
            let Some(Instance { environment, .. }) = access.instances.get(instance) else {
                continue;
            };
            if access.is_retired(instance) {
                continue;
            }
            let holder = access.holder_environment(instance).unwrap_or(environment);
            for (scope, site) in &want.tables {
                let level = &want.level;
                wants.push((Want::Database { instance, level, scope, environment, holder }, site));
            }
        }
    }
    wants
}

/// What `inventory/servers.yaml` offers, ready to be asked.
pub struct Offers<'a> {
    nodes: BTreeMap<&'a str, &'a ServerEntry>,
    assets: Vec<(AssetPattern, &'a ServerEntry)>,
    names: BTreeMap<&'a str, Vec<&'a ServerEntry>>,
}

impl<'a> Offers<'a> {
    /// Prepares the entries of the inventory.
    pub fn new(entries: &'a [ServerEntry]) -> Self {
        let mut offers =
            Self { nodes: BTreeMap::new(), assets: Vec::new(), names: BTreeMap::new() };
        for entry in entries {
            for node in &entry.nodes {
                offers.nodes.entry(node).or_insert(entry);
            }
            for asset in &entry.assets {
                if asset.contains('*') {
                    offers.assets.push((AssetPattern::new(asset), entry));
                } else {
                    offers.names.entry(asset).or_default().push(entry);
                }
            }
        }
        offers
    }

    /// The entry that offers a target: for a node the nearest one at or above it.
    pub fn find(&self, target: ServerTarget<'_>) -> Option<&'a ServerEntry> {
        match target {
            ServerTarget::Node(path) => self.node(path),
            ServerTarget::Asset(name) => {
                self.names.get(name).and_then(|entries| entries.first().copied()).or_else(|| {
                    self.assets
                        .iter()
                        .find(|(pattern, _)| pattern.is_match(name))
                        .map(|(_, entry)| *entry)
                })
            }
        }
    }

    /// Every entry whose assets a name matches.
    pub fn matching(&self, name: &str) -> Vec<&'a ServerEntry> {
        let exact = self.names.get(name).into_iter().flatten().copied();
        let patterns = self.assets.iter().filter(|(pattern, _)| pattern.is_match(name));
        let mut found: Vec<&ServerEntry> = exact.chain(patterns.map(|(_, entry)| *entry)).collect();
        found.sort_by(|a, b| a.site.cmp(&b.site));
        found.dedup_by(|a, b| a.site == b.site);
        found
    }

    /// The entry of the nearest node at or above `path`.
    pub fn node(&self, path: &str) -> Option<&'a ServerEntry> {
        with_parents(path).find_map(|node| self.nodes.get(node).copied())
    }
}
