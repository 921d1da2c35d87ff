//! What a pull request changes: the grants of two revisions compared over all time.
//!
//! The judge is not the judged: policy, environments, logins and levels are those of the
//! base. Pure: the moment only says which requests have ended and how far ahead an end is.

mod adopted;
mod emergency;
#[cfg(test)]
mod emergency_tests;
mod ended;
mod holding;
mod judge;
#[cfg(test)]
mod refused_tests;
mod row;
mod settings;
mod targets;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use adopted::handed_before;
pub use emergency::Settled;
pub use ended::ended;
pub use judge::is_production;
pub use row::{Danger, Kind, Row, Side, Source, Span, Thing};
pub use settings::Setting;
pub use targets::contacted;

use self::holding::{Atom, Holding};
use self::judge::Judge;
use crate::access::model::{Access, Party, Site};
use crate::grants::{self, Grant};
use crate::names::{InstanceName, PersonName, RequestName};
use crate::plan::finding::{Finding, Kind as FindingKind};
use crate::plural::listed;
use crate::policy;
use crate::repo::Tree;

/// The two revisions.
pub struct Inputs<'a> {
    /// What the branch starts from: it judges.
    pub base: &'a Access,
    /// Its files.
    pub base_tree: &'a Tree,
    /// The branch.
    pub head: &'a Access,
    /// Its files.
    pub head_tree: &'a Tree,
    /// What has ended, and how far ahead an end is.
    pub moment: Timestamp,
}

/// What a pull request changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Access that comes, changes or goes: by person, then what goes, what comes, what
    /// changes.
    pub rows: Vec<Row>,
    /// What the branch edits of rules and targets.
    pub settings: Vec<Setting>,
    /// What breaks the policy of the base, and what a reviewer must know.
    pub findings: Vec<Finding>,
    /// The most approvals that a limit of the base asks for.
    pub approvals: u32,
    /// Who answers for the targets that are reached, as the base says: `liwei`,
    /// `team/payments`, `forge/acme/dba`.
    pub owners: BTreeSet<String>,
    /// The targets at which somebody gets more, and what the base asks for there.
    pub reached: BTreeMap<Reached, Asked>,
    /// The emergencies that the branch brings or makes wider: what they alone give needs no
    /// approvals.
    pub emergencies: BTreeSet<RequestName>,
    /// The emergencies of the base that the branch approves afterwards, or takes away.
    pub settled: BTreeMap<RequestName, Settled>,
    /// The requests that the branch makes adopt something, or give back what they have: whose
    /// access that is about, and what, in words. All that they give is judged as if it were new.
    pub handed: BTreeMap<RequestName, BTreeSet<(PersonName, String)>>,
}

/// A target at which somebody gets more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// An instance, as the base calls it; the branch's name for one that the base lacks.
    Instance(InstanceName),
    /// The servers of an entry of the base's inventory, by its place; none for servers that
    /// the base does not offer.
    Servers(Option<Site>),
}

/// What the base asks for at a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The most approvals that a limit asks for.
    pub approvals: u32,
    /// Who answers for it.
    pub owners: BTreeSet<Party>,
    /// Whether a file that many requests share makes somebody's access wider: a team, a
    /// level, a login.
    pub shared: bool,
}

/// Compares two revisions.
pub fn compare(inputs: &Inputs<'_>) -> Effect {
    let Inputs { base, head, moment, .. } = *inputs;
    let (before, after) = (grants::of(base), grants::of(head));
    let changed = Changed::of(inputs.base_tree, inputs.head_tree);
    let judge = Judge::new(base, head, moment);
    let settled = emergency::settled(base, head, &before, &judge);
    // What was given back gives nothing any more: it covers nothing, and asked for anew it is new.
    let given_back: BTreeSet<&RequestName> =
        base.requests.iter().filter(|(_, old)| old.release).map(|(name, _)| name).collect();
    let origins = adopted::Before::new(base, head);
    let still = adopted::still_released(&origins, head);
    let mut before =
        by_person(before.iter().filter(|g| !given_back.contains(g.because.request)), moment);
    let after = by_person(after.iter().filter(|g| !still.contains(g.because.request)), moment);
    let mut effect = Effect {
        settled,
        settings: settings::compare(base, head),
        findings: targets::findings(base, head),
        ..Effect::default()
    };
    effect.findings.extend(adopted::findings(&origins, &still, head, moment));
    let mut held_back = BTreeSet::new();
    for (person, grants) in &after {
        let old = before.remove(person).unwrap_or_default();
        let both = Person { inputs, changed: &changed, judge: &judge, person };
        both.compare(&old, grants, &mut effect, &mut held_back);
    }
    for (person, old) in &before {
        let both = Person { inputs, changed: &changed, judge: &judge, person };
        both.compare(old, &[], &mut effect, &mut held_back);
    }
    // What is given back may outlive its end, and what is adopted is another hand's until then
    // and goes with the request: that is for those to judge who would judge it as new.
    let handed = adopted::handed(&origins, head, moment);
    for grant in after.values().flatten().filter(|_| !handed.is_empty()) {
        let Some(what) = handed.get(grant.because.request) else { continue };
        let both = Person { inputs, changed: &changed, judge: &judge, person: grant.person };
        // An emergency is for hours: given back it would stay, and what it adopts would go with
        // it, so it needs what it always needs.
        let as_ever = judge.is_emergency(grant);
        both.judged(grant, (as_ever, false), &mut effect, &mut BTreeSet::new());
        let known = effect.handed.entry(grant.because.request.clone()).or_default();
        known.extend(what.iter().map(|what| (grant.person.clone(), what.clone())));
    }
    emergency::tell(base, head, &mut effect);
    effect.rows = row::arrange(std::mem::take(&mut effect.rows));
    if !held_back.is_empty() {
        let names = listed(held_back.iter().copied(), 10);
        let text = format!(
            "the policy of the branch refuses what these requests were allowed: {names}; they \
             keep what they have until their end and get nothing new"
        );
        effect.findings.push(Finding::new(FindingKind::HeldBack, text));
    }
    effect.findings.sort();
    effect.findings.dedup();
    effect
}

