//! Addresses become names: of an instance by the inventory, of a server by what JumpServer
//! has. Exactly one thing must be meant.

use super::Invalid;
use crate::access::model::{Access, Instance};
use crate::grants::Offers;
use crate::mysql;
use crate::names::InstanceName;

/// The port of MySQL and MariaDB, where an address has none.
const PORT: u16 = 3306;

/// The instance at an address (`host` or `host:port`). Of several with one address the one
/// with accounts of its own is meant; without a port one instance must stand on that host.
///
/// # Errors
/// When no instance or several are there, with the candidates.
pub fn instance<'a>(access: &'a Access, address: &str) -> Result<&'a InstanceName, Invalid> {
    let (host, port) = split(address.trim());
    let on_host: Vec<(&InstanceName, &Instance)> = access
        .instances
        .iter()
        .filter(|(_, instance)| instance.host.eq_ignore_ascii_case(host) && !instance.retired)
        .collect();
    let at = |port: u16| on_host.iter().copied().filter(move |(_, i)| i.port == port);
    let exact: Vec<_> = at(port.unwrap_or(PORT)).collect();
    let found = if exact.is_empty() && port.is_none() { on_host.clone() } else { exact };
    let own: Vec<_> = found.iter().filter(|(_, i)| i.same_accounts_as.is_none()).collect();
    match (own.as_slice(), found.as_slice()) {
        ([one], _) => Ok(one.0),
        ([], [one]) => Ok(one.0),
        ([], []) => {
            let places =
                access.instances.iter().map(|(name, i)| format!("{name} ({})", at_port(i)));
            let places: Vec<String> = places.take(20).collect();
            let known = if places.is_empty() { "none".to_owned() } else { places.join(", ") };
            Err(Invalid(format!(
                "no instance of inventory/databases/ has the address {address}; there are: {known}"
            )))
        }
        _ => {
            let names: Vec<String> =
                found.iter().map(|(name, i)| format!("{name} ({})", at_port(i))).collect();
            Err(Invalid(format!(
                "the address {address} is that of several instances: {}; give it with its port",
                names.join(", ")
            )))
        }
    }
}

/// The asset at an address. `found` are names of assets that JumpServer has at exactly this
/// address; none when JumpServer was not asked. An address that is the name of an asset, as
/// the inventory spells it out, means that asset.
///
/// # Errors
/// When no asset or several are there, with the candidates.
pub fn server(access: &Access, address: &str, found: Option<&[String]>) -> Result<String, Invalid> {
    let offers = Offers::new(&access.servers);
    let spelled_out =
        access.servers.iter().flat_map(|entry| &entry.assets).any(|asset| asset == address);
    let Some(found) = found else {
        return if spelled_out {
            Ok(address.to_owned())
        } else {
            Err(Invalid(format!(
                "which server has the address {address} is known to JumpServer alone: set \
                 credentials for it (JUMPGATE_JUMPSERVER_TOKEN), or name the asset as the \
                 inventory does"
            )))
        };
    };
    // Of several assets at one address those count that may be asked for.
    let offered: Vec<&String> =
        found.iter().filter(|name| !offers.matching(name).is_empty()).collect();
    match (offered.as_slice(), found) {
        ([one], _) => Ok((*one).clone()),
        ([], [one]) => Ok(one.clone()),
        ([], []) if spelled_out => Ok(address.to_owned()),
        ([], []) => Err(Invalid(format!("JumpServer has no asset with the address {address}"))),
        ([], all) => Err(several(address, all.iter())),
        (offered, _) => Err(several(address, offered.iter().copied())),
    }
}

fn several<'n>(address: &str, names: impl Iterator<Item = &'n String>) -> Invalid {
    let names: Vec<&str> = names.map(String::as_str).collect();
    Invalid(format!(
        "the address {address} is that of several assets: {}; name one of them",
        names.join(", ")
    ))
}

fn at_port(instance: &Instance) -> String {
    mysql::address(&instance.host, instance.port)
}

/// Host and port; an IPv6 address with a port stands in brackets.
fn split(address: &str) -> (&str, Option<u16>) {
    if let Some(rest) = address.strip_prefix('[')
        && let Some((host, rest)) = rest.split_once(']')
    {
        return (host, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (address, None),
        },
        _ => (address, None),
    }
}
