//! Filters, orders and look-ups that resources share.

use serde_json::json;
use uuid::Uuid;

use crate::Version;
use crate::errors::{self, Problems, Reply};
use crate::http::{Call, Request};
use crate::model::Row;
use crate::state::{ROOT_ORG, State, visible};
use crate::table::Table;

/// The filter `name=`: version 4 ignores case.
pub(crate) fn name(call: &Call, have: &str) -> bool {
    exact_or_folded(call, "name", have)
}

/// A filter that ignores case on version 4.
pub(crate) fn exact_or_folded(call: &Call, parameter: &str, have: &str) -> bool {
    call.param(parameter).is_none_or(|wanted| {
        wanted == have
            || (call.version == Version::V4 && wanted.to_lowercase() == have.to_lowercase())
    })
}

/// A filter for the exact text.
pub(crate) fn exact(call: &Call, parameter: &str, have: &str) -> bool {
    call.param(parameter).is_none_or(|wanted| wanted == have)
}

/// The parameters `search=` and `q=`.
#[derive(Debug)]
pub(crate) struct Search(Option<String>);

impl Search {
    pub(crate) fn of(call: &Call) -> Search {
        Search(call.param("search").or(call.param("q")).map(str::to_lowercase))
    }

    /// Is the text part of one of these, whatever the case?
    pub(crate) fn finds(&self, texts: &[&str]) -> bool {
        self.0
            .as_ref()
            .is_none_or(|part| texts.iter().any(|text| text.to_lowercase().contains(part)))
    }
}

/// Sorts by `order=`, or by the name; an unknown field is the name too.
pub(crate) fn sort<T: Row>(rows: &mut [&T], call: &Call, key: impl Fn(&T, &str) -> String) {
    let order = call.param("order").unwrap_or("name");
    let field = order.trim_start_matches('-');
    if field == "id" {
        rows.sort_by_key(|row| row.id());
    } else {
        rows.sort_by_cached_key(|row| (key(row, field), row.id()));
    }
    if order.starts_with('-') {
        rows.reverse();
    }
}

/// Finds the object that a path names. On version 4 what is no UUID is looked up as a
/// unique name.
pub(crate) fn find<T: Row>(
    table: &Table<T>,
    request: &Request,
    text: &str,
    class: &str,
    version: Version,
) -> Result<Uuid, Reply> {
    let Ok(id) = text.parse::<Uuid>() else {
        return match version {
            Version::V3 => Err(errors::no_object("Object")),
            Version::V4 => {
                table.find(request.org, text).map(Row::id).ok_or_else(|| errors::no_object(class))
            }
        };
    };
    table
        .get(id)
        .filter(|row| visible(row.org(), request.org))
        .map(Row::id)
        .ok_or_else(|| errors::no_object(class))
}

/// Notes when another row of the organisation has the name.
pub(crate) fn unique<T: Row>(
    table: &Table<T>,
    org: Uuid,
    name: Option<&str>,
    old: Option<Uuid>,
    problems: &mut Problems,
) {
    // The root sees everything but owns nothing: a name is looked for where the row is.
    let org = old.and_then(|id| table.get(id)).map_or(org, Row::org);
    if let Some(name) = name
        && let Some(row) = table.find(org, name)
        && Some(row.id()) != old
    {
        problems.add("name", "This field must be unique.");
    }
}

/// Is a text there twice?
pub(crate) fn repeated<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.windows(2).any(|pair| pair[0] == pair[1])
}

/// Nothing can be made in the root organisation.
pub(crate) fn must_save_in_an_org(state: &State, request: &Request) -> Result<(), Reply> {
    match (request.org, state.version) {
        (ROOT_ORG, Version::V3) => Err(errors::internal()),
        (ROOT_ORG, Version::V4) => Err(Reply::json(400, json!(["Please save in a org"]))),
        _ => Ok(()),
    }
}
