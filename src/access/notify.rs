//! `notify.yaml`: who is told what, and by which channel. Addresses of webhooks and secrets
//! never stand here: they come from the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::files::{ChannelPart, NotifyFile, Text};
use super::load::Loader;
use super::model::{Party, Person, Site, Team};
use super::words::NUMBER;
use crate::diagnostic::{Code, nearest};
use crate::names::{PersonName, TeamName};
use crate::yaml::{self, Spanned};

/// The furthest ahead that somebody is told of an end, in days.
const FURTHEST: u32 = 365;

/// What `notify.yaml` says.
#[derive(Debug, Clone)]
pub struct Notify {
    /// The language of the messages.
    pub language: Language,
    /// So many days before an end it is told, the fewest first; one reminder for each.
    pub days: BTreeSet<u32>,
    /// Where a file of the repo is edited, with `{path}` in it.
    pub edit_link: Option<String>,
    /// The channels by name.
    pub channels: BTreeMap<String, Channel>,
}

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese.
    Chinese,
}

/// A way to tell people.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Where it begins.
    pub site: Site,
    /// What it is.
    pub kind: Kind,
    /// What is told by it.
    pub events: BTreeSet<What>,
    /// About whom; empty is everybody.
    pub about: Vec<Party>,
}

/// What a channel is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Mail by SMTP.
    Mail {
        /// The sender's address.
        from: String,
        /// Who gets it.
        to: Recipients,
    },
    /// An incoming webhook of Slack.
    Slack,
    /// A custom bot of Feishu or Lark.
    Feishu,
    /// A custom robot of DingTalk.
    DingTalk,
    /// A robot of a WeCom group.
    WeCom,
    /// Any address that takes JSON.
    Webhook {
        /// The body; `{title}`, `{text}` and `{owner}` in its texts are filled in.
        template: Value,
    },
}

/// Who gets a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients {
    /// The people whom something is about.
    pub people: bool,
    /// The owners of what it is about.
    pub owners: bool,
    /// These, of everything.
    pub addresses: BTreeSet<String>,
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Access ends soon.
    Ending,
    /// An apply gave something.
    Granted,
    /// An apply took something away.
    Removed,
    /// An apply changed something by which nobody gained or lost anything.
    Changed,
    /// A step of an apply failed.
    Failed,
    /// An end has passed and still stands.
    Overdue,
    /// An emergency that no owner has approved.
    Emergency,
}

impl What {
    /// All of them, in the order in which a message tells them.
    pub const ALL: [Self; 7] = [
        Self::Emergency,
        Self::Failed,
        Self::Overdue,
        Self::Ending,
        Self::Granted,
        Self::Removed,
        Self::Changed,
    ];

    /// As `notify.yaml` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ending => "ending",
            Self::Granted => "granted",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::Emergency => "emergency",
        }
    }
}

/// The kinds of channels, as they are written.
const KINDS: [&str; 6] = ["mail", "slack", "feishu", "dingtalk", "wecom", "webhook"];

