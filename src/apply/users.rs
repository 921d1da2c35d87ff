//! Users of JumpServer, where the people files make them.

use anyhow::Result;
use jiff::Timestamp;
use uuid::Uuid;

use super::Run;
use crate::jumpserver::{NewUser, UserPatch};
use crate::mark::Mark;
use crate::plan::people::UserChange;

const WORDS: &str = "Made by jumpgate from a people file. Changes belong into git.";

/// Carries out one step about a user.
pub(super) async fn carry_out(run: &Run<'_, '_>, change: &UserChange) -> Result<()> {
    let writer = run.means.writer;
    match change {
        UserChange::Create { username, name, email } => {
            let id = Uuid::new_v4();
            let new = NewUser {
                username: username.clone(),
                name: name.clone(),
                email: email.clone(),
                comment: mark(run, id, None).comment(WORDS),
            };
            writer.create_user(id, &new).await?;
            run.names.made(username, id);
        }
        UserChange::Update { id, name, email, enable, .. } => {
            let patch = UserPatch {
                active: enable.then_some(true),
                name: name.clone(),
                email: email.clone(),
                comment: enable.then(|| mark(run, *id, None).comment(WORDS)),
            };
            writer.patch_user(*id, &patch).await?;
        }
        UserChange::Disable { id, .. } => {
            // The end in the mark tells later that it was us who switched the user off.
            let end = Some(Timestamp::UNIX_EPOCH);
            let patch = UserPatch {
                active: Some(false),
                comment: Some(mark(run, *id, end).comment(WORDS)),
                ..UserPatch::default()
            };
            writer.patch_user(*id, &patch).await?;
        }
    }
    Ok(())
}

fn mark(run: &Run<'_, '_>, id: Uuid, end: Option<Timestamp>) -> Mark {
    Mark {
        owner: run.means.access.config.owner.clone(),
        id,
        user: None,
        requests: Default::default(),
        end,
        handover: None,
        left: None,
    }
}
