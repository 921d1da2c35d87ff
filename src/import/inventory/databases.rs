//! Files for the database servers that JumpServer has and no file names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Given, common, wanted};
use crate::access::model::{Access, Instance, Site, Tls, TlsMode};
use crate::audit::listed;
use crate::import::permissions::is_mysql;
use crate::import::person::People;
use crate::import::{File, Found, Kind, Left, Options, Reason, Thing, Why};
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::SeenAsset;
use crate::mysql;
use crate::names::{Environment, InstanceName};
use crate::plural::count;
use crate::yaml::{line, scalar};

/// A database server that gets a file.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// Its name.
    pub name: InstanceName,
    /// Its asset.
    pub asset: String,
    /// Host name or address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// The servers that get a file, and those that cannot have one.
pub fn find(access: &Access, everything: &Everything, options: &Options) -> (Vec<Proposed>, Found) {
    let named: BTreeSet<&str> =
        access.instances.values().map(|instance| instance.asset.as_str()).collect();
    let mut addresses: BTreeMap<(String, u16), String> = access
        .instances
        .iter()
        .map(|(name, one)| ((one.host.to_lowercase(), one.port), format!("instance {name}")))
        .collect();
    let mut names: BTreeMap<InstanceName, String> = access
        .instances
        .iter()
        .map(|(name, one)| (name.clone(), format!("asset {}", one.asset)))
        .collect();
    let (mut proposed, mut found) = (Vec::new(), Found::default());
    for asset in everything.assets.iter().filter(|asset| is_mysql(asset)) {
        let thing = Thing::jumpserver(Kind::Asset, &asset.name);
        if named.contains(asset.name.as_str()) || !wanted(options, &asset.name, &[]) {
            continue;
        }
        match judge(asset, &mut addresses, &mut names) {
            Ok(one) => proposed.push(one),
            Err(reason) => found.left.push(Left { thing, reasons: vec![reason] }),
        }
    }
    (proposed, found)
}

fn judge(
    asset: &SeenAsset,
    addresses: &mut BTreeMap<(String, u16), String>,
    names: &mut BTreeMap<InstanceName, String>,
) -> Result<Proposed, Reason> {
    let unknown = |text: String| Reason::new(Why::Unknown, text);
    if !asset.active {
        return Err(Reason::new(Why::Shut, "is switched off in JumpServer"));
    }
    let port = ["mysql", "mariadb"].iter().find_map(|name| asset.protocols.get(*name).copied());
    let Some(port) = port.filter(|port| *port > 0) else {
        return Err(unknown("JumpServer has no port of it".to_owned()));
    };
    let host = asset.address.trim();
    if host.is_empty() {
        return Err(unknown("JumpServer has no address of it".to_owned()));
    }
    let name: InstanceName = slug(&asset.name)
        .parse()
        .map_err(|_| unknown("no file name can be made of its name".to_owned()))?;
    if let Some(other) = names.get(&name) {
        let text = format!("inventory/databases/{name}.yaml is the file of {other}");
        return Err(Reason::new(Why::File, text));
    }
    let address = (host.to_lowercase(), port);
    if let Some(other) = addresses.get(&address) {
        let text = format!("{other} has its address {host}:{port}: same-accounts-as may be meant");
        return Err(unknown(text));
    }
    names.insert(name.clone(), format!("asset {}", asset.name));
    addresses.insert(address, format!("asset {}", asset.name));
    Ok(Proposed { name, asset: asset.name.clone(), host: host.to_owned(), port })
}

/// A name as a file name: what cannot stand in one becomes `-`.
fn slug(name: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-') => c,
        _ => '-',
    };
    let text: String = name.trim().chars().map(plain).collect();
    text.trim_matches(['-', '.', '_']).to_owned()
}

