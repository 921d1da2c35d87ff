//! What a branch edits besides requests: rules, targets, people, teams. After the merge they
//! count; until then the base's do.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::model::{
    Access, ExposedAccounts, Instance, Limit, Login, Party, PeopleSource, Provenance, ScopeKind,
    ServerEntry, TlsMode,
};
use crate::access::notify;
use crate::mysql;

/// One edit of a rule or target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Setting {
    /// The file.
    pub file: String,
    /// What, such as `levels.rw`.
    pub name: String,
    /// What the base says; none when it is new.
    pub before: Option<String>,
    /// What the branch says; none when it goes.
    pub after: Option<String>,
}

/// File and name to the text of a setting.
type Texts = BTreeMap<(String, String), String>;

/// What differs, by file.
pub(super) fn compare(base: &Access, head: &Access) -> Vec<Setting> {
    let (base, head) = (texts(base), texts(head));
    let keys: BTreeSet<_> = base.keys().chain(head.keys()).collect();
    let differs = keys.into_iter().filter(|key| base.get(key) != head.get(key));
    differs
        .map(|key| Setting {
            file: key.0.clone(),
            name: key.1.clone(),
            before: base.get(key).cloned(),
            after: head.get(key).cloned(),
        })
        .collect()
}

fn texts(access: &Access) -> Texts {
    let mut texts = Texts::new();
    config(access, &mut texts);
    policy(access, &mut texts);
    for (name, person) in &access.people {
        let mut put = |what: &str, text: Option<String>| {
            if let Some(text) = text {
                texts.insert((person.site.file.to_string(), format!("{name}: {what}")), text);
            }
        };
        put("jumpserver", Some(person.jumpserver.clone()));
        put("jumpserver-id", person.jumpserver_id.map(|id| id.to_string()));
        put("email", person.email.clone());
        put("forge", person.forge.clone());
        put("left", person.left.as_ref().map(|left| left.text.clone()));
    }
    for team in access.teams.values() {
        let members = list(team.members.iter().map(|member| member.as_str()));
        texts.insert((team.site.file.to_string(), "members".to_owned()), members);
    }
    for instance in access.instances.values() {
        for (what, text) in of_instance(instance) {
            texts.insert((instance.site.file.to_string(), what.to_owned()), text);
        }
    }
    for (number, entry) in (1..).zip(&access.servers) {
        let name = format!("entry {number}");
        texts.insert((entry.site.file.to_string(), name), of_entry(entry));
    }
    for (name, channel) in access.notify.iter().flat_map(|notify| &notify.channels) {
        let file = channel.site.file.to_string();
        texts.insert((file, format!("channels.{name}")), of_channel(channel));
    }
    texts
}

/// Who is told about whom: where that goes matters to whoever reviews.
fn of_channel(channel: &notify::Channel) -> String {
    let kind = match &channel.kind {
        notify::Kind::Mail { to, .. } => {
            let words = [(to.people, "people"), (to.owners, "owners")];
            let words = words.into_iter().filter(|(there, _)| *there).map(|(_, word)| word);
            format!("mail to {}", list(words.chain(to.addresses.iter().map(String::as_str))))
        }
        notify::Kind::Slack => "slack".to_owned(),
        notify::Kind::Feishu => "feishu".to_owned(),
        notify::Kind::DingTalk => "dingtalk".to_owned(),
        notify::Kind::WeCom => "wecom".to_owned(),
        notify::Kind::Webhook { template } => format!("webhook {template}"),
    };
    let events = list(channel.events.iter().map(|what| what.word()));
    let about =
        if channel.about.is_empty() { "everybody".to_owned() } else { parties(&channel.about) };
    format!("{kind}: {events} about {about}")
}

fn config(access: &Access, texts: &mut Texts) {
    let config = &access.config;
    let mut put = |name: String, text: String| {
        texts.insert(("jumpgate.yaml".to_owned(), name), text);
    };
    put("owner".to_owned(), config.owner.to_string());
    put("time-zone".to_owned(), config.zone.iana_name().unwrap_or("UTC").to_owned());
    put("jumpserver.url".to_owned(), config.url.to_string());
    put("jumpserver.organization".to_owned(), config.organization.clone());
    let source = match config.source {
        PeopleSource::JumpServer => "jumpserver",
        PeopleSource::Repo => "repo",
    };
    put("people.source".to_owned(), source.to_owned());
    put("prefix".to_owned(), config.prefix.to_string());
    put("guard.removals".to_owned(), config.guard.removals.to_string());
    put("guard.percent".to_owned(), config.guard.percent.to_string());
    for (name, login) in &config.logins {
        put(format!("logins.{name}"), of_login(login));
    }
    for (name, privileges) in &config.levels {
        put(format!("levels.{name}"), list(privileges.iter().map(|one| one.sql())));
    }
}

