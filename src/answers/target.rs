//! What `who` and `why` can be asked about.

use crate::access::model::{Access, Scope};
use crate::grants::{ServerTarget, Want};
use crate::names::InstanceName;

/// A target: a node, an asset, an instance, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A node, such as `/Default/payments/prod`.
    Node(String),
    /// An asset of JumpServer.
    Asset(String),
    /// An instance, with a database and a table in it when asked for.
    Instance {
        /// The instance.
        name: InstanceName,
        /// The database.
        database: Option<String>,
        /// The table.
        table: Option<String>,
    },
}

/// The repo has no such target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing in the inventory is called {name}: expected a node (/Default/...), an asset, an \
     instance, or instance.database.table{near}"
)]
pub struct UnknownTarget {
    name: String,
    near: String,
}

impl Target {
    /// Reads a target. Names of instances win over those of assets, and the longest one wins
    /// where a dot may belong to it.
    ///
    /// # Errors
    /// When it is no node, no instance, and the inventory offers no such asset.
    pub fn parse(access: &Access, text: &str) -> Result<Self, UnknownTarget> {
        if text.starts_with('/') {
            return Ok(Self::Node(text.trim_end_matches('/').to_owned()));
        }
        let instance = access
            .instances
            .keys()
            .filter(|name| {
                text.strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .max_by_key(|name| name.as_str().len());
        if let Some(name) = instance {
            let rest = text[name.as_str().len()..].trim_start_matches('.');
            let (database, table) = match rest.split_once('.') {
                Some((database, table)) => (Some(database), Some(table)),
                None => (Some(rest).filter(|rest| !rest.is_empty()), None),
            };
            let table = table.filter(|table| !matches!(*table, "" | "*"));
            return Ok(Self::Instance {
                name: name.clone(),
                database: database.map(str::to_owned),
                table: table.map(str::to_owned),
            });
        }
        let offers = crate::grants::Offers::new(&access.servers);
        if offers.find(ServerTarget::Asset(text)).is_some() {
            return Ok(Self::Asset(text.to_owned()));
        }
        let near = crate::diagnostic::nearest(text, access.instances.keys().map(|n| n.as_str()));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(UnknownTarget { name: text.to_owned(), near })
    }

    /// Whether a grant reaches any of it. A node reaches what lies below it; which assets a
    /// node holds only JumpServer knows.
    pub(super) fn reached_by(&self, access: &Access, want: &Want<'_>) -> bool {
        match (self, want) {
            (Self::Node(path), Want::Server { target: ServerTarget::Node(node), .. }) => {
                let below = |inner: &str, outer: &str| {
                    inner
                        .strip_prefix(outer)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                below(path, node) || below(node, path)
            }
            (Self::Asset(name), Want::Server { target: ServerTarget::Asset(asset), .. }) => {
                name == asset
            }
            (Self::Instance { name, database, table }, Want::Database { instance, scope, .. }) => {
                access.holder(name) == access.holder(instance)
                    && database.as_ref().is_none_or(|database| scope.database() == database)
                    && table.as_ref().is_none_or(|table| match scope {
                        Scope::Database(_) => true,
                        Scope::Table(_, asked) | Scope::Columns(_, asked, _) => asked == table,
                    })
            }
            _ => false,
        }
    }
}
