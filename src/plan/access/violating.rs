//! What requests keep that break policy or were merged against the rules: what they had and
//! still ask for, until the end that was recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Inputs, group};
use crate::jumpserver::spec::{Live, PermissionSpec};
use crate::mark::Mark;
use crate::names::RequestName;
use crate::plan::accounts::recorded;
use crate::plan::hold;
use crate::plan::renamed::Renamed;
use crate::plan::targets::Targets;

/// What such requests ask for, whatever the period: by the name of a permission without its
/// period, and the request.
pub(super) struct Violating<'w, 'a> {
    asked: BTreeMap<(&'w str, &'a RequestName), Targets>,
    renamed: &'w Renamed<'w, 'a>,
    all: &'a Live,
    moment: Timestamp,
}

/// What of a permission stays because of them.
#[derive(Debug, Default)]
pub(super) struct Stays {
    pub(super) targets: Targets,
    /// Those of its mark.
    pub(super) requests: BTreeSet<RequestName>,
}

impl<'w, 'a> Violating<'w, 'a> {
    pub(super) fn of(inputs: &Inputs<'w, 'a>, renamed: &'w Renamed<'w, 'a>) -> Self {
        let mut asked: BTreeMap<_, Targets> = BTreeMap::new();
        // Mostly there are none.
        let permissions = (!inputs.violating.is_empty()).then_some(&inputs.all.permissions);
        for (name, wanted) in permissions.into_iter().flatten() {
            let Some(person) = inputs.access.people.get(wanted.person) else { continue };
            for grant in &wanted.because {
                let request = grant.because.request;
                if inputs.violating.contains(&(person.jumpserver.as_str(), request)) {
                    asked.entry((group(name), request)).or_default().name(inputs.access, grant);
                }
            }
        }
        Self { asked, renamed, all: inputs.live, moment: inputs.moment }
    }

    /// What of a live permission with this mark stays.
    pub(super) fn stays(&self, live: &PermissionSpec, mark: &Mark) -> Stays {
        let mut stays = Stays::default();
        if self.asked.is_empty() {
            return stays;
        }
        for request in mark.requests.keys() {
            let Some(asked) = self.asked.get(&(group(&live.name), request)) else { continue };
            if recorded(mark, request, self.moment).is_none() {
                continue;
            }
            let asked = asked.clone().replace_in(live);
            let mut part = Targets::of(&hold::permission(&asked, live, self.all));
            part.extend(self.renamed.kept(&asked, live).targets);
            if !part.is_empty() {
                stays.targets.extend(part);
                stays.requests.insert(request.clone());
            }
        }
        stays
    }
}
