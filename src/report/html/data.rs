//! What stands in the page as JSON. Lists that are long hold numbers: places in the lists of
//! people, targets and texts, each of which stands in the page once.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use serde::Serialize;

use crate::period::Period;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    pub(super) owner: &'a str,
    /// The moment, in seconds since 1970.
    pub(super) at: i64,
    /// The moment in words, with its offset.
    pub(super) moment: String,
    pub(super) commit: Option<&'a str>,
    pub(super) matrix: Option<Matrix<'a>>,
    pub(super) audit: Option<super::doors::Doors<'a>>,
}

/// Who has what.
#[derive(Debug, Serialize)]
pub(super) struct Matrix<'a> {
    pub(super) people: Vec<Person<'a>>,
    pub(super) targets: Vec<Target<'a>>,
    /// Logins and levels.
    pub(super) kinds: Vec<&'a str>,
    /// From and until in seconds, and both in words.
    pub(super) periods: Vec<(Option<i64>, Option<i64>, String, String)>,
    pub(super) texts: Vec<String>,
    /// Sets of people.
    pub(super) sets: Vec<Vec<usize>>,
    /// What requests ask for: target, kind, text of what of it, line of the file, text of what
    /// policy has against it.
    pub(super) wants: Vec<Vec<[usize; 5]>>,
    /// Requests: file and reason.
    pub(super) requests: Vec<(&'a str, &'a str)>,
    /// Set of people, wants, period, request.
    pub(super) grants: Vec<[usize; 4]>,
    /// Whether servers were asked.
    pub(super) live: bool,
    /// Permissions that are not git's: name, and by what it reaches people and targets.
    pub(super) permissions: Vec<(&'a str, String)>,
    /// Ways in that are not git's: set of people, target, permission, texts of the accounts,
    /// of what may be done, and of notes. A permission beyond the list is none: whoever knows
    /// the password.
    pub(super) ways: Vec<[usize; 6]>,
}

/// A row.
#[derive(Debug, Serialize)]
pub(super) struct Person<'a> {
    pub(super) name: &'a str,
    /// The name for people.
    pub(super) display: &'a str,
    pub(super) teams: String,
    pub(super) left: Option<&'a str>,
    pub(super) kind: Row,
}

/// Who a row is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Row {
    /// A person of the access repo.
    Person,
    /// A user of JumpServer whom git does not know.
    Stranger,
    /// Whoever knows the password of an account that nobody is known to use.
    Anybody,
}

/// A column.
#[derive(Debug, Serialize)]
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Column,
    pub(super) environment: &'a str,
    pub(super) owners: String,
    /// Why it could not be read.
    pub(super) unreadable: Option<&'a str>,
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Column {
    /// A node of JumpServer, with everything below it.
    Node,
    /// An asset.
    Asset,
    /// A database instance.
    Instance,
}

/// Values, each with one place, in the order in which they came.
#[derive(Debug)]
pub(super) struct Places<T> {
    known: HashMap<T, usize>,
    values: Vec<T>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Places<T> {
    pub(super) fn of(&mut self, value: T) -> usize {
        if let Some(place) = self.known.get(&value) {
            return *place;
        }
        let place = self.values.len();
        self.known.insert(value.clone(), place);
        self.values.push(value);
        place
    }

    pub(super) fn into_values(self) -> Vec<T> {
        self.values
    }
}

/// A matrix that is being filled.
#[derive(Debug)]
pub(super) struct Filling<'a> {
    pub(super) people: Vec<Person<'a>>,
    /// The places of people, by name.
    pub(super) rows: BTreeMap<&'a str, usize>,
    pub(super) targets: Vec<Target<'a>>,
    /// The places of targets.
    pub(super) columns: HashMap<(Column, &'a str), usize>,
    pub(super) kinds: Places<&'a str>,
    pub(super) periods: Places<Period>,
    pub(super) texts: Places<String>,
    pub(super) sets: Places<Vec<usize>>,
    pub(super) wants: Places<Vec<[usize; 5]>>,
    pub(super) requests: Places<(&'a str, &'a str)>,
    pub(super) grants: Vec<[usize; 4]>,
    pub(super) live: bool,
    pub(super) permissions: Places<(&'a str, String)>,
    pub(super) ways: Vec<[usize; 6]>,
}

impl<'a> Filling<'a> {
    /// The matrix as it stands in the page.
    pub(super) fn finish(self) -> Matrix<'a> {
        let period = |period: Period| {
            let second = |edge: &crate::period::Edge| edge.at.as_second();
            let (from, until) = (period.from.as_ref(), period.until.as_ref());
            let text = |edge: Option<&crate::period::Edge>| {
                edge.map(|edge| edge.text.clone()).unwrap_or_default()
            };
            (from.map(second), until.map(second), text(from), text(until))
        };
        Matrix {
            people: self.people,
            targets: self.targets,
            kinds: self.kinds.into_values(),
            periods: self.periods.into_values().into_iter().map(period).collect(),
            texts: self.texts.into_values(),
            sets: self.sets.into_values(),
            wants: self.wants.into_values(),
            requests: self.requests.into_values(),
            grants: self.grants,
            live: self.live,
            permissions: self.permissions.into_values(),
            ways: self.ways,
        }
    }
}
