//! JumpServer: the objects that matter here, and the client that reads and writes them.
//!
//! One client for 3.10 and 4.10: it goes by the shape of the answers, not by a version.
//! [`Reader`] can only read. A [`Writer`] exists only while a [`Lease`] is held.

mod anchor;
mod credentials;
mod date;
mod error;
pub mod everything;
#[cfg(test)]
mod fuzz_tests;
mod lease;
pub mod operate_log;
mod page;
mod placeholder;
mod reader;
mod redirect;
pub mod rights;
mod row;
mod sessions;
pub mod spec;
mod stored;
mod transport;
mod writer;

pub use credentials::Credentials;
pub use error::{Error, ErrorKind};
pub use lease::{Holder, Lease, Terms};
pub use reader::{Ask, Identity, Organization, Reader};
pub use sessions::{OpenSession, PastSession, Records, Usable};
pub use stored::{NewPermission, StoredPermission};
pub use transport::{Limits, Settings};
pub use writer::{Labelled, NewAccount, NewUser, PermissionPatch, UserPatch, Writer};
