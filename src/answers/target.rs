//! What `who` and `why` can be asked about.

use crate::access::model::{Access, Scope};
use crate::grants::{ServerTarget, Want};
use crate::jumpserver::everything::Everything;
use crate::names::InstanceName;
use crate::node_path::is_in;

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

/// There is no such target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownTarget {
    /// The inventory has none.
    #[error(
        "nothing in the inventory is called {name}: expected a node (/Default/...), an asset, an \
         instance, or instance.database.table{near}; with `--live` an asset that is offered \
         through its node is found too"
    )]
    Inventory {
        /// What was asked for.
        name: String,
        /// The nearest name, in words.
        near: String,
    },
    /// JumpServer has no such node or asset.
    #[error("JumpServer has no {what} {name}{near}")]
    JumpServer {
        /// What it would be.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest name, in words.
        near: String,
    },
}

impl Target {
    /// Reads a target. Names of instances win over those of assets, and the longest one wins
    /// where a dot may belong to it. The asset of an instance is the instance.
    ///
    /// # Errors
    /// When it is no node, no instance, and the inventory offers no such asset.
    pub fn parse(access: &Access, text: &str) -> Result<Self, UnknownTarget> {
        if text.starts_with('/') {
            return Ok(Self::Node(text.trim_end_matches('/').to_owned()));
        }
        let names = || access.instances.keys().map(|name| (name.as_str(), name));
        let assets = || access.instances.iter().map(|(name, one)| (one.asset.as_str(), name));
        if let Some(found) = Self::of_instance(text, names()) {
            return Ok(found);
        }
        let by_asset = Self::of_instance(text, assets());
        let offers = crate::grants::Offers::new(&access.servers);
        match by_asset {
            Some(whole @ Self::Instance { database: None, .. }) => Ok(whole),
            _ if offers.find(ServerTarget::Asset(text)).is_some() => {
                Ok(Self::Asset(text.to_owned()))
            }
            Some(part) => Ok(part),
            None => {
                let near = near(text, names().chain(assets()).map(|(called, _)| called));
                Err(UnknownTarget::Inventory { name: text.to_owned(), near })
            }
        }
    }

    /// An instance or a part of one, by what the instances are called; the longest one wins.
    fn of_instance<'a>(
        text: &str,
        called: impl Iterator<Item = (&'a str, &'a InstanceName)>,
    ) -> Option<Self> {
        let rest = |called: &str| {
            let rest = text.strip_prefix(called)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| rest.trim_start_matches('.'))
        };
        let meant = called.filter_map(|(called, name)| Some((called.len(), rest(called)?, name)));
        let (_, rest, name) = meant.max_by_key(|(length, ..)| *length)?;
        let (database, table) = match rest.split_once('.') {
            Some((database, table)) => (Some(database), Some(table)),
            None => (Some(rest).filter(|rest| !rest.is_empty()), None),
        };
        let table = table.filter(|table| !matches!(*table, "" | "*"));
        Some(Self::Instance {
            name: name.clone(),
            database: database.map(str::to_owned),
            table: table.map(str::to_owned),
        })
    }

    /// Reads a target of what JumpServer has, too: any asset of it; of nodes and assets nothing
    /// else. `/` is its root.
    ///
    /// # Errors
    /// When there is none.
    pub fn live(
        access: &Access,
        jumpserver: &Everything,
        text: &str,
    ) -> Result<Self, UnknownTarget> {
        let target = Self::parse(access, text).unwrap_or_else(|_| Self::Asset(text.to_owned()));
        let is_asset = |name: &str| jumpserver.assets.iter().any(|asset| asset.name == name);
        let (what, near) = match &target {
            // The name of another asset may go on where that of an instance's asset ends.
            Self::Instance { name, database: Some(_), .. }
                if !text.starts_with(name.as_str()) && is_asset(text) =>
            {
                return Ok(Self::Asset(text.to_owned()));
            }
            Self::Instance { .. } => return Ok(target),
            Self::Node(path) if path.is_empty() => {
                let root = jumpserver.nodes.iter().find(|node| node.rfind('/') == Some(0));
                return Ok(root.map_or(target, |root| Self::Node(root.clone())));
            }
            Self::Node(path) if jumpserver.nodes.contains(path) => return Ok(target),
            Self::Node(path) => ("node", near(path, jumpserver.nodes.iter().map(String::as_str))),
            Self::Asset(name) if is_asset(name) => return Ok(target),
            Self::Asset(name) => {
                let assets = jumpserver.assets.iter().map(|asset| asset.name.as_str());
                ("asset", near(name, assets.chain(access.instances.keys().map(|n| n.as_str()))))
            }
        };
        Err(UnknownTarget::JumpServer { what, name: text.to_owned(), near })
    }

    /// What is to be said of a node that no entry of the inventory has in, below or above it: the
    /// entry's node that differs only in case, or the nearest one.
    pub fn off_inventory(&self, access: &Access) -> Option<String> {
        let Self::Node(path) = self else { return None };
        let nodes = || access.servers.iter().flat_map(|entry| &entry.nodes).map(String::as_str);
        if nodes().any(|node| meet(path, node)) {
            return None;
        }
        let lower = path.to_lowercase();
        let same = nodes().find(|node| meet(&lower, &node.to_lowercase()));
        Some(match same {
            Some(node) => format!("; it has {node}"),
            None => near(path, nodes()),
        })
    }

    /// Whether a grant reaches any of it. A node reaches what lies below it; which assets a
    /// node holds only JumpServer knows.
    pub(super) fn reached_by(&self, access: &Access, want: &Want<'_>) -> bool {
        match (self, want) {
            (Self::Node(path), Want::Server { target: ServerTarget::Node(node), .. }) => {
                meet(path, node)
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

/// Whether one of two nodes is the other, or lies below it.
fn meet(one: &str, other: &str) -> bool {
    is_in(one, other) || is_in(other, one)
}

/// The name that may be meant, in words.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = crate::diagnostic::nearest(name, known);
    near.map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}
