//! `jumpgate.yaml` and `policy.yaml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::files::{
    ConfigFile, EmergencyPart, Exposed, LimitPart, List, LoginPart, PolicyFile, ProvenanceWord,
    Required, ScopeWord, Source, Text,
};
use super::limits::{RULES, SENTENCE};
use super::load::Loader;
use super::model::{
    Config, ExposedAccounts, Guard, Limit, Login, PeopleSource, Policy, Provenance, ScopeKind, When,
};
use super::words::NUMBER;
use crate::diagnostic::{Code, nearest};
use crate::mysql::privilege::{Privilege, Privileges};
use crate::names::{LevelName, LoginName};
use crate::period;
use crate::yaml::{self, Spanned};

/// What JumpServer lets people do (v3.10 and v4.10).
pub(super) const ACTIONS: [&str; 7] =
    ["connect", "upload", "download", "copy", "paste", "delete", "share"];

/// Lists of people in policy that are not resolved yet, and its file.
pub(super) struct Named {
    pub(super) file: Arc<str>,
    pub(super) owners: Option<List>,
    pub(super) emergency: Option<Spanned<EmergencyPart>>,
}

impl Loader<'_> {
    pub(super) fn config(&mut self) -> Option<Config> {
        let help = "every access repo begins with it; `jumpgate init DIR` writes a new one, and other commands \
                    take its folder as DIR";
        let (file, read) = self.required::<ConfigFile>("jumpgate", help)?;
        if self.plain(&file, &read.version, NUMBER) != 1 {
            self.at(
                &file,
                &read.version,
                Code::InvalidValue,
                "this version is not known".to_owned(),
                "expected 1".to_owned(),
            );
        }
        let owner = self.name(&file, &read.owner);
        let zone = zone(&read.time_zone.value).ok_or_else(|| {
            let expected = "expected a name such as Asia/Shanghai or UTC".to_owned();
            self.at(
                &file,
                &read.time_zone,
                Code::UnknownName,
                "there is no time zone of this name".to_owned(),
                expected,
            );
        });
        if let Some(text) = &read.jumpserver.organization {
            self.name_text(&file, text);
        }
        let url = self.url(&file, &read.jumpserver.url);
        let organization =
            read.jumpserver.organization.map_or_else(|| "Default".to_owned(), |text| text.value);
        let logins = match &read.logins {
            Some(logins) => self.logins(&file, logins),
            None => default_logins(),
        };
        let levels = match &read.levels {
            Some(levels) => self.levels(&file, levels),
            None => default_levels(),
        };
        let prefix = match &read.prefix {
            Some(text) => self.name(&file, text),
            None => "jump".parse().ok(),
        };
        let mut guard = Guard { removals: 10, percent: 20 };
        if let Some(part) = &read.guard {
            if let Some(removals) = &part.removals {
                guard.removals = self.plain(&file, removals, NUMBER);
            }
            if let Some(percent) = &part.percent {
                guard.percent = self.plain(&file, percent, NUMBER);
                if guard.percent > 100 {
                    let message = "this is more than everything".to_owned();
                    let expected = "expected 0 to 100".to_owned();
                    self.at(&file, percent, Code::InvalidValue, message, expected);
                }
            }
        }
        let source = read.people.and_then(|people| self.word(&file, &people.source));
        let source = match source {
            Some(Source::Repo) => PeopleSource::Repo,
            Some(Source::Jumpserver) | None => PeopleSource::JumpServer,
        };
        Some(Config {
            owner: owner?,
            zone: zone.ok()?,
            url: url?,
            organization,
            source,
            logins,
            levels,
            prefix: prefix?,
            guard,
        })
    }

    fn url(&mut self, file: &Arc<str>, text: &Text) -> Option<url::Url> {
        let good = url::Url::parse(&text.value).ok().filter(|url| {
            ["http://", "https://"].iter().any(|scheme| text.value.starts_with(scheme))
                && url.host().is_some()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if good.is_none() {
            let expected = "expected https://host, with a path where JumpServer has one, without a user or a query";
            self.at(
                file,
                text,
                Code::InvalidValue,
                "this is no address of JumpServer".to_owned(),
                expected.to_owned(),
            );
        }
        if good.as_ref().is_some_and(|url| url.scheme() == "http" && !is_this_machine(url)) {
            let message = "what goes to JumpServer is not encrypted".to_owned();
            let then = "with `https://` nobody on the way reads the token and the passwords";
            self.notice(file, text, Code::PlainHttp, message, then);
        }
        good
    }

    fn logins(
        &mut self,
        file: &Arc<str>,
        parts: &Spanned<BTreeMap<String, Spanned<LoginPart>>>,
    ) -> BTreeMap<LoginName, Login> {
        let mut logins = BTreeMap::new();
        self.some(file, parts, "login");
        for (name, part) in &parts.value {
            let LoginPart { accounts, protocols, actions } = &part.value;
            let name = name.parse::<LoginName>().map_err(|error| {
                self.at(
                    file,
                    part,
                    Code::InvalidName,
                    format!("`{name}` cannot be a login"),
                    format!("expected {}", error.expected),
                );
            });
            for list in [accounts, protocols, actions] {
                self.distinct(file, list);
                if list.is_empty() {
                    self.at(
                        file,
                        part,
                        Code::Empty,
                        "a list of this login is empty".to_owned(),
                        "expected at least one entry".to_owned(),
                    );
                }
            }
            for text in accounts.iter().chain(protocols).filter(|text| !text.value.is_empty()) {
                self.name_text(file, text);
            }
            for text in accounts
                .iter()
                .filter(|text| text.value.is_empty() || text.value.starts_with(['@', '%', '!']))
            {
                let expected =
                    "expected a user name: JumpServer gives names with @, % and ! a wider meaning";
                self.at(
                    file,
                    text,
                    Code::InvalidValue,
                    "this is no user name".to_owned(),
                    expected.to_owned(),
                );
            }
            for text in protocols.iter().filter(|text| text.value == "all") {
                let expected = "expected protocols by name: a node may hold other kinds of assets";
                self.at(
                    file,
                    text,
                    Code::InvalidValue,
                    "`all` is not possible".to_owned(),
                    expected.to_owned(),
                );
            }
            for text in actions.iter().filter(|text| !ACTIONS.contains(&text.value.as_str())) {
                let near = nearest(&text.value, ACTIONS)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let expected = format!("expected one of {}{near}", ACTIONS.join(", "));
                self.at(
                    file,
                    text,
                    Code::UnknownName,
                    "there is no action of this name".to_owned(),
                    expected,
                );
            }
            if name.is_err() {
                // What other files name may be this one.
                self.unsure.insert("login");
            }
            if let Ok(name) = name {
                let values = |list: &[Text]| list.iter().map(|text| text.value.clone()).collect();
                let login = Login {
                    accounts: values(accounts),
                    protocols: values(protocols),
                    actions: actions.iter().map(|text| text.value.clone()).collect(),
                };
                logins.insert(name, login);
            }
        }
        logins
    }

    fn levels(
        &mut self,
        file: &Arc<str>,
        parts: &Spanned<BTreeMap<String, List>>,
    ) -> BTreeMap<LevelName, Privileges> {
        let mut levels = BTreeMap::new();
        self.some(file, parts, "level");
        for (name, part) in &parts.value {
            let name = name.parse::<LevelName>().map_err(|error| {
                self.at(
                    file,
                    part,
                    Code::InvalidName,
                    format!("`{name}` cannot be a level"),
                    format!("expected {}", error.expected),
                );
            });
            self.distinct(file, &part.value);
            if part.value.is_empty() {
                self.at(
                    file,
                    part,
                    Code::Empty,
                    "this level holds nothing".to_owned(),
                    "expected privileges, such as [SELECT]".to_owned(),
                );
            }
            let mut privileges = Privileges::new();
            for text in &part.value {
                match Privilege::parse(&text.value) {
                    Some(privilege) => {
                        privileges.insert(privilege);
                        if privilege.leaves_definers() {
                            let message = format!(
                                "{privilege} lets people leave things behind that run with their \
                                 rights"
                            );
                            let then = "the account that made them cannot be dropped: it stays, \
                                        locked, until they are gone";
                            self.notice(file, text, Code::Definers, message, then);
                        }
                    }
                    None => {
                        let all = Privilege::ALL.iter().map(|privilege| privilege.sql());
                        let near = nearest(&text.value, all)
                            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
                        let expected = format!(
                            "expected a privilege that can be held on a database; global and administrative ones are not possible{near}"
                        );
                        self.at(
                            file,
                            text,
                            Code::Privilege,
                            "a level cannot hold this".to_owned(),
                            expected,
                        );
                    }
                }
            }
            if name.is_err() {
                self.unsure.insert("level");
            }
            if let Ok(name) = name {
                levels.insert(name, privileges);
            }
        }
        levels
    }

    /// The rules, and who is named in them.
    pub(super) fn policy(&mut self, config: &Config) -> Option<(Policy, Named)> {
        let help = "it names the environments: environments: [prod, test]";
        let (file, read) = self.required::<PolicyFile>("policy", help)?;
        self.not_empty(&file, &read.environments);
        self.distinct(&file, &read.environments.value);
        let environments: Vec<_> =
            read.environments.value.iter().filter_map(|text| self.name(&file, text)).collect();
        if environments.is_empty() || environments.len() < read.environments.value.len() {
            self.unsure.insert("environment");
        }
        if let Some(last) = read.limits.last() {
            self.few(&file, last, read.limits.len(), "limits");
        }
        let limits = read.limits.iter().take(RULES);
        let limits = limits.map(|part| self.limit(&file, part, config, &environments)).collect();
        let exposed = read.exposed_accounts.and_then(|text| self.word(&file, &text));
        let exposed_accounts = match exposed {
            Some(Exposed::Allow) => ExposedAccounts::Allow,
            Some(Exposed::Refuse) | None => ExposedAccounts::Refuse,
        };
        let provenance = read.provenance.and_then(|text| self.word(&file, &text));
        let provenance = match provenance {
            Some(ProvenanceWord::Forge) => Provenance::Forge,
            Some(ProvenanceWord::Git) => Provenance::Git,
            Some(ProvenanceWord::Off) | None => Provenance::Off,
        };
        let sessions = read.sessions.as_ref();
        let sessions = sessions.map(|part| self.sessions(&file, part, &environments));
        let sessions = sessions.unwrap_or_default();
        // Who they are is known when people and teams are read.
        let (owners, emergency) = (Vec::new(), None);
        let policy = Policy {
            environments,
            limits,
            exposed_accounts,
            owners,
            provenance,
            sessions,
            emergency,
        };
        Some((policy, Named { file, owners: read.owners, emergency: read.emergency }))
    }

    fn limit(
        &mut self,
        file: &Arc<str>,
        part: &Spanned<LimitPart>,
        config: &Config,
        environments: &[crate::names::Environment],
    ) -> Limit {
        let when = &part.value.when;
        let environment = when
            .environment
            .as_ref()
            .and_then(|text| self.known(file, text, "environment", environments));
        let mut when_known = When { environment, ..When::default() };
        when_known.login =
            when.login.as_ref().and_then(|text| self.known(file, text, "login", &config.logins));
        when_known.level =
            when.level.as_ref().and_then(|text| self.known(file, text, "level", &config.levels));
        self.idle(file, part);
        let scope = when.scope.as_ref().and_then(|text| self.word(file, text));
        when_known.scope = scope.map(|word| match word {
            ScopeWord::Database => ScopeKind::Database,
            ScopeWord::Table => ScopeKind::Table,
            ScopeWord::Columns => ScopeKind::Columns,
        });
        let longest_days = part.value.longest.as_ref().and_then(|text| {
            let days = period::days(&text.value);
            if days.is_none() {
                self.at(
                    file,
                    text,
                    Code::InvalidValue,
                    "this is no length of time".to_owned(),
                    "expected days, such as 90d".to_owned(),
                );
            }
            days
        });
        let end: Option<Required> = part.value.end.as_ref().and_then(|text| self.word(file, text));
        let approvals = part.value.approvals.as_ref();
        let approvals = approvals.map(|number| self.plain(file, number, NUMBER));
        Limit {
            site: yaml::site(file, part),
            when: when_known,
            end_required: end.is_some(),
            longest_days,
            approvals,
            deny: part.value.deny.as_ref().map(|text| text.value.clone()),
        }
    }
}

impl Loader<'_> {
    /// Says when a limit can never limit anything: it looks like a rule and is none.
    fn idle(&mut self, file: &Arc<str>, part: &Spanned<LimitPart>) {
        let LimitPart { when, end, longest, approvals, deny } = &part.value;
        if let Some(text) = deny {
            self.filled(file, text);
            self.short(file, text, SENTENCE);
        }
        let idle = if end.is_none() && longest.is_none() && approvals.is_none() && deny.is_none() {
            Some(("this limits nothing", "expected `end:`, `longest:`, `approvals:` or `deny:`"))
        } else if when.login.is_some() && (when.level.is_some() || when.scope.is_some()) {
            let expected = "expected either `login:`, which is about hosts, or `level:` and \
                            `scope:`, which are about databases";
            Some(("this matches nothing", expected))
        } else {
            None
        };
        if let Some((message, expected)) = idle {
            self.at(file, part, Code::IdleLimit, message.to_owned(), expected.to_owned());
        }
    }

    /// Says when a block has no entry; what it names nobody knows then.
    fn some<T>(
        &mut self,
        file: &Arc<str>,
        block: &Spanned<BTreeMap<String, T>>,
        what: &'static str,
    ) {
        if block.value.is_empty() {
            self.unsure.insert(what);
            let (message, expected) = ("there is nothing here", "expected at least one entry");
            self.at(file, block, Code::Empty, message.to_owned(), expected.to_owned());
        }
    }
}

