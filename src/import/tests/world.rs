//! A made-up company for tests: files of an access repo, JumpServer, one database server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::access::{self, model::Access};
use crate::audit;
use crate::import::Seen;
use crate::jumpserver::everything::{Account, Everything, User};
use crate::jumpserver::spec::{
    PermissionSpec, SeenAsset, SeenAssetAccount, SeenPermission, SeenUser,
};
use crate::mysql::dialect::Dialect;
use crate::mysql::everything::Everything as Database;
use crate::mysql::live::{Existing, Server};
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::{AccountName, Held, Row, SeenAccount};
use crate::repo::Tree;

/// Noon of 2026-12-01 in Shanghai.
pub(super) fn moment() -> Timestamp {
    "2026-12-01T04:00:00Z".parse().expect("a moment")
}

/// The company, before anything is imported.
pub(super) struct World {
    pub(super) tree: Tree,
    pub(super) seen: Seen,
}

pub(crate) fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A permission as the ticket page would make it if it were careful: for fanlichun, login app
/// on a node, without an end.
pub(crate) fn permission(name: &str) -> PermissionSpec {
    PermissionSpec {
        name: name.to_owned(),
        users: texts(&["fanlichun"]),
        groups: BTreeSet::new(),
        assets: BTreeSet::new(),
        nodes: texts(&["/Default/payments/prod"]),
        accounts: texts(&["app"]),
        protocols: texts(&["ssh", "sftp", "rdp", "vnc"]),
        actions: texts(&["connect", "upload", "download", "copy", "paste"]),
        start: "2024-03-01T01:02:03Z".parse().expect("a moment"),
        end: "2094-02-12T01:02:03Z".parse().expect("a moment"),
        active: true,
    }
}

/// One that opens a database account.
pub(super) fn database(name: &str, user: &str, account: &str) -> PermissionSpec {
    PermissionSpec {
        users: texts(&[user]),
        nodes: BTreeSet::new(),
        assets: texts(&["orders-prod"]),
        accounts: texts(&[account]),
        protocols: texts(&["mysql", "mariadb"]),
        actions: texts(&["connect"]),
        ..permission(name)
    }
}

/// Rows of whole databases.
pub(super) fn held(rows: &[(&str, &[Privilege])]) -> Held {
    let rows = rows.iter().map(|(stored, privileges)| {
        let row = Row { privileges: privileges.iter().copied().collect(), grant_option: false };
        ((*stored).to_owned(), row)
    });
    Held { databases: rows.collect(), ..Held::default() }
}

/// An account of the server at the instance's host.
pub(crate) fn account(user: &str, held: Held) -> SeenAccount {
    SeenAccount {
        name: AccountName { user: user.to_owned(), host: "10.8.0.%".to_owned() },
        locked: false,
        is_role: false,
        plugin: "caching_sha2_password".to_owned(),
        no_password: false,
        old_password: false,
        password_changed: None,
        evidence: None,
        held,
    }
}

impl World {
    pub(super) fn new() -> Self {
        let tree = Tree {
            files: [
                ("jumpgate.yaml", "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  url: https://jump.acme.example\n"),
                ("policy.yaml", "environments: [prod, test]\nlimits: []\n"),
                ("people/fanlichun.yaml", "name: 范立春\n"),
                ("people/liwei.yaml", "name: 李伟\njumpserver: liwei@acme.example\n"),
                ("inventory/servers.yaml", "servers:\n  - environment: prod\n    owners: [liwei]\n    logins: [app]\n    nodes: [/Default/payments/prod]\n    assets: [pay-web-*]\n"),
                ("inventory/databases/orders-prod.yaml", "address: 10.9.0.1:3306\nasset: orders-prod\nenvironment: prod\naccount-host: 10.8.0.%\n"),
                ("requests/.gitkeep", ""),
            ]
            .into_iter()
            .map(|(path, text)| (Arc::from(path), Arc::from(text.as_bytes())))
            .collect(),
            ..Tree::default()
        };
        let nodes = ["/Default", "/Default/payments", "/Default/payments/prod", "/Default/ops"];
        let everything = Everything {
            organization: (Uuid::nil().to_string(), "Default".to_owned()),
            users: ["fanlichun", "liwei@acme.example"].map(user).into(),
            assets: vec![
                host("pay-web-01", "/Default/payments/prod"),
                host("ops-01", "/Default/ops"),
                SeenAsset {
                    protocols: BTreeMap::from([("telnet".to_owned(), 23)]),
                    ..host("lab-01", "/Default/lab")
                },
                mysql("orders-prod", "10.9.0.1", 3306),
            ],
            nodes: nodes.into_iter().map(str::to_owned).collect(),
            ..Everything::default()
        };
        let observed = audit::Observed {
            jumpserver: everything,
            instances: BTreeMap::from([(
                "orders-prod".parse().expect("an instance"),
                Ok(Box::new(server())),
            )]),
        };
        Self { tree, seen: Seen { observed, without_secret: BTreeSet::new() } }
    }

