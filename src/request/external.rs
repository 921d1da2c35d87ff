//! Requests of other systems: a call that is repeated finds what the first one made.

use std::fmt;

use super::{Ask, Invalid, fingerprint};
use crate::{visible, yaml};

/// How the line of a file begins that says from which call it comes.
const BEFORE: &str = "# external-id: ";

/// Which call a request comes from: its id, and a fingerprint of all that it asked for. It
/// stands in the first line of the file, and stays when the request is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The id that the caller gave.
    pub id: String,
    /// The fingerprint of the body.
    pub body: String,
}

/// What a file says of the call that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It comes from another call, or from none.
    Other,
    /// It comes from this one.
    Same,
    /// It comes from a call with the same id and another body.
    OtherBody,
}

impl External {
    /// The call that made these answers; none without an id.
    ///
    /// # Errors
    /// When the id is no text of 1 to 200 visible characters.
    pub fn of(ask: &Ask) -> Result<Option<Self>, Invalid> {
        let Some(id) = &ask.external_id else { return Ok(None) };
        if id.trim().is_empty() || id.chars().count() > 200 || id.contains(visible::is_hidden) {
            let expected = "the external id is no id: expected 1 to 200 visible characters";
            return Err(Invalid(expected.into()));
        }
        // Plain data with string keys always has a JSON form.
        let body = serde_json::to_string(ask).unwrap_or_default();
        Ok(Some(Self { id: id.clone(), body: fingerprint(&body) }))
    }

    /// What a file, or another text with the line in it, says of this call.
    pub fn in_text(&self, text: &str) -> Found {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(BEFORE));
        let id = format!("{} body ", yaml::quoted(&self.id));
        match line.and_then(|line| line.strip_prefix(&id)) {
            None => Found::Other,
            Some(body) if body == self.body => Found::Same,
            Some(_) => Found::OtherBody,
        }
    }

    /// What to say when a call with this id asked for something else before.
    pub fn conflict(&self, at: &str) -> Invalid {
        Invalid(format!(
            "the external id {} is taken: a call with it asked for something else before ({at}). \
             Repeat that call, or give this one an id of its own",
            yaml::quoted(&self.id)
        ))
    }
}

impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEFORE}{} body {}", yaml::quoted(&self.id), self.body)
    }
}
