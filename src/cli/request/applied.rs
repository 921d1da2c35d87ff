//! Whether the live state is as a request says.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use crate::access::model::{Access, Request};
use crate::cli::{block_on_value, provenance};
use crate::desired::Desired;
use crate::grants::Grant;
use crate::names::{InstanceName, PersonName, RequestName};
use crate::observed::Observed;
use crate::plan::finding::{Finding, Kind, Severity};
use crate::plan::{self, Focus, Item, Plan, Unproven};
use crate::request::status::Applied;
use crate::visible::clean;
use crate::{credentials, desired, grants, observe};

/// A merged request.
pub(super) struct Merged<'a> {
    /// The folder of the access repo.
    pub(super) dir: &'a Path,
    /// The commit that its files come from.
    pub(super) commit: &'a str,
    pub(super) access: &'a Access,
    pub(super) name: &'a RequestName,
    pub(super) request: &'a Request,
    pub(super) moment: Timestamp,
}

impl Merged<'_> {
    /// Whether the live state is as the request says; none without credentials. What cannot be
    /// read is told, and stops nothing.
    pub(super) fn applied(&self) -> Option<Applied> {
        if !credentials::any(&credentials::environment) {
            return None;
        }
        match block_on_value(self.look()).and_then(|looked| looked) {
            Ok(applied) => Some(applied),
            Err(error) => {
                anstream::eprintln!(
                    "warning: whether it is applied is not known: {}",
                    clean(&error.to_string())
                );
                None
            }
        }
    }

    async fn look(&self) -> anyhow::Result<Applied> {
        let Self { dir, commit, access, moment, .. } = *self;
        let environment = &credentials::environment;
        let people: BTreeSet<&PersonName> =
            grants::people(access, self.request).into_keys().collect();
        let focus = Focus {
            instances: self.instances().map(|name| access.holder(name).clone()).collect(),
            jumpserver: true,
            people: people.iter().copied().cloned().collect(),
        };
        let grants = grants::of(access);
        let wanted = desired::at(access, &grants, moment);
        let reader = observe::jumpserver(access, environment).await?;
        let observed = observe::all(access, &wanted, &reader, environment, &focus).await?;
        let planned = |unproven: &Unproven| {
            let plan = focus.narrow(self.plan((&grants, &wanted), &observed, unproven));
            let items = plan.items.into_iter().filter(|item| self.is_of(item)).collect();
            Plan { items, ..plan }
        };
        let merged = provenance::Merged {
            dir,
            commit,
            access,
            grants: &grants,
            wanted: access.policy.provenance,
            anchor: observed.jumpserver.anchor.as_ref(),
            as_it_is: false,
            moment,
        };
        let (plan, proof) = provenance::planned(&merged, planned).await?;
        // What several requests meet is told of one of them: here the others ask for nothing.
        let own: Vec<Grant<'_>> =
            grants.iter().filter(|grant| grant.because.request == self.name).cloned().collect();
        let alone = (own.as_slice(), &desired::at(access, &own, moment));
        let alone = self.plan(alone, &observed, &proof.unproven);
        let pending = plan.items.len();
        let own_file = &self.request.site.file;
        let files: BTreeSet<&str> = self.files(&people).collect();
        let here = plan
            .findings
            .into_iter()
            .filter(|finding| finding.site.as_ref().is_some_and(|site| site.file == *own_file));
        let alone = alone.findings.into_iter().filter(|finding| match &finding.site {
            Some(site) => files.contains(&*site.file),
            None => is_in_the_way(finding, pending),
        });
        let findings: BTreeSet<Finding> =
            here.chain(alone).filter(|finding| finding.severity == Severity::Error).collect();
        let findings: Vec<String> = findings
            .iter()
            .map(|finding| format!("{} {}", finding.code, finding.message))
            .collect();
        Ok(Applied { done: pending == 0 && findings.is_empty(), pending, findings })
    }

    /// The plan that some grants ask for, with what is desired by them.
    fn plan(
        &self,
        (grants, desired): (&[Grant<'_>], &Desired<'_>),
        observed: &Observed,
        unproven: &Unproven,
    ) -> Plan {
        plan::make(&plan::Inputs {
            access: self.access,
            grants,
            desired,
            observed,
            moment: self.moment,
            new_servers: &BTreeSet::new(),
            unproven,
        })
    }

    fn is_of(&self, item: &Item) -> bool {
        item.because.iter().any(|reason| reason.request == *self.name)
    }

    /// The instances that it names.
    fn instances(&self) -> impl Iterator<Item = &InstanceName> {
        self.request.databases.iter().flat_map(|want| want.instances.iter().map(|(name, _)| name))
    }

    /// The files that a finding about it can stand at.
    fn files(&self, people: &BTreeSet<&PersonName>) -> impl Iterator<Item = &str> {
        let people = people.iter().filter_map(|name| self.access.people.get(*name));
        let instances = self.instances().flat_map(|name| [name, self.access.holder(name)]);
        let instances = instances.filter_map(|name| self.access.instances.get(name));
        let sites = people.map(|person| &person.site).chain(instances.map(|one| &one.site));
        sites.chain([&self.request.site]).map(|site| &*site.file)
    }
}

/// Whether a finding without a place is about what a request alone asks for: not about what
/// nobody's inventory has, and where the anchor is gone only when something is left to do.
fn is_in_the_way(finding: &Finding, pending: usize) -> bool {
    match finding.code {
        Kind::Orphan => false,
        Kind::NoAnchor => pending > 0,
        _ => true,
    }
}
