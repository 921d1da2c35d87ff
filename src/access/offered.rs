//! What a request asks for against what the inventory offers, beyond the simple match.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::Text;
use super::load::{Loader, whole};
use super::model::{Access, Scope};
use super::scope;
use crate::asset_pattern::AssetPattern;
use crate::diagnostic::{Code, nearest};
use crate::grants::ServerTarget;

impl Loader<'_> {
    /// Says that the inventory does not offer a host, and which one may be meant.
    pub(super) fn not_offered(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        target: ServerTarget<'_>,
        access: &Access,
    ) {
        if access.servers.is_empty() {
            self.no_servers();
        }
        if self.unsure.contains("server") {
            return;
        }
        let near = match target {
            _ if !self.errors.want_hints() => None,
            ServerTarget::Node(path) => near_node(path, access),
            ServerTarget::Asset(name) => near_asset(name, access),
        };
        let (message, expected) = (
            "the inventory does not offer this",
            "expected a node or an asset of inventory/servers.yaml",
        );
        let mut error =
            self.made(file, text, Code::NotOffered, message.to_owned(), expected.to_owned());
        error.help = near;
        self.errors.push(error);
    }

    /// Says once that there is no list of servers.
    fn no_servers(&mut self) {
        let there = ["inventory/servers.yaml", "inventory/servers.yml"]
            .iter()
            .any(|path| self.tree.files.contains_key(*path));
        if self.cannot_be_read("inventory/servers") {
            self.unsure.insert("server");
        }
        if there || !self.unsure.insert("server") {
            return;
        }
        let expected = "expected it to be there, since requests name servers";
        let file = Arc::from("inventory/servers.yaml");
        self.errors.push(whole(&file, Code::File, "the file is missing", expected));
    }

    /// Says which assets of a request are patterns: it names them one by one.
    pub(super) fn no_patterns(&mut self, file: &Arc<str>, assets: &[Text]) {
        for text in assets.iter().filter(|text| text.value.contains('*')) {
            let expected = "expected the name of one asset; for many there are nodes";
            let message = "there are no patterns in a request".to_owned();
            self.at(file, text, Code::InvalidValue, message, expected.to_owned());
        }
    }

    /// Says which scopes are the same as another though they are spelled otherwise.
    pub(super) fn same_scopes(&mut self, file: &Arc<str>, tables: &[Text]) {
        let mut seen: BTreeMap<Scope, &str> = BTreeMap::new();
        for text in tables {
            let Ok(scope) = scope::parse(&text.value) else { continue };
            if let Some(other) = seen.insert(scope, &text.value)
                && other != text.value
            {
                let message = format!("this is the same as {other}");
                self.at(file, text, Code::Twice, message, "expected it once".to_owned());
            }
        }
    }
}

/// Says which offered node a path may mean: the one that differs only by case with what lies
/// below it, else the nearest.
fn near_node(path: &str, access: &Access) -> Option<String> {
    let nodes = || access.servers.iter().flat_map(|entry| &entry.nodes);
    let same = nodes().find_map(|node| {
        let (head, rest) = (path.get(..node.len())?, path.get(node.len()..)?);
        let below = rest.is_empty() || rest.starts_with('/');
        (below && head.to_lowercase() == node.to_lowercase()).then(|| format!("{node}{rest}"))
    });
    let near = same.or_else(|| nearest(path, nodes().map(String::as_str)).map(str::to_owned));
    near.map(|near| meant(path, &near))
}

/// Says which offered asset a name may mean.
fn near_asset(name: &str, access: &Access) -> Option<String> {
    let assets = || access.servers.iter().flat_map(|entry| &entry.assets);
    let names = assets().filter(|asset| !asset.contains('*')).map(String::as_str);
    let near = nearest(name, names).map(|near| meant(name, near));
    let pattern = || {
        // A pattern that would match but for the case of letters.
        let lower = name.to_lowercase();
        let pattern =
            assets().find(|asset| AssetPattern::new(&asset.to_lowercase()).is_match(&lower))?;
        Some(format!("`{pattern}` is offered, which differs only by case"))
    };
    pattern().or(near)
}

fn meant(written: &str, near: &str) -> String {
    match near.to_lowercase() == written.to_lowercase() {
        true => format!("`{near}` is offered, which differs only by case"),
        false => format!("did you mean `{near}`?"),
    }
}
