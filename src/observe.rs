//! Reads all targets for a plan, side by side.

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use crate::access::model::Access;
use crate::audit;
use crate::credentials::{self, Environment};
use crate::desired::Desired;
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
    let names: Vec<&InstanceName> = ask::holders(access).collect();
    let servers = stream::iter(names)
        .map(|name| async move {
            let read = match focus.reads(name) {
                true => server(access, desired, environment, name).await,
                false => Instance::NotAsked,
            };
            (name.clone(), read)
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect();
    let ask = ask::jumpserver(access, desired);
    let (jumpserver, instances) = join(reader.observe(&ask), servers).await;
    Ok(Observed { jumpserver: jumpserver?, instances })
}

/// Reads one instance.
async fn server(
    access: &Access,
    desired: &Desired<'_>,
    environment: Environment<'_>,
    name: &InstanceName,
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
        let live = reader.observe(&ask::server(access, desired, name)).await?;
        reader.close().await;
        Ok::<_, mysql::Error>(live)
    };
    match read.await {
        Ok(live) => Instance::Read(Box::new(live)),
        Err(error) => Instance::Unreadable(error.to_string()),
    }
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
    let servers = stream::iter(names)
        .map(|name| async move { (name.clone(), accounts(access, environment, name).await) })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect();
    let (jumpserver, instances) = join(reader.everything(&access.config.owner), servers).await;
    Ok(audit::Observed { jumpserver: jumpserver?, instances })
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