    pub(super) fn access(&self) -> Access {
        access::load(&self.tree, moment()).unwrap_or_else(|errors| panic!("{errors:#?}"))
    }

    pub(super) fn write(&mut self, path: &str, text: &str) {
        self.tree.files.insert(path.into(), text.as_bytes().into());
    }

    pub(super) fn permit(&mut self, spec: PermissionSpec) -> &mut SeenPermission {
        let permissions = &mut self.seen.observed.jumpserver.permissions;
        let id = Uuid::from_u128(1000 + permissions.len() as u128);
        permissions.push(SeenPermission {
            id,
            spec,
            user_ids: BTreeMap::new(),
            labelled: false,
            mark: None,
            comment: String::new(),
        });
        permissions.last_mut().expect("the permission")
    }

    /// Another instance with its asset, and what its file says besides.
    pub(super) fn instance(&mut self, name: &str, more: &str) {
        let count = self.seen.observed.jumpserver.assets.len();
        let address = format!("10.9.1.{count}");
        let file = format!(
            "address: {address}:3306\nasset: {name}\nenvironment: prod\naccount-host: 10.8.0.%\n{more}"
        );
        self.write(&format!("inventory/databases/{name}.yaml"), &file);
        self.seen.observed.jumpserver.assets.push(mysql(name, &address, 3306));
    }

    /// The database server.
    pub(super) fn live(&mut self) -> &mut Database {
        let instances = &mut self.seen.observed.instances;
        let read = instances.values_mut().next().expect("an instance");
        read.as_mut().expect("it was read")
    }

    /// An account on the server.
    pub(super) fn on_server(&mut self, account: SeenAccount) {
        self.live().accounts.insert(account.name.clone(), account);
    }

    /// An account that JumpServer holds.
    pub(super) fn in_jumpserver(&mut self, asset: &str, username: &str) -> Uuid {
        let accounts = &mut self.seen.observed.jumpserver.accounts;
        let id = Uuid::from_u128(5000 + accounts.len() as u128);
        let seen = SeenAssetAccount {
            id,
            asset: asset.to_owned(),
            asset_id: Uuid::nil(),
            name: username.to_owned(),
            username: username.to_owned(),
            secret_type: "password".to_owned(),
            has_secret: None,
            active: true,
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        accounts.push(Account { seen, saved: moment() });
        id
    }

    /// An account on both sides.
    pub(super) fn both(&mut self, account: SeenAccount) {
        self.in_jumpserver("orders-prod", &account.name.user.clone());
        self.on_server(account);
    }
}

pub(crate) fn user(username: &str) -> User {
    User {
        seen: SeenUser {
            id: Uuid::nil(),
            username: username.to_owned(),
            name: username.to_owned(),
            email: String::new(),
            active: true,
            expired: false,
            administrator: false,
            groups: BTreeSet::new(),
            labelled: false,
            mark: None,
            comment: String::new(),
        },
        organization_administrator: false,
        last_login: None,
        key_used: None,
        joined: None,
        service: false,
    }
}

pub(crate) fn host(name: &str, node: &str) -> SeenAsset {
    SeenAsset {
        id: Uuid::nil(),
        name: name.to_owned(),
        address: "10.1.0.1".to_owned(),
        category: "host".to_owned(),
        kind: "linux".to_owned(),
        protocols: BTreeMap::from([("ssh".to_owned(), 22)]),
        nodes: texts(&[node]),
        active: true,
        directories: BTreeSet::new(),
    }
}

/// A MySQL asset.
pub(super) fn mysql(name: &str, address: &str, port: u16) -> SeenAsset {
    SeenAsset {
        address: address.to_owned(),
        category: "database".to_owned(),
        kind: "mysql".to_owned(),
        protocols: BTreeMap::from([("mysql".to_owned(), port)]),
        ..host(name, "/Default")
    }
}

/// A MySQL server with the databases orders, billing, pay_eu and payxeu.
pub(crate) fn server() -> Database {
    let variables = [("version", "9.7.1"), ("version_comment", "MySQL Community Server - GPL")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Database {
        server: Server {
            label: "10.9.0.1:3306".to_owned(),
            dialect: Dialect::detect(&variables.into()).expect("a known server"),
            identity: "one".to_owned(),
            not_writable: None,
            skew: jiff::SignedDuration::ZERO,
            encrypted: true,
            login: AccountName { user: "planner".to_owned(), host: "%".to_owned() },
        },
        me: AccountName { user: "planner".to_owned(), host: "%".to_owned() },
        accounts: BTreeMap::new(),
        leftovers: BTreeMap::new(),
        public: None,
        mandatory_roles: BTreeSet::new(),
        default_roles: None,
        activates_all_roles: false,
        databases: Some(texts(&["orders", "billing", "pay_eu", "payxeu", "mysql"])),
        existing: Existing::default(),
        definers: BTreeMap::new(),
        definers_unseen: Vec::new(),
    }
}
