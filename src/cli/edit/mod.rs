//! Commands that change files of the access repo that are there already.

mod cancel;
mod leave;
mod release;
mod renew;

pub(super) use cancel::Args as Cancel;
pub(super) use leave::Args as Leave;
pub(super) use release::Args as Release;
pub(super) use renew::Args as Renew;

use super::draft::{Changes, Draft, Place, Title, ended};
