//! What can be put in without HTTP: from Rust, or from a JSON file.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

/// A user to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The user name, which must be unique.
    pub username: String,
    /// The shown name; the user name when it is empty.
    pub name: String,
    /// The address; one at example.com when it is empty.
    pub email: String,
    /// Disabled users can not log in.
    pub disabled: bool,
    /// The end of the user; 70 years from now when it is left out.
    pub date_expired: Option<Timestamp>,
    /// When he was made; now when it is left out.
    pub date_joined: Option<Timestamp>,
    /// His last login; never when it is left out.
    pub last_login: Option<Timestamp>,
    /// The password for `authentication/auth/`.
    pub password: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
    /// Names of groups, made where they are missing.
    pub groups: Vec<String>,
    /// Code names such as `users.view_user`; with any, the user gets a role of his own.
    pub rights: Vec<String>,
    /// Ids of roles that exist, of the system or the organisation, in place of the usual.
    pub roles: Vec<Uuid>,
    /// Is he an administrator of the whole system?
    pub admin: bool,
}

impl NewUser {
    /// A user with this user name and defaults for the rest.
    pub fn named(username: &str) -> NewUser {
        NewUser { username: username.to_owned(), ..NewUser::default() }
    }
}

/// A group to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewGroup {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
    /// Its members, by user name or id.
    pub users: Vec<String>,
}

/// A node to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewNode {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The path; parents are made where they are missing.
    pub path: String,
    /// The key; the next free one when it is left out.
    pub key: Option<String>,
}

/// A template of accounts to put in.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewTemplate {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// The user name of its accounts.
    pub username: String,
    /// The secret of its accounts.
    pub secret: Option<String>,
}

impl std::fmt::Debug for NewTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTemplate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A role to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewRole {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// A role of the system, else of the organisation.
    pub system: bool,
    /// Code names such as `users.view_user`.
    pub rights: Vec<String>,
    /// The comment.
    pub comment: String,
}

/// An asset to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewAsset {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// The name of its platform, such as `Linux`, `Windows`, `MySQL`, `MariaDB`.
    pub platform: String,
    /// The port of its first protocol; the platform's when it is left out.
    pub port: Option<u16>,
    /// Paths of nodes, made where they are missing; the root when there are none.
    pub nodes: Vec<String>,
    /// Names of the directory services that it joined (assets of the platform `General` on
    /// version 4): their accounts open it too.
    pub directories: Vec<String>,
    /// The database that is opened, of a database server.
    pub db_name: String,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
    /// Accounts on it.
    pub accounts: Vec<NewAccount>,
}

impl NewAsset {
    /// A Linux host below the root node.
    pub fn host(name: &str, address: &str) -> NewAsset {
        NewAsset::of("Linux", name, address)
    }

    /// A MySQL server below the root node.
    pub fn mysql(name: &str, address: &str, port: u16) -> NewAsset {
        NewAsset { port: Some(port), ..NewAsset::of("MySQL", name, address) }
    }

    /// A MariaDB server below the root node.
    pub fn mariadb(name: &str, address: &str, port: u16) -> NewAsset {
        NewAsset { port: Some(port), ..NewAsset::of("MariaDB", name, address) }
    }

    /// An asset of a platform, below the root node.
    pub fn of(platform: &str, name: &str, address: &str) -> NewAsset {
        NewAsset {
            name: name.to_owned(),
            address: address.to_owned(),
            platform: platform.to_owned(),
            ..NewAsset::default()
        }
    }

    /// Hangs it below a node, by its path.
    #[must_use]
    pub fn below(mut self, node: &str) -> NewAsset {
        self.nodes.push(node.to_owned());
        self
    }

    /// Joins it to a directory service, by its name.
    #[must_use]
    pub fn joined(mut self, directory: &str) -> NewAsset {
        self.directories.push(directory.to_owned());
        self
    }
}

/// An account to put in.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewAccount {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The user name.
    pub username: String,
    /// The name; the user name when it is empty.
    pub name: String,
    /// What it logs in with.
    pub secret: Option<String>,
    /// `password` when it is empty, or `ssh_key`, `token` and so on.
    pub secret_type: String,
    /// The account that one switches from, of the same asset.
    pub su_from: Option<Uuid>,
    /// When it was saved last; now when it is left out.
    pub date_updated: Option<Timestamp>,
    /// Is it an administrator on the asset?
    pub privileged: bool,
    /// Its secret may not be reset by the server.
    pub no_secret_reset: bool,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A permission to put in, its objects by name. Its defaults are the server's wide ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewPermission {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// User names, or ids.
    pub users: Vec<String>,
    /// Names of groups, made where they are missing, or ids.
    pub user_groups: Vec<String>,
    /// Names of assets, or ids.
    pub assets: Vec<String>,
    /// Paths of nodes, made where they are missing, or ids.
    pub nodes: Vec<String>,
    /// Accounts, such as `root` or `@ALL`.
    pub accounts: Vec<String>,
    /// Protocols; all when it is left out.
    pub protocols: Option<Vec<String>>,
    /// Actions; all seven when it is left out. Unknown ones are left out.
    pub actions: Option<Vec<String>>,
    /// From when it holds; now when it is left out.
    pub date_start: Option<Timestamp>,
    /// Until when it holds; 70 years from now when it is left out.
    pub date_expired: Option<Timestamp>,
    /// Switched off.
    pub inactive: bool,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
}

/// A whole seed, as a JSON file holds it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seed {
    /// Nodes.
    pub nodes: Vec<NewNode>,
    /// Roles.
    pub roles: Vec<NewRole>,
    /// Users.
    pub users: Vec<NewUser>,
    /// Groups.
    pub groups: Vec<NewGroup>,
    /// Templates of accounts.
    pub templates: Vec<NewTemplate>,
    /// Assets with their accounts.
    pub assets: Vec<NewAsset>,
    /// Permissions.
    pub permissions: Vec<NewPermission>,
    /// Private tokens and the user names that they stand for.
    pub tokens: std::collections::BTreeMap<String, String>,
    /// Access keys.
    pub access_keys: Vec<NewAccessKey>,
}

/// An access key to put in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccessKey {
    /// Its id.
    pub id: Uuid,
    /// Its secret.
    pub secret: String,
    /// The user name that it stands for.
    pub username: String,
}

impl std::fmt::Debug for NewAccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccessKey")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
