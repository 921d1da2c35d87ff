//! Starting a sandbox, and holding on to it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::accounts;
use crate::assets;
use crate::faults::{Fault, Faults, Rule};
use crate::peek::{self, AccountView, PermissionView};
use crate::permissions;
use crate::plant;
use crate::seed::{NewAccount, NewAsset, NewPermission, NewUser, Seed};
use crate::server::{Cuttable, Log, Server, Switch, lock, router};
use crate::state::{DEFAULT_ORG, State};
use crate::users;
use crate::{Logged, Version};

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which JumpServer it behaves as.
    pub version: Version,
    /// What stands before `/api`, such as `/jump`; empty or beginning with a slash.
    pub base_path: String,
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// The zone of the server's dates, an IANA name.
    pub time_zone: String,
    /// Requests that one caller may send in a minute, on version 4; none: no limit. The
    /// real server has 4096 for those who log in.
    pub throttle: Option<u32>,
}

impl Options {
    /// Any free port, no prefix, Asia/Shanghai, no throttle.
    pub fn new(version: Version) -> Options {
        Options {
            version,
            base_path: String::new(),
            port: 0,
            time_zone: "Asia/Shanghai".to_owned(),
            throttle: None,
        }
    }
}

/// The way to start one.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Starts a server on 127.0.0.1 in a task of the current runtime.
    ///
    /// # Errors
    /// When the port is taken or the zone is not known.
    pub async fn start(options: Options) -> io::Result<Running> {
        let zone = TimeZone::get(&options.time_zone).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("there is no time zone {}", options.time_zone),
            )
        })?;
        let mut state = State::new(options.version);
        let admin = state.admin;
        let admin_token = plant::add_token(&mut state, admin);
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let port = listener.local_addr()?.port();
        let server = Arc::new(Server {
            state: Mutex::new(state),
            log: Mutex::new(Log::default()),
            faults: Mutex::new(Faults::default()),
            base_path: options.base_path.trim_end_matches('/').to_owned(),
            admin_token,
            version: options.version,
            zone,
            throttle: options.throttle,
            counts: Mutex::new((0, HashMap::new())),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router(Arc::clone(&server)).into_make_service_with_connect_info::<Switch>();
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = async { axum::serve(Cuttable(listener), service).await } => {}
                _ = stopped => {}
            }
        });
        Ok(Running { server, port, stop: Some(stop), task })
    }
}

/// What a sandbox stored at one time.
#[derive(Debug, Clone)]
pub struct Kept(State);

/// A sandbox that runs; it stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    server: Arc<Server>,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The task may have ended already.
            let _ = stop.send(());
        }
        self.task.abort();
    }
}

impl Running {
    /// The address to talk to, with the base path and without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.server.base_path)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Which JumpServer it behaves as.
    pub fn version(&self) -> Version {
        self.server.version
    }

    /// The private token of the administrator, who may do everything.
    pub fn admin_token(&self) -> String {
        self.server.admin_token.clone()
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut lock(&self.server.state))
    }

    /// Moves the server's clock by this much from the real one: the Date header, what has
    /// expired and what people get follow it.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.with(|state| state.offset = offset);
    }

    /// Everything that is stored, to be put back later.
    pub fn keep(&self) -> Kept {
        Kept(self.with(|state| state.clone()))
    }

    /// Puts back what was stored when it was kept.
    pub fn put_back(&self, kept: &Kept) {
        self.with(|state| *state = kept.0.clone());
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        self.with(|state| state.now())
    }
}

/// Seeding. Nothing of it appears in the log of requests.
impl Running {
    /// Puts a whole seed in.
    ///
    /// # Errors
    /// Names the user, asset or platform that a part of the seed refers to in vain.
    pub fn seed(&self, seed: Seed) -> Result<(), String> {
        self.with(|state| plant::plant(state, seed))
    }

    /// Puts an organisation in that people work in, of which the enterprise edition has
    /// several; no real server with more than one was seen. It is filled over HTTP, and
    /// everybody with a role in the default one has it there too.
    pub fn add_organization(&self, name: &str) -> Uuid {
        self.with(|state| plant::add_organization(state, name))
    }