/// Grants that are not over, by person.
fn by_person<'g>(
    grants: impl Iterator<Item = &'g Grant<'g>>,
    moment: Timestamp,
) -> BTreeMap<&'g PersonName, Vec<&'g Grant<'g>>> {
    let mut people: BTreeMap<&PersonName, Vec<&Grant<'_>>> = BTreeMap::new();
    for grant in grants.filter(|grant| !grant.period.is_over(moment)) {
        people.entry(grant.person).or_default().push(grant);
    }
    people
}

/// The files that differ between the revisions.
struct Changed<'a>(BTreeSet<&'a str>);

impl<'a> Changed<'a> {
    fn of(base: &'a Tree, head: &'a Tree) -> Self {
        let both = base.files.keys().chain(head.files.keys());
        let differs = |path: &&std::sync::Arc<str>| base.files.get(*path) != head.files.get(*path);
        Self(both.filter(differs).map(AsRef::as_ref).collect())
    }

    fn has(&self, file: &str) -> bool {
        self.0.contains(file)
    }
}

/// One person on both sides.
struct Person<'a> {
    inputs: &'a Inputs<'a>,
    changed: &'a Changed<'a>,
    judge: &'a Judge<'a>,
    person: &'a PersonName,
}

impl<'a> Person<'a> {
    fn compare(
        &self,
        old: &[&'a Grant<'a>],
        new: &[&'a Grant<'a>],
        effect: &mut Effect,
        held_back: &mut BTreeSet<&'a str>,
    ) {
        let (base, head) = (self.inputs.base, self.inputs.head);
        let mut old = holding::of(base, old);
        for (atom, after) in holding::of(head, new) {
            self.one(atom, old.remove(&atom), Some(after), effect, held_back);
        }
        for (atom, before) in old {
            self.one(atom, Some(before), None, effect, held_back);
        }
    }

