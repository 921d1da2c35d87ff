//! Accounts on assets. Their secret goes in and can never be read again.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::{Labelled, Writer, in_the_way, kept_otherwise, taken};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::{AccountRow, labelled};
use crate::jumpserver::stored;
use crate::jumpserver::transport::Content;
use crate::mark::Mark;

const PATH: &str = "accounts/accounts";

/// An account to make. Its name is its user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The asset's id.
    pub asset: Uuid,
    /// The user name on the asset.
    pub username: String,
    /// The comment, with the mark.
    pub comment: String,
}

#[derive(Serialize)]
struct Body<'a> {
    id: Uuid,
    asset: Uuid,
    name: &'a str,
    username: &'a str,
    secret_type: &'a str,
    secret: &'a str,
    privileged: bool,
    is_active: bool,
    push_now: bool,
    /// With `skip` or `update`, 3.10 answers 201 with an account of another hand.
    on_invalid: &'a str,
    comment: &'a str,
    labels: [String; 1],
}

#[derive(Serialize)]
struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    comment: &'a str,
}

impl Writer {
    /// Makes an account with an id of ours, with its secret. One that stands there already
    /// with this very comment is a success: the comment names the password's generation,
    /// so it is an attempt of ours whose answer was lost.
    ///
    /// # Errors
    /// `Conflict` when the id or the user name is taken by something else.
    pub async fn create_account(
        &self,
        id: Uuid,
        new: &NewAccount,
        secret: &SecretString,
    ) -> Result<(), Error> {
        must_be_there(secret)?;
        let content = Content::json(&Body {
            id,
            asset: new.asset,
            name: &new.username,
            username: &new.username,
            secret_type: "password",
            secret: secret.expose_secret(),
            privileged: false,
            is_active: true,
            push_now: false,
            on_invalid: "error",
            comment: &new.comment,
            labels: self.labels(),
        })?;
        let what = format!("the account {}", new.username);
        match self.create::<AccountRow>(PATH, content, Some(secret)).await? {
            Ok(row) => match self.account_differences(&row, id, new).as_slice() {
                [] => Ok(()),
                fields => Err(kept_otherwise(&what, fields)),
            },
            Err(refused) => match stored::account(&self.read, id).await? {
                None => match self.account_named(new).await? {
                    None => Err(refused),
                    Some(other) => Err(taken(&what, other)),
                },
                Some(row) => match self.account_differences(&row, id, new).as_slice() {
                    [] => Ok(()),
                    fields => Err(in_the_way(&what, fields)),
                },
            },
        }
    }

    /// The account of the asset that has the user name, or the name.
    async fn account_named(&self, new: &NewAccount) -> Result<Option<Uuid>, Error> {
        let asset = new.asset.to_string();
        let rows: Vec<AccountRow> = page::ACCOUNTS.all(&self.read, &[("asset", &asset)]).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.asset.id == new.asset)
            .find(|row| row.username == new.username || row.name == new.username)
            .map(|row| row.id))
    }

    fn account_differences(
        &self,
        row: &AccountRow,
        id: Uuid,
        new: &NewAccount,
    ) -> Vec<&'static str> {
        let fields = [
            ("id", row.id != id),
            ("asset", row.asset.id != new.asset),
            ("name", row.name != new.username),
            ("user name", row.username != new.username),
            ("state", !row.is_active),
            ("label", !labelled(&row.labels, &self.owner)),
            ("comment", row.comment.trim() != new.comment.trim()),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// Sets the secret and the comment in one request, so that no mark stands beside
    /// another password than the one it means.
    ///
    /// # Errors
    /// When the request fails, or the answer does not show the new comment.
    pub async fn patch_account_secret_and_comment(
        &self,
        id: Uuid,
        secret: &SecretString,
        comment: &str,
    ) -> Result<(), Error> {
        must_be_there(secret)?;
        self.patch_account(id, Some(secret), comment).await
    }

    /// Sets the comment and leaves the secret.
    ///
    /// # Errors
    /// When the request fails, or the answer does not show the new comment.
    pub async fn patch_account_comment(&self, id: Uuid, comment: &str) -> Result<(), Error> {
        self.patch_account(id, None, comment).await
    }

    /// Gives an account of another hand the owner's label and a comment with the mark, in one
    /// request; its secret and its other labels stay.
    ///
    /// # Errors
    /// When a request fails, or the answer does not show both.
    pub async fn adopt_account(&self, id: Uuid, comment: &str) -> Result<(), Error> {
        let labels = self.labels_with_ours(Labelled::Account(id)).await?;
        self.mark_account(id, comment, &labels).await
    }

    /// Takes the owner's label and the comment off an account that is given back, in one
    /// request; its secret and its other labels stay.
    ///
    /// # Errors
    /// When a request fails, or the answer does not show both.
    pub async fn release_account(&self, id: Uuid) -> Result<(), Error> {
        let labels = self.labels_without_ours(Labelled::Account(id)).await?;
        self.mark_account(id, "", &labels).await
    }

    async fn mark_account(&self, id: Uuid, comment: &str, labels: &[String]) -> Result<(), Error> {
        let content = Content::json(&serde_json::json!({ "comment": comment, "labels": labels }))?;
        let row: AccountRow = self.change(&format!("{PATH}/{id}"), content, None).await?;
        let mut wrong = Vec::new();
        if row.id != id || row.comment.trim() != comment.trim() {
            wrong.push("comment");
        }
        let ours = labels.contains(&Mark::label(&self.owner));
        if labelled(&row.labels, &self.owner) != ours {
            wrong.push("label");
        }
        match wrong.as_slice() {
            [] => Ok(()),
            fields => Err(kept_otherwise(&format!("the account {}", row.username), fields)),
        }
    }

    async fn patch_account(
        &self,
        id: Uuid,
        secret: Option<&SecretString>,
        comment: &str,
    ) -> Result<(), Error> {
        let content =
            Content::json(&Change { secret: secret.map(ExposeSecret::expose_secret), comment })?;
        let row: AccountRow = self.change(&format!("{PATH}/{id}"), content, secret).await?;
        if row.id == id && row.comment.trim() == comment.trim() {
            Ok(())
        } else {
            Err(kept_otherwise(&format!("the account {}", row.username), &["comment"]))
        }
    }

    /// Removes an account; one that is gone already is a success.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn delete_account(&self, id: Uuid) -> Result<(), Error> {
        self.remove(&format!("{PATH}/{id}")).await
    }
}

/// An empty secret would keep the old one without a word.
fn must_be_there(secret: &SecretString) -> Result<(), Error> {
    if secret.expose_secret().is_empty() {
        Err(Error::new(ErrorKind::Settings, "the password of an account must not be empty"))
    } else {
        Ok(())
    }
}