impl Proposed {
    /// The instance, to be read before its file is complete.
    pub fn instance(
        &self,
        access: &Access,
        given: &Given,
        environment: &Environment,
        ca: Option<Arc<[u8]>>,
    ) -> Instance {
        let path = format!("inventory/databases/{}.yaml", self.name);
        let ca = given.ca.as_deref().map(Arc::from).zip(ca);
        Instance {
            site: Site { file: path.into(), line: 1, column: 1 },
            host: self.host.clone(),
            port: self.port,
            asset: self.asset.clone(),
            environment: environment.clone(),
            owners: Vec::new(),
            account_host: given.account_host.clone().unwrap_or_default(),
            levels: std::sync::Arc::new(access.config.levels.keys().cloned().collect()),
            databases: None,
            tls: Tls { mode: TlsMode::Verify, ca },
            same_accounts_as: None,
            retired: false,
        }
    }

    /// The file, once the account-host is known.
    pub fn file(&self, given: &Given, environment: &Environment, account_host: &str) -> File {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let mut text = format!("address: {}\n", scalar(&format!("{host}:{}", self.port)));
        text.push_str(&format!("asset: {}\n", line(&self.asset)));
        text.push_str(&common(given, environment, "", ""));
        text.push_str(&format!("account-host: {}\n", scalar(account_host)));
        if let Some(ca) = &given.ca {
            text.push_str(&format!("tls:\n  ca: {}\n", line(ca)));
        }
        File {
            path: format!("inventory/databases/{}.yaml", self.name),
            added_to: false,
            text,
            stands_for: vec![Thing::jumpserver(Kind::Asset, &self.asset)],
            notes: Vec::new(),
        }
    }

    /// Why its account-host is not known: it could not be read.
    pub fn unread(&self, why: &str) -> Reason {
        let text =
            format!("account-host: the server could not be read ({why}); say --account-host");
        Reason::new(Why::Unknown, text)
    }

    /// That it has no file, as no account-host is known.
    pub fn left(&self, reason: Reason) -> Left {
        Left { thing: Thing::jumpserver(Kind::Asset, &self.asset), reasons: vec![reason] }
    }

    /// The host part that the accounts have which JumpServer opens there: people's, when a name
    /// tells whose any of them is.
    ///
    /// # Errors
    /// When there are none or they differ.
    pub fn account_host(
        &self,
        access: &Access,
        live: &mysql::everything::Everything,
        everything: &Everything,
        options: &Options,
    ) -> Result<String, Reason> {
        let people = People::new(access, options);
        let opened: BTreeSet<&str> = everything
            .accounts
            .iter()
            .filter(|account| account.seen.asset == self.asset)
            .map(|account| account.seen.username.as_str())
            .collect();
        let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut personal: BTreeMap<&str, usize> = BTreeMap::new();
        for name in live.accounts.keys().filter(|name| opened.contains(name.user.as_str())) {
            *hosts.entry(&name.host).or_default() += 1;
            if people.told(&name.user).is_some() {
                *personal.entry(&name.host).or_default() += 1;
            }
        }
        let told = if personal.is_empty() { hosts } else { personal };
        let mut found = told.keys();
        match (found.next(), found.next()) {
            (Some(host), None) => Ok((*host).to_owned()),
            (None, _) => Err(Reason::new(
                Why::Unknown,
                "account-host: JumpServer opens no account there that would tell it; say \
                 --account-host",
            )),
            _ => {
                let told =
                    told.iter().map(|(host, many)| format!("{host} ({})", count(*many, "account")));
                let told: Vec<String> = told.collect();
                let told = listed(told.iter().map(String::as_str));
                let text = format!("account-host: accounts there have {told}; say --account-host");
                Err(Reason::new(Why::Unknown, text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_made_of_the_assets_name() {
        assert_eq!(slug("orders-prod"), "orders-prod");
        assert_eq!(slug(" Orders Prod (rw)"), "orders-prod--rw");
        assert_eq!(slug("订单"), "");
    }
}
