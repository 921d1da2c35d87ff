//! Reads all targets for a plan, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, LocalBoxStream, StreamExt};

use crate::access::model::Access;
use crate::audit;
use crate::catalog;
use crate::credentials::{self, Environment};
use crate::desired::Desired;
use crate::jumpserver::spec::Live;
use crate::jumpserver::{self, Reader};
use crate::mysql;
use crate::names::InstanceName;
use crate::observed::{Instance, Observed};
use crate::plan::{Focus, ask};

/// How many database servers are worked on at once.
pub const SIDE_BY_SIDE: usize = 16;

/// Connects to JumpServer as `jumpgate.yaml` says.
///
/// # Errors
/// When credentials are missing, the server does not answer, or another organization does.
pub async fn jumpserver(access: &Access, environment: Environment<'_>) -> anyhow::Result<Reader> {
    let credentials = credentials::jumpserver(environment)?;
    let settings = jumpserver::Settings {
        url: access.config.url.clone(),
        organization: access.config.organization.clone(),
        limits: jumpserver::Limits::default(),
    };
    Ok(Reader::connect(&settings, credentials).await?)
}

/// Reads JumpServer and every instance in the focus. Sends only reads.
///
/// # Errors
/// When JumpServer cannot be read completely; an instance that cannot be read is told as
/// such, and stops nothing else.
pub async fn all(
    access: &Access,
    desired: &Desired<'_>,
    reader: &Reader,
    environment: Environment<'_>,
    focus: &Focus,
) -> Result<Observed, jumpserver::Error> {
    let mut reading = Reading::begin(access, desired, reader, environment, focus);
    reading.rest().await?;
    Ok(reading.observed())
}

/// One target that was read.
enum Part {
    JumpServer(Result<Box<Live>, jumpserver::Error>),
    Server(InstanceName, Instance),
}

/// A reading of all targets that is under way: what is there can be looked at before the
/// last one has answered.
pub struct Reading<'r> {
    access: &'r Access,
    desired: &'r Desired<'r>,
    environment: Environment<'r>,
    parts: LocalBoxStream<'r, Part>,
    jumpserver: Option<Live>,
    instances: BTreeMap<InstanceName, Instance>,
    waiting: BTreeSet<InstanceName>,
}

impl<'r> Reading<'r> {
    /// Begins to read JumpServer and every instance in the focus, side by side.
    pub fn begin(
        access: &'r Access,
        desired: &'r Desired<'r>,
        reader: &'r Reader,
        environment: Environment<'r>,
        focus: &Focus,
    ) -> Self {
        let (asked, others): (BTreeSet<&InstanceName>, BTreeSet<&InstanceName>) =
            ask::holders(access).partition(|name| focus.reads(name));
        let waiting = asked.iter().map(|name| (*name).clone()).collect();
        let servers = stream::iter(asked)
            .map(move |name| async move {
                let read = server(access, desired, environment, name, None).await;
                Part::Server(name.clone(), read)
            })
            .buffer_unordered(SIDE_BY_SIDE);
        let ask = ask::jumpserver(access, desired);
        let jumpserver =
            stream::once(async move { Part::JumpServer(reader.observe(&ask).await.map(Box::new)) });
        Self {
            access,
            desired,
            environment,
            parts: stream::select(jumpserver, servers).boxed_local(),
            jumpserver: None,
            instances: others.into_iter().map(|name| (name.clone(), Instance::NotAsked)).collect(),
            waiting,
        }
    }

    /// Reads until everything is there, or JumpServer is and no instance has answered for
    /// `patience`. Says which instances have not.
    ///
    /// # Errors
    /// When JumpServer cannot be read completely.
    pub async fn soon(
        &mut self,
        patience: Duration,
    ) -> Result<&BTreeSet<InstanceName>, jumpserver::Error> {
        loop {
            let next = self.parts.next();
            let part = match self.jumpserver {
                None => next.await,
                Some(_) => match tokio::time::timeout(patience, next).await {
                    Ok(part) => part,
                    Err(_) => break,
                },
            };
            let Some(part) = part else { break };
            self.take(part)?;
        }
        self.strays().await;
        Ok(&self.waiting)
    }

    /// Reads what is missing.
    ///
    /// # Errors
    /// When JumpServer cannot be read completely.
    pub async fn rest(&mut self) -> Result<(), jumpserver::Error> {
        while let Some(part) = self.parts.next().await {
            self.take(part)?;
        }
        self.strays().await;
        Ok(())
    }

