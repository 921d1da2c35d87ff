//! The rows that the sandbox keeps.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A row of a [`crate::table::Table`].
pub(crate) trait Row {
    /// Its id.
    fn id(&self) -> Uuid;
    /// The organisation it belongs to; users belong to none.
    fn org(&self) -> Uuid;
    /// What is unique in its organisation.
    fn unique_key(&self) -> &str;
}

macro_rules! row {
    ($type:ty, $key:ident) => {
        impl Row for $type {
            fn id(&self) -> Uuid {
                self.id
            }
            fn org(&self) -> Uuid {
                self.org
            }
            fn unique_key(&self) -> &str {
                &self.$key
            }
        }
    };
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) comment: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) is_active: bool,
    pub(crate) is_service_account: bool,
    pub(crate) date_expired: Timestamp,
    pub(crate) date_joined: Timestamp,
    pub(crate) last_login: Option<Timestamp>,
    pub(crate) date_updated: Timestamp,
    pub(crate) created_by: String,
    pub(crate) updated_by: String,
    pub(crate) system_roles: Vec<Uuid>,
    /// Roles in the default organisation; none means that he is no member.
    pub(crate) org_roles: Vec<Uuid>,
    pub(crate) labels: Vec<Uuid>,
}
row!(User, username);

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
    pub(crate) labels: Vec<Uuid>,
}
row!(Group, name);

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    /// `1` is a root, `1:0` its first child.
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) full_value: String,
    /// How many children were ever made below it.
    pub(crate) children: u32,
}
row!(Node, full_value);

#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) platform: u32,
    pub(crate) protocols: Vec<(String, u16)>,
    pub(crate) comment: String,
    pub(crate) is_active: bool,
    pub(crate) db_name: String,
    pub(crate) use_ssl: bool,
    pub(crate) allow_invalid_cert: bool,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
    pub(crate) date_updated: Timestamp,
    pub(crate) labels: Vec<Uuid>,
}
row!(Asset, name);

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) asset: Uuid,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) secret_type: String,
    pub(crate) secret: Option<String>,
    pub(crate) privileged: bool,
    pub(crate) is_active: bool,
    pub(crate) secret_reset: bool,
    pub(crate) comment: String,
    pub(crate) su_from: Option<Uuid>,
    /// The template it was made from.
    pub(crate) template: Option<Uuid>,
    /// What the answer shows as `version`.
    pub(crate) shown_version: u32,
    /// How many secrets it has had.
    pub(crate) secrets: u32,
    pub(crate) created_by: Option<String>,
    pub(crate) date_created: Timestamp,
    pub(crate) date_updated: Timestamp,
    pub(crate) labels: Vec<Uuid>,
    /// Asset and name, which are unique together.
    pub(crate) unique: String,
}
row!(Account, unique);

impl Account {
    /// The text that is unique over all accounts.
    pub(crate) fn unique(asset: Uuid, name: &str) -> String {
        format!("{asset}/{name}")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) secret_type: String,
    pub(crate) secret: Option<String>,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
}
row!(Template, name);

#[derive(Debug, Clone)]
pub(crate) struct Permission {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) accounts: Vec<String>,
    pub(crate) protocols: Vec<String>,
    /// Bits of [`crate::actions`].
    pub(crate) actions: u8,
    pub(crate) date_start: Timestamp,
    pub(crate) date_expired: Timestamp,
    pub(crate) is_active: bool,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
    pub(crate) labels: Vec<Uuid>,
}
row!(Permission, name);

impl Permission {
    /// Outside its period; one that has not begun counts too.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now > self.date_expired || now < self.date_start
    }

    /// Active and inside its period.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.is_active && !self.is_expired(now)
    }
}

/// A session of a person on an asset.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) user: Uuid,
    pub(crate) asset: Uuid,
    pub(crate) account: Uuid,
    /// `name(username)` as it was when the session began.
    pub(crate) account_text: String,
    pub(crate) protocol: String,
    pub(crate) is_finished: bool,
    pub(crate) date_start: Timestamp,
    /// Its id once more: nothing else is unique.
    pub(crate) unique: String,
}
row!(Session, unique);

#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) value: String,
    /// `name:value`.
    pub(crate) text: String,
    pub(crate) date_created: Timestamp,
}
row!(Label, text);

#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) name: String,
    /// A role of the system, else of an organisation.
    pub(crate) system: bool,
    pub(crate) builtin: bool,
    /// Code names such as `users.view_user`.
    pub(crate) rights: BTreeSet<String>,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
    pub(crate) date_updated: Timestamp,
    /// Scope and name, which are unique together.
    pub(crate) unique: String,
}
row!(Role, unique);

#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) created_by: String,
    pub(crate) date_created: Timestamp,
    /// Do people work in it? In the community edition only in the default one.
    pub(crate) entered: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct AccessKey {
    pub(crate) secret: String,
    pub(crate) user: Uuid,
    pub(crate) date_created: Timestamp,
}

/// `{"id", "name"}`, as related objects are shown.
pub(crate) fn reference(id: Uuid, name: &str) -> Value {
    serde_json::json!({"id": id, "name": name})
}

/// `{"value", "label"}`, as choices are shown.
pub(crate) fn choice(value: &str, label: &str) -> Value {
    serde_json::json!({"value": value, "label": label})
}
