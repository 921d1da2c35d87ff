//! The anchor: one inactive, empty permission that says what was applied last.
//!
//! It carries the owner's label, so a list by that label that does not show it was not
//! read. Its id is made of the owner and the organization, so it can be asked for without
//! the label: that tells a hole from a first run.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{Error, ErrorKind};
use super::reader::{Organization, Reader};
use super::row::{PermissionRow, labelled};
use super::spec::Anchor;
use super::writer::{PermissionPatch, Writer};
use super::{page, placeholder};
use crate::mark::Mark;
use crate::names::Owner;
use crate::naming;

/// How the anchor's own line of the comment begins.
const LINE: &str = "jumpgate-anchor/1 ";

const WORDS: &str = "jumpgate keeps here what it applied last. Nobody gets anything by it. Do not \
                     change or delete it.";

/// The line: the anchor, and where it was written.
#[derive(Serialize, Deserialize)]
struct Line {
    organization: Uuid,
    #[serde(flatten)]
    anchor: Anchor,
}

/// The id of an owner's anchor in an organization.
pub(super) fn id(owner: &Owner, organization: Uuid) -> Uuid {
    naming::anchor_id(owner, &organization.to_string())
}

fn parse(comment: &str) -> Option<Line> {
    let mut lines = comment.lines().filter_map(|line| line.trim().strip_prefix(LINE));
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    serde_json::from_str(line).ok()
}

fn comment(owner: &Owner, id: Uuid, organization: Uuid, anchor: &Anchor) -> String {
    let line = Line { organization, anchor: anchor.clone() };
    // Plain data with string keys always has a JSON form.
    let json = serde_json::to_string(&line).unwrap_or_default();
    placeholder::comment(owner, id, WORDS, &format!("{LINE}{json}"))
}

/// What a row that should be the anchor says.
///
/// # Errors
/// When it has no label, gives something to somebody, was written in another
/// organization, or does not say what an anchor says.
fn understand(
    row: &PermissionRow,
    owner: &Owner,
    organization: &Organization,
) -> Result<Anchor, Error> {
    if !labelled(&row.labels, owner) {
        return Err(Error::new(
            ErrorKind::Incomplete,
            format!(
                "the permission {} has lost its label {}, and maybe other permissions have too",
                row.name,
                Mark::label(owner)
            ),
        )
        .advise("give it the label again in JumpServer, and find out who took it away"));
    }
    if row.is_active || !row.accounts.is_empty() {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "the permission {} must give nothing to anybody, and it was switched on or got \
                 accounts by another hand",
                row.name
            ),
        )
        .advise("switch it off and take its accounts out in JumpServer"));
    }
    let line = parse(&row.comment).ok_or_else(|| {
        Error::new(
            ErrorKind::Conflict,
            format!("the comment of the permission {} was changed by another hand", row.name),
        )
        .advise(format!(
            "restore it; or, when each instance is still the same server, delete the permission \
             {} in JumpServer: the next apply makes it anew",
            row.name
        ))
    })?;
    if line.organization != organization.id || row.org_id != organization.id {
        return Err(elsewhere(row, owner, &line.organization.to_string(), organization));
    }
    Ok(line.anchor)
}

fn elsewhere(row: &PermissionRow, owner: &Owner, there: &str, here: &Organization) -> Error {
    Error::new(
        ErrorKind::Organization,
        format!(
            "what {owner} applied last was in the organization {there}, and this is {} ({})",
            here.name, here.id
        ),
    )
    .advise(format!(
        "set jumpserver.organization back; when the move is meant, delete the permission {} there \
         first",
        row.name
    ))
}

/// Reads the anchor by its id. When there is none, the other organizations of the user
/// are asked for one: whoever changed the organization by mistake must not begin anew.
pub(super) async fn read(reader: &Reader, owner: &Owner) -> Result<Option<Anchor>, Error> {
    let here = reader.organization();
    let path =
        |organization: Uuid| format!("{}/{}", page::PERMISSIONS.path, id(owner, organization));
    let row: Option<PermissionRow> = reader.http().find(&path(here.id)).await?;
    if let Some(row) = row {
        return understand(&row, owner, here).map(Some);
    }
    for other in reader.others() {
        let there = reader.http().within(other.id);
        let found = match there.find::<PermissionRow>(&path(other.id)).await {
            // A user of that organization without a right there has applied nothing there.
            Err(error) if error.kind == ErrorKind::Forbidden => None,
            found => found?,
        };
        let anchor = found.as_ref().and_then(|row| Some((row, parse(&row.comment)?.anchor)));
        if let Some((row, anchor)) = anchor
            && !anchor.instances.is_empty()
        {
            let there = format!("{} ({})", other.name, other.id);
            return Err(elsewhere(row, owner, &there, here));
        }
    }
    Ok(None)
}

