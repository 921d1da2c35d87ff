//! The doors of an audit and its open emergencies, for the page: what kinds of faults are called and why they matter
//! stands in it once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::access::model::Site;
use crate::audit::{Audit, Door, DoorKind, Kind, Next, Risk, Target};
use crate::plan::finding::Finding;

#[derive(Debug, Serialize)]
pub(super) struct Doors<'a> {
    organization: &'a str,
    targets: &'a [Target],
    /// Codes: what it is, and why it matters.
    codes: BTreeMap<&'static str, (&'static str, &'static str)>,
    doors: Vec<OneDoor<'a>>,
    emergencies: Vec<Emergency<'a>>,
}

/// An emergency that no owner has approved.
#[derive(Debug, Serialize)]
struct Emergency<'a> {
    code: String,
    message: &'a str,
    /// What to do.
    next: Option<&'a str>,
    /// File and line.
    site: Option<String>,
}

#[derive(Debug, Serialize)]
struct OneDoor<'a> {
    risk: Risk,
    target: &'a str,
    kind: DoorKind,
    name: &'a str,
    opens: &'a str,
    /// Names, and whether git knows them.
    people: Vec<(&'a str, bool)>,
    count: usize,
    /// Code, risk, what is the case.
    faults: Vec<(&'static str, Risk, &'a str)>,
    next: &'a Next,
    /// File and line.
    site: Option<String>,
}

/// The doors in their order, the worst first.
pub(super) fn of(audit: &Audit) -> Doors<'_> {
    let codes = audit.doors.iter().flat_map(|door| &door.faults).map(|fault| fault.code);
    let about = |code: Kind| (code.code(), (code.title(), code.why()));
    Doors {
        organization: &audit.organization,
        targets: &audit.targets,
        codes: codes.map(about).collect(),
        doors: audit.doors.iter().map(one).collect(),
        emergencies: audit.emergencies.iter().map(emergency).collect(),
    }
}

fn emergency(finding: &Finding) -> Emergency<'_> {
    Emergency {
        code: finding.code.to_string(),
        message: &finding.message,
        next: finding.help.as_deref(),
        site: finding.site.as_ref().map(place),
    }
}

fn place(site: &Site) -> String {
    format!("{}:{}", site.file, site.line)
}

fn one(door: &Door) -> OneDoor<'_> {
    let people = door.people.iter().map(|who| match &who.person {
        Some(person) => (person.as_str(), true),
        None => (who.user.as_str(), false),
    });
    let faults = door.faults.iter().map(|fault| (fault.code.code(), fault.risk, &*fault.what));
    OneDoor {
        risk: door.risk,
        target: &door.target,
        kind: door.kind,
        name: &door.name,
        opens: &door.opens,
        people: people.collect(),
        count: door.people_count,
        faults: faults.collect(),
        next: &door.next,
        site: door.site.as_ref().map(place),
    }
}
