//! The page of `report` and `audit --format html`, in a real browser.

mod command;
mod hostile;
mod large;
mod pictures;
mod told_apart;
pub(crate) mod use_of_it;

use jiff::Timestamp;
use jumpgate::audit::{self, Terms};
use jumpgate::grants;
use jumpgate::report::html::{self, Input, Language};

use crate::support::crowd::Crowd;

/// A moment at which everything of a crowd is ahead.
fn moment() -> Timestamp {
    "2026-11-29T01:00:00Z".parse().expect("a moment")
}

/// The page of a crowd whose servers were asked.
fn page(crowd: &Crowd, language: Option<Language>) -> String {
    let now = moment();
    let audit = audit::find(&crowd.access, &crowd.observed, &Terms::default(), now, None);
    html::report(&Input {
        access: &crowd.access,
        grants: &grants::of(&crowd.access),
        moment: now,
        commit: Some("4f0c2d9e7b1a4f0c2d9e7b1a4f0c2d9e7b1a4f0c"),
        live: Some((&crowd.observed, &audit)),
        language,
    })
}
