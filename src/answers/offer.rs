//! What may be asked for, on which terms, and what a person has of it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Held, held};
use crate::access::model::{Access, Instance, Party, Scope, ScopeKind};
use crate::adoption::Adoptions;
use crate::catalog::Catalog;
use crate::grants::{Grant, Offers, ServerTarget, Want};
use crate::names::{Environment, InstanceName, PersonName};
use crate::policy::{self, Terms};

/// The version of the JSON form.
pub const LIST_SCHEMA: &str = "jumpgate.list/1";

/// What may be asked for: servers or databases.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct List {
    /// The version of this form.
    #[schemars(extend("const" = LIST_SCHEMA))]
    pub schema: &'static str,
    /// The commit, when the list is of one.
    pub commit: Option<String>,
    /// The person whose access is told too.
    pub person: Option<PersonName>,
    /// What is offered: servers in the order of the inventory, instances by name.
    pub offers: Vec<Offer>,
}

/// Something that may be asked for.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Offer {
    /// What it is.
    pub what: What,
    /// The environment.
    pub environment: Environment,
    /// Who answers for it: `liwei`, `team/payments`, `forge/acme/dba`.
    pub owners: Vec<String>,
    /// The logins or levels, each on its terms.
    pub kinds: Vec<Kind>,
    /// What the person has of it, now or later; empty without a person.
    pub has: Vec<Held>,
}

/// What is offered.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// Servers.
    Servers {
        /// Nodes, with everything below them.
        nodes: Vec<String>,
        /// Assets; `*` stands for any characters.
        assets: Vec<String>,
    },
    /// A database instance.
    Instance {
        /// Its name.
        name: InstanceName,
        /// The databases; none is all but the system's.
        databases: Option<Vec<String>>,
        /// What the catalogue knows of it.
        known: Option<Known>,
        /// The instance whose accounts it shows.
        same_accounts_as: Option<InstanceName>,
    },
}

/// What of an instance the catalogue knows and the inventory offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Known {
    /// The day on which it was read.
    pub day: String,
    /// The databases.
    pub databases: Vec<String>,
    /// How many tables they have.
    pub tables: usize,
}

/// A login or a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// On which terms.
    pub terms: Vec<On>,
}

/// The terms of something, or of kinds of scopes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct On {
    /// The kinds of scopes; none where the terms do not depend on it.
    #[schemars(with = "Option<Vec<String>>")]
    pub scopes: Option<Vec<ScopeKind>>,
    /// The terms.
    pub terms: Terms,
}

/// The servers that may be asked for; `mine` are the grants of a person.
pub fn servers(access: &Access, mine: &[&Grant<'_>], moment: Timestamp) -> Vec<Offer> {
    let offers = Offers::new(&access.servers);
    let adoptions = Adoptions::of(access);
    let entries = access.servers.iter().map(|entry| {
        let here = mine.iter().copied().filter(|grant| match grant.want {
            Want::Server { target, .. } => {
                offers.find(target).is_some_and(|found| found.site == entry.site)
            }
            Want::Database { .. } => false,
        });
        let kind = |login| {
            let target = ServerTarget::Node("/");
            let want = Want::Server { login, target, environment: &entry.environment };
            let terms = policy::terms(&access.policy, &want);
            Kind { name: login.to_string(), terms: vec![On { scopes: None, terms }] }
        };
        Offer {
            what: What::Servers { nodes: entry.nodes.clone(), assets: entry.assets.clone() },
            environment: entry.environment.clone(),
            owners: words(&entry.owners),
            kinds: entry.logins.iter().map(kind).collect(),
            has: held((access, &adoptions), here, moment, |_| None),
        }
    });
    entries.collect()
}

/// The instances that may be asked for; `mine` are the grants of a person. Retired ones are
/// left out.
pub fn databases(
    (access, catalog): (&Access, Option<&Catalog>),
    mine: &[&Grant<'_>],
    moment: Timestamp,
) -> Vec<Offer> {
    let live = access.instances.iter().filter(|(name, _)| !access.is_retired(name));
    let adoptions = Adoptions::of(access);
    let offers = live.map(|(name, instance)| {
        let here = mine.iter().copied().filter(
            |grant| matches!(grant.want, Want::Database { instance, .. } if instance == name),
        );
        let databases = instance.databases.as_ref().map(|all| all.iter().cloned().collect());
        Offer {
            what: What::Instance {
                name: name.clone(),
                databases,
                known: catalog.and_then(|catalog| known(access, catalog, name)),
                same_accounts_as: instance.same_accounts_as.clone(),
            },
            environment: instance.environment.clone(),
            owners: words(&instance.owners),
            kinds: levels(access, name, instance),
            has: held((access, &adoptions), here, moment, |_| None),
        }
    });
    offers.collect()
}

fn known(access: &Access, catalog: &Catalog, name: &InstanceName) -> Option<Known> {
    let part = catalog.instance(access, name)?;
    let databases = catalog.databases(access, name);
    let of = |database: &&str| part.holds.databases.get(*database).map_or(0, |all| all.len());
    Some(Known {
        day: catalog.day(part).to_string(),
        tables: databases.iter().map(of).sum(),
        databases: databases.into_iter().map(str::to_owned).collect(),
    })
}

fn words(owners: &[Party]) -> Vec<String> {
    owners.iter().map(ToString::to_string).collect()
}

/// The levels of an instance. Scopes on the same terms stand together; those that a level's
/// privileges do not fit are left out.
fn levels(access: &Access, name: &InstanceName, instance: &Instance) -> Vec<Kind> {
    let scopes = [
        Scope::Database(String::new()),
        Scope::Table(String::new(), String::new()),
        Scope::Columns(String::new(), String::new(), [String::new()].into()),
    ];
    let levels = instance.levels.iter().map(|level| {
        let privileges = access.config.levels.get(level);
        let mut terms: Vec<On> = Vec::new();
        let mut all = true;
        for scope in &scopes {
            let kind = scope.kind();
            if !privileges.is_some_and(|all| all.iter().all(|privilege| privilege.fits(kind))) {
                all = false;
                continue;
            }
            let environment = &instance.environment;
            let holder = access.holder_environment(name).unwrap_or(environment);
            let want = Want::Database { instance: name, level, scope, environment, holder };
            let found = policy::terms(&access.policy, &want);
            match terms.iter_mut().find(|on| on.terms == found) {
                Some(on) => on.scopes.get_or_insert_default().push(kind),
                None => terms.push(On { scopes: Some(vec![kind]), terms: found }),
            }
        }
        if let ([on], true) = (terms.as_mut_slice(), all) {
            on.scopes = None;
        }
        Kind { name: level.to_string(), terms }
    });
    levels.collect()
}

impl List {
    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}