impl Loader<'_> {
    /// The file, when it is there and right.
    pub(super) fn notify(
        &mut self,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Option<Notify> {
        let file = self.single("notify")?;
        let read = self.read::<NotifyFile>(&file)?;
        let language = match read.language.as_ref().map(|text| (text, text.value.as_str())) {
            None | Some((_, "en")) => Language::English,
            Some((_, "zh")) => Language::Chinese,
            Some((text, _)) => {
                self.wrong(&file, text, "there is no such language", "expected `en` or `zh`");
                Language::English
            }
        };
        let mut days = BTreeSet::new();
        if let Some(list) = &read.days {
            self.not_empty(&file, list);
        }
        for day in read.days.iter().flat_map(|list| &list.value) {
            let number = self.plain(&file, day, NUMBER);
            if !(1..=FURTHEST).contains(&number) {
                let expected = format!("expected 1 to {FURTHEST} days");
                self.wrong(&file, day, "this is no number of days before an end", &expected);
            }
            days.insert(number);
        }
        if days.is_empty() {
            days.insert(14);
        }
        let edit_link = read.edit_link.as_ref().and_then(|text| {
            let is_link = text.value.starts_with("https://") && text.value.contains("{path}");
            if !is_link {
                let expected = "expected such as https://github.com/acme/access/edit/main/{path}";
                self.wrong(&file, text, "this is no link to a file", expected);
            }
            is_link.then(|| text.value.clone())
        });
        let mut channels = BTreeMap::new();
        if read.channels.value.is_empty() {
            self.wrong(&file, &read.channels, "there is no channel", "expected at least one");
        }
        for (name, part) in &read.channels.value {
            let good = name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'));
            if !good || name.is_empty() || name.len() > 40 {
                let expected = "expected 1 to 40 lower-case letters, digits and `-`";
                self.wrong(&file, part, "this cannot be a channel's name", expected);
            }
            if let Some(channel) = self.channel(&file, part, people, teams) {
                channels.insert(name.clone(), channel);
            }
        }
        Some(Notify { language, days, edit_link, channels })
    }

    fn channel(
        &mut self,
        file: &Arc<str>,
        part: &Spanned<ChannelPart>,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Option<Channel> {
        let ChannelPart { kind, events, about, from, to, template } = &part.value;
        for (key, text, only) in [
            ("from", from.is_some(), "mail"),
            ("to", to.is_some(), "mail"),
            ("template", template.is_some(), "webhook"),
        ] {
            if text && kind.value != only {
                let message = format!("`{key}` is for a {only} channel");
                self.wrong(file, kind, &message, "expected it there alone");
            }
        }
        let kind = match kind.value.as_str() {
            "mail" => {
                let Some(from) = from else {
                    let expected = "expected `from:`, the sender's address";
                    self.wrong(file, kind, "mail needs a sender", expected);
                    return None;
                };
                self.mailbox(file, from);
                Kind::Mail { from: from.value.clone(), to: self.recipients(file, to.as_ref()) }
            }
            "slack" => Kind::Slack,
            "feishu" | "lark" => Kind::Feishu,
            "dingtalk" => Kind::DingTalk,
            "wecom" => Kind::WeCom,
            "webhook" => Kind::Webhook { template: self.template(file, template.as_ref()) },
            other => {
                let help = nearest(other, KINDS).map(|near| format!("; did you mean `{near}`?"));
                let expected =
                    format!("expected one of {}{}", KINDS.join(", "), help.unwrap_or_default());
                self.wrong(file, kind, "there is no such channel", &expected);
                return None;
            }
        };
        let mut told: BTreeSet<What> = BTreeSet::new();
        if let Some(list) = events {
            self.not_empty(file, list);
            self.distinct(file, &list.value);
        }
        for text in events.iter().flat_map(|list| &list.value) {
            match What::ALL.into_iter().find(|what| what.word() == text.value) {
                Some(what) => {
                    told.insert(what);
                }
                None => {
                    let all = What::ALL.map(What::word);
                    let help = nearest(&text.value, all).map(|n| format!("; did you mean `{n}`?"));
                    let expected =
                        format!("expected one of {}{}", all.join(", "), help.unwrap_or_default());
                    self.wrong(file, text, "there is no such event", &expected);
                }
            }
        }
        if events.is_none() {
            told.extend(What::ALL);
        }
        let mut parties = Vec::new();
        if let Some(list) = about {
            self.not_empty(file, list);
            self.distinct(file, &list.value);
            let named = list.value.iter();
            parties.extend(named.filter_map(|text| self.party(file, text, people, teams)));
        }
        Some(Channel { site: yaml::site(file, part), kind, events: told, about: parties })
    }

    fn recipients(&mut self, file: &Arc<str>, list: Option<&super::files::List>) -> Recipients {
        let Some(list) = list else {
            return Recipients { people: true, ..Recipients::default() };
        };
        self.not_empty(file, list);
        self.distinct(file, &list.value);
        let mut to = Recipients::default();
        for text in &list.value {
            match text.value.as_str() {
                "people" => to.people = true,
                "owners" => to.owners = true,
                address => {
                    self.mailbox(file, text);
                    to.addresses.insert(address.to_owned());
                }
            }
        }
        to
    }

    fn mailbox(&mut self, file: &Arc<str>, text: &Text) {
        if text.value.parse::<lettre::Address>().is_err() {
            let expected = "expected name@host; in `to` also `people` and `owners`";
            self.wrong(file, text, "this is no e-mail address", expected);
        }
    }

    fn template(&mut self, file: &Arc<str>, text: Option<&Text>) -> Value {
        let default = serde_json::json!({ "title": "{title}", "text": "{text}" });
        let Some(text) = text else { return default };
        match serde_json::from_str(&text.value) {
            Ok(value @ Value::Object(_)) => value,
            _ => {
                let expected = "expected an object, such as '{\"text\": \"{title}\\n{text}\"}'";
                self.wrong(file, text, "this template is no JSON object", expected);
                default
            }
        }
    }

    fn wrong<T>(&mut self, file: &Arc<str>, at: &Spanned<T>, message: &str, expected: &str) {
        self.at(file, at, Code::InvalidValue, message.to_owned(), expected.to_owned());
    }
}
