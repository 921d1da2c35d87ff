//! Observes a server. A reader sends queries only.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::existing::{NEAR, existing};
use super::facts::Facts;
use super::grant_tables::{GrantTables, unreadable};
use super::live::{Ask, Everybody, EverybodySource, Live, SeenSession, Server};
use super::rights;
use super::session::{Credentials, Limits, Session, Target};
use super::sessions::{self, Open};
use super::spec::{AccountName, Held};

/// A connection that reads.
pub struct Reader {
    pub(super) session: Session,
    pub(super) facts: Facts,
    pub(super) tables: GrantTables,
}

impl Reader {
    /// Connects, and finds out what the server is.
    ///
    /// # Errors
    /// What stops a connection, and [`Error::Unsupported`].
    pub async fn connect(
        target: &Target,
        credentials: &Credentials,
        limits: Limits,
    ) -> Result<Self, Error> {
        let mut session = Session::connect(target, credentials, limits).await?;
        match Facts::gather(&mut session).await {
            Ok(facts) => Ok(Self { session, facts, tables: GrantTables::default() }),
            Err(error) => {
                session.close().await;
                Err(error)
            }
        }
    }

    /// What the server is, as of the connection.
    pub fn server(&self) -> &Server {
        &self.facts.server
    }

    /// Reads everything that a plan needs: all grant tables at one moment in one query,
    /// at most three more for what exists, and one for open sessions.
    ///
    /// Of grants that were left behind under a name without an account, the names are given;
    /// those without a user name work for everybody, and are given whole.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the login may not see all of it.
    pub async fn observe(&mut self, ask: &Ask) -> Result<Live, Error> {
        self.require_replication().await?;
        let facts = &self.facts;
        let dialect = &facts.server.dialect;
        let public = AccountName { user: "PUBLIC".into(), host: String::new() };
        let mut names = vec![facts.me.clone()];
        names.extend(facts.my_roles.iter().chain(&facts.mandatory_roles).cloned());
        if dialect.is_mariadb() {
            names.push(public.clone());
        }
        let session = &mut self.session;
        let found = self.tables.accounts(session, facts, ask, names).await?;

        let mine: Vec<_> = std::iter::once(&facts.me)
            .chain(&facts.my_roles)
            .filter_map(|name| found.get(name))
            .map(|found| found.held.clone())
            .collect();
        let existing = existing(session, facts, ask, &mine, NEAR).await?;

        let mut everybody = Vec::new();
        for (name, found) in &found {
            let source = if name.user.is_empty() {
                EverybodySource::Anonymous(name.clone())
            } else if dialect.is_mariadb() && *name == public {
                EverybodySource::Public
            } else if facts.mandatory_roles.contains(name) {
                EverybodySource::MandatoryRole(name.clone())
            } else {
                continue;
            };
            everybody.push(Everybody { source, held: found.held.clone() });
        }
        everybody.sort_by(|one, other| one.source.cmp(&other.source));
        let (mut accounts, mut leftovers) = (BTreeMap::new(), BTreeSet::new());
        let asked = |name: &AccountName| !name.user.is_empty() && ask.has_user(&name.user);
        for (name, found) in found.into_iter().filter(|(name, _)| asked(name)) {
            let Held { databases, tables, columns, .. } = &found.held;
            let works = !databases.is_empty() || !tables.is_empty() || !columns.is_empty();
            match found.seen(name.clone()) {
                Some(seen) => {
                    accounts.insert(name, seen);
                }
                None if works => {
                    leftovers.insert(name);
                }
                None => {}
            }
        }
        // Without this right the list is short, and says nothing of it.
        let sessions = match mine.iter().any(|held| held.global.contains("PROCESS")) {
            true => Some(sessions::list(session).await?),
            false => None,
        };
        let ours = |open: Open| {
            let ours = ask.has_user(&open.user);
            ours.then_some(SeenSession { user: open.user, from: open.from })
        };
        let sessions = sessions.map(|open| {
            let mut sessions: Vec<_> = open.into_iter().filter_map(ours).collect();
            sessions.sort();
            sessions
        });
        let (server, users) = (facts.server.clone(), ask.users.clone());
        Ok(Live { server, users, accounts, leftovers, everybody, existing, sessions })
    }

    /// Fails when the login may not see from where the server replicates.
    async fn require_replication(&mut self) -> Result<(), Error> {
        if !self.facts.replication_unseen {
            return Ok(());
        }
        let mut needs = unreadable(&mut self.session, &self.facts).await?;
        needs.push(rights::see_replication(&self.facts.server.dialect, &self.facts.me));
        Err(Error::Unreadable {
            server: self.session.server().to_owned(),
            user: self.session.user().to_owned(),
            needs,
        })
    }

    /// Fails when the server cannot be written, or when nobody can say.
    pub(super) async fn require_writable(&mut self) -> Result<(), Error> {
        if let Some(why) = self.server().not_writable.clone() {
            return Err(Error::NotWritable { server: self.server().label.clone(), why });
        }
        self.require_replication().await
    }

    /// Ends the connection in an orderly way.
    pub async fn close(self) {
        self.session.close().await;
    }
}
