//! Users, where the people files make them. None is ever deleted.

use serde::Serialize;
use uuid::Uuid;

use super::{Writer, in_the_way, kept_otherwise, taken};
use crate::jumpserver::error::Error;
use crate::jumpserver::page;
use crate::jumpserver::row::{UserRow, labelled};
use crate::jumpserver::transport::Content;

const PATH: &str = "users/users";

/// A user to make. He gets the roles that every new user gets, and a link to set his
/// password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The user name.
    pub username: String,
    /// The name for people.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The comment, with the mark.
    pub comment: String,
}

#[derive(Serialize)]
struct Body<'a> {
    id: Uuid,
    username: &'a str,
    name: &'a str,
    email: &'a str,
    is_active: bool,
    groups: [Uuid; 0],
    password_strategy: &'a str,
    comment: &'a str,
    labels: [String; 1],
}

/// What changes of a user: absolute values, only those that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UserPatch {
    /// Whether it is enabled.
    #[serde(rename = "is_active", skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The comment, with the mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Writer {
    /// Makes a user with an id of ours.
    ///
    /// # Errors
    /// `Conflict` when the id or the user name is taken by another user; `Refused` when
    /// the address is, or the user name by one of another organization.
    pub async fn create_user(&self, id: Uuid, new: &NewUser) -> Result<(), Error> {
        let content = Content::json(&Body {
            id,
            username: &new.username,
            name: &new.name,
            email: &new.email,
            is_active: true,
            groups: [],
            password_strategy: "email",
            comment: &new.comment,
            labels: self.labels(),
        })?;
        let what = format!("the user {}", new.username);
        let differences = |row: &UserRow| -> Vec<&'static str> {
            let fields = [
                ("id", row.id != id),
                ("user name", row.username != new.username),
                ("name", row.name != new.name),
                ("e-mail address", row.email != new.email),
                ("state", !row.is_active),
                ("label", !labelled(&row.labels, &self.owner)),
                ("comment", row.comment.trim() != new.comment.trim()),
            ];
            fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
        };
        match self.create::<UserRow>(PATH, content, None).await? {
            Ok(row) => match differences(&row).as_slice() {
                [] => Ok(()),
                fields => Err(kept_otherwise(&what, fields)),
            },
            Err(refused) => {
                let there: Option<UserRow> = self.read.find(&format!("{PATH}/{id}")).await?;
                match there.as_ref().map(differences) {
                    None => match self.user_named(&new.username).await? {
                        None => Err(refused),
                        Some(other) => Err(taken(&what, other)),
                    },
                    Some(fields) if fields.is_empty() => Ok(()),
                    Some(fields) => Err(in_the_way(&what, &fields)),
                }
            }
        }
    }

    /// The user of the organization who has a user name.
    async fn user_named(&self, username: &str) -> Result<Option<Uuid>, Error> {
        let rows: Vec<UserRow> = page::USERS.all(&self.read, &[("username", username)]).await?;
        Ok(rows.into_iter().find(|row| row.username == username).map(|row| row.id))
    }

    /// Changes the fields of a user that are given, and nothing else.
    ///
    /// # Errors
    /// When the request fails, or the answer does not show the new values.
    pub async fn patch_user(&self, id: Uuid, patch: &UserPatch) -> Result<(), Error> {
        if *patch == UserPatch::default() {
            return Ok(());
        }
        let path = format!("{PATH}/{id}");
        let row: UserRow = self.change(&path, Content::json(patch)?, None).await?;
        let differs = |new: &Option<String>, kept: &str| {
            new.as_ref().is_some_and(|new| new.trim() != kept.trim())
        };
        let fields = [
            ("id", row.id != id),
            ("state", patch.active.is_some_and(|active| active != row.is_active)),
            ("name", differs(&patch.name, &row.name)),
            ("e-mail address", differs(&patch.email, &row.email)),
            ("comment", differs(&patch.comment, &row.comment)),
        ];
        let fields: Vec<&str> =
            fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
        if fields.is_empty() {
            Ok(())
        } else {
            Err(kept_otherwise(&format!("the user {}", row.username), &fields))
        }
    }
}