fn policy(access: &Access, texts: &mut Texts) {
    let mut put = |name: String, text: String| {
        texts.insert(("policy.yaml".to_owned(), name), text);
    };
    let policy = &access.policy;
    put("environments".to_owned(), list(policy.environments.iter().map(|one| one.as_str())));
    let exposed = match policy.exposed_accounts {
        ExposedAccounts::Refuse => "refuse",
        ExposedAccounts::Allow => "allow",
    };
    put("exposed-accounts".to_owned(), exposed.to_owned());
    if !policy.owners.is_empty() {
        put("owners".to_owned(), parties(&policy.owners));
    }
    let provenance = match policy.provenance {
        Provenance::Off => "off",
        Provenance::Git => "git",
        Provenance::Forge => "forge",
    };
    put("provenance".to_owned(), provenance.to_owned());
    if let Some(rule) = &policy.emergency {
        let mergers = parties(&rule.mergers);
        put("emergency".to_owned(), format!("{mergers}; longest {}h", rule.longest_hours));
    }
    for environment in &policy.environments {
        put(format!("sessions.{environment}"), policy.on_end(environment).to_string());
    }
    for (number, limit) in (1..).zip(&policy.limits) {
        put(format!("limit {number}"), of_limit(limit));
    }
}

fn of_login(login: &Login) -> String {
    format!(
        "{}; by {}; may {}",
        list(login.accounts.iter().map(String::as_str)),
        list(login.protocols.iter().map(String::as_str)),
        list(login.actions.iter().map(String::as_str)),
    )
}

fn of_limit(limit: &Limit) -> String {
    let when = &limit.when;
    let scope = when.scope.map(|scope| match scope {
        ScopeKind::Database => "database",
        ScopeKind::Table => "table",
        ScopeKind::Columns => "columns",
    });
    let when = [
        ("environment", when.environment.as_ref().map(AsRef::as_ref)),
        ("login", when.login.as_ref().map(AsRef::as_ref)),
        ("level", when.level.as_ref().map(AsRef::as_ref)),
        ("scope", scope),
    ];
    let when: Vec<String> = when
        .into_iter()
        .filter_map(|(key, value): (&str, Option<&str>)| Some(format!("{key} {}", value?)))
        .collect();
    let when =
        if when.is_empty() { "always".to_owned() } else { format!("when {}", when.join(", ")) };
    let mut parts = Vec::new();
    if limit.end_required {
        parts.push("end required".to_owned());
    }
    parts.extend(limit.longest_days.map(|days| format!("longest {days}d")));
    parts.extend(limit.approvals.map(|count| format!("approvals {count}")));
    parts.extend(limit.deny.as_ref().map(|instead| format!("deny: {instead}")));
    format!("{when}: {}", parts.join(", "))
}

fn of_instance(instance: &Instance) -> Vec<(&'static str, String)> {
    let tls = match instance.tls.mode {
        TlsMode::Verify => "verify",
        TlsMode::Require => "require",
        TlsMode::Off => "off",
    };
    let ca = instance.tls.ca.as_ref();
    let mut texts = vec![
        ("address", mysql::address(&instance.host, instance.port)),
        ("asset", instance.asset.clone()),
        ("environment", instance.environment.to_string()),
        ("owners", parties(&instance.owners)),
        ("account-host", instance.account_host.clone()),
        ("levels", list(instance.levels.iter().map(|level| level.as_str()))),
        ("tls.mode", tls.to_owned()),
    ];
    // The bytes count too: another authority under the same name is another one.
    texts.extend(ca.map(|(path, bytes)| ("tls.ca", format!("{path} ({})", short_hash(bytes)))));
    let databases = instance.databases.as_ref();
    texts.extend(databases.map(|all| ("databases", list(all.iter().map(String::as_str)))));
    let holder = instance.same_accounts_as.as_ref();
    texts.extend(holder.map(|holder| ("same-accounts-as", holder.to_string())));
    if instance.retired {
        texts.push(("state", "retired".to_owned()));
    }
    texts
}

fn short_hash(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    format!("SHA-256 {}", data_encoding::HEXLOWER.encode(&digest[..6]))
}

fn of_entry(entry: &ServerEntry) -> String {
    format!(
        "{}; owners {}; logins {}; nodes {}; assets {}",
        entry.environment,
        parties(&entry.owners),
        list(entry.logins.iter().map(|login| login.as_str())),
        list(entry.nodes.iter().map(String::as_str)),
        list(entry.assets.iter().map(String::as_str)),
    )
}

fn parties(parties: &[Party]) -> String {
    let names: Vec<String> = parties.iter().map(Party::to_string).collect();
    list(names.iter().map(String::as_str))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
