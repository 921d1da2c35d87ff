//! Assets: by name, in and below nodes, and by id.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::try_join;
use uuid::Uuid;

use super::{Ask, Reader, bunches, near, whole_is_cheaper};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::AssetRow;
use crate::jumpserver::spec::SeenAsset;
use crate::node_path::is_in;

/// Below this many names no count is asked for first.
const FEW: usize = 4;

/// The assets that were read.
pub(super) struct Assets {
    /// Asked for by name, or in or below a node asked for.
    pub(super) rows: Vec<SeenAsset>,
    /// Where the accounts stand by which people log in to those of them that are no databases
    /// of instances: the id of an asset, and the names of those that its accounts open.
    pub(super) homes: BTreeMap<Uuid, BTreeSet<String>>,
    /// What looks like the names that do not exist.
    pub(super) near: BTreeMap<String, Vec<String>>,
    /// Whether the server excludes accounts by `!name`; not, where no asset tells.
    pub(super) excludes: bool,
}

impl Reader {
    /// The assets asked for by name, and all in and below the nodes asked for.
    pub(super) async fn assets_asked(
        &self,
        ask: &Ask,
        nodes: &HashMap<Uuid, String>,
    ) -> Result<Assets, Error> {
        let names: BTreeSet<&String> = ask.assets.union(&ask.database_assets).collect();
        let mut whole = false;
        let mut found: Vec<SeenAsset> = Vec::new();
        if names.len() > FEW {
            let count = page::ASSETS.count(&self.http, &[]).await?;
            whole = whole_is_cheaper(names.len(), count, page::ASSETS.row_cost);
        }
        let rows: Vec<AssetRow> = match whole {
            true => page::ASSETS.all(&self.http, &[]).await?,
            false => page::ASSETS.each(&self.http, "name", &names).await?,
        };
        let excludes = rows.iter().any(AssetRow::excludes);
        found.extend(rows.into_iter().map(SeenAsset::from));
        if !whole {
            for (id, path) in tops(&ask.nodes, nodes) {
                found.extend(self.assets_below(id, &path).await?);
            }
        }
        let near = self.near_assets(&names, &found, whole).await?;

        let mut seen = BTreeSet::new();
        let below = |asset: &SeenAsset| {
            asset.nodes.iter().any(|node| ask.nodes.iter().any(|top| is_in(node, top)))
        };
        found.retain(|asset| {
            let wanted = names.contains(&asset.name) || below(asset);
            wanted && seen.insert(asset.id)
        });
        let mut homes: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
        for asset in &found {
            if ask.assets.contains(&asset.name) || below(asset) {
                for home in asset.homes() {
                    homes.entry(home).or_default().insert(asset.name.clone());
                }
            }
        }
        Ok(Assets { rows: found, homes, near, excludes })
    }

    /// The servers with exactly this address, whatever its case, by name; databases and what
    /// is switched off are left out.
    ///
    /// # Errors
    /// When a request fails, or the list stays incomplete.
    pub async fn servers_at(&self, address: &str) -> Result<Vec<String>, Error> {
        let rows: Vec<AssetRow> = page::ASSETS.all(&self.http, &[("address", address)]).await?;
        // An unknown filter gives every asset without a word.
        let servers = rows.into_iter().map(SeenAsset::from).filter(|asset| {
            asset.address.eq_ignore_ascii_case(address)
                && asset.active
                && asset.category != "database"
        });
        let mut names: Vec<String> = servers.map(|asset| asset.name).collect();
        names.sort();
        Ok(names)
    }

    /// The paths of all nodes, and all assets. Only the catalogue reads so: the cost of a plan
    /// must not follow the size of JumpServer.
    ///
    /// # Errors
    /// When a request fails, or a list stays incomplete.
    pub async fn places(&self) -> Result<(Vec<String>, Vec<SeenAsset>), Error> {
        let (nodes, rows) =
            try_join(self.nodes(), page::ASSETS.all::<AssetRow>(&self.http, &[])).await?;
        Ok((nodes.into_values().collect(), rows.into_iter().map(SeenAsset::from).collect()))
    }

