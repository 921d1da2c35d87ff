//! `requests/`: one file, one reason, one approval, one period.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::files::{DatabaseAsk, OneOrMany, RequestFile, ServerAsk, Text};
use super::instant::End;
use super::inventory::OFFERS;
use super::limits::{SENTENCE, listed};
use super::load::{Loader, start};
use super::model::{Access, DatabaseWant, Party, Request, Scope, ServerWant, Site};
use super::scope;
use crate::diagnostic::{Code, Diagnostic};
use crate::grants::{Offers, ServerTarget};
use crate::mysql::privilege::Privileges;
use crate::names::{InstanceName, RequestName};
use crate::period::Period;
use crate::yaml::{self, Spanned};

/// The entries behind those that are pieces of `entry`: in `[a.b(c, d)]` the comma of the
/// columns splits it, and all pieces together are one error.
fn behind_pieces<'t>(entry: &str, rest: &'t [Text]) -> &'t [Text] {
    // Looked for only behind an open bracket: a list may be long.
    if !entry.contains('(') || entry.contains(')') {
        return rest;
    }
    let is_end = |text: &Text| text.value.contains(['(', ')']);
    let end = rest.iter().position(is_end).filter(|end| !rest[*end].value.contains('('));
    match end {
        Some(end) => &rest[end + 1..],
        None => rest,
    }
}

