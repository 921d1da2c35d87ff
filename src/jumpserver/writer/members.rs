//! Single members of permissions that several instances share: added and removed without
//! touching the others.

use uuid::Uuid;

use super::Writer;
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page::{self, List};
use crate::jumpserver::row::RelationRow;
use crate::jumpserver::transport::{Content, Repeat};

/// One member of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// A user.
    User(Uuid),
    /// An asset.
    Asset(Uuid),
    /// A node.
    Node(Uuid),
}

impl Member {
    fn table(self) -> List {
        page::relation(match self {
            Self::User(_) => "perms/asset-permissions-users-relations",
            Self::Asset(_) => "perms/asset-permissions-assets-relations",
            Self::Node(_) => "perms/asset-permissions-nodes-relations",
        })
    }

    fn field(self) -> (&'static str, Uuid) {
        match self {
            Self::User(id) => ("user", id),
            Self::Asset(id) => ("asset", id),
            Self::Node(id) => ("node", id),
        }
    }
}

impl Writer {
    /// Adds a member to a permission; one that is in it already is a success.
    ///
    /// # Errors
    /// When the request fails and the member is not in it.
    pub async fn add_member(&self, permission: Uuid, member: Member) -> Result<(), Error> {
        let (field, id) = member.field();
        let content = Content::json(&serde_json::json!({
            "assetpermission": permission,
            field: id,
        }))?;
        let path = member.table().path;
        let sent = self
            .write
            .send(reqwest::Method::POST, path, Some(content), Repeat::Never, None, self.may())
            .await;
        match sent {
            Ok(answer) => {
                let row: RelationRow = answer.json()?;
                if answer.status == 201 && row.assetpermission == permission && row.member == id {
                    Ok(())
                } else {
                    Err(Error::unexpected(
                        "POST",
                        &format!("/api/v1/{path}/"),
                        "it does not show what was added",
                    ))
                }
            }
            // It may be there: from before, or from this request whose answer was lost.
            Err(error) if error.kind == ErrorKind::Refused || error.is_passing() => {
                match self.member_row(permission, member).await? {
                    Some(_) => Ok(()),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a member out of a permission; one that is not in it is a success.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn remove_member(&self, permission: Uuid, member: Member) -> Result<(), Error> {
        match self.member_row(permission, member).await? {
            None => Ok(()),
            Some(number) => self.remove(&format!("{}/{number}", member.table().path)).await,
        }
    }

    /// The number of the row that joins the two.
    async fn member_row(&self, permission: Uuid, member: Member) -> Result<Option<i64>, Error> {
        let (field, id) = member.field();
        let (permission_text, id_text) = (permission.to_string(), id.to_string());
        let filter = [("assetpermission", permission_text.as_str()), (field, id_text.as_str())];
        let rows: Vec<RelationRow> = member.table().all(&self.read, &filter).await?;
        Ok(rows
            .into_iter()
            .find(|row| row.assetpermission == permission && row.member == id)
            .map(|row| row.id))
    }
}
