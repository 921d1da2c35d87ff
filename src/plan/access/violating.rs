//! What requests keep that break policy or were merged against the rules: what they had and
//! still ask for, until the end that was recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::{Inputs, group};
use crate::access::model::Access;
use crate::grants::{Grant, ServerTarget, Want};
use crate::jumpserver::spec::PermissionSpec;
use crate::mark::Mark;
use crate::names::RequestName;
use crate::plan::accounts::over;
use crate::plan::hold;
use crate::plan::renamed::Renamed;

/// Assets and nodes that grants name.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) assets: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
}

impl Targets {
    /// Adds what a grant names.
    pub(super) fn add(&mut self, access: &Access, grant: &Grant<'_>) {
        match grant.want {
            Want::Server { target: ServerTarget::Node(path), .. } => {
                self.nodes.insert(path.to_owned());
            }
            Want::Server { target: ServerTarget::Asset(name), .. } => {
                self.assets.insert(name.to_owned());
            }
            Want::Database { instance, .. } => {
                self.assets.extend(access.instances.get(instance).map(|one| one.asset.clone()));
            }
        }
    }
}

/// What such requests ask for, whatever the period: by the name of a permission without its
/// period, and the request.
pub(super) struct Violating<'w, 'a> {
    asked: BTreeMap<(&'w str, &'a RequestName), Targets>,
}

/// What of a permission stays because of them.
#[derive(Debug, Default)]
pub(super) struct Stays {
    pub(super) assets: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
    /// Those of its mark.
    pub(super) requests: BTreeSet<RequestName>,
}

impl Stays {
    pub(super) fn is_empty(&self) -> bool {
        self.assets.is_empty() && self.nodes.is_empty()
    }

    /// Adds the targets to what a permission is to say.
    pub(super) fn add_to(&self, spec: &mut PermissionSpec) {
        spec.assets.extend(self.assets.iter().cloned());
        spec.nodes.extend(self.nodes.iter().cloned());
    }
}

impl<'w, 'a> Violating<'w, 'a> {
    pub(super) fn of(inputs: &Inputs<'w, 'a>) -> Self {
        let mut asked: BTreeMap<_, Targets> = BTreeMap::new();
        // Mostly there are none.
        let permissions = (!inputs.violating.is_empty()).then_some(&inputs.all.permissions);
        for (name, wanted) in permissions.into_iter().flatten() {
            let Some(person) = inputs.access.people.get(wanted.person) else { continue };
            for grant in &wanted.because {
                let request = grant.because.request;
                if inputs.violating.contains(&(person.jumpserver.as_str(), request)) {
                    asked.entry((group(name), request)).or_default().add(inputs.access, grant);
                }
            }
        }
        Self { asked }
    }

    /// What of a live permission with this mark stays.
    pub(super) fn stays(
        &self,
        inputs: &Inputs<'_, '_>,
        live: &PermissionSpec,
        mark: &Mark,
        renamed: &Renamed<'_, '_>,
    ) -> Stays {
        let mut stays = Stays::default();
        if self.asked.is_empty() {
            return stays;
        }
        for (request, end) in &mark.requests {
            let Some(asked) = self.asked.get(&(group(&live.name), request)) else { continue };
            if over(*end, inputs.moment) {
                continue;
            }
            let asked = PermissionSpec {
                assets: asked.assets.clone(),
                nodes: asked.nodes.clone(),
                ..live.clone()
            };
            let mut part = hold::permission(&asked, live);
            renamed.kept(&asked, live).add_to(&mut part);
            if part.assets.is_empty() && part.nodes.is_empty() {
                continue;
            }
            stays.assets.extend(part.assets);
            stays.nodes.extend(part.nodes);
            stays.requests.insert(request.clone());
        }
        stays
    }
}
