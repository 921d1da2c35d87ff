//! Entries of `inventory/servers.yaml` for the hosts and nodes that permissions reach.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Given, common};
use crate::access::model::Access;
use crate::audit::Ours;
use crate::grants::{Offers, ServerTarget};
use crate::import::permissions::{Context, Kind as Opens};
use crate::import::person::People;
use crate::import::requests::{foreign, wanted, words};
use crate::import::{File, Found, Kind, Left, Options, Reason, Seen, Thing, Why};
use crate::names::{Environment, LoginName};
use crate::repo::Tree;
use crate::yaml::{line, scalar};

/// The file.
const PATH: &str = "inventory/servers.yaml";

/// What is not offered yet, by the logins that reach it: each set of logins is one entry.
#[derive(Debug, Default)]
pub struct Missing {
    entries: BTreeMap<BTreeSet<LoginName>, (BTreeSet<String>, BTreeSet<String>)>,
}

impl Missing {
    /// Whether everything is offered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there will be.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// What permissions reach that a request could say, and the inventory does not offer.
pub fn find(
    access: &Access,
    seen: &Seen,
    options: &Options,
    moment: Timestamp,
) -> (Missing, Found) {
    let everything = &seen.observed.jumpserver;
    let people = People::new(access, options);
    let context = Context::new(access, &people, everything, moment);
    let ours = Ours::new(access, everything);
    let offers = Offers::new(&access.servers);
    let mut targets: BTreeMap<ServerTarget<'_>, BTreeSet<&LoginName>> = BTreeMap::new();
    let mut found = Found::default();
    for permission in foreign(access, everything, &ours) {
        let judged = context.judge(permission);
        if !judged.reasons.is_empty() || !wanted(options, &context, &judged) {
            continue;
        }
        let Opens::Hosts(Some(login)) = judged.kind else { continue };
        let nodes = judged.spec.nodes.iter().map(|node| ServerTarget::Node(node));
        let assets = judged.spec.assets.iter().map(|asset| ServerTarget::Asset(asset));
        for target in nodes.chain(assets) {
            match offers.find(target) {
                None => {
                    targets.entry(target).or_default().insert(login);
                }
                Some(entry) if !entry.logins.contains(login) => {
                    let place = format!("{}:{}", entry.site.file, entry.site.line);
                    let text = format!(
                        "{place} offers {} without login {login}: add it there by hand",
                        words(target)
                    );
                    let thing = match target {
                        ServerTarget::Node(path) => Thing::jumpserver(Kind::Node, path),
                        ServerTarget::Asset(name) => Thing::jumpserver(Kind::Asset, name),
                    };
                    let reasons = vec![Reason::new(Why::NotOffered, text)];
                    found.left.push(Left { thing, reasons });
                }
                Some(_) => {}
            }
        }
    }
    let mut missing = Missing::default();
    for (target, logins) in targets {
        let logins = logins.into_iter().cloned().collect();
        let (nodes, assets) = missing.entries.entry(logins).or_default();
        match target {
            ServerTarget::Node(path) => nodes.insert(path.to_owned()),
            ServerTarget::Asset(name) => assets.insert(name.to_owned()),
        };
    }
    (missing, found)
}

impl Missing {
    /// The file with the new entries behind those that there are.
    pub fn file(&self, tree: &Tree, given: &Given, environment: &Environment) -> File {
        let (path, there) = match tree.files.get("inventory/servers.yml") {
            Some(bytes) if !tree.files.contains_key(PATH) => ("inventory/servers.yml", Some(bytes)),
            _ => (PATH, tree.files.get(PATH)),
        };
        let mut text = match there {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => "servers:\n".to_owned(),
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let indent = indent(&text);
        let mut stands_for = Vec::new();
        for (logins, (nodes, assets)) in &self.entries {
            let inner = format!("{indent}  ");
            text.push_str(&common(given, environment, &format!("{indent}- "), &inner));
            let logins: Vec<_> = logins.iter().map(|login| scalar(login.as_str())).collect();
            text.push_str(&format!("{inner}logins: [{}]\n", logins.join(", ")));
            for (key, list, kind) in [("nodes", nodes, Kind::Node), ("assets", assets, Kind::Asset)]
            {
                if list.is_empty() {
                    continue;
                }
                text.push_str(&format!("{inner}{key}:\n"));
                for one in list {
                    text.push_str(&format!("{inner}  - {}\n", line(one)));
                    stands_for.push(Thing::jumpserver(kind, one));
                }
            }
        }
        File {
            path: path.to_owned(),
            added_to: there.is_some(),
            text,
            stands_for,
            notes: Vec::new(),
        }
    }
}

/// How far the entries of a file stand in.
fn indent(text: &str) -> String {
    let entry = text.lines().find(|line| line.trim_start().starts_with("- "));
    match entry {
        Some(line) => line[..line.len() - line.trim_start().len()].to_owned(),
        None => "  ".to_owned(),
    }
}
