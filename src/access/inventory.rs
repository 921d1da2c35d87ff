//! `inventory/`: the servers and databases that may be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::faults::stem;
use super::files::{InstanceFile, List, Mode, ServersFile, State, Text, TlsPart};
use super::limits::{RULES, SENTENCE};
use super::load::{Loader, start, whole};
use super::model::{Config, Instance, Party, Person, Policy, ServerEntry, Team, Tls, TlsMode};
use super::scope::SYSTEM_DATABASES;
use crate::diagnostic::Code;
use crate::names::{InstanceName, PersonName, TeamName};
use crate::yaml;

/// The port of MySQL and MariaDB.
const PORT: u16 = 3306;

/// What stands for a list of logins (by the line of its entry) or levels (by the name of its
/// instance) that is wrong in part: nobody knows what is offered there.
pub(super) const OFFERS: &str = "offers";

/// The longest address: a host name of 253 characters (RFC 1035) and a port.
const ADDRESS: usize = 260;

impl Loader<'_> {
    pub(super) fn instances(
        &mut self,
        config: &Config,
        policy: &Policy,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> BTreeMap<InstanceName, Instance> {
        let mut instances = BTreeMap::new();
        let mut aliases: Vec<(Arc<str>, InstanceName, Text)> = Vec::new();
        let mut assets: BTreeMap<String, InstanceName> = BTreeMap::new();
        let mut addresses: BTreeMap<(String, u16), InstanceName> = BTreeMap::new();
        let every_level = Arc::new(config.levels.keys().cloned().collect());
        for (stem, file) in self.folder("inventory/databases") {
            let Some(name) = self.file_name::<InstanceName>(&file, &stem) else { continue };
            let Some(read) = self.read_of::<InstanceFile>("instance", &stem, &file) else {
                continue;
            };
            let address = self.address(&file, &read.address);
            let environment =
                self.known(&file, &read.environment, "environment", &policy.environments[..]);
            let owners = self.owners(&file, read.owners.as_ref(), people, teams);
            self.name_text(&file, &read.asset);
            self.short(&file, &read.address, ADDRESS);
            if let Some(other) = assets.insert(read.asset.value.to_lowercase(), name.clone()) {
                let expected = "expected an asset of its own: accounts of two instances on one \
                                asset would get in each other's way";
                let message = format!("instance {other} has this asset too");
                self.at(&file, &read.asset, Code::Twice, message, expected.to_owned());
            }
            self.account_host(&file, &read.account_host);
            self.risks(&file, &read);
            let levels = match &read.levels {
                Some(list) => {
                    self.not_empty(&file, list);
                    let levels = list.value.iter();
                    let levels: Vec<_> = levels
                        .filter_map(|text| self.known(&file, text, "level", &config.levels))
                        .collect();
                    if levels.len() < list.value.len() {
                        self.broken.insert((OFFERS, stem.clone()));
                    }
                    Arc::new(levels.into_iter().collect())
                }
                None => Arc::clone(&every_level),
            };
            let databases = read.databases.as_ref().map(|list| {
                self.not_empty(&file, list);
                for text in &list.value {
                    self.name_text(&file, text);
                }
                for text in list.value.iter().filter(|text| {
                    SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(&text.value))
                }) {
                    self.at(
                        &file,
                        text,
                        Code::InvalidValue,
                        "this database is the server's own".to_owned(),
                        "expected a database of yours".to_owned(),
                    );
                }
                list.value.iter().map(|text| text.value.clone()).collect::<BTreeSet<_>>()
            });
            let tls = self.tls(&file, read.tls.as_ref());
            let state: Option<State> = read.state.as_ref().and_then(|text| self.word(&file, text));
            let (Some((host, port)), Some(environment)) = (address, environment) else {
                self.broken.insert(("instance", stem));
                continue;
            };
            match read.same_accounts_as {
                Some(other) => aliases.push((file.clone(), name.clone(), other)),
                None => {
                    if let Some(other) = addresses.insert((host.to_lowercase(), port), name.clone())
                    {
                        let expected = format!(
                            "expected one instance for a server; here `same-accounts-as: {other}` may be meant"
                        );
                        self.at(
                            &file,
                            &read.address,
                            Code::Twice,
                            format!("instance {other} has this address too"),
                            expected,
                        );
                    }
                }
            }
            let instance = Instance {
                site: start(&file),
                host,
                port,
                asset: read.asset.value,
                environment,
                owners,
                account_host: read.account_host.value.to_lowercase(),
                levels,
                databases,
                tls,
                same_accounts_as: None,
                retired: state.is_some(),
            };
            instances.insert(name, instance);
        }
        let others: BTreeSet<&InstanceName> = aliases.iter().map(|(_, alias, _)| alias).collect();
        let holders: Vec<InstanceName> =
            instances.keys().filter(|name| !others.contains(name)).cloned().collect();
        for (file, name, other) in aliases {
            if self.broken.contains(&("instance", other.value.clone())) {
                continue;
            }
            let holder =
                self.known(&file, &other, "instance with accounts of its own", &holders[..]);
            if let Some(instance) = instances.get_mut(&name) {
                instance.same_accounts_as = holder;
            }
        }
        instances
    }

    fn address(&mut self, file: &Arc<str>, text: &Text) -> Option<(String, u16)> {
        let url = url::Url::parse(&format!("mysql://{}", text.value)).ok().filter(|url| {
            url.username().is_empty()
                && url.password().is_none()
                && url.path().is_empty()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let host = url.as_ref().and_then(|url| url.host_str()).filter(|host| !host.is_empty());
        match (&url, host) {
            (Some(url), Some(host)) => {
                Some((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(PORT)))
            }
            _ => {
                self.at(
                    file,
                    text,
                    Code::InvalidValue,
                    "this is no address".to_owned(),
                    "expected host:port".to_owned(),
                );
                None
            }
        }
    }

    fn account_host(&mut self, file: &Arc<str>, text: &Text) {
        let good = !text.value.is_empty()
            && text.value.len() <= 255
            && text.value.chars().all(|c| {
                c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '%' | ':' | '/')
            });
        if !good {
            let expected =
                "expected a host name or an address, with % for any characters, such as 10.8.0.%";
            self.at(
                file,
                text,
                Code::InvalidValue,
                "this is no host of an account".to_owned(),
                expected.to_owned(),
            );
        }
    }

    fn tls(&mut self, file: &Arc<str>, part: Option<&TlsPart>) -> Tls {
        let mode = part.and_then(|part| part.mode.as_ref());
        let mode = match mode.and_then(|text| self.word(file, text)) {
            Some(Mode::Verify) | None => TlsMode::Verify,
            Some(Mode::Require) => TlsMode::Require,
            Some(Mode::Off) => TlsMode::Off,
        };
        let ca = part.and_then(|part| part.ca.as_ref()).and_then(|text| {
            // Only what lies there is reviewed as the inventory is.
            let found = self.tree.files.get_key_value(text.value.as_str());
            let found = found.filter(|(path, _)| path.starts_with("inventory/"));
            if found.is_none() {
                let expected =
                    "expected a PEM file in inventory/, by its path from the root of the repo";
                self.at(
                    file,
                    text,
                    Code::File,
                    "there is no such file".to_owned(),
                    expected.to_owned(),
                );
            }
            let (path, bytes) = found?;
            if !is_pem(bytes) {
                self.at(
                    file,
                    text,
                    Code::InvalidValue,
                    "this file holds no certificate".to_owned(),
                    "expected PEM: -----BEGIN CERTIFICATE----- and so on".to_owned(),
                );
            }
            Some((path.clone(), bytes.clone()))
        });
        Tls { mode, ca }
    }

    pub(super) fn servers(
        &mut self,
        config: &Config,
        policy: &Policy,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Vec<ServerEntry> {
        self.not_read();
        let Some(file) = self.single("inventory/servers") else { return Vec::new() };
        let Some(read) = self.read::<ServersFile>(&file) else {
            self.unsure.insert("server");
            return Vec::new();
        };
        self.not_empty(&file, &read.servers);
        let assets = read.servers.value.iter().filter_map(|part| part.value.assets.as_ref());
        let patterns = assets.flat_map(|list| &list.value).filter(|text| text.value.contains('*'));
        let patterns = patterns.count();
        self.few(&file, &read.servers, patterns, "assets with `*`");
        if patterns > RULES {
            self.unsure.insert("server");
            return Vec::new();
        }
        let mut entries = Vec::new();
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        for part in &read.servers.value {
            let entry = &part.value;
            let environment =
                self.known(&file, &entry.environment, "environment", &policy.environments[..]);
            let owners = self.owners(&file, entry.owners.as_ref(), people, teams);
            self.not_empty(&file, &entry.logins);
            let logins: Vec<_> = entry
                .logins
                .value
                .iter()
                .filter_map(|text| self.known(&file, text, "login", &config.logins))
                .collect();
            if logins.len() < entry.logins.value.len() {
                self.broken.insert((OFFERS, yaml::site(&file, part).line.to_string()));
            }
            for list in [&entry.nodes, &entry.assets].into_iter().flatten() {
                self.not_empty(&file, list);
            }
            let texts = |list: &'_ Option<List>| {
                list.as_ref().map_or_else(Vec::new, |list| list.value.clone())
            };
            let (nodes, assets) = (texts(&entry.nodes), texts(&entry.assets));
            for text in &nodes {
                self.node(&file, text);
            }
            for text in &assets {
                self.name_text(&file, text);
            }
            let lists = [&entry.nodes, &entry.assets].into_iter().flatten();
            for text in lists.flat_map(|list| &list.value) {
                let line = yaml::site(&file, text).line;
                if let Some(first) = seen.insert(&text.value, line) {
                    let message = format!("this is offered twice (line {first} too)");
                    let expected = "expected it in one entry: what it is asked for follows from it";
                    self.at(&file, text, Code::Twice, message, expected.to_owned());
                }
            }
            if entry.nodes.is_none() && entry.assets.is_none() {
                self.at(
                    &file,
                    part,
                    Code::Empty,
                    "this entry offers nothing".to_owned(),
                    "expected `nodes:` or `assets:`".to_owned(),
                );
            }
            let values = |list: &[Text]| list.iter().map(|text| text.value.clone()).collect();
            if environment.is_none() {
                // What this entry offers is asked for all the same.
                self.unsure.insert("server");
            }
            if let Some(environment) = environment {
                let site = yaml::site(&file, part);
                entries.push(ServerEntry {
                    site,
                    environment,
                    owners,
                    logins: logins.into_iter().collect(),
                    nodes: values(&nodes),
                    assets: values(&assets),
                });
            }
        }
        entries
    }

    /// Who answers for something: people, teams, and groups of the forge.
    pub(super) fn owners(
        &mut self,
        file: &Arc<str>,
        list: Option<&List>,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Vec<Party> {
        let Some(list) = list else { return Vec::new() };
        self.not_empty(file, list);
        self.distinct(file, &list.value);
        let owners = list.value.iter().filter_map(|text| match text.value.strip_prefix("forge/") {
            Some(path) => {
                let path = Text { value: path.to_owned(), ..text.clone() };
                self.name(file, &path).map(Party::Group)
            }
            None => self.party(file, text, people, teams),
        });
        owners.collect()
    }

    /// What is possible for an instance, and weakens it.
    fn risks(&mut self, file: &Arc<str>, read: &InstanceFile) {
        let host = &read.account_host;
        if !host.value.is_empty() && host.value.chars().all(|c| matches!(c, '%' | '.' | '_')) {
            let message = "accounts can be used from any host".to_owned();
            let then = "name the hosts from which JumpServer connects, such as 10.8.0.%";
            self.notice(file, host, Code::OpenHost, message, then);
        }
        let Some(mode) = read.tls.as_ref().and_then(|tls| tls.mode.as_ref()) else { return };
        let message = match mode.value.as_str() {
            "require" => "the certificate of the server is not checked",
            "off" => "the connection to the server is not encrypted",
            _ => return,
        };
        let then = "mode `verify`, with `ca:` for certificates of your own, closes this";
        self.notice(file, mode, Code::WeakTls, message.to_owned(), then);
    }

    /// Files of the inventory that nothing reads: one that is misnamed would be a hole.
    fn not_read(&mut self) {
        let tree = self.tree;
        let paths = tree.files.keys().filter(|path| {
            path.starts_with("inventory/")
                && !path.starts_with("inventory/databases/")
                && stem(path).is_some_and(|stem| stem != "inventory/servers")
        });
        for path in paths {
            let expected = "expected inventory/servers.yaml, or a file in inventory/databases/";
            self.errors.push(whole(path, Code::File, "this file is not read", expected));
        }
    }

    /// Whether a text is the path of a node; says so when it is not.
    pub(super) fn node(&mut self, file: &Arc<str>, text: &Text) -> bool {
        self.short(file, text, SENTENCE);
        let good = text.value.strip_prefix('/').is_some_and(|path| {
            path.split('/')
                .all(|part| !part.trim().is_empty() && !part.contains(['\n', '\r', '\t']))
        });
        if !good {
            let expected = "expected the whole path, such as /Default/payments/prod";
            self.at(
                file,
                text,
                Code::InvalidValue,
                "this is no path of a node".to_owned(),
                expected.to_owned(),
            );
        }
        good
    }

    pub(super) fn not_empty<T>(&mut self, file: &Arc<str>, list: &yaml::Spanned<Vec<T>>) {
        if list.value.is_empty() {
            let expected = "expected at least one entry: nothing is ever taken for everything";
            self.at(file, list, Code::Empty, "this list is empty".to_owned(), expected.to_owned());
        }
    }
}

/// Whether a file holds certificates in PEM form, and all that it holds can be read.
fn is_pem(bytes: &[u8]) -> bool {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut some = false;
    CertificateDer::pem_slice_iter(bytes).all(|certificate| {
        some = true;
        certificate.is_ok()
    }) && some
}
