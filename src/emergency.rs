//! Emergencies that no owner has approved yet: merged without the usual approvals, they stay a
//! finding, also when they are over.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::model::{Access, Party, Request};
use crate::approval::listed;
use crate::names::RequestName;
use crate::plan::finding::{Finding, Kind};

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
    let help = format!(
        "an owner of what it reaches, nobody of {whom}, approves it by merging `jumpgate \
         approve-emergency {name} --by OWNER --pull-request`{}",
        owners(access, request)
    );
    Some(Finding::new(Kind::EmergencyOpen, text).help(help).at(&request.site))
}

/// The owners of the instances that a request names, when they are few.
fn owners(access: &Access, request: &Request) -> String {
    let instances = request.databases.iter().flat_map(|want| &want.instances);
    let instances = instances.filter_map(|(name, _)| access.instances.get(name));
    let owners: BTreeSet<String> =
        instances.flat_map(|instance| instance.owners.iter().map(Party::to_string)).collect();
    match owners.is_empty() {
        true => String::new(),
        false => format!("; owners: {}", listed(owners.iter().map(String::as_str), 5)),
    }
}
