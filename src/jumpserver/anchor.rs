//! The anchor: one inactive, empty permission that says what was applied last.
//!
//! It carries the owner's label, so a list by that label that does not show it was not
//! read.

use uuid::Uuid;

use super::error::Error;
use super::reader::{Organization, Reader};
use super::row::labelled;
use super::spec::{Anchor, PermissionSpec, SeenPermission};
use super::stored::{self, NewPermission};
use super::writer::{PermissionPatch, Writer};
use crate::mark::Mark;
use crate::names::{Owner, Prefix};
use crate::period::Period;

/// How the anchor's own line of the comment begins.
const LINE: &str = "jumpgate-anchor/1 ";

const WORDS: &str = "jumpgate keeps here what it applied last. Nobody gets anything by it. Do not \
                     change or delete it.";

/// The space of the ids that are made of names.
const SPACE: Uuid = Uuid::from_u128(0x6a75_6d70_6761_7465_8000_6f62_6a65_6374);

/// The id of one of the owner's own objects in an organization.
pub(super) fn own_id(owner: &Owner, organization: Uuid, what: &str) -> Uuid {
    Uuid::new_v5(&SPACE, format!("{owner}\n{organization}\n{what}").as_bytes())
}

fn id(owner: &Owner, organization: Uuid) -> Uuid {
    own_id(owner, organization, "anchor")
}

/// An inactive permission without people, assets, accounts and actions.
pub(super) fn empty_permission(name: String) -> PermissionSpec {
    let none = Default::default;
    PermissionSpec {
        name,
        users: none(),
        groups: none(),
        assets: none(),
        nodes: none(),
        accounts: none(),
        protocols: none(),
        actions: none(),
        start: Period::default().start(),
        end: Period::default().end(),
        active: false,
    }
}

/// A comment for people, for this part of the program, and with the mark.
pub(super) fn comment(owner: &Owner, id: Uuid, words: &str, line: &str) -> String {
    let mark = Mark {
        owner: owner.clone(),
        id,
        user: None,
        requests: Default::default(),
        end: None,
        handover: None,
    };
    format!("{words}\n{line}{}", mark.comment(""))
}

/// Whether a permission gives nothing to anybody, whatever is done to it from outside.
pub(super) fn gives_nothing(spec: &PermissionSpec) -> bool {
    !spec.active && spec.users.is_empty() && spec.groups.is_empty() && spec.accounts.is_empty()
}

/// Whether this is the owner's anchor, with its label.
pub(super) fn is_anchor(seen: &SeenPermission, owner: &Owner, organization: &Organization) -> bool {
    seen.id == id(owner, organization.id) && seen.labelled
}

/// What a comment of an anchor says.
pub(super) fn parse(comment: &str) -> Option<Anchor> {
    let mut lines = comment.lines().filter_map(|line| line.trim().strip_prefix(LINE));
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    serde_json::from_str(line).ok()
}

fn write(owner: &Owner, id: Uuid, anchor: &Anchor) -> String {
    // Plain data with string keys always has a JSON form.
    let json = serde_json::to_string(anchor).unwrap_or_default();
    comment(owner, id, WORDS, &format!("{LINE}{json}"))
}

pub(super) async fn read(reader: &Reader, owner: &Owner) -> Result<Option<Anchor>, Error> {
    let id = id(owner, reader.organization().id);
    let path = format!("perms/asset-permissions/{id}");
    let row: Option<super::row::PermissionRow> = reader.http().find(&path).await?;
    Ok(row.filter(|row| labelled(&row.labels, owner)).and_then(|row| parse(&row.comment)))
}

impl Writer {
    /// Makes the anchor, or changes it to say `anchor`; when it says that already nothing
    /// is written.
    ///
    /// # Errors
    /// When a request fails, or something else stands under the anchor's id or name.
    pub async fn write_anchor(&self, prefix: &Prefix, anchor: &Anchor) -> Result<(), Error> {
        let owner = self.owner();
        let id = id(owner, self.organization());
        let comment = write(owner, id, anchor);
        match stored::permission(self.read(), owner, id).await? {
            Some(there) if there.comment.trim() == comment.trim() => Ok(()),
            Some(_) => {
                let patch = PermissionPatch { comment: Some(comment), ..Default::default() };
                self.patch_permission(id, &patch).await
            }
            None => {
                let new = NewPermission {
                    spec: empty_permission(format!("{prefix}-anchor-{owner}")),
                    users: Default::default(),
                    assets: Default::default(),
                    nodes: Default::default(),
                    comment,
                };
                self.create_permission(id, &new).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jumpserver::spec::AnchoredInstance;

    #[test]
    fn a_comment_gives_the_anchor_back() {
        let owner: Owner = "acme".parse().expect("an owner");
        let anchor = Anchor {
            commit: Some("a".repeat(40)),
            instances: [(
                "orders-prod".to_owned(),
                AnchoredInstance {
                    server: "8f2b1c6e-0000-11ef-9a44-0242ac120002".to_owned(),
                    asset: Uuid::from_u128(5),
                    account_host: Some("10.8.0.%".to_owned()),
                },
            )]
            .into(),
        };
        let id = id(&owner, Uuid::from_u128(2));
        let comment = write(&owner, id, &anchor);
        assert_eq!(parse(&comment), Some(anchor));
        let mark = Mark::parse(&comment).expect("a mark");
        assert_eq!((mark.owner, mark.id), (owner, id));
        assert_eq!(parse("by hand"), None);
        assert_eq!(parse(&format!("{comment}\n{comment}")), None);
    }

    #[test]
    fn ids_differ_by_owner_and_organization() {
        let (a, b): (Owner, Owner) =
            ("acme".parse().expect("an owner"), "acme-2".parse().expect("an owner"));
        let org = Uuid::from_u128(2);
        assert_ne!(id(&a, org), id(&b, org));
        assert_ne!(id(&a, org), id(&a, Uuid::from_u128(3)));
    }
}