    /// Reads servers again on which JumpServer knows accounts of ours that nobody asked about:
    /// adopted ones, whose names git does not tell any more.
    async fn strays(&mut self) {
        let Some(live) = &self.jumpserver else { return };
        let mut strays = ask::strays(self.access, live);
        strays.retain(|name, users| {
            let read = self.instances.get(name).and_then(Instance::live);
            read.is_some_and(|live| !users.is_subset(&live.users))
        });
        let Self { access, desired, environment, .. } = *self;
        let read: Vec<_> = stream::iter(&strays)
            .map(|(name, users)| async move {
                (name.clone(), server(access, desired, environment, name, Some(users)).await)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        self.instances.extend(read);
    }

    fn take(&mut self, part: Part) -> Result<(), jumpserver::Error> {
        match part {
            Part::JumpServer(read) => self.jumpserver = Some(*read?),
            Part::Server(name, read) => {
                self.waiting.remove(&name);
                self.instances.insert(name, read);
            }
        }
        Ok(())
    }

    /// Takes out what was read so far; instances that have not answered yet are told as
    /// unreadable.
    pub fn observed(&mut self) -> Observed {
        let mut instances = std::mem::take(&mut self.instances);
        for name in &self.waiting {
            let why = "it has not answered yet, and the others do not wait for it";
            instances.insert(name.clone(), Instance::Unreadable(why.to_owned()));
        }
        // It was read: without it there is an error in place of an end of the reading.
        Observed { jumpserver: self.jumpserver.take().unwrap_or_default(), instances }
    }

    /// An instance that was read since the others were taken out.
    pub fn instance(&self, name: &InstanceName) -> Option<&Instance> {
        self.instances.get(name)
    }
}

/// Reads one instance.
async fn server(
    access: &Access,
    desired: &Desired<'_>,
    environment: Environment<'_>,
    name: &InstanceName,
    strays: Option<&BTreeSet<String>>,
) -> Instance {
    let Some(instance) = access.instances.get(name) else { return Instance::NotAsked };
    let credentials = match credentials::mysql(environment, name) {
        Ok(credentials) => credentials,
        Err(error) => return Instance::Unreadable(error.to_string()),
    };
    let read = async {
        let target = mysql::Target::of(instance);
        let mut reader =
            mysql::Reader::connect(&target, &credentials, mysql::Limits::default()).await?;
        let live = reader.observe(&ask::server(access, desired, name, strays)).await?;
        reader.close().await;
        Ok::<_, mysql::Error>(live)
    };
    match read.await {
        Ok(live) => Instance::Read(Box::new(live)),
        Err(error) => Instance::Unreadable(error.to_string()),
    }
}

/// Reads what may be asked for, for the catalogue: the nodes and assets of JumpServer, and the
/// databases and tables of every instance that holds data of its own. Sends only reads; a part
/// that cannot be read tells why.
pub async fn catalog(
    access: &Access,
    environment: Environment<'_>,
    columns: bool,
) -> catalog::Read {
    let live = |name: &&InstanceName| access.instances.get(*name).is_some_and(|one| !one.retired);
    let names: Vec<&InstanceName> = ask::holders(access).filter(live).collect();
    let servers = stream::iter(names)
        .map(|name| async move { (name.clone(), tables(access, environment, name, columns).await) })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect();
    let (jumpserver, instances) = join(places(access, environment), servers).await;
    catalog::Read { jumpserver: jumpserver.map_err(|error| error.to_string()), instances }
}

/// What of JumpServer may be asked for; without servers in the inventory it is not asked.
async fn places(access: &Access, environment: Environment<'_>) -> anyhow::Result<catalog::Places> {
    if access.servers.is_empty() {
        return Ok(catalog::Places::default());
    }
    let (nodes, assets) = jumpserver(access, environment).await?.places().await?;
    let assets = assets.iter().map(|asset| (asset.name.as_str(), &asset.nodes));
    Ok(catalog::places(access, nodes.iter().map(String::as_str), assets))
}

/// The names of databases and tables of one instance; in error, why they cannot be read.
async fn tables(
    access: &Access,
    environment: Environment<'_>,
    name: &InstanceName,
    columns: bool,
) -> Result<catalog::Tables, String> {
    let instance = access.instances.get(name).ok_or("the access repo does not have it")?;
    let credentials = credentials::mysql(environment, name).map_err(|error| error.to_string())?;
    let target = mysql::Target::of(instance);
    let offered = catalog::offered(access, name);
    let read = async {
        let mut reader =
            mysql::Reader::connect(&target, &credentials, mysql::Limits::default()).await?;
        let read = reader.names(offered.as_ref(), columns).await?;
        reader.close().await;
        Ok::<_, mysql::Error>(read)
    };
    read.await.map_err(|error| error.to_string())
}

/// Reads everything for an audit: all of JumpServer, and every instance in the focus. Sends
/// only reads.
///
/// # Errors
/// When JumpServer cannot be read completely; an instance that cannot be read is told as
/// such, and stops nothing else.
pub async fn everything(
    access: &Access,
    reader: &Reader,
    environment: Environment<'_>,
    focus: &Focus,
) -> Result<audit::Observed, jumpserver::Error> {
    let names: Vec<&InstanceName> = ask::holders(access).filter(|name| focus.reads(name)).collect();
    let servers = instances(access, environment, &names);
    let (jumpserver, instances) = join(reader.everything(&access.config.owner), servers).await;
    Ok(audit::Observed { jumpserver: jumpserver?, instances })
}

/// All accounts of some instances; in error, why one could not be read.
pub async fn instances(
    access: &Access,
    environment: Environment<'_>,
    names: &[&InstanceName],
) -> BTreeMap<InstanceName, Result<Box<mysql::everything::Everything>, String>> {
    stream::iter(names.iter().copied())
        .map(|name| async move { (name.clone(), accounts(access, environment, name).await) })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await
}

/// Reads all accounts of one instance; in error, why that was not possible.
async fn accounts(
    access: &Access,
    environment: Environment<'_>,
    name: &InstanceName,
) -> Result<Box<mysql::everything::Everything>, String> {
    let instance = access.instances.get(name).ok_or("the access repo does not have it")?;
    let credentials = credentials::mysql(environment, name).map_err(|error| error.to_string())?;
    let target = mysql::Target::of(instance);
    let read = async {
        let mut reader =
            mysql::Reader::connect(&target, &credentials, mysql::Limits::default()).await?;
        let read = reader.everything().await?;
        reader.close().await;
        Ok::<_, mysql::Error>(read)
    };
    read.await.map(Box::new).map_err(|error| error.to_string())
}
