//! `adopts:` and `release:` in a request: what exists already and becomes the request's, or
//! is given back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::files::{AdoptsPart, OneOrMany, Text};
use super::load::Loader;
use super::model::{Access, Adopts, Party, Request, Site};
use crate::adoption::{self, Adoptions};
use crate::diagnostic::{Code, Diagnostic};
use crate::mysql;
use crate::names::{InstanceName, LevelName, PersonName};
use crate::naming::ACCOUNT_NAME_MAX;
use crate::yaml::{self, Spanned};

impl Loader<'_> {
    /// `release: true`. Anything else has no meaning.
    pub(super) fn release(&mut self, file: &Arc<str>, release: Option<&Spanned<bool>>) -> bool {
        let release =
            release.map(|release| (release, self.plain(file, release, "`true` or `false`")));
        if let Some((release, false)) = release {
            self.at(
                file,
                release,
                Code::InvalidValue,
                "`release: false` says nothing".to_owned(),
                "expected `release: true`, or no `release:` at all".to_owned(),
            );
        }
        release.is_some_and(|(_, is)| is)
    }

    /// The name of a permission that is adopted, with its place.
    pub(super) fn adopted(&mut self, file: &Arc<str>, text: &Text) -> (String, Site) {
        self.name_text(file, text);
        (text.value.clone(), yaml::site(file, text))
    }

    /// What a database entry adopts. `instances` is how many instances of it are known.
    pub(super) fn adopts(
        &mut self,
        file: &Arc<str>,
        part: Option<&Spanned<AdoptsPart>>,
        instance: &Spanned<OneOrMany>,
        instances: usize,
    ) -> Adopts {
        let Some(part) = part else { return Adopts::default() };
        let AdoptsPart { account, permission } = &part.value;
        if account.is_none() && permission.is_none() {
            self.at(
                file,
                part,
                Code::Empty,
                "this adopts nothing".to_owned(),
                "expected `account:` or `permission:` in it".to_owned(),
            );
        }
        if let Some(account) = account {
            let many = matches!(&instance.value, OneOrMany::Many(texts) if texts.len() != 1);
            if many || instances > 1 {
                self.at(
                    file,
                    account,
                    Code::NotAdoptable,
                    "an account is one server's, and this entry names several".to_owned(),
                    "expected an entry of its own for each instance with `adopts: { account: ... }`"
                        .to_owned(),
                );
            }
            self.account_name(file, account);
        }
        let mut sited = |text: &Option<Text>| text.as_ref().map(|text| self.adopted(file, text));
        Adopts { account: sited(account), permission: sited(permission) }
    }

    fn account_name(&mut self, file: &Arc<str>, account: &Text) {
        let name = &account.value;
        if mysql::is_protected(name) {
            self.at(
                file,
                account,
                Code::NotAdoptable,
                format!("{name} is on the list of accounts that jumpgate never touches"),
                "expected an account of one person".to_owned(),
            );
        } else if name.trim() != name {
            // The servers drop spaces behind a user name: `root ` would be root.
            self.at(
                file,
                account,
                Code::NotAdoptable,
                "this begins or ends with a space".to_owned(),
                "expected the user name as the server shows it".to_owned(),
            );
        } else if name.len() > ACCOUNT_NAME_MAX {
            self.at(
                file,
                account,
                Code::NotAdoptable,
                "this is no user name of MySQL".to_owned(),
                format!("expected at most {ACCOUNT_NAME_MAX} bytes"),
            );
        }
    }
}

/// What exists and is adopted by requests that are not over: each by one person, and each
/// once. The places in files; the span of each is still to be set.
pub(super) fn checks(access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let adoptions = Adoptions::of(access);
    let mut twice = Twice { adoptions, taken: BTreeMap::new(), errors: Vec::new() };
    for (_, request) in access.requests.iter().filter(|(_, request)| request.adopts()) {
        let person = match request.parties.as_slice() {
            [(Party::Person(person), _)] => person,
            [] => continue,
            _ => {
                errors.extend(request.adopted().map(|(name, site)| for_many(name, site)));
                continue;
            }
        };
        if !request.period.is_over(now) {
            twice.look(access, request, person);
        }
    }
    errors.extend(twice.errors);
    errors
}

/// What is adopted already, by what it is, and where.
struct Twice<'a> {
    adoptions: Adoptions<'a>,
    taken: BTreeMap<Taken<'a>, (&'a str, &'a Site)>,
    errors: Vec<Diagnostic>,
}

/// Something that can be taken once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Taken<'a> {
    /// A permission that exists.
    Permission(&'a str),
    /// An account that exists.
    Account(&'a InstanceName, &'a str),
    /// The place that a permission of this name takes.
    Name(String),
    /// The place of a person's account of a level on an instance.
    Level(&'a InstanceName, &'a PersonName, &'a LevelName),
}

impl<'a> Twice<'a> {
    fn look(&mut self, access: &'a Access, request: &'a Request, person: &'a PersonName) {
        for want in &request.databases {
            let (Some((name, site)), [(instance, _)]) =
                (&want.adopts.account, want.instances.as_slice())
            else {
                continue;
            };
            let Some(holder) = adoption::holder(access, instance) else { continue };
            let level = Taken::Level(holder, person, &want.level);
            let place = format!("the account of {person} with level {} on {holder}", want.level);
            self.take(Taken::Account(holder, name), level, (name, site), &place);
        }
        for (derived, (name, site)) in
            adoption::permissions(access, request, person, &self.adoptions)
        {
            let place = format!("the permission {derived}");
            self.take(Taken::Permission(name), Taken::Name(derived), (name, site), &place);
        }
    }

    /// Takes a thing and its place, unless one of them is taken: then that is an error.
    fn take(
        &mut self,
        thing: Taken<'a>,
        place: Taken<'a>,
        (name, site): (&'a str, &'a Site),
        words: &str,
    ) {
        let at = |site: &Site| format!("{}:{}", site.file, site.line);
        let (message, expected) = if let Some((_, there)) = self.taken.get(&thing) {
            (format!("{name} is adopted twice"), format!("expected it once: {} has it", at(there)))
        } else if let Some((other, there)) = self.taken.get(&place) {
            let expected = format!("expected one of {name} and {other} ({})", at(there));
            (format!("two things would become {words}"), expected)
        } else {
            self.taken.insert(thing, (name, site));
            self.taken.insert(place, (name, site));
            return;
        };
        let (site, span) = (site.clone(), 0..0);
        let code = Code::AdoptedTwice;
        self.errors.push(Diagnostic { code, site, span, message, expected, help: None });
    }
}

fn for_many(name: &str, site: &Site) -> Diagnostic {
    Diagnostic {
        code: Code::AdoptsForMany,
        site: site.clone(),
        span: 0..0,
        message: format!("{name} cannot become several people's"),
        expected: "expected `for:` to be exactly one person, and no team".to_owned(),
        help: Some(
            "what each person has becomes that person's, by a request of its own".to_owned(),
        ),
    }
}
