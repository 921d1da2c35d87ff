//! Accounts that permissions of other hands open or take away.

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use crate::access::model::ExposedAccounts;
use crate::jumpserver::spec::{ALL, ForeignPermission};
use crate::names::InstanceName;
use crate::plan::finding::{Finding, Kind, Severity};
use crate::plan::release::Fate;

/// The accounts that a foreign permission would open, told once for each permission.
pub(super) fn find<'i, 'a>(
    inputs: &'i Inputs<'_, 'a>,
    findings: &mut Vec<Finding>,
) -> BTreeSet<(&'a InstanceName, &'i str)> {
    // One that is adopted is the person's own from now on.
    let others = inputs.live.foreign.iter();
    let others = others.filter(|one| one.valid && !inputs.adopting.ids.contains(&one.id));
    let mut others = others.peekable();
    let mut exposed = BTreeSet::new();
    if others.peek().is_none() {
        return exposed;
    }
    let refuse = inputs.access.policy.exposed_accounts == ExposedAccounts::Refuse;
    let mut by_asset: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for ((instance, user), wanted) in &inputs.all.accounts {
        // What is given back is opened by a permission that was given back.
        if inputs.released.fate(Some(wanted), None) == Fate::Released {
            continue;
        }
        for asset in &wanted.spec.assets {
            // Where the account does not go, nobody opens it, unless it stands there already.
            let stands = || inputs.owned.on_asset.contains_key(&(asset.as_str(), user.as_str()));
            if inputs.servers.closed.contains(asset.as_str()) && !stands() {
                continue;
            }
            by_asset.entry(asset).or_default().push((instance, user, wanted));
        }
    }
    for foreign in others {
        let mut touched = Vec::new();
        for (instance, user, wanted) in by_asset.get(&*foreign.asset).into_iter().flatten() {
            if inputs.live.excludes && foreign.accounts.contains(&format!("!{user}")) {
                let text = format!(
                    "the permission {} takes {user} on asset {} away from everybody whom it names",
                    foreign.name, foreign.asset
                );
                let finding = Finding::new(Kind::ForeignExcludes, text).about(wanted.person);
                findings.push(finding.help("take the `!` entry out of it in JumpServer"));
            } else if opens(foreign, user) {
                exposed.insert((**instance, user.as_str()));
                touched.push(user.as_str());
            }
        }
        if touched.is_empty() {
            continue;
        }
        let accounts: Vec<&str> = foreign.accounts.iter().map(String::as_str).collect();
        let text = format!(
            "the permission {} opens {} of ours on asset {} to its own people (accounts: {}){}",
            foreign.name,
            match touched.as_slice() {
                [one] => format!("the account {one}"),
                more => format!("{} accounts", more.len()),
            },
            foreign.asset,
            accounts.join(", "),
            if refuse { ": nothing new is granted to them" } else { "" },
        );
        let help = if foreign.accounts.iter().any(|text| text == ALL) {
            "name the accounts in that permission in place of @ALL, or set \
             `exposed-accounts: allow` in policy.yaml"
        } else {
            "take the name out of that permission, or adopt it with the account (where JG226 \
             refuses the request that does, mend that first), or set `exposed-accounts: allow` \
             in policy.yaml"
        };
        let mut finding = Finding::new(Kind::ForeignOpens, text).help(help);
        if !refuse {
            finding = finding.as_bad_as(Severity::Risk);
        }
        findings.push(finding);
    }
    if refuse { exposed } else { BTreeSet::new() }
}

/// Whether a text of it opens the account; the database behind JumpServer may fold case.
fn opens(foreign: &ForeignPermission, user: &str) -> bool {
    let names = |text: &String| text == ALL || text.to_lowercase() == user.to_lowercase();
    foreign.accounts.iter().any(names)
}
