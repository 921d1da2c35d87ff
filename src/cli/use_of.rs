//! Reads what tells how access is used: JumpServer's session records, and what the database
//! servers count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::{Outcome, could_not_run};
use crate::access::model::Access;
use crate::entries::{self, Entry};
use crate::grants::Grant;
use crate::jumpserver::{ErrorKind, Records, spec::Live};
use crate::mysql::connections::Connections;
use crate::names::{InstanceName, TeamName};
use crate::plan::ask;
use crate::repo::{self, Origin, Origins, Tree};
use crate::usage::{self, Judged};
use crate::{credentials, desired, mysql, observe};

/// What was read.
pub(super) struct Read {
    live: Live,
    pub(super) records: Records,
    connections: BTreeMap<InstanceName, Connections>,
    /// What the database servers could not tell.
    pub(super) notes: Vec<String>,
}

/// Reads it for everybody whom the grants give something now.
pub(super) async fn read(
    access: &Access,
    grants: &[Grant<'_>],
    moment: Timestamp,
) -> Result<Read, Outcome> {
    let environment = &credentials::environment;
    let desired = desired::at(access, grants, moment);
    let reader =
        observe::jumpserver(access, environment).await.map_err(|error| could_not_run(&error))?;
    let live = reader
        .observe(&ask::jumpserver(access, &desired))
        .await
        .map_err(|error| could_not_run(&error))?;
    let people: BTreeSet<&str> = entries::of(grants, moment)
        .iter()
        .filter_map(|entry| access.people.get(entry.person))
        .map(|person| person.jumpserver.as_str())
        .collect();
    let users = live.users.values().filter(|user| people.contains(user.username.as_str()));
    let users = users.map(|user| user.id).collect();
    let records = reader.records(&users).await.map_err(|error| {
        if error.kind == ErrorKind::Forbidden {
            return could_not_run(&format!(
                "{error}: this reads JumpServer's session records; `jumpgate roles-needed` lists \
                 the right as optional"
            ));
        }
        could_not_run(&error)
    })?;
    let holders: BTreeSet<&InstanceName> =
        desired.accounts.keys().map(|(holder, _)| *holder).collect();
    let counted: Vec<_> = stream::iter(holders)
        .map(|name| async move { (name.clone(), count(access, name).await) })
        .buffer_unordered(observe::SIDE_BY_SIDE)
        .collect()
        .await;
    let mut connections = BTreeMap::new();
    let mut notes = Vec::new();
    for (name, counted) in counted {
        match counted {
            Ok(counted) => {
                connections.insert(name, counted);
            }
            Err(why) => notes.push(format!("{name}: {why}")),
        }
    }
    notes.sort();
    Ok(Read { live, records, connections, notes })
}

/// What one database server counts; in error, why it does not tell.
async fn count(access: &Access, name: &InstanceName) -> Result<Connections, String> {
    let instance = access.instances.get(name).ok_or("the access repo does not have it")?;
    let credentials =
        credentials::mysql(&credentials::environment, name).map_err(|error| error.to_string())?;
    let ask = async {
        let target = mysql::Target::of(instance);
        let mut reader =
            mysql::Reader::connect(&target, &credentials, mysql::Limits::default()).await?;
        let counted = reader.connections().await?;
        reader.close().await;
        Ok::<_, mysql::Error>(counted)
    };
    ask.await.map_err(|error| error.to_string())?
}

/// What brought an access: its request, or the file of the team through which the person is
/// meant where that came later, and the team then. None when one of them is in no commit.
pub(super) fn brought<'a>(
    origins: &Origins<'_>,
    access: &Access,
    entry: &Entry<'a>,
) -> Option<(Origin, Option<&'a TeamName>)> {
    let request = origins.of(&entry.site.file)?;
    let Some((name, team)) = entry.team.and_then(|name| Some((name, access.teams.get(name)?)))
    else {
        return Some((request, None));
    };
    let team = origins.of(&team.site.file)?;
    Some(if team.merged > request.merged { (team, Some(name)) } else { (request, None) })
}

/// Judges every access at a moment.
pub(super) fn judge<'a>(
    dir: &Path,
    tree: &Tree,
    (access, grants): (&'a Access, &[Grant<'a>]),
    read: &Read,
    term: SignedDuration,
    moment: Timestamp,
) -> Result<Vec<Judged<'a>>, Outcome> {
    let revision = tree.commit.as_deref().unwrap_or("HEAD");
    if let Err(error) = repo::place(dir) {
        return Err(could_not_run(&format!(
            "git tells how old an access is, and {} lies in no repository: {error}",
            dir.display()
        )));
    }
    let origins = Origins::new(dir, revision);
    let since = |entry: &Entry<'a>| Some(brought(&origins, access, entry)?.0.merged);
    let inputs = usage::Inputs {
        access,
        live: &read.live,
        records: &read.records,
        connections: &read.connections,
        term,
        moment,
    };
    Ok(usage::judge(&inputs, entries::of(grants, moment), since))
}