    /// Puts a user in.
    pub fn add_user(&self, user: NewUser) -> Uuid {
        self.with(|state| plant::add_user(state, user))
    }

    /// Puts a group in, or finds it.
    pub fn add_group(&self, name: &str) -> Uuid {
        self.with(|state| plant::add_group(state, name))
    }

    /// Makes the node with this path, its parents too, or finds it. The root is
    /// `/Default` on version 3 and `/DEFAULT` on version 4; here it may be written in
    /// either way, or left out.
    pub fn add_node(&self, path: &str) -> Uuid {
        self.with(|state| plant::node_at(state, path))
    }

    /// Makes another node with this path, as moving nodes does: the server holds only keys to
    /// be unique. Nothing is below it.
    pub fn add_twin_node(&self, path: &str) -> Uuid {
        self.with(|state| plant::add_twin_node(state, path))
    }

    /// Puts an asset in.
    ///
    /// # Panics
    /// When this version has no such platform.
    pub fn add_asset(&self, asset: NewAsset) -> Uuid {
        self.with(|state| expect(plant::add_asset(state, asset)))
    }

    /// Puts an account in, on the asset with this name.
    ///
    /// # Panics
    /// When there is no such asset.
    pub fn add_account(&self, asset: &str, username: &str, secret: Option<&str>) -> Uuid {
        self.add_account_with(
            asset,
            NewAccount {
                username: username.to_owned(),
                secret: secret.map(str::to_owned),
                ..NewAccount::default()
            },
        )
    }

    /// [`Running::add_account`] with every field.
    ///
    /// # Panics
    /// When there is no such asset.
    pub fn add_account_with(&self, asset: &str, account: NewAccount) -> Uuid {
        self.with(|state| {
            let asset = expect(plant::asset_id(state, asset));
            plant::add_account(state, asset, account)
        })
    }

    /// Puts a permission in.
    ///
    /// # Panics
    /// When a user or an asset that it names is missing.
    pub fn add_permission(&self, permission: NewPermission) -> Uuid {
        self.with(|state| expect(plant::add_permission(state, permission)))
    }

    /// Makes a user with only these rights (code names such as `users.view_user`) and
    /// gives his private token.
    pub fn add_token(&self, username: &str, rights: &[&str]) -> String {
        self.with(|state| {
            let user = plant::add_user(
                state,
                NewUser {
                    rights: rights.iter().map(|right| (*right).to_owned()).collect(),
                    ..NewUser::named(username)
                },
            );
            plant::add_token(state, user)
        })
    }

    /// A private token of a user who is there.
    ///
    /// # Panics
    /// When there is no such user.
    pub fn token_of(&self, username: &str) -> String {
        self.with(|state| {
            let user = expect(plant::user_id(state, username));
            plant::add_token(state, user)
        })
    }

    /// An access key of a user who is there: its id and its secret. The administrator is
    /// `admin`.
    ///
    /// # Panics
    /// When there is no such user.
    pub fn add_access_key(&self, username: &str) -> (Uuid, String) {
        self.with(|state| {
            let user = expect(plant::user_id(state, username));
            plant::add_access_key(state, user)
        })
    }

    /// Opens a session of a person on an asset, with the account of this user name there.
    /// It asks for no permission, as one that was allowed when it began.
    ///
    /// # Panics
    /// When there is no such user, asset or account.
    pub fn open_session(&self, user: &str, asset: &str, username: &str, protocol: &str) -> Uuid {
        self.with(|state| expect(plant::open_session(state, user, asset, username, protocol)))
    }

    /// Deletes a user as the server does: permissions lose him and stay.
    pub fn delete_user(&self, username: &str) {
        self.with(|state| {
            if let Ok(id) = plant::user_id(state, username) {
                users::remove(state, id);
            }
        });
    }

