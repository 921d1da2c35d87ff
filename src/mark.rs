//! The mark on everything that a repo owns: a label to find it by, and one line of its
//! comment that says which request it comes from.
//!
//! A mark is a function of the desired state: it holds no commit and no date of a run,
//! so an unchanged state has an unchanged mark. One exception: while sessions are left open
//! after an end, the mark says since when, as nothing else outlives a run that is cut.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::{Owner, RequestName};

/// The name part of the label (`jumpgate:<owner>`).
pub const LABEL: &str = "jumpgate";

/// How the machine's line of a comment begins.
const LINE: &str = "jumpgate/1 ";

/// The mark of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Whose it is.
    pub owner: Owner,
    /// The object's own id: a copy of the object has another one.
    pub id: Uuid,
    /// The user in JumpServer for whom it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// The requests that it comes from, each with when what it asks here ends (`None` is no
    /// end): so a later run can tell what ended from what was taken out of git.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub requests: BTreeMap<RequestName, Option<Timestamp>>,
    /// When it ends; `None` is no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub end: Option<Timestamp>,
    /// For a database account: how far its password is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// For a permission: what it gave no longer, while open sessions behind that are still
    /// to be looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// What a permission gave, and does not give any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Since when not.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// The assets, by name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assets: BTreeSet<String>,
    /// The nodes, by path.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub nodes: BTreeSet<String>,
    /// The user names of the accounts.
    pub accounts: BTreeSet<String>,
    /// The protocols.
    pub protocols: BTreeSet<String>,
    /// The actions.
    pub actions: BTreeSet<String>,
}

impl Left {
    /// Both together, since the earlier of the two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.since = self.since.min(other.since);
        self.assets.extend(other.assets);
        self.nodes.extend(other.nodes);
        self.accounts.extend(other.accounts);
        self.protocols.extend(other.protocols);
        self.actions.extend(other.actions);
        self
    }
}

/// How far the password of a database account is on its way into the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The state.
    pub state: HandoverState,
    /// A random word for each password; the server's ATTRIBUTE holds the same one.
    pub generation: String,
    /// When the server says that the password was set; there when done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub changed: Option<Timestamp>,
    /// The host of the account that has the password, or gets it: the same user name at another
    /// host is another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When access ended, while open sessions of the account are left for a time; only
    /// beside `narrowing` and `ending`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ended: Option<Timestamp>,
    /// Whether the account was locked already when it began to go: then the lock is another
    /// hand's, and stays; only beside `ending`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked_before: bool,
}

/// The states of a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HandoverState {
    /// JumpServer holds a password that the server may not have yet.
    Pending,
    /// Both have it.
    Done,
    /// As `Done`, and something is being taken away: sessions that are open may still use
    /// it until they are ended.
    Narrowing,
    /// As `Done`, and the server gets a second password: until JumpServer has that one too,
    /// the one that it holds stays as the old one.
    Rotating,
    /// The account is on its way out.
    Ending,
}

impl Handover {
    /// Whether the account at this host, whose password the server says was set then, is the
    /// one that this is about. A mark without a host tells by the time alone.
    pub fn is_of(&self, host: &str, changed: Option<Timestamp>) -> bool {
        match &self.host {
            Some(own) => own == host,
            None => self.changed.is_some() && self.changed == changed,
        }
    }
}

impl Mark {
    /// The whole comment: `words` for people (their line breaks become blanks), then the
    /// machine's line.
    pub fn comment(&self, words: &str) -> String {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        // A mark is plain data with string keys, which always has a JSON form.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{words}\n{LINE}{json}")
    }

    /// The mark in a comment, when it has exactly one line that is one.
    pub fn parse(comment: &str) -> Option<Self> {
        let mut lines = comment.lines().filter_map(|line| line.trim().strip_prefix(LINE));
        let line = lines.next()?;
        if lines.next().is_some() {
            return None;
        }
        serde_json::from_str(line).ok()
    }

    /// When the access of requests that are in the mark and not in `now_asked` ended: by the
    /// last of their recorded ends when all have passed at `moment`, else at `moment`, since
    /// then it is taken away before.
    pub fn ended_at<T>(
        &self,
        now_asked: &BTreeMap<RequestName, T>,
        moment: Timestamp,
    ) -> Timestamp {
        let gone = self.requests.iter().filter(|(request, _)| !now_asked.contains_key(*request));
        let ends: Option<Vec<Timestamp>> =
            gone.map(|(_, end)| end.filter(|end| *end <= moment)).collect();
        ends.and_then(|ends| ends.into_iter().max()).unwrap_or(moment)
    }

    /// The text of the label, in the form in which both versions of JumpServer take it.
    pub fn label(owner: &Owner) -> String {
        format!("{LABEL}:{owner}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            owner: "acme".parse().expect("an owner"),
            id: Uuid::from_u128(7),
            user: Some(Uuid::from_u128(8)),
            requests: BTreeMap::from([(
                "2026/PAY-1234-refunds".parse().expect("a request"),
                Some("2027-02-28T16:00:00Z".parse().expect("a moment")),
            )]),
            end: Some("2027-02-28T16:00:00Z".parse().expect("a moment")),
            handover: None,
            left: None,
        }
    }

    #[test]
    fn a_comment_gives_its_mark_back() {
        let comment = mark().comment("for fanlichun\nbecause of PAY-1234");
        insta::assert_snapshot!(comment);
        assert_eq!(Mark::parse(&comment), Some(mark()));
        assert_eq!(Mark::parse(comment.trim_end()), Some(mark()));
    }

    #[test]
    fn text_by_other_hands_is_no_mark() {
        assert_eq!(Mark::parse("by hand"), None);
        assert_eq!(Mark::parse("jumpgate/1 {\"owner\":\"acme\"}"), None);
        let twice = format!("{}\n{}", mark().comment("a"), mark().comment("b"));
        assert_eq!(Mark::parse(&twice), None);
    }
}
