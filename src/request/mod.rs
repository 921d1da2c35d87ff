//! Requests from answers: what a person says in a dialogue, another system in JSON or an
//! issue form becomes the same kind of file.
//!
//! Pure: asking, resolving over the network and writing are the command's. What an answer
//! means, and whether it may be, is judged by the checks of the whole repo with the file in it.

mod address;
mod copy;
mod external;
mod fork;
mod form;
mod json;
mod name;
mod people;
pub mod status;
#[cfg(test)]
mod tests;
mod text;

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

pub use address::{instance, server};
pub use copy::{Copied, copy};
pub use external::{External, Found};
pub use fork::{ForkBody, ForkDefaults};
pub use form::form;
pub use json::{Answer, Body, PullRequest, SCHEMA};
pub use name::{branch, path};
pub use people::{of_git, of_mail, person};
pub(crate) use text::list;
pub use text::text;

use crate::visible;

/// Why no request can be made of answers, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// What is asked for: the answers, as texts. Also the JSON that `jumpgate request --json`
/// takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ask {
    /// The id that the caller has for this: a call that is repeated makes nothing twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub external_id: Option<String>,
    /// Whom it is for: a person of the access repo, or `team/NAME`; one or several.
    #[serde(rename = "for", deserialize_with = "one_or_many")]
    #[schemars(schema_with = "one_or_many_schema")]
    pub people: Vec<String>,
    /// Why.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// When it begins, as in a request file; as soon as it is merged without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it ends, as in a request file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// In place of `until`: the end is so many hours behind `from`, or behind the moment at
    /// which the request is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 87600))]
    pub hours: Option<u32>,
    /// What happened, when this is an emergency: then it is for hours, and begins now when
    /// there is no `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub emergency: Option<String>,
    /// Servers asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerAsk>,
    /// Databases asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseAsk>,
}

/// Servers with one login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServerAsk {
    /// A login of the access repo.
    pub login: String,
    /// Nodes, by their whole paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Assets, by their exact names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
}

/// Tables of instances at one level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseAsk {
    /// An instance of the access repo, or several.
    #[serde(rename = "instance", deserialize_with = "one_or_many")]
    #[schemars(schema_with = "one_or_many_schema")]
    pub instances: Vec<String>,
    /// A level of the access repo.
    pub level: String,
    /// What of it: `orders.*`, `billing.invoices`, `billing.cards(id, last4)`.
    #[schemars(length(min = 1))]
    pub tables: Vec<String>,
}

impl Ask {
    /// Sorts servers by login and databases by level and instances, so that entries which
    /// differ in nothing else become one; says each thing once; and takes out what is no
    /// visible part of a text.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        let mut servers: Vec<ServerAsk> = Vec::new();
        for ask in self.servers {
            let known = servers.iter_mut().find(|known| known.login == ask.login);
            match known {
                Some(known) => {
                    known.nodes.extend(ask.nodes);
                    known.assets.extend(ask.assets);
                }
                None => servers.push(ask),
            }
        }
        let mut databases: Vec<DatabaseAsk> = Vec::new();
        for mut ask in self.databases {
            once(&mut ask.instances);
            let same = |known: &&mut DatabaseAsk| {
                known.level == ask.level && known.instances == ask.instances
            };
            match databases.iter_mut().find(same) {
                Some(known) => known.tables.extend(ask.tables),
                None => databases.push(ask),
            }
        }
        once(&mut self.people);
        for ask in &mut servers {
            once(&mut ask.nodes);
            once(&mut ask.assets);
        }
        for ask in &mut databases {
            once(&mut ask.tables);
        }
        self.reason = one_line(&self.reason);
        self.emergency = self.emergency.map(|text| one_line(&text));
        if let Some(emergency) = &self.emergency
            && self.reason.is_empty()
        {
            self.reason.clone_from(emergency);
        }
        Self { servers, databases, ..self }
    }

    /// The same with `hours` as an end: a moment with its offset, in whole minutes, never
    /// sooner than asked for. An emergency gets the running minute as its beginning.
    ///
    /// # Errors
    /// When there is an `until` too, when `from` is no beginning of a period, or when the end
    /// cannot be placed in time.
    pub fn timed(mut self, moment: Timestamp, zone: &TimeZone) -> Result<Self, Invalid> {
        use crate::access::instant::{End, parse};
        if self.emergency.is_some() && self.from.is_none() {
            // Its file alone says which hours they are: from this minute on.
            let minute = moment.as_second().div_euclid(60) * 60;
            let now = Timestamp::from_second(minute).unwrap_or(moment);
            self.from = Some(written(now, zone));
        }
        let Some(hours) = self.hours.take() else { return Ok(self) };
        if self.until.is_some() {
            return Err(Invalid("both an end and hours are given: expected one of them".into()));
        }
        let start = match &self.from {
            Some(from) => {
                parse(from, End::From, zone)
                    .map_err(|error| Invalid(format!("{from}: {error}")))?
                    .at
            }
            None => moment,
        };
        let end = start
            .checked_add(SignedDuration::from_hours(i64::from(hours)))
            .ok()
            .and_then(|end| {
                let seconds = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
                Timestamp::from_second(
                    seconds.div_euclid(60) * 60 + if seconds.rem_euclid(60) > 0 { 60 } else { 0 },
                )
                .ok()
            })
            .ok_or_else(|| Invalid(format!("{hours} hours are too long")))?;
        self.until = Some(written(end, zone));
        Ok(self)
    }
}

/// A moment in whole minutes with its offset, as request files write it.
fn written(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:00%:z").to_string()
}

/// A short text that stands for a long one: 32 hex digits.
fn fingerprint(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text)[..16])
}

/// A text on one line, without characters that nobody sees.
fn one_line(text: &str) -> String {
    let seen: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !visible::is_deceptive(*c))
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each text once, in the order of their first.
fn once(texts: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
}

/// A text, or a list of texts.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    })
}

fn one_or_many_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        ],
    })
}
