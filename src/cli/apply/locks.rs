//! The locks of one run: the lease of JumpServer, and a lock on each server that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use super::stop::Stop;
use crate::access::model::Access;
use crate::cli::{Outcome, could_not_run};
use crate::credentials::{self, Environment};
use crate::desired::Desired;
use crate::jumpserver::{ErrorKind, Lease, Reader, Terms, Writer};
use crate::mysql;
use crate::names::InstanceName;
use crate::naming;
use crate::observe::SIDE_BY_SIDE;
use crate::observed::{Instance, Observed};
use crate::plan::{Focus, Plan, Target, ask};

/// What this run may change.
pub(super) struct Locks {
    lease: Lease,
    servers: BTreeMap<InstanceName, mysql::Writer>,
    /// Servers that could not be read or locked, and why.
    unlocked: BTreeMap<InstanceName, Instance>,
    /// Accounts of ours whose names do not tell that they are.
    strays: BTreeMap<InstanceName, BTreeSet<String>>,
}

impl Locks {
    /// Takes the lease, then a lock on each server that the plan changes, waiting for
    /// other runs for at most `patience`. A server that does not answer, or that another run
    /// holds, is left out; a lease that another run holds ends this one.
    pub(super) async fn take(
        access: &Access,
        reader: &Reader,
        (plan, observed): (&Plan, &Observed),
        environment: Environment<'_>,
        patience: Duration,
        stop: &Stop,
    ) -> Result<Self, Outcome> {
        let config = &access.config;
        let until = Instant::now() + patience;
        let terms = Terms { wait: patience, ..Terms::default() };
        let lease = Lease::take(reader, &config.owner, &config.prefix, terms);
        // A signal ends a wait: what is held is given back, and the numbers are written.
        let lease = tokio::select! {
            lease = lease => lease.map_err(|error| {
                let held = error.kind == ErrorKind::Held;
                could_not_run(&error);
                if held { Outcome::Held } else { Outcome::CouldNotRun }
            })?,
            () = stop.comes() => return Err(stopped()),
        };
        let names: BTreeSet<&InstanceName> = plan
            .items
            .iter()
            .filter_map(|item| match &item.target {
                Target::Instance(name) => Some(name),
                Target::JumpServer => None,
            })
            .collect();
        let taken = stream::iter(names)
            .map(|name| async move {
                let left = until.saturating_duration_since(Instant::now());
                (name.clone(), lock(access, name, environment, left).await)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>();
        let strays = ask::strays(access, &observed.jumpserver);
        let taken = tokio::select! {
            taken = taken => Some(taken),
            () = stop.comes() => None,
        };
        let mut locks = Self { lease, servers: BTreeMap::new(), unlocked: BTreeMap::new(), strays };
        let Some(taken) = taken else {
            locks.release().await;
            return Err(stopped());
        };
        for (name, taken) in taken {
            match taken {
                Ok(server) => {
                    locks.servers.insert(name, server);
                }
                Err(left) => {
                    if let Instance::Held(why) = &left {
                        could_not_run(&format!("{name} is left as it is: {why}"));
                    }
                    locks.unlocked.insert(name, left);
                }
            }
        }
        Ok(locks)
    }

    /// Whether another run holds a server that this one would change.
    pub(super) fn are_held(&self) -> bool {
        self.unlocked.values().any(|left| matches!(left, Instance::Held(_)))
    }

    /// Leaves servers that could not be read, or that another run held, as they are: in one run
    /// none is waited for twice.
    pub(super) fn leave_out(&mut self, observed: &Observed) {
        for (name, instance) in &observed.instances {
            if matches!(instance, Instance::Unreadable(_) | Instance::Held(_))
                && !self.servers.contains_key(name)
            {
                self.unlocked.insert(name.clone(), instance.clone());
            }
        }
    }

    /// The writer of JumpServer, while the lease holds.
    pub(super) fn writer(&self) -> Writer {
        self.lease.writer()
    }

    /// The locked servers.
    pub(super) fn servers(&mut self) -> &mut BTreeMap<InstanceName, mysql::Writer> {
        &mut self.servers
    }

    /// Reads the locked servers, each by the connection that holds its lock, and says
    /// which others in the focus are still to be read.
    pub(super) async fn read(
        &mut self,
        access: &Access,
        desired: &Desired<'_>,
        focus: &Focus,
    ) -> (Focus, BTreeMap<InstanceName, Instance>) {
        let strays = &self.strays;
        let reads = self.servers.iter_mut().map(|(name, server)| async move {
            let ask = ask::server(access, desired, name, strays.get(name));
            // What was adopted may be changed as what we made.
            server.allow(ask.users.clone());
            let read = match server.observe(&ask).await {
                Ok(live) => Instance::Read(Box::new(live)),
                Err(error) => Instance::Unreadable(error.to_string()),
            };
            (name.clone(), read)
        });
        let mut read: BTreeMap<InstanceName, Instance> =
            stream::iter(reads).buffer_unordered(SIDE_BY_SIDE).collect().await;
        read.extend(self.unlocked.clone());
        let others: BTreeSet<InstanceName> = ask::holders(access)
            .filter(|name| focus.reads(name) && !read.contains_key(*name))
            .cloned()
            .collect();
        let focus = Focus { jumpserver: true, instances: others, people: BTreeSet::new() };
        (focus, read)
    }

    /// Gives everything back, so that the next run need not wait.
    pub(super) async fn release(self) {
        for server in self.servers.into_values() {
            server.release().await;
        }
        if let Err(error) = self.lease.release().await {
            tracing::debug!(%error, "the lease ends by itself");
        }
    }
}

fn stopped() -> Outcome {
    could_not_run(&"it was stopped while it took the locks: nothing was done under them")
}

/// Locks a server; in error, what is known of it in place of its accounts.
async fn lock(
    access: &Access,
    name: &InstanceName,
    environment: Environment<'_>,
    patience: Duration,
) -> Result<mysql::Writer, Instance> {
    let other = Instance::Unreadable;
    let Some(instance) = access.instances.get(name) else {
        return Err(other("it is not in the inventory".to_owned()));
    };
    let credentials =
        credentials::mysql(environment, name).map_err(|error| other(error.to_string()))?;
    let config = &access.config;
    let taken = mysql::Writer::lock(
        &mysql::Target::of(instance),
        &credentials,
        mysql::Limits::default(),
        &config.owner,
        &naming::account_prefix(&config.prefix),
        patience,
    )
    .await;
    taken.map_err(|error| match error {
        mysql::Error::LockHeld { .. } => Instance::Held(error.to_string()),
        error => Instance::Unreadable(error.to_string()),
    })
}
