//! Changes a server. A writer exists only while its lock is held, and is the only thing
//! that can change a server.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::Error;
use super::facts::Facts;
use super::live::{Ask, Live, Server};
use super::lock;
use super::password::Hash;
use super::reader::Reader;
use super::session::{Credentials, Limits, Target};
use super::spec::{AccountName, Change, Evidence, Grants, Held, Object, SeenAccount};
use super::{difference, sessions, statement};
use crate::names::Owner;

/// Names that are never touched, whatever the prefix: administrators, the servers' own
/// accounts, those of their hosts and tools.
const PROTECTED: &[&str] = &[
    "root",
    "mysql",
    "mariadb.sys",
    "mysql.sys",
    "mysql.session",
    "mysql.infoschema",
    "PUBLIC",
    "rdsadmin",
    "debian-sys-maint",
];

/// Whether a user name is on the list of those that are never touched.
pub fn is_protected(user: &str) -> bool {
    PROTECTED.iter().any(|name| name.eq_ignore_ascii_case(user))
}

/// What became of an account that was to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// It is dropped.
    Dropped,
    /// It was gone already.
    AlreadyGone,
    /// The server keeps it, as something runs with its rights (MySQL 8.0.22 and later).
    StillDefiner {
        /// What, as far as the login may see it: `view shop.totals`.
        objects: Vec<String>,
    },
}

/// A connection that holds the lock and may change accounts.
///
/// Every change goes through this connection, and the lock ends only with it (or with
/// [`Writer::release`]), so a change that was carried out was carried out under the lock;
/// it is not asked for again with each one. Before something elsewhere is changed because
/// of the lock, ask [`Writer::still_held`].
pub struct Writer {
    reader: Reader,
    lock: String,
    prefix: String,
    /// User names that may be changed besides those that begin with the prefix.
    adopted: BTreeSet<String>,
}

impl Writer {
    /// Connects and takes the owner's lock on the server, waiting for at most `wait`. Only
    /// accounts whose user name begins with `account_prefix` can be changed.
    ///
    /// # Errors
    /// [`Error::LockHeld`] when another run holds it, [`Error::NotWritable`] for a
    /// read-only server or a replica, [`Error::Unreadable`] when the login cannot tell.
    pub async fn lock(
        target: &Target,
        credentials: &Credentials,
        limits: Limits,
        owner: &Owner,
        account_prefix: &str,
        wait: Duration,
    ) -> Result<Self, Error> {
        if account_prefix.is_empty() {
            return Err(Error::Forbidden { what: "changing accounts of any name".into() });
        }
        let mut reader = Reader::connect(target, credentials, limits).await?;
        let lock = lock::name(owner);
        match Self::take(&mut reader, &lock, wait).await {
            Ok(()) => {
                let (prefix, adopted) = (account_prefix.to_owned(), BTreeSet::new());
                Ok(Self { reader, lock, prefix, adopted })
            }
            Err(error) => {
                reader.close().await;
                Err(error)
            }
        }
    }

    async fn take(reader: &mut Reader, lock: &str, wait: Duration) -> Result<(), Error> {
        reader.require_writable().await?;
        lock::take(&mut reader.session, lock, wait).await?;
        // Much can change while one waits.
        reader.facts = Facts::gather(&mut reader.session).await?;
        reader.require_writable().await
    }

    /// Lets accounts with these user names be changed too: those that git or a mark says are
    /// adopted. The list of names that are never touched holds for them as for all.
    pub fn allow(&mut self, users: BTreeSet<String>) {
        self.adopted = users;
    }

    /// What the server is, as of the connection.
    pub fn server(&self) -> &Server {
        self.reader.server()
    }

    /// Reads as [`Reader::observe`] does, under the lock.
    ///
    /// # Errors
    /// As there, and [`Error::LockLost`].
    pub async fn observe(&mut self, ask: &Ask) -> Result<Live, Error> {
        self.alive()?;
        self.reader.observe(ask).await
    }

    /// One account, as it is now.
    ///
    /// # Errors
    /// As [`Writer::observe`].
    pub async fn account(&mut self, name: &AccountName) -> Result<Option<SeenAccount>, Error> {
        self.alive()?;
        let Reader { session, facts, tables } = &mut self.reader;
        tables.account(session, facts, name).await
    }

