//! The list: one line an access, in YAML that is answered in place.

use std::fmt::Write as _;

use super::{Scope, id};
use crate::access::model::Access;
use crate::entries::Entry;
use crate::visible::clean;
use crate::yaml::{quoted, scalar};

/// What is known of an access besides what the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Since when it is as it is, in words.
    pub since: String,
    /// Who approved it: who merged it, by which pull request.
    pub approved: String,
    /// How it is used, in words; none when nobody looked.
    pub used: Option<String>,
}

/// What a list is made from.
pub struct List<'a, 'e> {
    /// The files.
    pub access: &'a Access,
    /// Which access it is about.
    pub scope: &'a Scope,
    /// The commit of the files, when it was a commit.
    pub commit: Option<&'a str>,
    /// The day, in the zone of the repo.
    pub day: String,
    /// The accesses with what is known of them, in the order of requests.
    pub lines: &'a [(Entry<'e>, Facts)],
}

/// The text of the list.
pub fn render(list: &List<'_, '_>) -> String {
    let owner = &list.access.config.owner;
    let mut text = format!(
        "# Access review: {}, {}.\n\
         # In each line write `answer: keep` or `answer: remove` in place of the `?`, and who says\n\
         # so (a name of people/) in place of the `?` behind `by`. Nothing else may change. Then\n\
         # `jumpgate review --answers FILE` takes out what is not kept.\n\
         version: 1\nowner: {}\nday: {}\n",
        list.scope.words(),
        list.day,
        scalar(owner.as_str()),
        quoted(&list.day),
    );
    if let Some(commit) = list.commit {
        let _ = writeln!(text, "commit: {}", quoted(commit));
    }
    text.push_str("access:\n");
    let mut last = None;
    for (entry, facts) in list.lines {
        if last != Some(entry.request) {
            let reason = clean(entry.reason);
            let _ = writeln!(text, "  # {}: {reason}", entry.request);
            last = Some(entry.request);
        }
        line(&mut text, &id(owner, entry), entry, facts);
    }
    text
}

fn line(text: &mut String, id: &str, entry: &Entry<'_>, facts: &Facts) {
    let until = entry.period.until.as_ref().map_or("no end", |edge| edge.text.as_str());
    let mut cells = vec![
        ("answer", "\"?\"".to_owned()),
        ("by", "\"?\"".to_owned()),
        ("who", scalar(entry.person.as_str()).into_owned()),
        ("what", quoted(&entry.words())),
        ("since", quoted(&clean(&facts.since))),
        ("until", quoted(until)),
    ];
    cells.extend(facts.used.as_ref().map(|used| ("used", quoted(&clean(used)))));
    cells.push(("request", scalar(entry.request.as_str()).into_owned()));
    cells.push(("approved", quoted(&clean(&facts.approved))));
    cells.push(("id", quoted(id)));
    let cells: Vec<String> = cells.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    let _ = writeln!(text, "  - {{ {} }}", cells.join(", "));
}
