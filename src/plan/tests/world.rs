//! A model of JumpServer and one MySQL server, on which plans are carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access;
use crate::access::model::Access;
use crate::handover::Step;
use crate::jumpserver::spec::{
    Anchor, AnchoredInstance, Live, PermissionSpec, SeenAsset, SeenAssetAccount, SeenNode,
    SeenPermission, SeenUser,
};
use crate::mark::{Handover, HandoverState, Mark};
use crate::mysql;
use crate::mysql::dialect::{Dialect, Flavor, Version};
use crate::mysql::difference::carry_out;
use crate::mysql::live::{Existing, Known, Server};
use crate::mysql::spec::{Evidence, Held, SeenAccount, TableName};
use crate::names::InstanceName;
use crate::observed::{Instance, Observed};
use crate::plan::accounts::{AccountChange, AccountStep};
use crate::plan::finding::{Finding, Kind};
use crate::plan::people::UserChange;
use crate::plan::permissions::Action;
use crate::plan::{self, Plan, What};
use crate::repo::Tree;
use crate::{desired, grants, naming};

pub(crate) const JUMPGATE: &str = "version: 1
owner: acme
time-zone: Asia/Shanghai
jumpserver:
  url: https://jump.acme.example
";
pub(crate) const POLICY: &str = "environments: [prod, test]
limits: []
";
pub(crate) const DATABASE: &str = "address: orders-prod.db.acme.example:3306
asset: orders-prod
environment: prod
owners: [liwei]
account-host: 10.8.0.%
";
pub(crate) const SERVERS: &str = "servers:
  - environment: prod
    owners: [liwei]
    logins: [app, root]
    nodes: [/Default/payments/prod]
    assets: [pay-web-*]
";