    /// Asks the server whether this connection still holds the lock.
    ///
    /// # Errors
    /// [`Error::LockLost`] when it does not.
    pub async fn still_held(&mut self) -> Result<(), Error> {
        self.alive()?;
        match lock::is_held(&mut self.reader.session, &self.lock).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(Error::Lost { .. }) => Err(self.lost()),
            Err(error) => Err(error),
        }
    }

    /// Makes an account without privileges, unlocked, with the hash of a password. Grants
    /// that were left behind under its name are cleared away first: they would come to
    /// life with it.
    ///
    /// # Errors
    /// The server's 1396 when the account exists.
    pub async fn create_account(
        &mut self,
        name: &AccountName,
        password: &SecretString,
        evidence: Option<&Evidence>,
    ) -> Result<(), Error> {
        let hash = self.hash(password).await?;
        let dialect = &self.server().dialect;
        let create = Zeroizing::new(statement::create(name, &hash, evidence, dialect)?);
        let doing = format!("create the account {name}");
        match self.send(name, &doing, &create).await {
            // Exists, or has rows in the grant tables.
            Err(error) if error.code() == Some(1396) => {
                if self.account(name).await?.is_some() {
                    return Err(error);
                }
                let drop = statement::drop_account(name)?;
                match self.send(name, &format!("clear what was left of {name}"), &drop).await {
                    Err(error) if error.code() != Some(1396) => Err(error),
                    _ => self.send(name, &doing, &create).await,
                }
            }
            other => other,
        }
    }

    /// Sets a password by its hash. With `retain_current` the one before works on until
    /// [`Writer::discard_old_password`] (MySQL 8.0.14 and later).
    ///
    /// # Errors
    /// The server's, and [`Error::Forbidden`] for `retain_current` where there is no such
    /// thing.
    pub async fn set_password(
        &mut self,
        name: &AccountName,
        password: &SecretString,
        evidence: Option<&Evidence>,
        retain_current: bool,
    ) -> Result<(), Error> {
        let hash = self.hash(password).await?;
        let dialect = &self.server().dialect;
        let set = statement::set_password(name, &hash, evidence, retain_current, dialect)?;
        self.send(name, &format!("set the password of {name}"), &Zeroizing::new(set)).await
    }

    /// Writes the owner and a generation into an account's ATTRIBUTE, or takes them out; what
    /// else stands there stays, and so does the password. Where the server has no ATTRIBUTE
    /// nothing is sent.
    ///
    /// # Errors
    /// The server's.
    pub async fn set_evidence(
        &mut self,
        name: &AccountName,
        evidence: Option<&Evidence>,
    ) -> Result<(), Error> {
        let Some(set) = statement::set_evidence(name, evidence, &self.server().dialect)? else {
            return Ok(());
        };
        self.send(name, &format!("set the attribute of {name}"), &set).await
    }

    /// Ends the life of the password before the present one; none is as good.
    ///
    /// # Errors
    /// The server's.
    pub async fn discard_old_password(&mut self, name: &AccountName) -> Result<(), Error> {
        if !self.server().dialect.has_dual_passwords() {
            return Ok(());
        }
        let discard = statement::discard_old_password(name)?;
        self.send(name, &format!("discard the old password of {name}"), &discard).await
    }

    /// Locks or unlocks an account; open sessions stay.
    ///
    /// # Errors
    /// The server's.
    pub async fn set_lock(&mut self, name: &AccountName, locked: bool) -> Result<(), Error> {
        let verb = if locked { "lock" } else { "unlock" };
        let set = statement::set_lock(name, locked)?;
        self.send(name, &format!("{verb} the account {name}"), &set).await
    }

    /// Carries out one change of what an account holds. Granting what is held and revoking
    /// what is gone is done already.
    ///
    /// # Errors
    /// The server's. When part of what is to be revoked is gone, nothing or only the rest
    /// was revoked: observe and plan again.
    pub async fn apply(&mut self, name: &AccountName, change: &Change) -> Result<(), Error> {
        let text = statement::statement(change, name, &self.server().dialect)?;
        let doing = match change {
            Change::Grant(object) => format!("grant {object} to {name}"),
            Change::Revoke(object) => format!("revoke {object} from {name}"),
        };
        let sent = self.send(name, &doing, &text).await;
        match (sent, change) {
            // Servers have many errors for what is not there, and some look for the right
            // first: what counts is whether it is held.
            (Err(error), Change::Revoke(object)) if error.code().is_some() => {
                match self.account(name).await? {
                    Some(account) if holds_any(&account.held, object) => Err(error),
                    _ => Ok(()),
                }
            }
            (sent, _) => sent,
        }
    }

    /// As [`Writer::apply`], after the server refused to revoke something else: a pattern that
    /// is still there may be hidden by the row that is to go.
    ///
    /// # Errors
    /// As there, and [`Error::Forbidden`] when the account would hold more than before.
    pub async fn apply_after_refusal(
        &mut self,
        name: &AccountName,
        change: &Change,
    ) -> Result<(), Error> {
        if let Change::Revoke(object @ Object::Database { .. }) = change {
            let Some(account) = self.account(name).await? else { return Ok(()) };
            let naming = self.server().dialect.naming();
            if let Some(pattern) = difference::opens(&account.held, object, naming) {
                let what = format!(
                    "{object} stays with {name}: without it the grant on the pattern {pattern} \
                     would give more there, and that one is still held"
                );
                return Err(Error::Forbidden { what });
            }
        }
        self.apply(name, change).await
    }

    /// Revokes everything that an account holds, whatever it is, as far as the server lets
    /// it, and gives what it refused. An account that holds nothing, or is gone, is done
    /// already.
    ///
    /// # Errors
    /// What stops all that would come after it, too, such as a lost connection.
    pub async fn revoke_all(&mut self, name: &AccountName) -> Result<Vec<Error>, Error> {
        self.may_touch(name)?;
        let doing = format!("revoke everything from {name}");
        let all = statement::revoke_all(name)?;
        let sent = match self.send(name, &doing, &all).await {
            Err(error) if !error.is_refusal() => return Err(error),
            sent => sent,
        };
        let Some(account) = self.account(name).await? else { return Ok(Vec::new()) };
        // The statement leaves proxies, on MySQL roles too, and everything when it is refused.
        let mut rest = account.held;
        let mut refused = Vec::new();
        if !std::mem::take(&mut rest.unknown).is_empty() {
            refused.extend(sent.err());
        }
        let naming = self.server().dialect.naming();
        let changes = difference::difference(&rest, &Grants::default(), naming)
            .map_err(|unknown| Error::Forbidden { what: unknown.to_string() })?;
        for change in changes {
            match self.apply_after_refusal(name, &change).await {
                Err(error) if !error.is_refusal() => return Err(error),
                sent => refused.extend(sent.err()),
            }
        }
        Ok(refused)
    }

    /// Ends the open sessions of an account, and looks again until there is none. Gives
    /// how many there were.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the login does not see sessions of others;
    /// [`Error::Timeout`] when sessions are still there after ten seconds.
    pub async fn kill_sessions(&mut self, name: &AccountName) -> Result<usize, Error> {
        self.may_touch(name)?;
        self.alive()?;
        let Reader { session, facts, .. } = &mut self.reader;
        sessions::kill(session, facts, name).await
    }

    /// How many sessions of an account are open.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the login does not see sessions of others.
    pub async fn open_sessions(&mut self, name: &AccountName) -> Result<usize, Error> {
        self.alive()?;
        let Reader { session, facts, .. } = &mut self.reader;
        Ok(sessions::of(session, facts, name).await?.len())
    }

    /// Drops an account.
    ///
    /// # Errors
    /// The server's.
    pub async fn drop_account(&mut self, name: &AccountName) -> Result<Dropped, Error> {
        let drop = statement::drop_account(name)?;
        match self.send(name, &format!("drop the account {name}"), &drop).await {
            Ok(()) => Ok(Dropped::Dropped),
            Err(error) if error.code() == Some(1396) => match self.account(name).await? {
                Some(_) => Err(error),
                None => Ok(Dropped::AlreadyGone),
            },
            Err(error) if error.code() == Some(4006) => {
                Ok(Dropped::StillDefiner { objects: self.defined_by(name).await? })
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the lock back and ends the connection. Both end also when a writer is dropped.
    pub async fn release(mut self) {
        // The end of the connection releases it in any case.
        let _ = lock::release(&mut self.reader.session, &self.lock).await;
        self.reader.close().await;
    }

    /// What runs with an account's rights, as far as the login may see it.
    async fn defined_by(&mut self, name: &AccountName) -> Result<Vec<String>, Error> {
        let definer = statement::literal(&format!("{}@{}", name.user, name.host));
        let part = |kind: &str, schema: &str, column: &str, table: &str| {
            format!(
                "SELECT CONCAT('{kind} ', {schema}, '.', {column}) FROM information_schema.{table} \
                 WHERE DEFINER = {definer}"
            )
        };
        let query = [
            part("view", "TABLE_SCHEMA", "TABLE_NAME", "VIEWS"),
            part("routine", "ROUTINE_SCHEMA", "ROUTINE_NAME", "ROUTINES"),
            part("trigger", "TRIGGER_SCHEMA", "TRIGGER_NAME", "TRIGGERS"),
            part("event", "EVENT_SCHEMA", "EVENT_NAME", "EVENTS"),
        ]
        .join(" UNION ALL ");
        let rows = self.reader.session.rows("show what an account defines", &query).await?;
        let mut objects: Vec<String> =
            rows.into_iter().filter_map(|row| row.get_opt(0)?.ok()).collect();
        objects.sort();
        Ok(objects)
    }

    /// The hash of a password; off the thread of the runtime, as it takes milliseconds.
    async fn hash(&self, password: &SecretString) -> Result<Hash, Error> {
        let (kind, password) = (self.server().dialect.hash_kind(), password.clone());
        tokio::task::spawn_blocking(move || Hash::new(kind, &password))
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| Error::Forbidden {
                what: "the system gives no random numbers: no password can be made".into(),
            })
    }

    /// The one place that sends a statement that changes something.
    async fn send(&mut self, name: &AccountName, doing: &str, text: &str) -> Result<(), Error> {
        self.may_touch(name)?;
        self.alive()?;
        self.reader.session.execute(doing, text).await
    }

    fn may_touch(&self, name: &AccountName) -> Result<(), Error> {
        let own = [self.reader.session.user(), self.reader.facts.me.user.as_str()];
        let protected = own.iter().any(|user| user.eq_ignore_ascii_case(&name.user))
            || is_protected(&name.user);
        let ours = name.user.starts_with(&self.prefix) || self.adopted.contains(&name.user);
        if protected || name.host.is_empty() || !ours {
            return Err(Error::Forbidden {
                what: format!("{name} is not one of jumpgate's accounts: it is never changed"),
            });
        }
        Ok(())
    }

    /// After a broken connection nothing is sent: the lock is gone with it.
    fn alive(&self) -> Result<(), Error> {
        if self.reader.session.is_alive() { Ok(()) } else { Err(self.lost()) }
    }

    fn lost(&self) -> Error {
        Error::LockLost { server: self.server().label.clone() }
    }
}

/// Whether any part of an object is held.
fn holds_any(held: &Held, object: &Object) -> bool {
    match object {
        Object::Global { privileges } => !privileges.is_disjoint(&held.global),
        Object::Database { stored, privileges, grant_option } => {
            held.databases.get(stored).is_some_and(|row| {
                !privileges.is_disjoint(row.privileges) || (*grant_option && row.grant_option)
            })
        }
        Object::Table { table, privileges, grant_option } => {
            held.tables.get(table).is_some_and(|row| {
                !privileges.is_disjoint(row.privileges) || (*grant_option && row.grant_option)
            })
        }
        Object::Columns { table, privileges } => held.columns.get(table).is_some_and(|columns| {
            privileges.iter().any(|(privilege, names)| {
                names.iter().any(|name| {
                    columns.get(name).is_some_and(|privileges| privileges.contains(*privilege))
                })
            })
        }),
        Object::Routine { routine, privileges } => {
            held.routines.get(routine).is_some_and(|held| !privileges.is_disjoint(held))
        }
        Object::Role { role } => held.roles.contains_key(role),
        Object::Proxy { account } => held.proxies.contains(account),
    }
}
