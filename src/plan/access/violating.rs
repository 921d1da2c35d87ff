//! What requests keep that break policy or were merged against the rules: what they had and
//! still ask for, until the end that was recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Inputs, group};
use crate::jumpserver::spec::{Live, PermissionSpec};
use crate::mark::Mark;
use crate::names::RequestName;
use crate::plan::accounts::recorded;
use crate::plan::renamed::Renamed;
use crate::plan::targets::Targets;

/// What such requests ask for, whatever the period: by the name of a permission without its
/// period, and the request.
pub(super) struct Violating<'w, 'a> {
    asked: BTreeMap<(&'w str, &'a RequestName), Asked<'w>>,
    renamed: &'w Renamed<'w, 'a>,
    live: &'a Live,
    moment: Timestamp,
}

/// What one of them asks for.
struct Asked<'w> {
    targets: Targets,
    /// A permission that is wanted because of it: but for its period, its targets, and what
    /// others ask for, it says what each of its group should say.
    like: &'w PermissionSpec,
}

/// What of a permission stays because of them.
#[derive(Debug, Default)]
pub(super) struct Stays<'w> {
    pub(super) targets: Targets,
    /// What else it should say, whatever the period.
    pub(super) like: Option<&'w PermissionSpec>,
    /// Those of its mark.
    pub(super) requests: BTreeSet<RequestName>,
}

impl<'w, 'a> Violating<'w, 'a> {
    pub(super) fn of(inputs: &Inputs<'w, 'a>, renamed: &'w Renamed<'w, 'a>) -> Self {
        let mut asked = BTreeMap::new();
        // Mostly there are none.
        let permissions = (!inputs.violating.is_empty()).then_some(&inputs.all.permissions);
        for (name, wanted) in permissions.into_iter().flatten() {
            let Some(person) = inputs.access.people.get(wanted.person) else { continue };
            for grant in &wanted.because {
                let request = grant.because.request;
                if inputs.violating.contains(&(person.jumpserver.as_str(), request)) {
                    let key = (group(name), request);
                    let new = || Asked { targets: Targets::default(), like: &wanted.spec };
                    asked.entry(key).or_insert_with(new).targets.name(inputs.access, grant);
                }
            }
        }
        Self { asked, renamed, live: inputs.live, moment: inputs.moment }
    }

    /// What of a live permission with this mark stays.
    pub(super) fn stays(&self, there: &PermissionSpec, mark: &Mark) -> Stays<'w> {
        let mut stays = Stays::default();
        if self.asked.is_empty() {
            return stays;
        }
        for request in mark.requests.keys() {
            let Some(asked) = self.asked.get(&(group(&there.name), request)) else { continue };
            if recorded(mark, request, self.moment).is_none() {
                continue;
            }
            let like = asked.like;
            let asked = asked.targets.clone().replace_in(there);
            let mut part = Targets::of(&asked).common(&Targets::of(there), self.live);
            part.extend(self.renamed.kept(&asked, there).targets);
            if !part.is_empty() {
                stays.targets.extend(part);
                stays.like = Some(like);
                stays.requests.insert(request.clone());
            }
        }
        stays
    }
}
