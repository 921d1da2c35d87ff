//! How much a repo may hold. Somebody else's file is read before anybody has looked at it:
//! whatever it holds, reading it ends soon. docs/format.md has these numbers.

use std::sync::Arc;

use super::files::Text;
use super::load::Loader;
use super::model::{Party, Request, Site};
use crate::access::model::Access;
use crate::diagnostic::{Code, Diagnostic};
use crate::plural::first_of;
use crate::yaml::Spanned;

/// The longest name or address, in characters: JumpServer holds no longer ones (3.10, 4.10).
pub(super) const NAME: usize = 128;

/// The longest sentence, and the longest path of a node, in characters.
pub(super) const SENTENCE: usize = 1_000;

/// How many things one request may give, and how many one entry of it may name: people times
/// what they get.
pub(super) const GIVEN: usize = 100_000;

/// How many things all requests may give together.
const GIVEN_BY_ALL: usize = 2_000_000;

/// How many limits policy may have, and how many assets with `*` the inventory: each is held
/// against everything that is asked for.
pub(super) const RULES: usize = 1_000;

/// How many errors are listed: nobody mends more at once.
pub(super) const ERRORS: usize = 1_000;

/// How many names an error lists: all of them may be as many as a file holds, in each error.
pub(super) const FEW: usize = 8;

/// After so many errors no nearest names are looked for.
const HINTS: usize = 100;

/// Errors as they are found, up to a number; what comes then is counted.
#[derive(Default)]
pub(super) struct Errors {
    listed: Vec<Diagnostic>,
    more: usize,
}

impl Errors {
    pub(super) fn push(&mut self, error: Diagnostic) {
        if self.are_full() {
            self.skip();
        } else {
            self.listed.push(error);
        }
    }

    pub(super) fn extend(&mut self, errors: impl IntoIterator<Item = Diagnostic>) {
        errors.into_iter().for_each(|error| self.push(error));
    }

    /// Whether what comes now is only counted, so that nothing needs to be found out about it.
    pub(super) fn are_full(&self) -> bool {
        self.listed.len() >= ERRORS
    }

    /// Counts an error that is not listed.
    pub(super) fn skip(&mut self) {
        self.more += 1;
    }

    /// Whether a nearest name is still worth looking for.
    pub(super) fn want_hints(&self) -> bool {
        self.listed.len() < HINTS
    }

    /// All that are listed, by place, and one that says how many are not.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        let by_place = |a: &Diagnostic, b: &Diagnostic| (&a.site, a.code).cmp(&(&b.site, b.code));
        self.listed.sort_by(by_place);
        if let Some(last) = self.listed.last().filter(|_| self.more > 0) {
            let (code, site) = (Code::MoreErrors, last.site.clone());
            let span = last.span.start..last.span.start;
            let message = format!("{} more errors are not listed", self.more);
            let expected = "expected these to be mended first".to_owned();
            self.listed.push(Diagnostic { code, site, span, message, expected, help: None });
        }
        self.listed
    }
}

impl Loader<'_> {
    /// Says when a text holds nothing but blanks, or more than a name: several lines, or too
    /// many characters.
    pub(super) fn name_text(&mut self, file: &Arc<str>, text: &Text) {
        self.filled(file, text);
        self.short(file, text, NAME);
        if text.value.contains(['\n', '\r', '\t']) {
            let (message, expected) =
                ("this has more than one line, or a tab", "expected one line");
            self.at(file, text, Code::InvalidValue, message.to_owned(), expected.to_owned());
        }
    }

    /// Says when a text is too long.
    pub(super) fn short(&mut self, file: &Arc<str>, text: &Text, most: usize) {
        // Bytes first: counting characters takes the whole text.
        let length = if text.value.len() > most { text.value.chars().count() } else { 0 };
        if length > most {
            let message = format!("this text has {length} characters");
            self.at(file, text, Code::TooLong, message, format!("expected at most {most}"));
        }
    }

    /// Says when a list is too long.
    pub(super) fn few<T>(&mut self, file: &Arc<str>, list: &Spanned<T>, number: usize, what: &str) {
        if number > RULES {
            let message = format!("there are {number} {what}");
            self.at(file, list, Code::TooMuch, message, format!("expected at most {RULES}"));
        }
    }

    /// Whether two lists of an entry, held against each other, are too much; says so.
    pub(super) fn is_too_much<T>(
        &mut self,
        file: &Arc<str>,
        entry: &Spanned<T>,
        (one, other): (usize, usize),
    ) -> bool {
        let number = one.saturating_mul(other);
        if number > GIVEN {
            let message = format!("this asks for {number} things");
            let expected = format!("expected at most {GIVEN} in one entry");
            self.at(file, entry, Code::TooMuch, message, expected);
        }
        number > GIVEN
    }

    /// Whether a request gives more than is possible, alone or after the `given` things of
    /// those before it; says so, and else counts it.
    pub(super) fn gives_too_much<T>(
        &mut self,
        file: &Arc<str>,
        parties: &Spanned<T>,
        (request, access): (&Request, &Access),
        given: &mut usize,
    ) -> bool {
        let people = people(&request.parties, access);
        let number = people.saturating_mul(things(request));
        let (message, expected) = if number > GIVEN {
            let message = format!("this gives {number} things, counted for each person");
            (message, format!("expected at most {GIVEN} in one request"))
        } else if given.saturating_add(number) > GIVEN_BY_ALL {
            let message = "with this request all together give too much".to_owned();
            let expected =
                format!("expected at most {GIVEN_BY_ALL} things, counted for each person");
            (message, expected)
        } else {
            *given += number;
            return false;
        };
        self.at(file, parties, Code::TooMuch, message, expected);
        true
    }
}

