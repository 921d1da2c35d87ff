//! Targets that a pull request may not have contacted: addresses, assets and TLS settings
//! come from the base.

use crate::access::model::{Access, Instance};
use crate::mysql;
use crate::names::InstanceName;
use crate::plan::finding::{Finding, Kind};

/// The branch's people, teams and requests under the base's settings, policy and targets:
/// what may be laid over the live state before the merge.
pub fn contacted(base: &Access, head: &Access) -> Access {
    Access {
        people: head.people.clone(),
        teams: head.teams.clone(),
        requests: head.requests.clone(),
        ..base.clone()
    }
}

/// What the branch does to targets.
pub(super) fn findings(base: &Access, head: &Access) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, instance) in &head.instances {
        let (kind, text) = match base.instances.get(name) {
            None => (Kind::NewTarget, format!("instance {name} is new: {}", leads(instance, head))),
            Some(old) if !reached_alike(old, instance) => {
                (Kind::TargetMoves, format!("instance {name} is reached in another way"))
            }
            Some(_) => continue,
        };
        let text = format!("{text}; what is read before the merge is read as the base says");
        findings.push(Finding::new(kind, text).at(&instance.site));
    }
    if (&base.config.url, &base.config.organization)
        != (&head.config.url, &head.config.organization)
    {
        let text = "JumpServer's address or organization is another one; what is read before the \
                    merge is read as the base says";
        findings.push(Finding::new(Kind::TargetMoves, text));
    }
    findings
}

/// Where an instance leads to.
fn leads(instance: &Instance, access: &Access) -> String {
    let holder: Option<&InstanceName> = instance.same_accounts_as.as_ref();
    match holder.filter(|holder| access.instances.contains_key(*holder)) {
        Some(holder) => format!("it shows the accounts of {holder} on asset {}", instance.asset),
        None => {
            let address = mysql::address(&instance.host, instance.port);
            format!("{address} as asset {}", instance.asset)
        }
    }
}

fn reached_alike(old: &Instance, new: &Instance) -> bool {
    let way = |instance: &Instance| {
        (
            instance.host.to_lowercase(),
            instance.port,
            instance.asset.clone(),
            instance.account_host.clone(),
            instance.tls.clone(),
            instance.same_accounts_as.clone(),
        )
    };
    way(old) == way(new)
}
