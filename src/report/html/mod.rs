//! One page that shows everything: who has what until when, what ends next, and the doors of
//! an audit.
//!
//! Pure: data and a moment become one HTML text that needs nothing else, no network and no
//! server. The data stands in it once, as JSON; the page's own script draws from it what is
//! in sight, so it grows with the access repo and not with people times targets.

mod data;
mod doors;
mod grants;
mod ways;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::access::model::Access;
use crate::answers::Ways;
use crate::audit::{Audit, Observed};
use crate::grants::Grant;
use crate::period::Edge;
use crate::visible::clean;
use data::Data;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = concat!(include_str!("page/page.css"), include_str!("page/print.css"));
const WORDS: &str = include_str!("page/words.json");
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("page/base.js"),
    include_str!("page/said.js"),
    include_str!("page/model.js"),
    include_str!("page/matrix.js"),
    include_str!("page/detail.js"),
    include_str!("page/ends.js"),
    include_str!("page/doors.js"),
    include_str!("page/main.js"),
    "})();\n"
);

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// What a page shows.
pub struct Input<'a> {
    /// The access repo.
    pub access: &'a Access,
    /// Its grants ([`crate::grants::of`]).
    pub grants: &'a [Grant<'a>],
    /// The moment: what is over by then is left out.
    pub moment: Timestamp,
    /// The commit of the files, when it was a commit.
    pub commit: Option<&'a str>,
    /// What was read of the servers, and its audit; none when no server was asked.
    pub live: Option<(&'a Observed, &'a Audit)>,
    /// The language that the page opens in; none leaves it to the browser.
    pub language: Option<Language>,
}

/// The page of people by targets, what ends next, and the doors when servers were asked.
pub fn report(input: &Input<'_>) -> String {
    let access = input.access;
    let live = input
        .live
        .map(|(observed, audit)| (Ways::new(access, observed, input.moment), observed, audit));
    let foreign = live.as_ref().map(|(ways, ..)| ways.foreign_assets()).unwrap_or_default();
    let mut matrix = grants::matrix(access, input.grants, &foreign, input.moment);
    if let Some((ways, observed, _)) = &live {
        ways::add(&mut matrix, access, ways, observed);
    }
    page(
        &Data {
            owner: access.config.owner.as_str(),
            at: input.moment.as_second(),
            moment: Edge::moment(input.moment, &access.config.zone).text,
            commit: input.commit,
            matrix: Some(matrix.finish()),
            audit: input.live.map(|(_, audit)| doors::of(audit)),
        },
        input.language,
    )
}

/// The page of an audit alone. `zone` is the one of the access repo.
pub fn audit(audit: &Audit, zone: &TimeZone, language: Option<Language>) -> String {
    page(
        &Data {
            owner: audit.owner.as_str(),
            at: audit.moment.as_second(),
            moment: Edge::moment(audit.moment, zone).text,
            commit: audit.commit.as_deref(),
            matrix: None,
            audit: Some(doors::of(audit)),
        },
        language,
    )
}

fn page(data: &Data<'_>, language: Option<Language>) -> String {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let data = embedded(data);
    let mut page = String::with_capacity(PAGE.len() + SCRIPT.len() + STYLE.len() + data.len());
    // What is put in is not looked at again: no text can name a part.
    for (number, part) in PAGE.split('@').enumerate() {
        page.push_str(match (number % 2, part) {
            (1, "POLICY") => &policy,
            (1, "LANGUAGE") => match language {
                None => "",
                Some(Language::En) => "en",
                Some(Language::Zh) => "zh",
            },
            (1, "STYLE") => STYLE,
            (1, "WORDS") => WORDS,
            (1, "DATA") => &data,
            (1, "SCRIPT") => SCRIPT,
            _ => part,
        });
    }
    page
}

/// The hash by which the policy of the page lets a script or a style in.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Data as JSON that can stand in a script element: with nothing that HTML or a script would
/// read otherwise, and with all that hides spelled out.
fn embedded(data: &impl Serialize) -> String {
    // Plain data with string keys always has a JSON form.
    let mut value = serde_json::to_value(data).unwrap_or_default();
    tidy(&mut value);
    let json = value.to_string();
    let mut embedded = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(embedded, "\\u{:04x}", u32::from(c));
            }
            c => embedded.push(c),
        }
    }
    embedded
}

/// Cleans every text.
fn tidy(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = clean(text),
        serde_json::Value::Array(values) => values.iter_mut().for_each(tidy),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(tidy),
        _ => {}
    }
}
