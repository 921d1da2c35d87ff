//! The hosts and nodes that logins reach: whether they exist, are of the right kind and
//! environment, and whether a login opens anything there.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Kind};
use crate::access::model::{Access, Login, Site};
use crate::desired::Desired;
use crate::diagnostic::nearest;
use crate::grants::{Offers, ServerTarget, Want};
use crate::jumpserver::spec::{Live, SeenAsset, SeenNode};
use crate::names::{Environment, LoginName};
use crate::node_path::is_in;
use crate::plural::{count, listed};

/// How many names a finding lists.
const LISTED: usize = 5;

/// What was found about hosts and nodes.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// Assets and nodes that nothing new is granted on.
    blocked: BTreeSet<String>,
    /// Assets that a login cannot open at all: to that one nothing new is granted on them.
    unfit: BTreeSet<(String, LoginName)>,
    /// What to tell.
    pub(super) findings: Vec<Finding>,
}

/// Where something is asked for first: one finding for each target and login is enough.
type Asked<'a> = BTreeMap<(ServerTarget<'a>, &'a LoginName), (&'a Site, &'a Environment)>;

/// Looks at every host and node that the desired state names.
pub(super) fn find(access: &Access, desired: &Desired<'_>, live: &Live) -> Hosts {
    let mut asked = Asked::new();
    let grants = desired.permissions.values().flat_map(|wanted| &wanted.because);
    for grant in grants {
        if let Want::Server { login, target, environment } = grant.want {
            asked.entry((target, login)).or_insert((grant.because.site, environment));
        }
    }
    let offers = Offers::new(&access.servers);
    let below = Below::of(live);
    let mut hosts = Hosts::default();
    let mut done = BTreeSet::new();
    for ((target, login), (site, environment)) in asked {
        let Some(kind) = access.config.logins.get(login) else { continue };
        let first = done.insert(target);
        match target {
            ServerTarget::Asset(name) => match live.assets.get(name) {
                None if first => hosts.block(name, missing_asset(name, live).at(site)),
                None => {}
                Some(asset) => {
                    if let Some(finding) = unfit(asset, kind) {
                        hosts.unfit.insert((name.to_owned(), login.clone()));
                        hosts.findings.push(finding.at(site));
                    } else if let Some(finding) = misplaced(asset, environment, &offers)
                        && !hosts.blocked.contains(name)
                    {
                        hosts.block(name, finding.at(site));
                    }
                    hosts.opens(&[asset], login, kind, live, site, name);
                }
            },
            ServerTarget::Node(path) => {
                let trouble = match live.nodes.get(path) {
                    Some(node) if node.ids.len() == 1 => None,
                    Some(several) => Some(ambiguous_node(several)),
                    None => Some(missing_node(path, live)),
                };
                if let Some(finding) = trouble {
                    if first {
                        hosts.block(path, finding.at(site));
                    }
                    continue;
                }
                let assets = below.assets(path);
                if first {
                    hosts.findings.push(
                        Finding::new(
                            Kind::NodeReach,
                            format!(
                                "{path} means everything in and below it, also what is added \
                                 later: {} today",
                                count(assets.len(), "asset")
                            ),
                        )
                        .at(site),
                    );
                }
                hosts.opens(&assets, login, kind, live, site, path);
            }
        }
    }
    hosts
}

impl Hosts {
    /// Whether nothing new is granted to a login on a target.
    pub(super) fn is_blocked(&self, target: &str, login: &LoginName) -> bool {
        self.blocked.contains(target)
            // Mostly there are none.
            || (!self.unfit.is_empty() && self.unfit.contains(&(target.to_owned(), login.clone())))
    }

    fn block(&mut self, target: &str, finding: Finding) {
        self.blocked.insert(target.to_owned());
        self.findings.push(finding);
    }

    /// Tells of assets on which the login opens nothing.
    fn opens(
        &mut self,
        assets: &[&SeenAsset],
        login: &LoginName,
        kind: &Login,
        live: &Live,
        site: &Site,
        target: &str,
    ) {
        let speaks = |asset: &&&SeenAsset| {
            kind.protocols.iter().any(|protocol| asset.protocols.contains_key(protocol))
        };
        let (speaking, silent): (Vec<&&SeenAsset>, Vec<_>) = assets.iter().partition(speaks);
        if !silent.is_empty() {
            let message = format!(
                "{} speak{} none of the protocols of login {login} ({}): {}",
                whose(silent.len(), target, assets.len()),
                if silent.len() == 1 { "s" } else { "" },
                kind.protocols.join(", "),
                listed(silent.iter().map(|asset| asset.name.as_str()), LISTED),
            );
            self.findings.push(Finding::new(Kind::ProtocolMissing, message).at(site));
        }
        let without: Vec<&str> = speaking
            .iter()
            .filter(|asset| {
                let there = live.login_accounts.get(&asset.name);
                !kind.accounts.iter().any(|account| {
                    there.is_some_and(|accounts| accounts.contains(account)) || special(account)
                })
            })
            .map(|asset| asset.name.as_str())
            .collect();
        if !without.is_empty() {
            let message = format!(
                "{} no account {} in JumpServer, so login {login} opens nothing there: {}",
                match without.len() {
                    1 => format!("{} has", whose(1, target, assets.len())),
                    more => format!("{} have", whose(more, target, assets.len())),
                },
                kind.accounts.join(" or "),
                listed(without.iter().copied(), LISTED),
            );
            let finding = Finding::new(Kind::LoginAccountMissing, message)
                .help("add the account to the asset in JumpServer, or ask for another login");
            self.findings.push(finding.at(site));
        }
    }
}

