//! A JumpServer-compatible server for the demo and the tests.
//!
//! It answers like the community edition of JumpServer 3.10.9 or 4.10.19, its odd parts
//! included, and keeps everything in memory. What it does was read off recorded
//! exchanges with the real servers, which its own tests send again.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use jumpgate_sandbox::{NewAsset, NewUser, Options, Sandbox, Version};
//!
//! let server = Sandbox::start(Options::new(Version::V4)).await?;
//! server.add_user(NewUser::named("fanlichun"));
//! server.add_asset(NewAsset::mysql("orders", "10.0.0.4", 3306).below("/DEFAULT/prod"));
//! let token = server.admin_token();
//! # Ok(())
//! # }
//! ```
//!
//! A test seeds the server through [`Running`], lets the code under test talk to
//! [`Running::url`], and then looks at what is stored and at the log of requests. With
//! [`Rule`]s and [`Fault`]s it makes requests fail. Nothing here is meant for production:
//! secrets are kept and shown in clear.

mod account_bulk;
mod account_change;
mod account_create;
mod accounts;
mod actions;
mod assets;
mod auth;
mod bulk;
mod control;
mod dates;
mod effective;
mod errors;
mod faults;
mod fields;
mod filters;
mod groups;
mod http;
mod labels;
mod language;
mod model;
mod nodes;
mod org;
mod paging;
mod past;
mod peek;
mod permission_filters;
mod permissions;
mod plant;
mod platforms;
mod rbac;
mod relations;
mod routes;
mod running;
mod seed;
mod server;
mod sessions;
mod settings;
mod show_accounts;
mod show_assets;
mod show_users;
mod state;
mod table;
mod tokens;
mod users;

pub use faults::{Fault, Rule};
pub use peek::{AccountView, PermissionView};
pub use running::{Kept, Options, Running, Sandbox};
pub use seed::{
    NewAccessKey, NewAccount, NewAsset, NewGroup, NewNode, NewPermission, NewRole, NewTemplate,
    NewUser, Seed,
};

/// Which JumpServer the sandbox behaves as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 3.10.9.
    V3,
    /// 4.10.19.
    V4,
}

/// A request that the sandbox received.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path with its query, as sent.
    pub path: String,
    /// The body: its JSON, or its text as a string; secrets are not hidden.
    pub body: Option<serde_json::Value>,
    /// The status that was sent; none while it is open or when the connection was cut.
    pub status: Option<u16>,
}

impl Logged {
    /// Can it change nothing, going by its method?
    pub fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}