    /// All assets in and below a node.
    async fn assets_below(&self, id: Uuid, path: &str) -> Result<Vec<SeenAsset>, Error> {
        let id = id.to_string();
        let rows: Vec<AssetRow> = page::ASSETS.all(&self.http, &[("node_id", &id)]).await?;
        let assets: Vec<SeenAsset> = rows.into_iter().map(SeenAsset::from).collect();
        // A node that is gone filters nothing: every asset comes without a word.
        let stray = assets.iter().find(|asset| !asset.nodes.iter().any(|node| is_in(node, path)));
        match stray {
            None => Ok(assets),
            Some(stray) => Err(Error::new(
                ErrorKind::Incomplete,
                format!(
                    "{} came among the assets below {path}: the node was removed or moved while \
                     JumpServer was read, or the filter is not understood",
                    stray.name
                ),
            )
            .of_request("GET", &format!("/api/v1/assets/assets/?node_id={id}"))
            .advise("run again when fewer changes are made in JumpServer")),
        }
    }

    /// The assets with these ids, without a request for those that are in `known`.
    pub(super) async fn assets_by_id(
        &self,
        ids: &BTreeSet<Uuid>,
        known: &[SeenAsset],
    ) -> Result<HashMap<Uuid, SeenAsset>, Error> {
        let mut found: HashMap<Uuid, SeenAsset> = known
            .iter()
            .filter(|asset| ids.contains(&asset.id))
            .map(|asset| (asset.id, asset.clone()))
            .collect();
        let missing: BTreeSet<Uuid> =
            ids.iter().filter(|id| !found.contains_key(id)).copied().collect();
        let read: Vec<AssetRow> = page::ASSETS.each(&self.http, "ids", bunches(&missing)).await?;
        found.extend(
            read.into_iter()
                .filter(|row| missing.contains(&row.id))
                .map(|row| (row.id, SeenAsset::from(row))),
        );
        Ok(found)
    }

    async fn near_assets(
        &self,
        names: &BTreeSet<&String>,
        rows: &[SeenAsset],
        whole: bool,
    ) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let known: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let missing =
            names.iter().filter(|name| !known.contains(name.as_str())).take(near::MOST_NAMES);
        let mut found = BTreeMap::new();
        for name in missing {
            let searched: Vec<AssetRow> = if whole {
                Vec::new()
            } else {
                page::ASSETS.some(&self.http, &[("search", name)], near::MOST_ROWS).await?
            };
            let candidates =
                known.iter().copied().chain(searched.iter().map(|row| row.name.as_str()));
            found.insert((*name).clone(), near::alike(name, candidates));
        }
        Ok(found)
    }
}

/// The nodes asked for that exist, without those below another one asked for.
fn tops(asked: &BTreeSet<String>, nodes: &HashMap<Uuid, String>) -> BTreeMap<Uuid, String> {
    nodes
        .iter()
        .filter(|(_, path)| asked.contains(*path))
        .filter(|(_, path)| !asked.iter().any(|top| top != *path && is_in(path, top)))
        .map(|(id, path)| (*id, path.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_below_others_are_read_once() {
        let nodes: HashMap<Uuid, String> = ["/D", "/D/a", "/D/a/b", "/D/c"]
            .into_iter()
            .enumerate()
            .map(|(n, path)| (Uuid::from_u128(n as u128), path.to_owned()))
            .collect();
        let asked = ["/D/a", "/D/a/b", "/D/c", "/D/nosuch"].map(str::to_owned).into();
        let found: BTreeSet<String> = tops(&asked, &nodes).into_values().collect();
        assert_eq!(found, ["/D/a".to_owned(), "/D/c".to_owned()].into());
    }
}