/// The first of some names, and how many more there are. A name too long to be one is cut.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let all = names.len();
    let cut = |name: &'a str| match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    };
    first_of(names.map(cut), FEW, all)
}

/// For how many people a request is at most.
fn people(parties: &[(Party, Site)], access: &Access) -> usize {
    let one = |party: &Party| match party {
        Party::Person(_) | Party::Group(_) => 1,
        Party::Team(team) => access.teams.get(team).map_or(0, |team| team.members.len()),
    };
    parties.iter().map(|(party, _)| one(party)).fold(0, usize::saturating_add)
}

/// How many things a request names.
fn things(request: &Request) -> usize {
    let servers = request.servers.iter().map(|want| want.nodes.len() + want.assets.len());
    let databases =
        request.databases.iter().map(|want| want.instances.len().saturating_mul(want.tables.len()));
    servers.chain(databases).fold(0, usize::saturating_add)
}

/// Names that a repo knows.
pub(super) trait Known<T> {
    /// The one that is spelled so.
    fn find(&self, name: &str) -> Option<T>;
    /// Whether there is none.
    fn none(&self) -> bool;
    /// All of them.
    fn all(&self) -> Vec<&T>;
}

impl<T: std::str::FromStr + Ord + Clone, V> Known<T> for std::collections::BTreeMap<T, V> {
    fn find(&self, name: &str) -> Option<T> {
        self.get_key_value(&name.parse().ok()?).map(|(name, _)| name.clone())
    }

    fn none(&self) -> bool {
        self.is_empty()
    }

    fn all(&self) -> Vec<&T> {
        self.keys().collect()
    }
}

impl<T: AsRef<str> + Clone> Known<T> for [T] {
    fn find(&self, name: &str) -> Option<T> {
        self.iter().find(|known| known.as_ref() == name).cloned()
    }

    fn none(&self) -> bool {
        self.is_empty()
    }

    fn all(&self) -> Vec<&T> {
        self.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_names_are_listed_and_the_rest_counted() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert_eq!(listed(names[..8].iter().copied()), "a, b, c, d, e, f, g, h");
        assert_eq!(listed(names.into_iter()), "a, b, c, d, e, f, g, h and 2 more");
        let long = "\u{e9}".repeat(1_000);
        assert_eq!(listed([&*long].into_iter()), format!("{}...", "\u{e9}".repeat(NAME)));
    }

    #[test]
    fn errors_behind_the_last_are_counted() {
        let mut errors = Errors::default();
        for line in (1..=1_500).rev() {
            let site = Site { file: "requests/x.yaml".into(), line, column: 1 };
            let (message, expected) = (String::new(), String::new());
            let (code, span) = (Code::Twice, 0..0);
            errors.push(Diagnostic { code, site, span, message, expected, help: None });
        }
        let listed = errors.sorted();
        assert_eq!(listed.len(), ERRORS + 1);
        assert_eq!((listed[0].site.line, listed[ERRORS - 1].site.line), (501, 1_500));
        assert_eq!(listed[ERRORS].code, Code::MoreErrors);
        assert_eq!(listed[ERRORS].message, "500 more errors are not listed");
    }
}
