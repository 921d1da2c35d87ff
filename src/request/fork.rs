//! The two bodies that callers of a patched JumpServer's ticket page send, taken as they are.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Ask, DatabaseAsk, Invalid, ServerAsk, address, people};
use crate::access::model::Access;

/// A request for servers, or one for databases. Which one it is, its assets say: texts are
/// servers, blocks are databases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkBody {
    /// The name of the permission that was asked for.
    pub pname: String,
    /// Whom it is for: the name of a person's file, the user name in JumpServer, or the e-mail
    /// address.
    pub uname: String,
    /// Servers: whether the superuser's accounts are asked for.
    #[serde(default)]
    pub adminperm: Option<bool>,
    /// What is asked for.
    pub assets: ForkAssets,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected addresses, or blocks with address, selectdb and readonly")]
pub enum ForkAssets {
    /// Servers, by their addresses.
    Servers(#[schemars(length(min = 1))] Vec<String>),
    /// Databases.
    Databases(#[schemars(length(min = 1))] Vec<ForkDatabase>),
}

/// Databases of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkDatabase {
    /// The address of the instance: `host` or `host:port`.
    pub address: String,
    /// Databases by their names; also tables, as in a request file.
    #[schemars(length(min = 1))]
    pub selectdb: Vec<String>,
    /// Whether reading alone is asked for.
    pub readonly: bool,
}

/// What those bodies do not say.
#[derive(Debug, Clone, Default)]
pub struct ForkDefaults {
    /// The id of the call.
    pub external_id: Option<String>,
    /// Why; without it the permission's name is told.
    pub reason: Option<String>,
    /// When it begins.
    pub from: Option<String>,
    /// When it ends.
    pub until: Option<String>,
    /// In how many hours it ends.
    pub hours: Option<u32>,
    /// The level of `readonly: true`; `r` where the repo has it.
    pub level_read: Option<String>,
    /// The level of `readonly: false`; `rw` where the repo has it.
    pub level_write: Option<String>,
    /// The login of `adminperm: false`; `app` where the repo has it.
    pub login: Option<String>,
    /// The login of `adminperm: true`; `root` where the repo has it.
    pub login_admin: Option<String>,
}

impl ForkBody {
    /// The addresses of servers that it asks for.
    pub fn servers(&self) -> &[String] {
        match &self.assets {
            ForkAssets::Servers(addresses) => addresses,
            ForkAssets::Databases(_) => &[],
        }
    }

    /// What it asks for. `assets` gives the names of the assets at an address; none when
    /// JumpServer was not asked.
    ///
    /// # Errors
    /// When a person or an address is unknown or means several, or a level or login is left to
    /// a default that the repo does not have.
    pub fn ask(
        &self,
        access: &Access,
        defaults: ForkDefaults,
        assets: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Result<Ask, Invalid> {
        let ForkDefaults { external_id, reason, from, until, hours, .. } = &defaults;
        let reason = reason.clone().unwrap_or_else(|| format!("asked for as {}", self.pname));
        let mut ask = Ask {
            external_id: external_id.clone(),
            people: vec![people::person(access, &self.uname)?.to_string()],
            reason,
            from: from.clone(),
            until: until.clone(),
            hours: *hours,
            ..Ask::default()
        };
        let config = &access.config;
        match &self.assets {
            ForkAssets::Servers(addresses) => {
                let known = |name: &str| config.logins.keys().any(|login| login.as_str() == name);
                let login = if self.adminperm == Some(true) {
                    default(&defaults.login_admin, "root", "--login-admin", known)?
                } else {
                    default(&defaults.login, "app", "--login-user", known)?
                };
                let names = addresses.iter().map(|text| {
                    address::server(access, text.trim(), assets(text.trim()).as_deref())
                });
                let assets = names.collect::<Result<_, _>>()?;
                ask.servers.push(ServerAsk { login, nodes: Vec::new(), assets });
            }
            ForkAssets::Databases(databases) => {
                let known = |name: &str| config.levels.keys().any(|level| level.as_str() == name);
                for database in databases {
                    let level = if database.readonly {
                        default(&defaults.level_read, "r", "--level-read", known)?
                    } else {
                        default(&defaults.level_write, "rw", "--level-write", known)?
                    };
                    let instance = address::instance(access, &database.address)?;
                    ask.databases.push(DatabaseAsk {
                        instances: vec![instance.to_string()],
                        level,
                        tables: database.selectdb.iter().map(|text| whole(text)).collect(),
                    });
                }
            }
        }
        Ok(ask.tidy())
    }
}

/// The name of a database as all of it; what is a table already stays.
fn whole(text: &str) -> String {
    let text = text.trim();
    if crate::access::scope::parse(text).is_ok() {
        return text.to_owned();
    }
    let scope = crate::access::model::Scope::Database(text.to_owned());
    scope.to_string()
}

/// What is given, or the usual name where the repo has it.
fn default(
    given: &Option<String>,
    usual: &str,
    flag: &str,
    known: impl Fn(&str) -> bool,
) -> Result<String, Invalid> {
    match given {
        Some(given) => Ok(given.clone()),
        None if known(usual) => Ok(usual.to_owned()),
        None => Err(Invalid(format!(
            "the body does not say which one is meant, and the access repo has no {usual}: add \
             {flag}"
        ))),
    }
}
