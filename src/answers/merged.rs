//! How a request was merged, as the forge tells it: git knows no approvals.

use jiff::Timestamp;
use serde::Serialize;

use crate::access::model::Access;
use crate::forge;
use crate::names::PersonName;

/// What the forge tells of how a request was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ByForge {
    /// The merged pull request; none when the forge knows none, or could not be asked.
    pub pull_request: Option<Merged>,
    /// Why the forge could not tell, in words.
    pub unknown: Option<String>,
}

/// A merged pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Merged {
    /// Its number.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// Who opened it.
    pub opened_by: Somebody,
    /// Who merged it; none where the forge does not tell (Gitee).
    pub merged_by: Option<Somebody>,
    /// When it was merged.
    #[schemars(with = "Option<String>")]
    pub merged: Option<Timestamp>,
    /// The approvals that stood when it was merged, by login.
    pub approved_by: Vec<Approval>,
}

/// Somebody at the forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Somebody {
    /// The login.
    pub login: String,
    /// The person with this login in `people/`.
    pub person: Option<PersonName>,
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Approval {
    /// Whose.
    pub by: Somebody,
    /// When it was given; none where the forge does not tell (Gitee).
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The commit that was approved; none where the forge does not tell (Gitee).
    pub commit: Option<String>,
    /// Whether that is the commit that was merged.
    pub last: bool,
}

impl Merged {
    /// What the forge tells, with the people whom the access repo knows.
    pub fn of(access: &Access, found: &forge::Found) -> Self {
        let somebody = |login: &str| {
            let same = |known: &String| known.eq_ignore_ascii_case(login);
            let mut people = access.people.iter();
            let person = people.find(|(_, person)| person.forge.as_ref().is_some_and(same));
            Somebody { login: login.to_owned(), person: person.map(|(name, _)| name.clone()) }
        };
        let forge::Found { pull, summary } = found;
        let approvals = pull.approvals().into_iter().map(|review| Approval {
            by: somebody(&review.reviewer),
            at: review.at,
            commit: review.commit.clone(),
            last: review.commit.as_ref() == Some(&pull.head),
        });
        Self {
            number: summary.number,
            url: summary.url.clone(),
            opened_by: somebody(&summary.author),
            merged_by: summary.merged_by.as_deref().map(somebody),
            merged: summary.merged,
            approved_by: approvals.collect(),
        }
    }

    /// It in lines for a person, without the address.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("pull request #{} of {}", self.number, self.opened_by)];
        if self.approved_by.is_empty() {
            lines.push("approved by nobody before the merge".to_owned());
        }
        for approval in &self.approved_by {
            let state = match (&approval.commit, approval.last) {
                (_, true) => String::new(),
                (Some(commit), false) => {
                    format!(", an older state ({})", commit.get(..12).unwrap_or(commit))
                }
                (None, false) => ", and the forge does not tell which state".to_owned(),
            };
            lines.push(format!("approved by {}{}{state}", approval.by, on(approval.at)));
        }
        lines.push(match &self.merged_by {
            Some(somebody) => format!("merged at the forge by {somebody}{}", on(self.merged)),
            None => format!("merged at the forge{}", on(self.merged)),
        });
        lines
    }
}

impl ByForge {
    /// It in lines for a person; the address of the pull request is not among them.
    pub fn lines(&self) -> Vec<String> {
        match (&self.pull_request, &self.unknown) {
            (Some(merged), _) => merged.lines(),
            (None, Some(why)) => vec![format!("who approved it is not known: {why}")],
            (None, None) => {
                vec!["the forge knows no merged pull request that brought it".to_owned()]
            }
        }
    }
}

impl std::fmt::Display for Somebody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { login, person } = self;
        match person {
            Some(person) if person.as_str().eq_ignore_ascii_case(login) => f.write_str(login),
            Some(person) => write!(f, "{login} ({person})"),
            None => write!(f, "{login} (not in people/)"),
        }
    }
}

/// ` on 2026-11-20`, in UTC; nothing when it is not known.
fn on(moment: Option<Timestamp>) -> String {
    let day = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
    moment.map(|moment| format!(" on {}", day(moment))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_forge_tells_reads_well() {
        let somebody = |login: &str, person: Option<&str>| Somebody {
            login: login.to_owned(),
            person: person.map(|name| name.parse().expect("a name")),
        };
        let at = |text: &str| text.parse().ok();
        let mut merged = Merged {
            number: 12,
            url: "https://git.acme.example/acme/access/pull/12".to_owned(),
            opened_by: somebody("fanlc", Some("fanlichun")),
            merged_by: Some(somebody("LiWei", Some("liwei"))),
            merged: at("2026-11-20T10:00:00Z"),
            approved_by: vec![
                Approval {
                    by: somebody("LiWei", Some("liwei")),
                    at: at("2026-11-20T09:10:00Z"),
                    commit: Some("5f0c6f0e8f4e0b8a2c1d9e7f5f0c6f0e8f4e0b8a".to_owned()),
                    last: true,
                },
                Approval {
                    by: somebody("stranger", None),
                    at: at("2026-11-19T09:10:00Z"),
                    commit: Some("c3ab8ff1372000000000000000000000000000ff".to_owned()),
                    last: false,
                },
                Approval { by: somebody("zhaomin", None), at: None, commit: None, last: false },
            ],
        };
        insta::assert_snapshot!(merged.lines().join("\n"), @r"
        pull request #12 of fanlc (fanlichun)
        approved by LiWei on 2026-11-20
        approved by stranger (not in people/) on 2026-11-19, an older state (c3ab8ff13720)
        approved by zhaomin (not in people/), and the forge does not tell which state
        merged at the forge by LiWei on 2026-11-20
        ");
        merged.approved_by.clear();
        merged.merged_by = None;
        let told = ByForge { pull_request: Some(merged), unknown: None };
        insta::assert_snapshot!(told.lines().join("\n"), @r"
        pull request #12 of fanlc (fanlichun)
        approved by nobody before the merge
        merged at the forge on 2026-11-20
        ");
        let unknown = Some("the forge answered 502 to GET /user".to_owned());
        let lines = ByForge { pull_request: None, unknown }.lines();
        assert_eq!(lines, ["who approved it is not known: the forge answered 502 to GET /user"]);
    }
}
