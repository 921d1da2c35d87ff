//! The rows of an effect: what one person gets, loses or keeps on other terms.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::model::Site;
use crate::mysql::privilege::{Privilege, Privileges};
use crate::names::{InstanceName, LevelName, LoginName, PersonName, RequestName, TeamName};

/// One change of one person's access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// Who.
    pub person: PersonName,
    /// The name for people.
    pub name: String,
    /// What happens.
    pub kind: Kind,
    /// What the base gives; none when it is new.
    pub before: Option<Side>,
    /// What the branch gives; none when it goes.
    pub after: Option<Side>,
    /// The requests that ask for it; of the base when it goes.
    pub because: Vec<Source>,
    /// The edited files that make it, when the requests themselves are as they were.
    pub by: BTreeSet<String>,
    /// Why to look twice.
    pub dangers: BTreeSet<Danger>,
    /// Whether the branch's own policy refuses it, so that it gets nothing.
    pub refused: bool,
}

/// What happens to somebody's access.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It goes.
    Removed,
    /// It becomes less: a shorter time, or fewer privileges.
    Narrowed,
    /// It is new.
    Added,
    /// It lasts longer, and is otherwise as it was.
    Renewed,
    /// It becomes another.
    Changed,
}

impl Kind {
    /// Whether somebody may do more than before.
    pub fn widens(self) -> bool {
        matches!(self, Self::Added | Self::Renewed | Self::Changed)
    }
}

/// What one revision gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Side {
    /// The user of JumpServer.
    pub user: String,
    /// The environment.
    pub environment: String,
    /// What.
    pub thing: Thing,
    /// From when until when.
    pub periods: Vec<Span>,
}

/// What somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Thing {
    /// A login on hosts.
    Servers {
        /// The login.
        login: LoginName,
        /// The accounts that it opens.
        accounts: Vec<String>,
        /// The protocols.
        protocols: Vec<String>,
        /// The actions.
        actions: BTreeSet<String>,
        /// Nodes, with everything below them.
        nodes: BTreeSet<String>,
        /// Single assets.
        assets: BTreeSet<String>,
    },
    /// A level on parts of an instance.
    Database {
        /// The instance.
        instance: InstanceName,
        /// The level.
        level: LevelName,
        /// Its privileges.
        #[schemars(with = "BTreeSet<Privilege>")]
        privileges: Privileges,
        /// The scopes, as requests write them.
        scopes: BTreeSet<String>,
        /// Host and port of the server that holds the account.
        server: String,
        /// From where the account works.
        account_host: String,
        /// The asset in JumpServer.
        asset: String,
    },
}

impl Thing {
    /// It without its places: things that differ in places alone share a row.
    fn kind_of(&self) -> Self {
        let mut thing = self.clone();
        match &mut thing {
            Self::Servers { nodes, assets, .. } => {
                nodes.clear();
                assets.clear();
            }
            Self::Database { scopes, .. } => scopes.clear(),
        }
        thing
    }

    /// Takes the places of another over.
    fn join(&mut self, other: Self) {
        match (self, other) {
            (
                Self::Servers { nodes, assets, .. },
                Self::Servers { nodes: more_nodes, assets: more_assets, .. },
            ) => {
                nodes.extend(more_nodes);
                assets.extend(more_assets);
            }
            (Self::Database { scopes, .. }, Self::Database { scopes: more, .. }) => {
                scopes.extend(more);
            }
            _ => {}
        }
    }
}

/// A stretch of time, with its offsets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Span {
    /// The first moment; none is at once.
    pub from: Option<String>,
    /// The end; none is no end.
    pub until: Option<String>,
}

/// A request that a row comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Source {
    /// The request.
    pub request: RequestName,
    /// The first line of it that asks for this; in the base's file when the row goes.
    pub site: Site,
    /// The reason, in the words of its author.
    pub reason: String,
    /// The team through which the person is meant.
    pub team: Option<TeamName>,
}

