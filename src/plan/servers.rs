//! The database servers of a plan: which can be worked on, and what is odd about them.

use std::collections::{BTreeMap, BTreeSet};

use super::ask;
use super::finding::{Finding, Kind};
use crate::access::model::{Access, Instance, TlsMode};
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, SeenAsset};
use crate::mysql;
use crate::mysql::live::EverybodySource;
use crate::names::InstanceName;
use crate::observed::{self, Observed};

/// What was found about instances.
#[derive(Debug, Default)]
pub(super) struct Servers<'a> {
    /// Instances that can be worked on: the server, and its asset in JumpServer.
    pub(super) usable: BTreeMap<&'a InstanceName, (&'a mysql::live::Live, &'a SeenAsset)>,
    /// Instances that a plan is asked for and that cannot be worked on.
    pub(super) unreadable: BTreeSet<&'a InstanceName>,
    /// Instances that were left out on purpose.
    pub(super) left_out: BTreeSet<&'a InstanceName>,
    /// Aliases whose own asset cannot be opened.
    pub(super) closed: BTreeSet<&'a str>,
    /// What to tell.
    pub(super) findings: Vec<Finding>,
}

/// Looks at every instance of the inventory. `accepted` are instances whose server may be
/// another one than at the last apply.
pub(super) fn find<'a>(
    access: &'a Access,
    desired: &Desired<'_>,
    observed: &'a Observed,
    accepted: &BTreeSet<InstanceName>,
) -> Servers<'a> {
    let mut servers = Servers::default();
    let identities = identities(access, observed);
    for name in ask::holders(access) {
        let Some(instance) = access.instances.get(name) else { continue };
        match observed.instances.get(name) {
            Some(observed::Instance::Read(live)) => {
                let trouble = another(name, instance, live, &observed.jumpserver, accepted)
                    .or_else(|| twice(name, instance, live, &identities))
                    .or_else(|| closed_to_writes(name, instance, live));
                let asset = asset(name, instance, &observed.jumpserver);
                let named = desired.accounts_on(name).next().is_some();
                match (trouble, asset) {
                    (None, Ok(asset)) => {
                        servers.usable.insert(name, (live, asset));
                        servers.notices(name, instance, live, named);
                    }
                    (Some(finding), _) | (None, Err(finding)) => {
                        servers.unreadable.insert(name);
                        servers.findings.push(finding);
                    }
                }
            }
            Some(observed::Instance::Unreadable(why)) => {
                servers.unreadable.insert(name);
                servers.findings.push(
                    Finding::new(
                        Kind::Unreadable,
                        format!("{name} could not be read, so nothing changes there: {why}"),
                    )
                    .help(format!("`jumpgate doctor --target {name}` says what is missing"))
                    .at(&instance.site),
                );
            }
            Some(observed::Instance::Held(why)) => {
                servers.unreadable.insert(name);
                let text = format!("another run works on {name}, so nothing changes there: {why}");
                let finding = Finding::new(Kind::Unreadable, text).help(
                    "the next apply does what is left; when no run is at work, end that \
                     connection on the server",
                );
                servers.findings.push(finding.at(&instance.site));
            }
            Some(observed::Instance::NotAsked) | None => {
                servers.left_out.insert(name);
            }
        }
    }
    servers.levels(access, desired);
    for (name, alias) in &access.instances {
        if alias.same_accounts_as.is_some()
            && !alias.retired
            && let Err(finding) = asset(name, alias, &observed.jumpserver)
        {
            servers.closed.insert(&alias.asset);
            servers.findings.push(finding);
        }
    }
    servers
}

impl Servers<'_> {
    /// Tells of levels in use whose privileges leave objects behind that go on working.
    fn levels(&mut self, access: &Access, desired: &Desired<'_>) {
        let grants = desired.accounts.values().flat_map(|wanted| &wanted.because);
        let used: BTreeSet<_> = grants.filter_map(|grant| grant.want.level()).collect();
        for level in used {
            let privileges = access.config.levels.get(level).copied().unwrap_or_default().iter();
            let leaving: Vec<&str> = privileges
                .filter(|privilege| privilege.leaves_definers())
                .map(|privilege| privilege.sql())
                .collect();
            if leaving.is_empty() {
                continue;
            }
            let text = format!(
                "level {level} holds {}: what people make with it works on with their rights, and \
                 an account that is a definer cannot be dropped on MySQL",
                leaving.join(", ")
            );
            self.findings.push(
                Finding::new(Kind::LeavesDefiners, text)
                    .help("leave it out of the level, unless people really make such objects"),
            );
        }
    }

    fn notices(
        &mut self,
        name: &InstanceName,
        instance: &Instance,
        live: &mysql::live::Live,
        named: bool,
    ) {
        if let Some(text) = live.server.dialect.warning() {
            let finding = Finding::new(Kind::ServerNotice, format!("{name}: {text}"));
            self.findings.push(finding.at(&instance.site));
        }
        if !named {
            return;
        }
        if instance.account_host == "%" {
            let text = format!("accounts on {name} work from any host (`account-host: '%'`)");
            let finding = Finding::new(Kind::AnyHost, text)
                .help("name the addresses from where JumpServer connects, such as 10.8.0.%");
            self.findings.push(finding.at(&instance.site));
        }
        if instance.tls.mode != TlsMode::Verify {
            let text = match instance.tls.mode {
                TlsMode::Off => format!("jumpgate talks to {name} without TLS (`tls: off`)"),
                _ => format!("the certificate of {name} is not checked (`tls: require`)"),
            };
            self.findings.push(Finding::new(Kind::WeakTls, text).at(&instance.site));
        }
        for everybody in &live.everybody {
            let held = &everybody.held;
            let gives = !(held.global.is_empty()
                && held.databases.is_empty()
                && held.tables.is_empty()
                && held.columns.is_empty()
                && held.routines.is_empty()
                && held.roles.is_empty());
            if !gives {
                continue;
            }
            let what = match &everybody.source {
                EverybodySource::Anonymous(account) => {
                    format!("the anonymous account {account} gives its grants to everybody")
                }
                EverybodySource::Public => {
                    "PUBLIC holds privileges, which everybody has".to_owned()
                }
                EverybodySource::MandatoryRole(role) => {
                    format!("the mandatory role {role} is active for everybody")
                }
            };
            let mut on: Vec<&str> = held.databases.keys().map(String::as_str).collect();
            on.extend(held.tables.keys().map(|table| table.database.as_str()));
            if !held.global.is_empty() {
                on.push("*.*");
            }
            on.sort_unstable();
            on.dedup();
            let on = if on.is_empty() { String::new() } else { format!(" ({})", on.join(", ")) };
            let text = format!("on {name} {what}{on}: people can do more than the plan shows");
            self.findings.push(Finding::new(Kind::OpenToEverybody, text).at(&instance.site));
        }
    }
}

