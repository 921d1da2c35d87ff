//! Everything the server knows, and its clock.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::Version;
use crate::dates;
use crate::model::{
    AccessKey, Account, Asset, Group, Label, Node, Org, Permission, Role, Session, Template, User,
};
use crate::past::Logged;
use crate::rbac;
use crate::table::{Pairs, Table};

/// The organisation that holds every other one; lists of it show everything.
pub(crate) const ROOT_ORG: Uuid = Uuid::from_u128(0);
/// The only organisation of the community edition that people work in.
pub(crate) const DEFAULT_ORG: Uuid = Uuid::from_u128(2);
/// The organisation of the system's own objects.
pub(crate) const SYSTEM_ORG: Uuid = Uuid::from_u128(4);

/// The whole state.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) version: Version,
    pub(crate) offset: SignedDuration,
    last_stamp: Timestamp,
    saves: u64,

    pub(crate) users: Table<User>,
    pub(crate) groups: Table<Group>,
    pub(crate) nodes: Table<Node>,
    pub(crate) assets: Table<Asset>,
    pub(crate) accounts: Table<Account>,
    pub(crate) templates: Table<Template>,
    pub(crate) permissions: Table<Permission>,
    pub(crate) labels: Table<Label>,
    pub(crate) sessions: Table<Session>,
    pub(crate) operate_log: Vec<Logged>,
    pub(crate) roles: Table<Role>,
    pub(crate) orgs: Vec<Org>,

    pub(crate) group_users: Pairs,
    pub(crate) asset_nodes: Pairs,
    /// Owner is the asset, member the account.
    pub(crate) asset_accounts: Pairs,
    /// Owner is the asset, member the directory service that it joined; version 4 alone.
    pub(crate) asset_directories: Pairs,
    pub(crate) permission_users: Pairs,
    pub(crate) permission_groups: Pairs,
    pub(crate) permission_assets: Pairs,
    pub(crate) permission_nodes: Pairs,

    /// Private tokens and their users.
    pub(crate) tokens: HashMap<String, Uuid>,
    /// Tokens of logins, with their ends.
    pub(crate) bearers: HashMap<String, (Uuid, Timestamp)>,
    pub(crate) access_keys: BTreeMap<Uuid, AccessKey>,
    /// Lists of ids that were stored for `spm=`.
    pub(crate) caches: HashMap<String, Vec<String>>,
    /// A process that has answered one asset by id shows more fields in its lists.
    pub(crate) assets_widened: bool,
    /// Failed logins by user name.
    pub(crate) failures: HashMap<String, u32>,
    pub(crate) admin: Uuid,
}

impl State {
    /// A fresh installation: the administrator, the built-in roles, no nodes.
    pub(crate) fn new(version: Version) -> State {
        let mut state = State {
            version,
            offset: SignedDuration::ZERO,
            last_stamp: Timestamp::UNIX_EPOCH,
            saves: 0,
            users: Table::default(),
            groups: Table::default(),
            nodes: Table::default(),
            assets: Table::default(),
            accounts: Table::default(),
            templates: Table::default(),
            permissions: Table::default(),
            labels: Table::default(),
            sessions: Table::default(),
            operate_log: Vec::new(),
            roles: Table::default(),
            orgs: Vec::new(),
            group_users: Pairs::default(),
            asset_nodes: Pairs::default(),
            asset_accounts: Pairs::default(),
            asset_directories: Pairs::default(),
            permission_users: Pairs::default(),
            permission_groups: Pairs::default(),
            permission_assets: Pairs::default(),
            permission_nodes: Pairs::default(),
            tokens: HashMap::new(),
            bearers: HashMap::new(),
            access_keys: BTreeMap::new(),
            caches: HashMap::new(),
            assets_widened: false,
            failures: HashMap::new(),
            admin: Uuid::new_v4(),
        };
        let now = state.stamp();
        for (id, name) in
            [(DEFAULT_ORG, state.org_name(DEFAULT_ORG)), (SYSTEM_ORG, "SYSTEM".to_owned())]
        {
            let (created_by, entered) = ("System".to_owned(), id == DEFAULT_ORG);
            state.orgs.push(Org { id, name, created_by, date_created: now, entered });
        }
        for role in rbac::builtin_roles(version, now) {
            state.roles.insert(role);
        }
        state.make_admin(now);
        state
    }

    fn make_admin(&mut self, now: Timestamp) {
        let org_role = match self.version {
            Version::V3 => rbac::ORG_USER,
            Version::V4 => rbac::ORG_ADMIN,
        };
        self.users.insert(User {
            id: self.admin,
            org: ROOT_ORG,
            name: "Administrator".to_owned(),
            username: "admin".to_owned(),
            email: "admin@example.com".to_owned(),
            comment: (self.version == Version::V3).then(String::new),
            password: None,
            is_active: true,
            is_service_account: false,
            date_expired: now + dates::FOREVER,
            date_joined: now,
            last_login: None,
            date_updated: now,
            created_by: "System".to_owned(),
            updated_by: "System".to_owned(),
            system_roles: vec![rbac::SYSTEM_ADMIN],
            org_roles: vec![org_role],
            labels: Vec::new(),
        });
        // Version 3 begins with one group that holds the administrator.
        if self.version == Version::V3 {
            let id = Uuid::new_v4();
            self.groups.insert(Group {
                id,
                org: DEFAULT_ORG,
                name: "Default".to_owned(),
                comment: String::new(),
                created_by: "System".to_owned(),
                date_created: now,
                labels: Vec::new(),
            });
            self.group_users.add(id, self.admin);
        }
    }

    /// The server's time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.offset).unwrap_or(Timestamp::MAX)
    }

    /// The time of a new row: no two are alike, so an order by date is total.
    pub(crate) fn stamp(&mut self) -> Timestamp {
        let next = self.last_stamp + SignedDuration::from_micros(1);
        let now = self.now();
        // A clock that was moved back begins anew.
        let far = next.duration_since(now) > SignedDuration::from_secs(1);
        self.last_stamp = if far { now } else { now.max(next) };
        self.last_stamp
    }

    /// The name of an organisation as this version writes it.
    pub(crate) fn org_name(&self, org: Uuid) -> String {
        match org {
            ROOT_ORG => "GLOBAL".to_owned(),
            SYSTEM_ORG => "SYSTEM".to_owned(),
            DEFAULT_ORG => match self.version {
                Version::V3 => "Default".to_owned(),
                Version::V4 => "DEFAULT".to_owned(),
            },
            other => self
                .orgs
                .iter()
                .find(|org| org.id == other)
                .map(|org| org.name.clone())
                .unwrap_or_default(),
        }
    }

    /// Removes duplicates and gives texts in an order that is neither the sent one nor
    /// sorted, and another with each save: the server keeps accounts as a set.
    pub(crate) fn as_set(&mut self, mut texts: Vec<String>) -> Vec<String> {
        self.saves += 1;
        let salt = self.saves;
        texts.sort();
        texts.dedup();
        texts.sort_by_key(|text| scatter(salt, text));
        texts
    }
}

/// An order without meaning, the same for the same salt.
pub(crate) fn scatter(salt: u64, what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (salt, what).hash(&mut hasher);
    hasher.finish()
}

/// Is an object of `org` seen by a request that works in `current`?
pub(crate) fn visible(org: Uuid, current: Uuid) -> bool {
    current == ROOT_ORG || org == current
}