/// Accounts that stand on no asset: typed in, the person's own, anonymous.
fn special(account: &str) -> bool {
    account.starts_with('@')
}

/// `pay-web-01`, or `2 of 14 assets below /Default/payments`.
fn whose(some: usize, target: &str, all: usize) -> String {
    if target.starts_with('/') {
        format!("{some} of {} below {target}", count(all, "asset"))
    } else {
        format!("asset {target}")
    }
}

fn missing_asset(name: &str, live: &Live) -> Finding {
    let finding = Finding::new(Kind::AssetMissing, format!("JumpServer has no asset {name}"));
    match live.near.assets.get(name).map(Vec::as_slice) {
        Some([]) | None => finding.help(
            "check the name in JumpServer (it is exact), and the organization in jumpgate.yaml",
        ),
        Some(near) => match near.iter().find(|near| near.to_lowercase() == name.to_lowercase()) {
            Some(right) => finding.help(format!("there is {right}, which differs only by case")),
            None => finding.help(format!("there is: {}", near.join(", "))),
        },
    }
}

fn missing_node(path: &str, live: &Live) -> Finding {
    let finding = Finding::new(Kind::NodeMissing, format!("JumpServer has no node {path}"));
    match nearest(path, live.nodes.keys().map(String::as_str)) {
        Some(right) if right.to_lowercase() == path.to_lowercase() => {
            finding.help(format!("there is {right}, which differs only by case"))
        }
        Some(near) => finding.help(format!("there is {near}")),
        None => {
            finding.help("check the path in JumpServer (it is exact, and begins with the root)")
        }
    }
}

fn ambiguous_node(node: &SeenNode) -> Finding {
    let ids: Vec<String> = node.ids.iter().map(ToString::to_string).collect();
    let (path, many) = (&node.path, ids.len());
    let text = format!(
        "JumpServer has {many} nodes {path} ({}): nothing new is granted on it",
        ids.join(", ")
    );
    Finding::new(Kind::NodeAmbiguous, text)
        .help("rename or merge them in JumpServer until the path means one node")
}

/// A database, which the login does not open.
fn unfit(asset: &SeenAsset, login: &Login) -> Option<Finding> {
    let spoken = login.protocols.iter().any(|protocol| asset.protocols.contains_key(protocol));
    if asset.category == "database" && !spoken {
        let finding = Finding::new(
            Kind::AssetWrongKind,
            format!("asset {} is a database ({}), not a host", asset.name, asset.kind),
        );
        return Some(finding.help("ask for it under `databases:`, with its instance and level"));
    }
    None
}

/// An asset below the node of another entry of the inventory, with another environment:
/// the request would pass by that entry's owners and policy.
fn misplaced(asset: &SeenAsset, environment: &Environment, offers: &Offers<'_>) -> Option<Finding> {
    let entry = asset
        .nodes
        .iter()
        .filter_map(|node| offers.node(node).map(|entry| (node, entry)))
        .find(|(_, entry)| entry.environment != *environment)?;
    let (node, entry) = entry;
    Some(
        Finding::new(
            Kind::OtherEnvironment,
            format!(
                "asset {} lives below {node}, which {}:{} offers as {}, and is asked for as \
                 {environment}: nothing new is granted on it",
                asset.name, entry.site.file, entry.site.line, entry.environment
            ),
        )
        .help("name it under the entry of its own environment"),
    )
}

/// The assets below each node, found once.
struct Below<'a> {
    assets: Vec<(&'a str, &'a SeenAsset)>,
}

impl<'a> Below<'a> {
    fn of(live: &'a Live) -> Self {
        let mut assets: Vec<_> = live
            .assets
            .values()
            .flat_map(|asset| asset.nodes.iter().map(move |node| (node.as_str(), asset)))
            .collect();
        assets.sort_by_key(|(node, asset)| (*node, &asset.name));
        Self { assets }
    }

    /// The assets in and below a node, by name, each once.
    fn assets(&self, path: &str) -> Vec<&'a SeenAsset> {
        let start = self.assets.partition_point(|(node, _)| *node < path);
        let found: BTreeMap<&str, &SeenAsset> = self.assets[start..]
            .iter()
            .take_while(|(node, _)| node.starts_with(path))
            .filter(|(node, _)| is_in(node, path))
            .map(|(_, asset)| (asset.name.as_str(), *asset))
            .collect();
        found.into_values().collect()
    }
}