    fn one(
        &self,
        atom: Atom<'a>,
        before: Option<Holding<'a>>,
        after: Option<Holding<'a>>,
        effect: &mut Effect,
        held_back: &mut BTreeSet<&'a str>,
    ) {
        let Inputs { base, head, moment, .. } = *self.inputs;
        // What policy refuses gives nothing: it covers nothing, and allowed it is new.
        let given = |access: &Access, side: &Option<Holding<'a>>| {
            let keeps = |grant: &Grant<'_>| policy::judge(access, grant, moment).is_empty();
            side.as_ref().and_then(|holding| holding.only(keeps))
        };
        let (had, has) = (given(base, &before), given(head, &after));
        let refused = after.is_some() && has.is_none();
        let differ = |before: &Holding<'_>, after: &Holding<'_>| {
            let same = holding::same(before, after, moment);
            (!same).then(|| holding::kind(before, after, moment))
        };
        let asked = match (&before, &after) {
            (Some(before), Some(after)) => differ(before, after),
            (None, _) => Some(Kind::Added),
            (_, None) => Some(Kind::Removed),
        };
        let more = match (&had, &has) {
            (Some(had), Some(has)) => differ(had, has).filter(|kind| kind.widens()),
            (None, Some(_)) => Some(Kind::Added),
            (_, None) => None,
        };
        let kind = match (asked, more) {
            (_, Some(Kind::Added)) => Kind::Added,
            (Some(kind), _) if kind.widens() => kind,
            (_, Some(kind)) | (Some(kind), None) => kind,
            (None, None) => {
                if let (Some(_), None, Some(after)) = (&had, &has, &after) {
                    held_back.extend(after.grants.iter().map(|g| g.because.request.as_str()));
                }
                return;
            }
        };
        // Only another policy can change what an unchanged request gets.
        let flipped = asked.is_none();
        let grants = after.as_ref().or(before.as_ref()).map(|holding| &holding.grants[..]);
        let (because, by) = self.causes(atom, grants.unwrap_or_default(), flipped);
        let mut dangers = BTreeSet::new();
        if let Some(after) = after.as_ref().filter(|_| kind.widens()) {
            dangers = self.judge.dangers(after, before.as_ref());
            let shared = !by.is_empty();
            let emergency = !shared && after.grants.iter().any(|one| self.judge.is_emergency(one));
            for grant in &after.grants {
                // What somebody has beside an emergency, as before, does not wait for approvals.
                let kept = emergency && holding::keeps(had.as_ref(), after, atom, grant);
                self.judged(grant, (shared, kept), effect, &mut dangers);
            }
        }
        let name = |access: &'a Access| access.people.get(self.person).map(|file| &file.display);
        let before = match kind {
            Kind::Added => None,
            _ if more.is_some() => had,
            _ => before,
        };
        effect.rows.push(Row {
            person: self.person.clone(),
            name: name(head).or_else(|| name(base)).cloned().unwrap_or_default(),
            kind,
            before: before.map(|before| before.side(atom)),
            after: after.map(|after| after.side(atom)),
            because,
            by,
            dangers,
            refused,
        });
    }

    /// What the base says of a grant: violations, approvals, owners.
    /// `shared` tells that another file than a request makes it, `kept` that it is as before.
    fn judged(
        &self,
        grant: &Grant<'_>,
        (shared, kept): (bool, bool),
        effect: &mut Effect,
        dangers: &mut BTreeSet<Danger>,
    ) {
        // A file that requests share makes no emergency: it needs what it always needs.
        let emergency = !shared && self.judge.is_emergency(grant);
        // One that was merged before asks for no merge again.
        if emergency && !kept {
            effect.emergencies.insert(grant.because.request.clone());
            dangers.insert(Danger::Emergency);
        }
        let approvals = if emergency || kept { 0 } else { self.judge.approvals(grant) };
        effect.approvals = effect.approvals.max(approvals);
        for (target, owners) in self.judge.reached(grant) {
            effect.owners.extend(owners.iter().map(ToString::to_string));
            let asked = effect.reached.entry(target).or_default();
            asked.approvals = asked.approvals.max(approvals);
            asked.owners.extend(owners.iter().cloned());
            asked.shared |= shared;
        }
        for violation in self.judge.violations(grant) {
            dangers.insert(Danger::BeyondPolicy);
            let text = format!(
                "{}; {}:{} of the base",
                violation.message, violation.limit.file, violation.limit.line
            );
            // One for a line, however much it asks for.
            let site = Site { column: 1, ..grant.because.site.clone() };
            effect.findings.push(Finding::new(FindingKind::BeyondPolicy, text).at(&site));
        }
    }

    /// The requests of a change, and the other files that make it when no request was
    /// edited.
    fn causes(
        &self,
        atom: Atom<'_>,
        grants: &[&'a Grant<'a>],
        flipped: bool,
    ) -> (Vec<Source>, BTreeSet<String>) {
        let mut because: BTreeMap<&str, Source> = BTreeMap::new();
        for grant in grants {
            because.entry(grant.because.request.as_str()).or_insert_with(|| Source {
                request: grant.because.request.clone(),
                site: grant.because.site.clone(),
                reason: grant.because.reason.to_owned(),
                team: grant.because.team.cloned(),
            });
        }
        let because: Vec<Source> = because.into_values().collect();
        if because.iter().any(|source| self.changed.has(&source.site.file)) && !flipped {
            return (because, BTreeSet::new());
        }
        let mut files = BTreeSet::new();
        let mut note = |file: &str| {
            if self.changed.has(file) {
                files.insert(file.to_owned());
            }
        };
        for access in [self.inputs.base, self.inputs.head] {
            for team in because.iter().filter_map(|source| source.team.as_ref()) {
                if let Some(team) = access.teams.get(team) {
                    note(&team.site.file);
                }
            }
            if let Some(person) = access.people.get(self.person) {
                note(&person.site.file);
            }
            if let Atom::Scope(instance, ..) = atom
                && let Some(instance) = access.instances.get(instance)
            {
                note(&instance.site.file);
            }
        }
        for stem in ["jumpgate"].into_iter().chain(flipped.then_some("policy")) {
            note(&format!("{stem}.yaml"));
            note(&format!("{stem}.yml"));
        }
        if files.is_empty() {
            let servers = ["inventory/servers.yaml", "inventory/servers.yml"];
            files.extend(
                servers.map(str::to_owned).into_iter().filter(|file| self.changed.has(file)),
            );
        }
        (because, files)
    }
}