/// The error when the anchor exists and a list by its label leaves it out.
pub(super) fn not_listed(owner: &Owner) -> Error {
    Error::new(
        ErrorKind::Incomplete,
        format!(
            "the permissions with the label {} came without the anchor, which has it: the list was \
             not read completely",
            Mark::label(owner)
        ),
    )
    .advise("run again; when it stays, see whether JumpServer finds permissions by this label")
}

impl Writer {
    /// Makes the anchor, or changes it to say `anchor`; when it says that already nothing
    /// is written. Then it must be found by its label.
    ///
    /// # Errors
    /// When a request fails, something else stands under the anchor's id or name, or the
    /// label does not find it.
    pub async fn put_anchor(&self, anchor: &Anchor) -> Result<(), Error> {
        let owner = self.owner();
        let organization = self.organization();
        let id = id(owner, organization.id);
        let comment = comment(owner, id, organization.id, anchor);
        let path = format!("{}/{id}", page::PERMISSIONS.path);
        let name = match self.read().find::<PermissionRow>(&path).await? {
            Some(there) => {
                understand(&there, owner, organization)?;
                if there.comment.trim() != comment.trim() {
                    let patch = PermissionPatch { comment: Some(comment), ..Default::default() };
                    self.patch_permission(id, &patch).await?;
                }
                there.name
            }
            None => {
                let name = naming::anchor(self.prefix(), owner);
                let new = placeholder::permission(name.clone(), comment);
                self.create_permission(id, &new).await?;
                name
            }
        };
        let label = Mark::label(owner);
        let filter = [("labels", label.as_str()), ("name", name.as_str())];
        let found: Vec<PermissionRow> = page::PERMISSIONS.all(self.read(), &filter).await?;
        if found.iter().any(|row| row.id == id && labelled(&row.labels, owner)) {
            Ok(())
        } else {
            Err(not_listed(owner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::model::Provenance;
    use crate::jumpserver::spec::{AnchoredInstance, JudgedRules};

    fn anchor() -> Anchor {
        Anchor {
            commit: Some("a".repeat(40)),
            turns: [("b".repeat(40), "c".repeat(40))].into(),
            rules: Some(JudgedRules {
                commit: "d".repeat(40),
                provenance: Provenance::Forge,
                wrong: vec![["e".repeat(40), "f".repeat(40)]],
            }),
            instances: [(
                "orders-prod".to_owned(),
                AnchoredInstance {
                    server: "8f2b1c6e-0000-11ef-9a44-0242ac120002".to_owned(),
                    asset: Uuid::from_u128(5),
                    account_host: Some("10.8.0.%".to_owned()),
                },
            )]
            .into(),
        }
    }

    #[test]
    fn a_comment_gives_the_anchor_back() {
        let owner: Owner = "acme".parse().expect("an owner");
        let organization = Uuid::from_u128(2);
        let id = id(&owner, organization);
        let comment = comment(&owner, id, organization, &anchor());
        let line = parse(&comment).expect("a line");
        assert_eq!((line.organization, line.anchor), (organization, anchor()));
        let mark = Mark::parse(&comment).expect("a mark");
        assert_eq!((mark.owner, mark.id), (owner, id));
        assert!(parse("by hand").is_none());
        assert!(parse(&format!("{comment}\n{comment}")).is_none());
    }

    fn row(labels: &[&str], comment: &str) -> PermissionRow {
        serde_json::from_value(serde_json::json!({
            "id": Uuid::from_u128(7), "name": "jump-anchor-acme", "labels": labels,
            "comment": comment, "org_id": Uuid::from_u128(2), "is_active": false,
            "date_start": "2026-11-01T00:00:00Z", "date_expired": "2027-01-01T00:00:00Z"
        }))
        .expect("a row")
    }

    #[test]
    fn what_cannot_be_the_last_anchor_is_an_error() {
        let owner: Owner = "acme".parse().expect("an owner");
        let here = Organization { id: Uuid::from_u128(2), name: "ops".to_owned() };
        let label = ["jumpgate:acme"];
        let text = |organization: u128| {
            comment(&owner, Uuid::from_u128(7), Uuid::from_u128(organization), &anchor())
        };
        assert_eq!(understand(&row(&label, &text(2)), &owner, &here).ok(), Some(anchor()));
        let kind = |row: &PermissionRow| understand(row, &owner, &here).err().map(|e| e.kind);
        assert_eq!(kind(&row(&[], &text(2))), Some(ErrorKind::Incomplete));
        assert_eq!(kind(&row(&label, "by hand")), Some(ErrorKind::Conflict));
        assert_eq!(kind(&row(&label, &text(3))), Some(ErrorKind::Organization));
    }
}