impl Loader<'_> {
    pub(super) fn requests(
        &mut self,
        access: &Access,
        now: Timestamp,
    ) -> BTreeMap<RequestName, Request> {
        let mut requests = BTreeMap::new();
        let offers = Offers::new(&access.servers);
        let mut given = 0;
        for (stem, file) in self.folder("requests") {
            let Some(name) = self.file_name::<RequestName>(&file, &stem) else { continue };
            let Some(read) = self.read::<RequestFile>(&file) else { continue };
            self.swallowed(&file, &read.reason);
            self.short(&file, &read.reason, SENTENCE);
            if read.reason.value.trim().is_empty() {
                self.at(
                    &file,
                    &read.reason,
                    Code::Empty,
                    "there is no reason".to_owned(),
                    "expected why, in a few words".to_owned(),
                );
            }
            let zone = &access.config.zone;
            let from = read.from.as_ref().and_then(|text| self.edge(&file, text, End::From, zone));
            let until =
                read.until.as_ref().and_then(|text| self.edge(&file, text, End::Until, zone));
            let period = Period { from, until };
            if let Some(text) = read
                .until
                .as_ref()
                .filter(|_| period.until.is_some() && period.start() >= period.end())
            {
                self.at(
                    &file,
                    text,
                    Code::InvalidPeriod,
                    "this ends before it begins".to_owned(),
                    "expected an end behind `from`".to_owned(),
                );
            }
            // The names of a request that is over may be gone: only their form counts.
            let over = period.is_over(now);
            let parties = self.parties(&file, &read.r#for, access, over);
            let mut servers = Vec::new();
            let mut databases = Vec::new();
            if let Some(list) = &read.servers {
                self.not_empty(&file, list);
                servers.extend(
                    list.value
                        .iter()
                        .filter_map(|ask| self.server(&file, ask, access, &offers, over)),
                );
            }
            if let Some(list) = &read.databases {
                self.not_empty(&file, list);
                databases.extend(
                    list.value.iter().filter_map(|ask| self.database(&file, ask, access, over)),
                );
            }
            if read.servers.is_none() && read.databases.is_none() {
                self.at(
                    &file,
                    &read.reason,
                    Code::Empty,
                    "this request asks for nothing".to_owned(),
                    "expected `servers:` or `databases:`".to_owned(),
                );
            }
            let release = self.release(&file, read.release.as_ref());
            let known = (&access.policy, &access.people);
            let emergency = self.emergency(&file, &read, &period, known, over);
            let (site, reason) = (start(&file), read.reason.value);
            let request =
                Request { site, parties, reason, period, emergency, servers, databases, release };
            if !self.gives_too_much(&file, &read.r#for, (&request, access), &mut given) {
                requests.insert(name, request);
            }
        }
        requests
    }

    /// `reason: refunds #1234` ends before the `#`.
    fn swallowed(&mut self, file: &Arc<str>, reason: &Text) {
        let Some(bytes) = self.tree.files.get(file) else { return };
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let span = yaml::span(reason);
        let (Some(value), Some(rest)) = (text.get(span.clone()), text.get(span.end..)) else {
            return;
        };
        let rest = rest.lines().next().unwrap_or_default();
        let plain = !value.starts_with(['"', '\'', '|', '>']) && !rest.starts_with(['"', '\'']);
        if plain && rest.trim_start().starts_with('#') {
            self.errors.push(Diagnostic {
                code: Code::SwallowedComment,
                site: yaml::site(file, reason),
                span: span.start..span.end + rest.trim_end().len(),
                message: "the end of the reason is a comment, from ` #` on".to_owned(),
                expected: "expected the whole reason in quotes".to_owned(),
                help: Some(format!(
                    "reason: {}",
                    yaml::quoted(&format!("{value}{}", rest.trim_end()))
                )),
            });
        }
    }

    fn parties(
        &mut self,
        file: &Arc<str>,
        list: &Spanned<OneOrMany>,
        access: &Access,
        over: bool,
    ) -> Vec<(Party, Site)> {
        let texts = self.texts(file, list);
        texts
            .iter()
            .filter_map(|text| {
                let party = if over {
                    match text.value.strip_prefix("team/") {
                        Some(team) => Party::Team(
                            self.name(file, &Text { value: team.to_owned(), ..text.clone() })?,
                        ),
                        None => Party::Person(self.name(file, text)?),
                    }
                } else {
                    self.party(file, text, &access.people, &access.teams)?
                };
                Some((party, yaml::site(file, text)))
            })
            .collect()
    }

    fn texts(&mut self, file: &Arc<str>, list: &Spanned<OneOrMany>) -> Vec<Text> {
        match &list.value {
            OneOrMany::One(value) => vec![Text {
                value: value.clone(),
                referenced: list.referenced,
                defined: list.defined,
            }],
            OneOrMany::Other => {
                let message = "this is no text".to_owned();
                let expected = "expected a name, or a list of names; a number stands in quotes";
                self.at(file, list, Code::WrongKind, message, expected.to_owned());
                Vec::new()
            }
            OneOrMany::Many(texts) => {
                if texts.is_empty() {
                    self.at(
                        file,
                        list,
                        Code::Empty,
                        "this list is empty".to_owned(),
                        "expected at least one entry".to_owned(),
                    );
                }
                self.distinct(file, texts);
                texts.clone()
            }
        }
    }

    fn server(
        &mut self,
        file: &Arc<str>,
        ask: &Spanned<ServerAsk>,
        access: &Access,
        offers: &Offers<'_>,
        over: bool,
    ) -> Option<ServerWant> {
        let ServerAsk { login, nodes, assets, adopts } = &ask.value;
        for list in [nodes, assets].into_iter().flatten() {
            if self.is_too_much(file, list, (1, list.value.len())) {
                return None;
            }
        }
        if nodes.is_none() && assets.is_none() {
            self.at(
                file,
                login,
                Code::Empty,
                "this asks for no server".to_owned(),
                "expected `nodes:` or `assets:`".to_owned(),
            );
        }
        for list in [nodes, assets].into_iter().flatten() {
            self.not_empty(file, list);
            self.distinct(file, &list.value);
        }
        let name = if over {
            self.name(file, login)
        } else {
            self.known(file, login, "login", &access.config.logins)
        };
        let texts = |list: &Option<Spanned<Vec<Text>>>| {
            list.as_ref().map_or_else(Vec::new, |list| list.value.clone())
        };
        let (nodes, assets) = (texts(nodes), texts(assets));
        for text in &assets {
            self.name_text(file, text);
        }
        let paths: Vec<&Text> = nodes.iter().filter(|text| self.node(file, text)).collect();
        self.no_patterns(file, &assets);
        if !over {
            let targets = paths.into_iter().map(|text| (text, ServerTarget::Node(&text.value)));
            for (text, target) in
                targets.chain(assets.iter().map(|text| (text, ServerTarget::Asset(&text.value))))
            {
                let entries = match target {
                    ServerTarget::Asset(asset) => offers.matching(asset),
                    ServerTarget::Node(_) => offers.find(target).into_iter().collect(),
                };
                if let [first, second, ..] = entries.as_slice() {
                    let lines = format!("lines {} and {}", first.site.line, second.site.line);
                    self.at(
                        file,
                        text,
                        Code::NotOffered,
                        format!("two entries of inventory/servers.yaml match this ({lines})"),
                        "expected an asset that exactly one entry matches".to_owned(),
                    );
                    continue;
                }
                match entries.first() {
                    None => self.not_offered(file, text, target, access),
                    Some(entry)
                        if name.as_ref().is_some_and(|name| !entry.logins.contains(name))
                            && !self.broken.contains(&(OFFERS, entry.site.line.to_string())) =>
                    {
                        let logins = listed(entry.logins.iter().map(|login| login.as_str()));
                        self.at(
                            file,
                            text,
                            Code::NotOffered,
                            format!("login {} is not offered there", login.value),
                            format!("expected one of {logins}"),
                        );
                    }
                    Some(_) => {}
                }
            }
        }
        let sited = |texts: Vec<Text>| {
            texts.into_iter().map(|text| (text.value.clone(), yaml::site(file, &text))).collect()
        };
        let adopts = adopts.as_ref().map(|text| self.adopted(file, text));
        Some(ServerWant { login: name?, nodes: sited(nodes), assets: sited(assets), adopts })
    }

    fn database(
        &mut self,
        file: &Arc<str>,
        ask: &Spanned<DatabaseAsk>,
        access: &Access,
        over: bool,
    ) -> Option<DatabaseWant> {
        let DatabaseAsk { instance, level, tables, adopts } = &ask.value;
        let instances = match &instance.value {
            OneOrMany::Many(texts) => texts.len(),
            OneOrMany::One(_) | OneOrMany::Other => 1,
        };
        if self.is_too_much(file, tables, (instances, tables.value.len())) {
            return None;
        }
        self.not_empty(file, tables);
        self.distinct(file, &tables.value);
        self.same_scopes(file, &tables.value);
        let level_name = if over {
            self.name(file, level)
        } else {
            self.known(file, level, "level", &access.config.levels)
        };
        let mut scopes: Vec<(Scope, Site)> = Vec::new();
        let mut entries = tables.value.as_slice();
        while let [text, rest @ ..] = entries {
            entries = rest;
            match scope::parse(&text.value) {
                Ok(scope) => scopes.push((scope, yaml::site(file, text))),
                Err(error) => {
                    entries = behind_pieces(&text.value, rest);
                    let message = "this names no database, table or columns".to_owned();
                    self.at(file, text, Code::InvalidScope, message, error.message);
                }
            }
        }
        let mut instances: Vec<(InstanceName, Site)> = Vec::new();
        for text in self.texts(file, instance) {
            let name = if over {
                self.name(file, &text)
            } else {
                self.known(file, &text, "instance", &access.instances)
            };
            let Some(name) = name else { continue };
            if let Some(offered) = access.instances.get(&name).filter(|_| !over) {
                if access.is_retired(&name) {
                    let message = match offered.retired {
                        true => format!("{name} is retired: this gives nothing"),
                        false => format!(
                            "{name} shows the accounts of {}, which is retired: this gives nothing",
                            access.holder(&name)
                        ),
                    };
                    let then = "take it out, or end the request";
                    self.notice(file, &text, Code::Retired, message, then);
                }
                if !self.unsure.contains("level")
                    && !self.broken.contains(&(OFFERS, name.to_string()))
                    && level_name.as_ref().is_some_and(|level| !offered.levels.contains(level))
                {
                    let levels = listed(offered.levels.iter().map(|level| level.as_str()));
                    self.at(
                        file,
                        level,
                        Code::NotOffered,
                        format!("{name} does not offer this level"),
                        format!("expected one of {levels}"),
                    );
                }
                if let Some(databases) = &offered.databases {
                    for text in &tables.value {
                        let wanted = scope::parse(&text.value).ok();
                        if wanted.is_some_and(|scope| !databases.contains(scope.database())) {
                            let known = listed(databases.iter().map(String::as_str));
                            self.at(
                                file,
                                text,
                                Code::NotOffered,
                                format!("{name} does not offer this database"),
                                format!("expected one of {known}"),
                            );
                        }
                    }
                }
            }
            instances.push((name, yaml::site(file, &text)));
        }
        if let Some(privileges) = level_name
            .as_ref()
            .filter(|_| !over && !self.unsure.contains("level"))
            .and_then(|name| access.config.levels.get(name))
        {
            self.fit(file, &tables.value, *privileges, access);
        }
        let adopts = self.adopts(file, adopts.as_ref(), instance, instances.len());
        Some(DatabaseWant { instances, level: level_name?, tables: scopes, adopts })
    }

    /// Says which privileges cannot be held at a scope, and which levels fit.
    fn fit(&mut self, file: &Arc<str>, tables: &[Text], privileges: Privileges, access: &Access) {
        for text in tables {
            let Ok(scope) = scope::parse(&text.value) else { continue };
            let kind = scope.kind();
            let unfit: Vec<_> = privileges
                .iter()
                .filter(|privilege| !privilege.fits(kind))
                .map(|privilege| privilege.sql())
                .collect();
            if unfit.is_empty() {
                continue;
            }
            // All levels are looked at for what fits.
            if self.errors.are_full() {
                self.errors.skip();
                continue;
            }
            let fits: Vec<_> = access
                .config
                .levels
                .iter()
                .filter(|(_, privileges)| privileges.iter().all(|privilege| privilege.fits(kind)))
                .map(|(name, _)| name.as_str())
                .collect();
            let expected = if fits.is_empty() {
                "expected a wider scope: no level fits".to_owned()
            } else {
                format!("expected a level that fits: {}", listed(fits.into_iter()))
            };
            self.at(
                file,
                text,
                Code::Privilege,
                format!("{} cannot be held on this scope", unfit.join(", ")),
                expected,
            );
        }
    }
}