/// The asset of an instance: there, and of a kind that the server's clients can open.
fn asset<'a>(
    name: &InstanceName,
    instance: &Instance,
    live: &'a Live,
) -> Result<&'a SeenAsset, Finding> {
    let Some(asset) = live.assets.get(&instance.asset) else {
        let finding = Finding::new(
            Kind::AssetMissing,
            format!("JumpServer has no asset {}, so {}", instance.asset, so(name, instance)),
        );
        let near = live.near.assets.get(&instance.asset).map_or(&[][..], Vec::as_slice);
        return Err(match near {
            [] => finding.help("make the database asset in JumpServer, or correct `asset:`"),
            near => finding.help(format!("there is: {}", near.join(", "))),
        }
        .at(&instance.site));
    };
    if asset.category == "database" && matches!(&*asset.kind, "mysql" | "mariadb") {
        return Ok(asset);
    }
    Err(Finding::new(
        Kind::AssetWrongKind,
        format!(
            "asset {} is {} ({}), not MySQL or MariaDB, so {}",
            asset.name,
            asset.kind,
            asset.category,
            so(name, instance)
        ),
    )
    .help("name the database asset in `asset:`")
    .at(&instance.site))
}

/// What follows when the asset of an instance cannot be opened.
fn so(name: &InstanceName, instance: &Instance) -> String {
    match &instance.same_accounts_as {
        None => format!("nothing changes on {name}"),
        Some(holder) => {
            format!("no accounts of {holder} go there, and nothing new is granted on {name}")
        }
    }
}

/// Whether the server is another one than at the last apply.
fn another(
    name: &InstanceName,
    instance: &Instance,
    live: &mysql::live::Live,
    jumpserver: &Live,
    accepted: &BTreeSet<InstanceName>,
) -> Option<Finding> {
    let before = jumpserver.anchor.as_ref()?.instances.get(name.as_str())?;
    if before.server == live.server.identity || accepted.contains(name) {
        return None;
    }
    Some(
        Finding::new(
            Kind::OtherServer,
            format!(
                "{} is server {}, and at the last apply it was {}: nothing changes on {name}",
                live.server.label, live.server.identity, before.server
            ),
        )
        .help(format!(
            "when {name} was moved to a new server on purpose, run once with \
             --new-server {name}"
        ))
        .at(&instance.site),
    )
}

/// Whether the server takes no changes, so that none can be planned.
fn closed_to_writes(
    name: &InstanceName,
    instance: &Instance,
    live: &mysql::live::Live,
) -> Option<Finding> {
    let why = live.server.not_writable.as_ref()?;
    let text = format!("{name} cannot be written: {why}, so nothing changes there");
    let finding = Finding::new(Kind::NotWritable, text)
        .help("name the primary in `address:`; a replica may be the `asset:`");
    Some(finding.at(&instance.site))
}

/// By server identity, the instances that lead to it.
fn identities<'a>(
    access: &'a Access,
    observed: &'a Observed,
) -> BTreeMap<&'a str, Vec<&'a InstanceName>> {
    let mut identities: BTreeMap<&str, Vec<&InstanceName>> = BTreeMap::new();
    for name in ask::holders(access) {
        if let Some(live) = observed.instances.get(name).and_then(observed::Instance::live) {
            identities.entry(&live.server.identity).or_default().push(name);
        }
    }
    identities
}

fn twice(
    name: &InstanceName,
    instance: &Instance,
    live: &mysql::live::Live,
    identities: &BTreeMap<&str, Vec<&InstanceName>>,
) -> Option<Finding> {
    let others: Vec<&str> = identities
        .get(live.server.identity.as_str())?
        .iter()
        .filter(|other| **other != name)
        .map(|other| other.as_str())
        .collect();
    if others.is_empty() {
        return None;
    }
    Some(
        Finding::new(
            Kind::OneServerTwice,
            format!(
                "{name} is the same server as {} ({}): nothing changes there",
                others.join(", "),
                live.server.identity
            ),
        )
        .help("give all but one of them `same-accounts-as:`")
        .at(&instance.site),
    )
}
