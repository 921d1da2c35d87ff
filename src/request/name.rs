//! Where a request's file stands, and what its branch is called.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Ask, External, fingerprint};

/// The longest name that is made of a reason, in characters.
const LONGEST: usize = 48;

/// The path of a new request's file: below the year of `moment`, by the id of the call or the
/// first words of the reason. `taken` says whether a path is in use, whatever its extension.
pub fn path(
    ask: &Ask,
    external: Option<&External>,
    moment: Timestamp,
    zone: &TimeZone,
    taken: impl Fn(&str) -> bool,
) -> String {
    let year = moment.to_zoned_datetime(zone.clone()).strftime("%Y").to_string();
    let stem = match external {
        Some(external) => id_stem(&external.id),
        None => reason_stem(ask),
    };
    let names = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}-{n}")));
    let mut paths = names.map(|name| format!("requests/{year}/{name}.yaml"));
    // One of endlessly many is free.
    paths.find(|path| !taken(path)).unwrap_or_default()
}

/// The name of a branch: `request` and `2026/PAY-1234-refunds` make
/// `jumpgate/request/2026/PAY-1234-refunds`. What git takes in no branch becomes `-`.
pub fn branch(what: &str, name: &str) -> String {
    let parts = name.split('/').map(|part| {
        let part: String = part
            .chars()
            .map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' })
            .collect();
        let part = part.replace("..", "-").replace(".lock", "-lock");
        part.trim_matches('.').to_owned()
    });
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    format!("jumpgate/{what}/{}", parts.join("/"))
}

impl External {
    /// The name of the branch: the same in each year.
    pub fn branch(&self) -> String {
        branch("external", &id_stem(&self.id))
    }
}

/// An id as a part of a path. Ids that differ keep differing, also where upper and lower case
/// are one.
fn id_stem(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let upper = id.chars().any(|c| c.is_ascii_lowercase());
    if id.len() <= LONGEST && id.chars().all(plain) && !upper {
        return id.to_owned();
    }
    let readable = slug(id);
    let mark = &fingerprint(id)[..8];
    if readable.is_empty() { mark.to_owned() } else { format!("{readable}-{mark}") }
}

/// The first words of the reason; the first person when it has none.
fn reason_stem(ask: &Ask) -> String {
    let words = slug(&ask.reason);
    if !words.is_empty() {
        return words;
    }
    let person = ask.people.first().map_or_else(String::new, |person| slug(person));
    if person.is_empty() { "request".to_owned() } else { person }
}

/// Words joined by `-`, cut at a word.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let room = LONGEST.saturating_sub(slug.chars().count() + usize::from(!slug.is_empty()));
        if room < word.chars().count() && !slug.is_empty() {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(room));
    }
    slug
}
