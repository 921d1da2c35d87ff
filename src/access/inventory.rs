//! `inventory/`: the servers and databases that may be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::files::{InstanceFile, Mode, ServersFile, Text, TlsPart};
use super::load::{Loader, start};
use super::model::{Config, Instance, Person, Policy, ServerEntry, Team, Tls, TlsMode};
use super::scope::SYSTEM_DATABASES;
use crate::diagnostic::Code;
use crate::names::{InstanceName, PersonName, TeamName};
use crate::yaml;

/// The port of MySQL and MariaDB.
const PORT: u16 = 3306;

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
        let mut addresses: BTreeMap<(String, u16), InstanceName> = BTreeMap::new();
        for (stem, file) in self.folder("inventory/databases") {
            let Some(name) = self.file_name::<InstanceName>(&file, &stem) else { continue };
            let Some(read) = self.read::<InstanceFile>(&file) else { continue };
            let address = self.address(&file, &read.address);
            let environment =
                self.known(&file, &read.environment, "environment", &policy.environments);
            let owners = read
                .owners
                .iter()
                .filter_map(|text| self.party(&file, text, people, teams))
                .collect();
            self.account_host(&file, &read.account_host);
            let levels = match &read.levels {
                Some(list) => {
                    self.not_empty(&file, list);
                    list.value
                        .iter()
                        .filter_map(|text| self.known(&file, text, "level", config.levels.keys()))
                        .collect()
                }
                None => config.levels.keys().cloned().collect(),
            };
            let databases = read.databases.as_ref().map(|list| {
                self.not_empty(&file, list);
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
            let (Some((host, port)), Some(environment)) = (address, environment) else { continue };
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
                retired: read.state.is_some(),
            };
            instances.insert(name, instance);
        }
        let holders: Vec<InstanceName> = instances
            .keys()
            .filter(|name| !aliases.iter().any(|(_, alias, _)| alias == *name))
            .cloned()
            .collect();
        for (file, name, other) in aliases {
            let holder = self.known(&file, &other, "instance with accounts of its own", &holders);
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
        let mode = match part.and_then(|part| part.mode) {
            Some(Mode::Verify) | None => TlsMode::Verify,
            Some(Mode::Require) => TlsMode::Require,
            Some(Mode::Off) => TlsMode::Off,
        };
        let ca = part.and_then(|part| part.ca.as_ref()).and_then(|text| {
            let found = self.tree.files.get_key_value(text.value.as_str());
            if found.is_none() {
                let expected =
                    "expected a PEM file below inventory/, by its path from the root of the repo";
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
        let Some((file, _)) = self.tree.files.get_key_value("inventory/servers.yaml") else {
            return Vec::new();
        };
        let file = file.clone();
        let Some(read) = self.read::<ServersFile>(&file) else { return Vec::new() };
        let mut entries = Vec::new();
        for part in &read.servers {
            let entry = &part.value;
            let environment =
                self.known(&file, &entry.environment, "environment", &policy.environments);
            let owners = entry
                .owners
                .iter()
                .filter_map(|text| self.party(&file, text, people, teams))
                .collect();
            self.not_empty(&file, &entry.logins);
            let logins = entry
                .logins
                .value
                .iter()
                .filter_map(|text| self.known(&file, text, "login", config.logins.keys()))
                .collect();
            for text in &entry.nodes {
                self.node(&file, text);
            }
            if entry.nodes.is_empty() && entry.assets.is_empty() {
                self.at(
                    &file,
                    part,
                    Code::Empty,
                    "this entry offers nothing".to_owned(),
                    "expected `nodes:` or `assets:`".to_owned(),
                );
            }
            let values = |list: &[Text]| list.iter().map(|text| text.value.clone()).collect();
            if let Some(environment) = environment {
                let site = yaml::site(&file, part);
                entries.push(ServerEntry {
                    site,
                    environment,
                    owners,
                    logins,
                    nodes: values(&entry.nodes),
                    assets: values(&entry.assets),
                });
            }
        }
        entries
    }

    /// Says when a text is no path of a node.
    pub(super) fn node(&mut self, file: &Arc<str>, text: &Text) {
        let good = text
            .value
            .strip_prefix('/')
            .is_some_and(|path| path.split('/').all(|part| !part.trim().is_empty()));
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
