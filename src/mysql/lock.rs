//! The lock on a server: one run at a time changes the accounts of one owner there.
//!
//! It is a lock by name of the server (GET_LOCK), which belongs to the connection: it ends
//! with RELEASE_LOCK or with the connection, and with nothing else. A session never
//! reconnects, so a statement that was carried out was carried out under the lock.

use std::time::Duration;

use super::error::Error;
use super::grant_tables::one;
use super::session::Session;
use super::statement::literal;
use crate::names::Owner;

/// The name of an owner's lock: lower-case ASCII, at most 49 characters (MySQL takes 64;
/// MariaDB minds the case).
pub(super) fn name(owner: &Owner) -> String {
    format!("jumpgate:{owner}")
}

/// Takes the lock, waiting for at most `wait`.
pub(super) async fn take(session: &mut Session, name: &str, wait: Duration) -> Result<(), Error> {
    // Whole seconds: MySQL rounds, and could round a wait down to none.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let limit = session.limits().statement.saturating_add(Duration::from_secs(seconds));
    let query = format!("SELECT GET_LOCK({}, {seconds})", literal(name));
    let rows = session.rows_within("give its lock", &query, limit).await?;
    let answer = rows.into_iter().next().and_then(|row| row.get_opt::<i64, _>(0));
    if matches!(answer, Some(Ok(1))) {
        return Ok(());
    }
    Err(Error::LockHeld {
        server: session.server().to_owned(),
        holder: holder(session, name).await,
    })
}

/// Whether this very connection holds the lock, as the server sees it.
pub(super) async fn is_held(session: &mut Session, name: &str) -> Result<bool, Error> {
    let query = format!("SELECT IS_USED_LOCK({}) = CONNECTION_ID()", literal(name));
    let answer = one(session, "tell who holds its lock", &query).await?;
    Ok(answer.as_deref() == Some("1"))
}

/// Gives the lock back.
pub(super) async fn release(session: &mut Session, name: &str) -> Result<(), Error> {
    let query = format!("SELECT RELEASE_LOCK({})", literal(name));
    session.rows("take its lock back", &query).await.map(|_| ())
}

/// Who holds the lock, as far as it can be seen.
async fn holder(session: &mut Session, name: &str) -> String {
    let query = format!("SELECT IS_USED_LOCK({})", literal(name));
    let Ok(Some(id)) = one(session, "tell who holds its lock", &query).await else {
        return "it has just ended".to_owned();
    };
    let seen = super::sessions::list(session).await.unwrap_or_default();
    match seen.into_iter().find(|other| other.id.to_string() == id) {
        Some(other) => format!("connection {id} of {} from {}", other.user, other.from),
        None => format!("connection {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_owner_gives_a_name_that_every_server_takes() {
        let owner: Owner = "a".repeat(40).parse().expect("an owner");
        assert!(name(&owner).len() <= 64);
    }
}
