//! What the anchor says of the commit and the servers, before and after the steps.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Asked, Run};
use crate::access::model::Provenance;
use crate::jumpserver::spec::{Anchor, AnchoredInstance};
use crate::mysql::spec::AccountName;
use crate::names::InstanceName;
use crate::observed::{self, Observed};
use crate::plan;
use crate::repo::{self, Line};

/// What the anchor says before the steps: the commit, and servers that are new. What was
/// known of a server stays, since the steps go by it.
pub(super) fn before(run: &Run<'_>, observed: &Observed) -> Result<Anchor, repo::Error> {
    let Run { args, source, asked, .. } = *run;
    let mut anchor = observed.jumpserver.anchor.clone().unwrap_or_default();
    // The way back is kept until somebody takes a history as it is.
    let turns = std::mem::take(&mut anchor.turns);
    if !args.allow_rollback {
        let line = Line::new(&source.dir, asked.commit, anchor.commit.as_deref(), &turns);
        anchor.turns = match line {
            Ok(line) => line.turns().clone(),
            // Nobody asks how anything was merged.
            Err(_) if run.provenance() == Provenance::Off => turns,
            Err(error) => return Err(error),
        };
    }
    anchor.rules = asked.proof.borrow().rules.clone();
    anchor.commit = Some(asked.commit.to_owned());
    for (name, instance) in servers(asked, observed) {
        anchor.instances.entry(name.to_string()).or_insert(instance);
    }
    Ok(anchor)
}

/// What the anchor says after the steps: of servers that could not be worked on, or where
/// a step failed, what it said before stays.
pub(super) fn after(
    asked: &Asked<'_>,
    observed: &Observed,
    before: &Anchor,
    failed: &[&InstanceName],
) -> Anchor {
    let mut anchor = before.clone();
    for (name, instance) in servers(asked, observed) {
        let known = before.instances.get(name.as_str());
        let same = known.is_some_and(|known| known.server == instance.server);
        // An account that is still on the asset of before is found by the anchor alone.
        let left = known.is_some_and(|known| {
            (known.asset != instance.asset && has_ours(asked, observed, known.asset))
                || has_not_moved(asked, observed, name, known, &instance)
        });
        if !failed.contains(&name) && !left && (same || asked.new_servers.contains(name)) {
            anchor.instances.insert(name.to_string(), instance);
        }
    }
    let holders: BTreeSet<&str> =
        plan::ask::holders(asked.access).map(InstanceName::as_str).collect();
    anchor.instances.retain(|name, _| holders.contains(name.as_str()));
    anchor
}

/// Whether an asset has a database account of ours.
fn has_ours(asked: &Asked<'_>, observed: &Observed, asset: Uuid) -> bool {
    let owner = &asked.access.config.owner;
    observed.jumpserver.accounts.values().any(|account| {
        account.asset_id == asset && account.mark.as_ref().is_some_and(|mark| mark.owner == *owner)
    })
}

/// Whether an account of ours is not known to stand at the new host of an instance: its mark
/// may not be taken for that of another hand's account there.
fn has_not_moved(
    asked: &Asked<'_>,
    observed: &Observed,
    name: &InstanceName,
    known: &AnchoredInstance,
    now: &AnchoredInstance,
) -> bool {
    let (Some(former), Some(host)) = (&known.account_host, &now.account_host) else {
        return false;
    };
    let Some(live) = observed.instances.get(name).and_then(observed::Instance::live) else {
        return false;
    };
    let owner = &asked.access.config.owner;
    let at = |user: &str, host: &str| {
        live.accounts.get(&AccountName { user: user.to_owned(), host: host.to_owned() })
    };
    former != host
        && observed.jumpserver.accounts.values().any(|account| {
            let ours = account.mark.as_ref().filter(|mark| mark.owner == *owner);
            let handover = ours.and_then(|mark| mark.handover.as_ref());
            let Some(handover) = handover.filter(|_| account.asset_id == now.asset) else {
                return false;
            };
            match at(&account.username, host) {
                None => at(&account.username, former).is_some(),
                Some(server) => {
                    let evidence = server.evidence.as_ref();
                    evidence.is_none_or(|evidence| evidence.owner != owner.as_str())
                        && !handover.is_of(host, server.password_changed)
                }
            }
        })
}

/// The servers that were read, as the anchor keeps them.
fn servers<'a>(
    asked: &Asked<'a>,
    observed: &Observed,
) -> Vec<(&'a InstanceName, AnchoredInstance)> {
    let mut servers = Vec::new();
    for name in plan::ask::holders(asked.access) {
        let Some(instance) = asked.access.instances.get(name) else { continue };
        let live = observed.instances.get(name).and_then(observed::Instance::live);
        let asset = observed.jumpserver.assets.get(&instance.asset);
        if let (Some(live), Some(asset)) = (live, asset) {
            let known = AnchoredInstance {
                server: live.server.identity.clone(),
                asset: asset.id,
                account_host: Some(instance.account_host.clone()),
            };
            servers.push((name, known));
        }
    }
    servers
}
