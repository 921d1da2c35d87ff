//! Writes JumpServer, while the lease is held and not a moment longer.
//!
//! Objects are made with ids of ours, so a create whose answer was lost can be repeated.
//! What is there is changed by PATCH of single fields, never by PUT (fields left out would
//! become everything, for ever), and removed one by one by id, never by a filter.

mod accounts;
mod labels;
mod permissions;
mod users;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use self::accounts::NewAccount;
pub use self::labels::Labelled;
pub use self::permissions::PermissionPatch;
pub use self::users::{NewUser, UserPatch};

use super::error::{Error, ErrorKind};
use super::lease::Guard;
use super::reader::{Organization, Reader};
use super::transport::{Answer, Content, Read, Write};
use crate::mark::Mark;
use crate::names::{Owner, Prefix};

/// A connection that can write; there is none without a lease.
#[derive(Clone)]
pub struct Writer {
    read: Read,
    write: Write,
    owner: Owner,
    prefix: Prefix,
    organization: Organization,
    guard: Option<Arc<Guard>>,
}

impl Writer {
    /// The same writer, which asks `guard` before each request.
    pub(super) fn guarded(&self, guard: Arc<Guard>) -> Self {
        Self { guard: Some(guard), ..self.clone() }
    }

    /// A writer for the lease itself.
    pub(super) fn unguarded(reader: &Reader, owner: &Owner, prefix: &Prefix) -> Self {
        Self {
            read: reader.http().clone(),
            write: Write::new(reader.http()),
            owner: owner.clone(),
            prefix: prefix.clone(),
            organization: reader.organization().clone(),
            guard: None,
        }
    }

    /// Whose things it writes.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The organization that it writes in.
    pub(super) fn organization(&self) -> &Organization {
        &self.organization
    }

    /// The first part of the names of the anchor and the leases.
    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    pub(super) fn read(&self) -> &Read {
        &self.read
    }

    /// The labels of what is made, in the form that both versions take.
    fn labels(&self) -> [String; 1] {
        [Mark::label(&self.owner)]
    }

    fn may(&self) -> impl Fn(Duration) -> Result<(), Error> {
        let guard = self.guard.clone();
        move |needed| guard.as_ref().map_or(Ok(()), |guard| guard.check(needed))
    }

    /// POST of an object with an id of ours. The inner error is that of a server that refused
    /// it (400) or failed (500): then the object must be read, it may be there.
    async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        content: Content,
        secret: Option<&SecretString>,
    ) -> Result<Result<T, Error>, Error> {
        let sent = self.write.send(Method::POST, path, Some(content), secret, self.may()).await;
        match sent {
            Ok(answer) if answer.status == 201 => Ok(Ok(answer.json()?)),
            Ok(answer) => Err(Error::unexpected(
                "POST",
                &format!("/api/v1/{path}/"),
                format!(
                    "the status is {} and not 201, so nothing may have been made",
                    answer.status
                ),
            )),
            Err(error) if error.kind == ErrorKind::Refused => Ok(Err(error)),
            // Of two at once with one id or name both pass the server's check, and its database
            // refuses the second: 500 (by the source of both versions).
            Err(error) if error.status == Some(500) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// POST of something that is no object with an id.
    pub(super) async fn post(&self, path: &str, content: Content) -> Result<Answer, Error> {
        self.write.send(Method::POST, path, Some(content), None, self.may()).await
    }

    /// PATCH of absolute values.
    async fn change<T: DeserializeOwned>(
        &self,
        path: &str,
        content: Content,
        secret: Option<&SecretString>,
    ) -> Result<T, Error> {
        let answer: Answer =
            self.write.send(Method::PATCH, path, Some(content), secret, self.may()).await?;
        answer.json()
    }

    /// DELETE of one object; what is gone already is a success.
    async fn remove(&self, path: &str) -> Result<(), Error> {
        let sent = self.write.send(Method::DELETE, path, None, None, self.may()).await;
        match sent {
            Ok(_) => Ok(()),
            // An unknown address is 404 too, but without a code.
            Err(error) if error.kind == ErrorKind::NotFound && error.code.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The error when the server keeps something else than what was sent.
fn kept_otherwise(what: &str, fields: &[&str]) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("JumpServer keeps {what} with another {}", fields.join(", ")),
    )
    .advise("run again; when it stays, someone else changes it at the same time")
}

/// The error when another object has a name that ours should get.
fn taken(what: &str, other: Uuid) -> Error {
    Error::new(ErrorKind::Conflict, format!("{what} exists already, with another id: {other}"))
        .advise("jumpgate did not make it and does not change it; rename or remove it by hand")
}

/// The error when something else stands under an id of ours.
fn in_the_way(what: &str, fields: &[&str]) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{what} exists already, with another {}", fields.join(", ")),
    )
    .advise("run `jumpgate plan` again: it was made or changed since")
}