/// Why to look twice, the worst first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// It is merged without the usual approvals.
    Emergency,
    /// The policy of the base does not allow it.
    BeyondPolicy,
    /// The access goes to another user of JumpServer than before.
    OtherUser,
    /// A superuser on a host.
    Superuser,
    /// It may change data.
    Writes,
    /// A whole database.
    WholeDatabase,
    /// A production environment.
    Production,
    /// No end.
    NoEnd,
    /// The instance, login or level is new in the branch.
    NewHere,
}

impl Danger {
    /// All of them, the worst first.
    pub const ALL: [Self; 9] = [
        Self::Emergency,
        Self::BeyondPolicy,
        Self::OtherUser,
        Self::Superuser,
        Self::Writes,
        Self::WholeDatabase,
        Self::Production,
        Self::NoEnd,
        Self::NewHere,
    ];

    /// It in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::BeyondPolicy => "beyond policy",
            Self::OtherUser => "another JumpServer user",
            Self::Superuser => "superuser",
            Self::Writes => "writes",
            Self::WholeDatabase => "whole database",
            Self::Production => "production",
            Self::NoEnd => "no end",
            Self::NewHere => "new target, login or level",
        }
    }
}

/// What rows must share to become one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    person: PersonName,
    kind: Kind,
    dangers: Vec<Danger>,
    before: Option<Side>,
    after: Option<Side>,
    requests: Vec<RequestName>,
    by: BTreeSet<String>,
    refused: bool,
}

/// Rows that differ only in places become one; what a request asks for in place of
/// something else becomes a change; and the order of a reader: person, then what goes,
/// comes, changes, the dangerous first.
pub(super) fn arrange(rows: Vec<Row>) -> Vec<Row> {
    let mut groups: BTreeMap<Group, Row> = BTreeMap::new();
    let bare = |side: &Option<Side>| {
        side.as_ref().map(|side| Side { thing: side.thing.kind_of(), ..side.clone() })
    };
    for row in rows {
        let group = Group {
            person: row.person.clone(),
            kind: row.kind,
            dangers: row.dangers.iter().copied().collect(),
            before: bare(&row.before),
            after: bare(&row.after),
            requests: row.because.iter().map(|source| source.request.clone()).collect(),
            by: row.by.clone(),
            refused: row.refused,
        };
        match groups.entry(group) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(row);
            }
            std::collections::btree_map::Entry::Occupied(entry) => join(entry.into_mut(), row),
        }
    }
    let mut rows = pair(groups.into_values().collect());
    rows.sort_by(|a, b| {
        let key = |row: &Row| (row.person.clone(), row.kind, worst(row));
        key(a).cmp(&key(b))
    });
    rows
}

/// The worst danger of a row; without one, behind all others.
fn worst(row: &Row) -> usize {
    row.dangers.first().map_or(usize::MAX, |danger| *danger as usize)
}

fn join(row: &mut Row, other: Row) {
    for (side, more) in [(&mut row.before, other.before), (&mut row.after, other.after)] {
        if let (Some(side), Some(more)) = (side, more) {
            side.thing.join(more.thing);
        }
    }
    for (source, more) in row.because.iter_mut().zip(other.because) {
        if more.site < source.site {
            source.site = more.site;
        }
    }
}

/// A request that asks for one thing no more and for one other of its sort instead.
fn pair(mut rows: Vec<Row>) -> Vec<Row> {
    let sort = |row: &Row| {
        let side = row.before.as_ref().or(row.after.as_ref())?;
        let databases = matches!(side.thing, Thing::Database { .. });
        let [source] = row.because.as_slice() else { return None };
        (row.before.is_none() != row.after.is_none())
            .then(|| (row.person.clone(), source.request.clone(), databases))
    };
    let mut sorts: BTreeMap<_, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        if let Some(sort) = sort(row) {
            let (gone, new) = sorts.entry(sort).or_default();
            (if row.after.is_none() { gone } else { new }).push(number);
        }
    }
    let mut taken = BTreeSet::new();
    for (gone, new) in sorts.into_values() {
        if let ([gone], [new]) = (gone.as_slice(), new.as_slice()) {
            rows[*new].before = rows[*gone].before.take();
            rows[*new].kind = Kind::Changed;
            taken.insert(*gone);
        }
    }
    let mut number = 0;
    rows.retain(|_| {
        number += 1;
        !taken.contains(&(number - 1))
    });
    rows
}
