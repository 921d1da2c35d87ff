//! Emergencies that no owner has approved yet: merged without the usual approvals, they stay a
//! finding, also when they are over.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::model::{Access, Party, Request};
use crate::grants::{Offers, ServerTarget};
use crate::names::RequestName;
use crate::plan::finding::{Finding, Kind};
use crate::plural::listed;

/// A finding for each emergency that no owner has approved, in the order of their names.
pub fn open(access: &Access, moment: Timestamp) -> Vec<Finding> {
    let requests = access.requests.iter();
    requests.filter_map(|(name, request)| one(access, name, request, moment)).collect()
}

fn one(
    access: &Access,
    name: &RequestName,
    request: &Request,
    moment: Timestamp,
) -> Option<Finding> {
    let emergency = request.emergency.as_ref().filter(|one| one.approved.is_none())?;
    let parties: Vec<String> =
        request.parties.iter().map(|(party, _)| Party::to_string(party)).collect();
    let whom = listed(parties.iter().map(String::as_str), 5);
    let until = request.period.until.as_ref().map_or("", |until| &until.text);
    let (verb, tense) = match request.period.is_over(moment) {
        true => ("was", "ended"),
        false => ("is", "until"),
    };
    let text = format!(
        "an emergency {verb} merged for {whom} without the usual approvals ({tense} {until}), and \
         no owner has approved it yet: {}",
        emergency.reason
    );
    let owners: Vec<String> = owners(access, request).iter().map(Party::to_string).collect();
    let owners = match owners.as_slice() {
        [] => "somebody".to_owned(),
        owners => listed(owners.iter().map(String::as_str), 5),
    };
    let help = format!(
        "{owners}, and nobody who got it, approves the pull request of `jumpgate \
         approve-emergency {name} --by OWNER --pull-request`"
    );
    Some(Finding::new(Kind::EmergencyOpen, text).help(help).at(&request.site))
}

/// Who answers for what a request names, as far as the repo still has it; else the owners of
/// the rules.
pub fn owners(access: &Access, request: &Request) -> BTreeSet<Party> {
    let offers = Offers::new(&access.servers);
    let servers = request.servers.iter().flat_map(|want| {
        let nodes = want.nodes.iter().map(|(path, _)| ServerTarget::Node(path));
        nodes.chain(want.assets.iter().map(|(name, _)| ServerTarget::Asset(name)))
    });
    let servers = servers.filter_map(|target| offers.find(target)).flat_map(|entry| &entry.owners);
    let instances = request.databases.iter().flat_map(|want| &want.instances);
    let instances = instances.filter_map(|(name, _)| access.instances.get(name));
    let all = servers.chain(instances.flat_map(|instance| &instance.owners));
    let owners: BTreeSet<Party> = all.cloned().collect();
    if owners.is_empty() { access.policy.owners.iter().cloned().collect() } else { owners }
}
