//! The files of a new access repo.

use std::collections::BTreeMap;

use super::{Answers, settings};
use crate::yaml::scalar;

const README: &str = include_str!("pages/README.md");
const GITIGNORE: &str = include_str!("pages/gitignore");
const INVENTORY: &str = include_str!("pages/inventory.md");
const PEOPLE: &str = include_str!("pages/people.md");
const TEAMS: &str = include_str!("pages/teams.md");
const REQUESTS: &str = include_str!("pages/requests.md");

/// The paths of the files that every new access repo has.
pub const ALWAYS: [&str; 8] = [
    ".gitignore",
    "README.md",
    "inventory/README.md",
    "jumpgate.yaml",
    "people/README.md",
    "policy.yaml",
    "requests/README.md",
    "teams/README.md",
];

/// The files, by path from the root of the repo with `/`. They pass `check`.
///
/// What cannot be known (who works here, what there is) stands as an example in the README.md
/// of its folder, which is not read.
pub fn files(answers: &Answers) -> BTreeMap<&'static str, String> {
    let Answers { owner, url, organization, time_zone, environments, ci, requests } = answers;
    let environments = environments.as_slice();
    let first = environments.first().map_or_else(String::new, |name| scalar(name.as_str()).into());
    let page =
        |text: &str| text.replace("{{owner}}", owner.as_str()).replace("{{environment}}", &first);
    let mut files = BTreeMap::from([
        (".gitignore", GITIGNORE.to_owned()),
        ("README.md", page(README)),
        ("jumpgate.yaml", settings::jumpgate(owner.as_str(), url, organization, time_zone)),
        ("policy.yaml", settings::policy(environments)),
        ("inventory/README.md", page(INVENTORY)),
        ("people/README.md", page(PEOPLE)),
        ("teams/README.md", page(TEAMS)),
        ("requests/README.md", page(REQUESTS)),
    ]);
    let more = if *requests { ci.requests() } else { &[] };
    files.extend(ci.files().iter().chain(more).map(|(path, text)| (*path, (*text).to_owned())));
    files
}