/// Whether an address is on the machine itself, where nobody is on the way.
fn is_this_machine(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A time zone by its name: of the data that came with this program, so that a period is the same
/// on every machine. `None` also for names that stand for no place's time.
fn zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (!zone.is_unknown() && !name.eq_ignore_ascii_case("Factory")).then_some(zone)
}

/// Settings in the place of those that are wrong, so that the other files can be checked.
pub(super) fn stand_in() -> Option<Config> {
    Some(Config {
        owner: "jumpgate".parse().ok()?,
        zone: TimeZone::UTC,
        url: url::Url::parse("https://jumpserver.invalid").ok()?,
        organization: "Default".to_owned(),
        source: PeopleSource::JumpServer,
        logins: default_logins(),
        levels: default_levels(),
        prefix: "jump".parse().ok()?,
        guard: Guard { removals: 0, percent: 0 },
    })
}

/// Policy in the place of one that is wrong.
pub(super) fn no_policy() -> Policy {
    Policy {
        environments: Vec::new(),
        limits: Vec::new(),
        exposed_accounts: ExposedAccounts::Refuse,
        owners: Vec::new(),
        provenance: Provenance::Off,
        sessions: BTreeMap::new(),
        emergency: None,
    }
}

fn default_logins() -> BTreeMap<LoginName, Login> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let login = |name: &str, accounts: &[&str]| {
        let login = Login {
            accounts: texts(accounts),
            protocols: texts(&["ssh", "sftp", "rdp", "vnc"]),
            actions: texts(&["connect", "upload", "download", "copy", "paste"])
                .into_iter()
                .collect(),
        };
        Some((name.parse().ok()?, login))
    };
    [login("app", &["app"]), login("root", &["root", "Administrator"])]
        .into_iter()
        .flatten()
        .collect()
}

fn default_levels() -> BTreeMap<LevelName, Privileges> {
    use Privilege::{Delete, Insert, Select, Update};
    let level = |name: &str, privileges: Privileges| Some((name.parse().ok()?, privileges));
    [level("r", [Select].into()), level("rw", [Select, Insert, Update, Delete].into())]
        .into_iter()
        .flatten()
        .collect()
}
