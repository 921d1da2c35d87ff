//! What `check` found, in a form that text and JSON both show.

use jiff::Timestamp;
use serde::Serialize;

use crate::access::model::{Access, Site};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::plural::count;

/// The version of the JSON form.
pub(super) const SCHEMA: &str = "jumpgate.check/1";

/// What `check` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CheckReport {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// Whether there is no error.
    pub ok: bool,
    /// How many errors there are.
    pub errors: usize,
    /// How many warnings there are; none are looked for while there are errors.
    pub warnings: usize,
    /// What the repo holds; nothing when there are errors.
    pub summary: Option<Holds>,
    /// The errors, or else the warnings, by file and line.
    pub diagnostics: Vec<Told>,
}

/// What an access repo holds, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Holds {
    /// People.
    pub people: usize,
    /// Teams.
    pub teams: usize,
    /// Database instances.
    pub instances: usize,
    /// Requests.
    pub requests: usize,
    /// Requests that hold now.
    pub active: usize,
    /// Requests that begin later.
    pub upcoming: usize,
    /// Requests that have ended.
    pub ended: usize,
}

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Told {
    /// Its code: `jumpgate explain CODE` says more.
    #[schemars(with = "String", regex(pattern = "^JG[01][0-9]{2}$"))]
    pub code: Code,
    /// An `error` makes the files invalid; a `warning` does not.
    pub severity: Severity,
    /// Where it is: the file, the line, and the column in characters; both count from 1.
    #[serde(flatten)]
    pub site: Site,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    pub expected: String,
    /// What to do.
    pub help: Option<String>,
}

impl CheckReport {
    /// The report on a repo that was read, or on the errors in it. `now` decides which
    /// requests have ended.
    pub fn of(read: Result<&Access, &[Diagnostic]>, now: Timestamp) -> Self {
        let found = match read {
            Ok(access) => access.notices.as_slice(),
            Err(errors) => errors,
        };
        let diagnostics: Vec<Told> = found.iter().map(told).collect();
        let errors = diagnostics.iter().filter(|told| told.severity == Severity::Error).count();
        Self {
            schema: SCHEMA,
            ok: read.is_ok(),
            errors,
            warnings: diagnostics.len() - errors,
            summary: read.ok().map(|access| Holds::of(access, now)),
            diagnostics,
        }
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}

fn told(diagnostic: &Diagnostic) -> Told {
    let Diagnostic { code, site, message, expected, help, .. } = diagnostic.clone();
    Told { code, severity: code.severity(), site, message, expected, help }
}

impl Holds {
    fn of(access: &Access, now: Timestamp) -> Self {
        let mut holds = Self {
            people: access.people.len(),
            teams: access.teams.len(),
            instances: access.instances.len(),
            requests: access.requests.len(),
            ..Self::default()
        };
        for request in access.requests.values() {
            *(if request.period.is_over(now) {
                &mut holds.ended
            } else if request.period.has_started(now) {
                &mut holds.active
            } else {
                &mut holds.upcoming
            }) += 1;
        }
        holds
    }

    /// It in one line.
    pub fn text(&self) -> String {
        let Self { people, active, upcoming, ended, .. } = self;
        format!(
            "ok: {people} people, {}, {}, {} ({active} active, {upcoming} upcoming, {ended} ended)",
            count(self.teams, "team"),
            count(self.instances, "database instance"),
            count(self.requests, "request"),
        )
    }
}
