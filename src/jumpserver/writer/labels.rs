//! The owner's label, given back to what lost it.

use serde::Deserialize;
use uuid::Uuid;

use super::{Writer, kept_otherwise};
use crate::jumpserver::error::Error;
use crate::jumpserver::page;
use crate::jumpserver::row::{Label, labelled};
use crate::jumpserver::transport::Content;
use crate::mark::Mark;

/// What can carry a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Labelled {
    /// A permission.
    Permission(Uuid),
    /// An account on an asset.
    Account(Uuid),
    /// A user.
    User(Uuid),
}

impl Labelled {
    fn path(self) -> String {
        let (list, id) = match self {
            Self::Permission(id) => (page::PERMISSIONS, id),
            Self::Account(id) => (page::ACCOUNTS, id),
            Self::User(id) => (page::USERS, id),
        };
        format!("{}/{id}", list.path)
    }

    fn words(self) -> String {
        match self {
            Self::Permission(id) => format!("the permission {id}"),
            Self::Account(id) => format!("the account {id}"),
            Self::User(id) => format!("the user {id}"),
        }
    }
}

#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    labels: Vec<Label>,
}

impl Writer {
    /// The labels of an object with the owner's among them, as a PATCH takes them.
    ///
    /// # Errors
    /// When the request fails.
    pub(super) async fn labels_with_ours(&self, object: Labelled) -> Result<Vec<String>, Error> {
        let there: Labels = self.read.get(&object.path(), &[]).await?;
        Ok(self.with_ours(&there.labels))
    }

    /// The labels of an object without the owner's, as a PATCH takes them.
    ///
    /// # Errors
    /// When the request fails.
    pub(super) async fn labels_without_ours(&self, object: Labelled) -> Result<Vec<String>, Error> {
        let there: Labels = self.read.get(&object.path(), &[]).await?;
        let ours = Mark::label(&self.owner);
        Ok(there.labels.iter().map(Label::text).filter(|text| *text != ours).collect())
    }

    /// A PATCH of labels replaces all of them.
    fn with_ours(&self, there: &[Label]) -> Vec<String> {
        let ours = Mark::label(&self.owner);
        let others = there.iter().map(Label::text).filter(|text| *text != ours);
        others.chain([ours.clone()]).collect()
    }

    /// Gives an object the owner's label and leaves its other labels; one that has it is a
    /// success without a write.
    ///
    /// # Errors
    /// When a request fails, or the answer does not show the label.
    pub async fn label(&self, object: Labelled) -> Result<(), Error> {
        let path = object.path();
        let there: Labels = self.read.get(&path, &[]).await?;
        if labelled(&there.labels, &self.owner) {
            return Ok(());
        }
        let texts = self.with_ours(&there.labels);
        let content = Content::json(&serde_json::json!({ "labels": texts }))?;
        let row: Labels = self.change(&path, content, None).await?;
        if labelled(&row.labels, &self.owner) {
            Ok(())
        } else {
            Err(kept_otherwise(&object.words(), &["label"]))
        }
    }
}