    /// Deletes an asset with its accounts; permissions lose it and stay.
    pub fn delete_asset(&self, name: &str) {
        self.with(|state| {
            if let Ok(id) = plant::asset_id(state, name) {
                assets::remove(state, id);
            }
        });
    }

    /// Writes another comment on a permission, as somebody would by hand.
    pub fn set_permission_comment(&self, id: Uuid, comment: &str) {
        self.with(|state| state.permissions.change(id, |row| row.comment = comment.to_owned()));
    }

    /// Writes another comment on an account, as somebody would by hand.
    pub fn set_account_comment(&self, id: Uuid, comment: &str) {
        self.with(|state| state.accounts.change(id, |row| row.comment = comment.to_owned()));
    }

    /// Deletes an account.
    pub fn delete_account(&self, id: Uuid) {
        self.with(|state| accounts::remove(state, id));
    }

    /// Moves the end of a permission, as if the time until then had passed.
    pub fn end_permission(&self, id: Uuid, end: Timestamp) {
        self.with(|state| state.permissions.change(id, |row| row.date_expired = end));
    }

    /// Switches a permission off, as somebody would by hand.
    pub fn switch_permission_off(&self, id: Uuid) {
        self.with(|state| state.permissions.change(id, |row| row.is_active = false));
    }

    /// Deletes a permission.
    pub fn delete_permission(&self, id: Uuid) {
        self.with(|state| permissions::remove(state, id));
    }
}

/// Peeking.
impl Running {
    /// The stored secret of an account, by the name of its asset and its user name.
    pub fn secret(&self, asset: &str, username: &str) -> Option<String> {
        self.with(|state| peek::secret(state, asset, username))
    }

    /// Every permission, by name.
    pub fn permissions(&self) -> Vec<PermissionView> {
        self.with(|state| peek::permissions(state))
    }

    /// The permission with this name in the default organisation.
    pub fn permission(&self, name: &str) -> Option<PermissionView> {
        self.with(|state| {
            let row = state.permissions.find(DEFAULT_ORG, name)?;
            Some(peek::permission(state, row))
        })
    }

    /// Every account, by asset and name.
    pub fn accounts(&self) -> Vec<AccountView> {
        self.with(|state| peek::accounts(state))
    }

    /// The user names of the accounts of an asset that somebody may connect with now,
    /// sorted.
    pub fn usable_accounts(&self, username: &str, asset: &str) -> Vec<String> {
        self.with(|state| peek::usable(state, username, asset))
    }

    /// Is a session open?
    pub fn session_is_open(&self, id: Uuid) -> bool {
        self.with(|state| state.sessions.get(id).is_some_and(|row| !row.is_finished))
    }

    /// Is there a user, and is he not disabled?
    pub fn user_is_active(&self, username: &str) -> Option<bool> {
        self.with(|state| {
            let id = plant::user_id(state, username).ok()?;
            state.users.get(id).map(|user| user.is_active)
        })
    }

    /// Every request received so far, in order.
    pub fn requests(&self) -> Vec<Logged> {
        lock(&self.server.log).entries.clone()
    }

    /// Empties the log of requests.
    pub fn clear_requests(&self) {
        lock(&self.server.log).clear();
    }
}

/// Making requests fail.
impl Running {
    /// Sets a fault for the requests of a rule; of several rules the first that fits wins.
    pub fn fault(&self, rule: Rule, fault: Fault) {
        lock(&self.server.faults).add(rule, fault);
    }

    /// Asks `hook` about every request before it is carried out; it comes before the
    /// rules.
    pub fn on_request(&self, hook: impl FnMut(&Logged) -> Option<Fault> + Send + 'static) {
        lock(&self.server.faults).set_hook(Box::new(hook));
    }

    /// Takes all faults and the hook away.
    pub fn clear_faults(&self) {
        lock(&self.server.faults).clear();
    }
}

/// A seed that contradicts itself is a mistake of the test.
pub(crate) fn expect<T>(found: Result<T, String>) -> T {
    found.unwrap_or_else(|words| panic!("the seed does not fit: {words}"))
}