/// What another hand does to something, and what it is called.
pub(crate) type Edit<T> = (&'static str, fn(&mut T));

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// A repo with two people, one instance, one node, and these requests.
pub(crate) fn repo(requests: &[(&str, &str)], others: &[(&str, &str)]) -> Access {
    let mut files: BTreeMap<Arc<str>, Arc<[u8]>> = BTreeMap::new();
    let mut put = |path: &str, text: &str| {
        files.insert(path.into(), text.as_bytes().into());
    };
    put("jumpgate.yaml", JUMPGATE);
    put("policy.yaml", POLICY);
    put("inventory/databases/orders-prod.yaml", DATABASE);
    put("inventory/servers.yaml", SERVERS);
    put("people/fanlichun.yaml", "name: 范立春\n");
    put("people/liwei.yaml", "name: 李伟\n");
    for (name, text) in requests {
        put(&format!("requests/{name}.yaml"), text);
    }
    for (path, text) in others {
        put(path, text);
    }
    let tree = Tree { files, ..Tree::default() };
    match access::load(&tree, at("2026-12-01T00:00:00Z")) {
        Ok(access) => access,
        Err(errors) => panic!("the files are good: {errors:#?}"),
    }
}

/// Both systems as they are before the first apply.
pub(crate) struct World {
    pub(crate) observed: Observed,
    ids: u128,
    clock: Timestamp,
}

/// The id of a user, also of one in this permission whom no file names.
fn user_id(live: &Live, permission: Uuid, user: &str) -> Uuid {
    let known = live.users.get(user).map(|user| user.id);
    let named = || live.permissions[&permission].user_ids.iter().find(|(_, name)| *name == user);
    known.or_else(|| Some(*named()?.0)).expect("a user")
}

fn instance() -> InstanceName {
    "orders-prod".parse().expect("an instance")
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world =
            Self { observed: Observed::default(), ids: 100, clock: at("2026-12-01T00:00:00Z") };
        world.observed.jumpserver.organization =
            ("00000000-0000-0000-0000-000000000002".to_owned(), "Default".to_owned());
        world.live().anchor = Some(Anchor::default());
        world.user("fanlichun");
        world.user("liwei");
        world.asset("pay-web-01", "host", "linux", "ssh");
        world.asset("pay-web-02", "host", "linux", "ssh");
        world.asset("orders-prod", "database", "mysql", "mysql");
        for path in ["/Default", "/Default/payments", "/Default/payments/prod"] {
            let id = world.id();
            let node = SeenNode { ids: [id].into(), path: path.to_owned() };
            world.live().nodes.insert(path.to_owned(), node);
        }
        let server = Server {
            label: "orders-prod.db.acme.example:3306".to_owned(),
            dialect: Dialect {
                flavor: Flavor::Mysql,
                version: Version(9, 7, 0),
                text: "9.7.0".to_owned(),
                partial_revokes: false,
                lower_case_table_names: 0,
            },
            identity: "8f2b1c6e-0000-11ef-9a44-0242ac120002".to_owned(),
            login: mysql::spec::AccountName { user: "jumpgate".to_owned(), host: "%".to_owned() },
            not_writable: None,
            skew: SignedDuration::ZERO,
            encrypted: true,
        };
        let mut existing = Existing::default();
        for database in ["orders", "billing"] {
            existing.databases.insert(database.to_owned(), Known::Exists);
        }
        let table =
            |table: &str| TableName { database: "billing".to_owned(), table: table.to_owned() };
        for name in ["invoices", "cards"] {
            existing.tables.insert(table(name), Known::Exists);
        }
        let live = mysql::live::Live {
            server,
            users: BTreeSet::new(),
            accounts: BTreeMap::new(),
            leftovers: BTreeSet::new(),
            everybody: Vec::new(),
            existing,
            sessions: None,
        };
        world.observed.instances.insert(instance(), Instance::Read(Box::new(live)));
        world
    }

    pub(crate) fn live(&mut self) -> &mut Live {
        &mut self.observed.jumpserver
    }

    pub(crate) fn server(&mut self) -> &mut mysql::live::Live {
        match self.observed.instances.get_mut(&instance()) {
            Some(Instance::Read(live)) => live,
            _ => panic!("the server is there"),
        }
    }

    pub(crate) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    pub(crate) fn user(&mut self, name: &str) -> Uuid {
        let id = self.id();
        let user = SeenUser {
            id,
            username: name.to_owned(),
            name: name.to_owned(),
            email: format!("{name}@acme.example"),
            active: true,
            expired: false,
            administrator: false,
            groups: BTreeSet::new(),
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        self.live().users.insert(name.to_owned(), user);
        id
    }

    pub(crate) fn asset(&mut self, name: &str, category: &str, kind: &str, protocol: &str) {
        let asset = SeenAsset {
            id: self.id(),
            name: name.to_owned(),
            address: format!("{name}.acme.example"),
            category: category.to_owned(),
            kind: kind.to_owned(),
            protocols: BTreeMap::from([(protocol.to_owned(), 22)]),
            nodes: BTreeSet::from(["/Default/payments/prod".to_owned()]),
            active: true,
            directories: BTreeSet::new(),
        };
        self.live().assets.insert(name.to_owned(), asset);
        let accounts = BTreeSet::from(["app".to_owned()]);
        self.live().login_accounts.insert(name.to_owned(), accounts);
    }

    /// The host of the accounts at the last apply.
    pub(crate) fn anchored_at(&mut self, host: &str) {
        let known = AnchoredInstance {
            server: self.server().server.identity.clone(),
            asset: self.live().assets["orders-prod"].id,
            account_host: Some(host.to_owned()),
        };
        let anchor = self.live().anchor.get_or_insert_default();
        anchor.instances.insert("orders-prod".to_owned(), known);
    }

    /// The plan for these files at this moment.
    pub(crate) fn plan(&self, access: &Access, moment: &str) -> Plan {
        self.plan_unproven(access, moment, &[])
    }

    /// The plan when these requests were merged against the rules.
    pub(crate) fn plan_unproven(&self, access: &Access, moment: &str, requests: &[&str]) -> Plan {
        let why = "merged against the rules, so it gets nothing new";
        let finding = Finding::new(Kind::MergedAgainstRules, why.to_owned());
        let unproven = requests
            .iter()
            .map(|request| (request.parse().expect("a request"), finding.clone()))
            .collect();
        let grants = grants::of(access);
        let new_servers = BTreeSet::new();
        plan::make(&plan::Inputs {
            access,
            grants: &grants,
            desired: &desired::at(access, &grants, at(moment)),
            observed: &self.observed,
            moment: at(moment),
            new_servers: &new_servers,
            unproven: &unproven,
        })
    }

    /// Plans, carries out, and makes sure that nothing is left to do.
    pub(crate) fn apply(&mut self, access: &Access, moment: &str) -> Plan {
        let plan = self.plan(access, moment);
        self.carry_out(&plan);
        let again = self.plan(access, moment);
        assert!(again.items.is_empty(), "a second plan changes something: {:#?}", again.items);
        plan
    }

    pub(crate) fn carry_out(&mut self, plan: &Plan) {
        for item in &plan.items {
            match &item.what {
                What::Permission { id, action, mark } => {
                    self.permission(*id, action, mark.as_deref());
                }
                What::Account { change } => {
                    let made = item.needs.iter().find_map(|need| match &plan.items[*need].what {
                        What::User { change: UserChange::Create { username, .. } } => {
                            Some(self.observed.jumpserver.users[username].id)
                        }
                        _ => None,
                    });
                    let mut change = change.clone();
                    change.mark.user = change.mark.user.or(made);
                    self.account(&change);
                }
                What::User { change } => self.change_user(change),
            }
        }
    }

    fn permission(&mut self, id: Uuid, action: &Action, mark: Option<&Mark>) {
        let seen = |live: &Live, spec: &PermissionSpec| SeenPermission {
            id,
            spec: spec.clone(),
            user_ids: spec
                .users
                .iter()
                .map(|user| (user_id(live, id, user), user.clone()))
                .collect(),
            labelled: true,
            mark: mark.cloned().map(|mark| {
                let first = spec.users.first().map(|user| user_id(live, id, user));
                Mark { user: mark.user.or(first), ..mark }
            }),
            comment: String::new(),
        };
        let live = self.live();
        match action {
            Action::Create { spec } => {
                let seen = seen(live, spec);
                assert!(live.permissions.insert(id, seen).is_none(), "it was not there");
            }
            Action::Update { to, .. } | Action::Adopt { to, .. } => {
                let seen = seen(live, to);
                assert!(live.permissions.insert(id, seen).is_some(), "it was there");
            }
            Action::Release { name, .. } => {
                let seen = live.permissions.get_mut(&id).expect("it was there");
                (seen.labelled, seen.mark) = (false, None);
                seen.spec.name.clone_from(name);
            }
            Action::Delete { .. } => {
                assert!(live.permissions.remove(&id).is_some(), "it was there");
            }
        }
    }

    fn account(&mut self, change: &AccountChange) {
        self.clock += SignedDuration::from_secs(1);
        let clock = self.clock;
        let generation = clock.to_string();
        let org = self.live().organization.0.clone();
        let owner = "acme".parse().expect("an owner");
        let user = change.account.user.clone();
        for step in &change.steps {
            match step {
                AccountStep::Grants { change: grant } => {
                    let account = self.server().accounts.get_mut(&change.account);
                    carry_out(&mut account.expect("an account").held, grant);
                }
                AccountStep::Mark { account, .. } => {
                    let seen = self.live().accounts.get_mut(account).expect("an account");
                    seen.labelled = true;
                    let mark = seen.mark.as_mut().expect("a mark");
                    mark.requests = change.mark.requests.clone();
                    mark.end = change.mark.end();
                    mark.user = change.mark.user;
                    mark.handover.as_mut().expect("a handover").state = HandoverState::Done;
                }
                AccountStep::Handover(step) => match step {
                    Step::StoreSecret { asset, account } | Step::HandOver { asset, account } => {
                        let asset_id = self.live().assets[asset].id;
                        let id = account
                            .unwrap_or_else(|| naming::account_id(&owner, &org, asset_id, &user));
                        let done = matches!(step, Step::HandOver { .. });
                        let handover = Some(Handover {
                            state: match done {
                                true => HandoverState::Done,
                                false => HandoverState::Pending,
                            },
                            generation: generation.clone(),
                            changed: done.then_some(clock),
                            host: Some(change.account.host.clone()),
                            ended: None,
                            locked_before: false,
                        });
                        let mark = Mark {
                            owner: owner.clone(),
                            id,
                            user: change.mark.user,
                            requests: change.mark.requests.clone(),
                            end: change.mark.end(),
                            handover,
                            left: None,
                        };
                        let seen = SeenAssetAccount {
                            id,
                            asset: asset.clone(),
                            asset_id,
                            name: user.clone(),
                            username: user.clone(),
                            secret_type: "password".to_owned(),
                            has_secret: None,
                            active: true,
                            labelled: true,
                            mark: Some(mark),
                            comment: String::new(),
                        };
                        self.live().accounts.insert(id, seen);
                    }
                    Step::CreateAccount => {
                        let account = SeenAccount {
                            name: change.account.clone(),
                            locked: false,
                            is_role: false,
                            plugin: "caching_sha2_password".to_owned(),
                            no_password: false,
                            old_password: false,
                            password_changed: Some(clock),
                            evidence: self.server().server.dialect.has_attribute().then(|| {
                                Evidence {
                                    owner: "acme".to_owned(),
                                    generation: generation.clone(),
                                }
                            }),
                            held: Held::default(),
                        };
                        self.server().accounts.insert(change.account.clone(), account);
                    }
                    Step::SetPassword | Step::AddPassword => {
                        let account = self.server().accounts.get_mut(&change.account);
                        let account = account.expect("an account");
                        account.old_password |= *step == Step::AddPassword;
                        account.password_changed = Some(clock);
                        if let Some(evidence) = &mut account.evidence {
                            evidence.generation = generation.clone();
                        }
                    }
                    Step::MarkDone { asset } => {
                        let changed = self.server().accounts[&change.account].password_changed;
                        let live = self.live();
                        let mut here = live
                            .accounts
                            .values_mut()
                            .filter(|seen| seen.asset == *asset && seen.username == user);
                        let mark = here.next().and_then(|seen| seen.mark.as_mut());
                        let handover = mark.and_then(|mark| mark.handover.as_mut());
                        let handover = handover.expect("a handover");
                        handover.state = HandoverState::Done;
                        handover.changed = changed;
                    }
                    Step::DiscardOldPassword => {
                        let account = self.server().accounts.get_mut(&change.account);
                        account.expect("an account").old_password = false;
                    }
                    Step::KillSessions
                    | Step::LeaveSessions
                    | Step::AwaitSessions
                    | Step::Grants => {}
                    Step::Unlock => self.locked(change, false),
                    Step::Lock => self.locked(change, true),
                    Step::RevokeAll => {
                        let account = self.server().accounts.get_mut(&change.account);
                        account.expect("an account").held = Held::default();
                    }
                    Step::MarkNarrowing { account, .. } => {
                        let seen = self.live().accounts.get_mut(account).expect("an account");
                        let mark = seen.mark.as_mut().expect("a mark");
                        let handover = mark.handover.as_mut().expect("a handover");
                        handover.state = HandoverState::Narrowing;
                    }
                    Step::Adopt { account, .. } => {
                        let changed = self.server().accounts[&change.account].password_changed;
                        let handover = Some(Handover {
                            state: HandoverState::Done,
                            generation: generation.clone(),
                            changed,
                            host: Some(change.account.host.clone()),
                            ended: None,
                            locked_before: false,
                        });
                        let mark = Mark {
                            owner: owner.clone(),
                            id: *account,
                            user: change.mark.user,
                            requests: change.mark.requests.clone(),
                            end: change.mark.end(),
                            handover,
                            left: None,
                        };
                        let seen = self.live().accounts.get_mut(account).expect("an account");
                        (seen.labelled, seen.mark) = (true, Some(mark));
                    }
                    Step::WriteEvidence { account } => {
                        let mark = self.live().accounts[account].mark.clone().expect("a mark");
                        let generation = mark.handover.expect("a handover").generation;
                        let evidence = Evidence { owner: "acme".to_owned(), generation };
                        let account = self.server().accounts.get_mut(&change.account);
                        account.expect("an account").evidence = Some(evidence);
                    }
                    Step::RemoveEvidence => {
                        let account = self.server().accounts.get_mut(&change.account);
                        account.expect("an account").evidence = None;
                    }
                    Step::Release { account, .. } => {
                        let seen = self.live().accounts.get_mut(account).expect("an account");
                        (seen.labelled, seen.mark) = (false, None);
                        seen.has_secret = Some(true);
                    }
                    Step::MarkRotating { account, .. } => {
                        let seen = self.live().accounts.get_mut(account).expect("an account");
                        let mark = seen.mark.as_mut().expect("a mark");
                        let handover = mark.handover.as_mut().expect("a handover");
                        handover.state = HandoverState::Rotating;
                    }
                    Step::MarkEnding { account, .. } => {
                        let seen = self.live().accounts.get_mut(account).expect("an account");
                        let mark = seen.mark.as_mut().expect("a mark");
                        mark.handover.as_mut().expect("a handover").state = HandoverState::Ending;
                    }
                    Step::Drop => {
                        assert!(self.server().accounts.remove(&change.account).is_some());
                    }
                    Step::DeleteAssetAccount { account, .. } => {
                        assert!(self.live().accounts.remove(account).is_some());
                    }
                },
            }
        }
    }

    fn locked(&mut self, change: &AccountChange, locked: bool) {
        let account = self.server().accounts.get_mut(&change.account);
        account.expect("an account").locked = locked;
    }
}
