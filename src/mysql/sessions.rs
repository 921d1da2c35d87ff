//! The open sessions of accounts. Revoking, locking and dropping leave them open, with
//! what they had when they began.

use std::net::IpAddr;
use std::time::Duration;

use super::error::Error;
use super::facts::{Facts, text};
use super::grant_tables::{denied, one};
use super::naming::Naming;
use super::rights;
use super::session::Session;
use super::spec::AccountName;
use super::statement::literal;

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    /// The connection.
    pub(super) id: u64,
    /// The user name of the login.
    pub(super) user: String,
    /// From where, without the port.
    pub(super) from: String,
}

/// How long to wait before listing again, and how often.
const PAUSE: Duration = Duration::from_millis(100);
const ROUNDS: usize = 100;

/// The sessions that this login may see.
pub(super) async fn list(session: &mut Session) -> Result<Vec<Open>, Error> {
    let rows = session.rows("show its sessions", "SHOW PROCESSLIST").await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let mut fields = row.unwrap().into_iter();
            let (id, user, from) = (fields.next()?, fields.next()?, fields.next()?);
            let from = text(from).unwrap_or_default();
            Some(Open { id: text(id)?.parse().ok()?, user: text(user)?, from: client(&from) })
        })
        .collect())
}

/// `host:port` without the port.
fn client(from: &str) -> String {
    match from.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => from,
    }
    .trim_matches(['[', ']'])
    .to_owned()
}

/// Whether this login sees the sessions of others; in error, what it lacks. Without the
/// right the list is short and says nothing of it.
pub(super) async fn require_sight(session: &mut Session, facts: &Facts) -> Result<(), Error> {
    // Needs the same right, and fails without it.
    let query = "SELECT COUNT(*) FROM information_schema.INNODB_TRX";
    match session.rows("show its sessions", query).await {
        Ok(_) => Ok(()),
        Err(error) if denied(&error) => Err(Error::Unreadable {
            server: session.server().to_owned(),
            user: session.user().to_owned(),
            needs: vec![rights::global(&["PROCESS"], &facts.me)],
        }),
        Err(error) => Err(error),
    }
}

/// The sessions of an account now.
///
/// # Errors
/// [`Error::Unreadable`] when the login does not see sessions of others.
pub(super) async fn of(
    session: &mut Session,
    facts: &Facts,
    name: &AccountName,
) -> Result<Vec<Open>, Error> {
    require_sight(session, facts).await?;
    let alone = is_only_one(session, facts, name).await?;
    let mut open = list(session).await?;
    open.retain(|open| open.user == name.user && (alone || may_be_from(&name.host, &open.from)));
    Ok(open)
}

/// Ends all sessions of an account, and lists again until none is left. Gives how many
/// were ended.
pub(super) async fn kill(
    session: &mut Session,
    facts: &Facts,
    name: &AccountName,
) -> Result<usize, Error> {
    require_sight(session, facts).await?;
    let alone = is_only_one(session, facts, name).await?;
    let mut killed = std::collections::BTreeSet::new();
    for _ in 0..ROUNDS {
        let open: Vec<u64> = list(session)
            .await?
            .into_iter()
            .filter(|open| open.user == name.user && (alone || may_be_from(&name.host, &open.from)))
            .map(|open| open.id)
            .collect();
        if open.is_empty() {
            return Ok(killed.len());
        }
        for id in open {
            match session.execute("end a session", &format!("KILL CONNECTION {id}")).await {
                Ok(()) => {
                    killed.insert(id);
                }
                // Ended by itself meanwhile.
                Err(error) if error.code() == Some(1094) => {}
                Err(error) => return Err(error),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::Timeout {
        server: session.server().to_owned(),
        doing: format!("end the sessions of {name}"),
        after: PAUSE * u32::try_from(ROUNDS).unwrap_or(u32::MAX),
    })
}

/// Whether no other account has this user name. The list of sessions has the client's
/// host and not the account's, so then every session of the name is the account's.
async fn is_only_one(
    session: &mut Session,
    facts: &Facts,
    name: &AccountName,
) -> Result<bool, Error> {
    let table = if facts.server.dialect.is_mariadb() { "global_priv" } else { "user" };
    let query = format!(
        "SELECT COUNT(*) FROM mysql.{table} WHERE CAST(User AS BINARY) = CAST({} AS BINARY) \
         AND CAST(Host AS BINARY) <> CAST({} AS BINARY)",
        literal(&name.user),
        literal(&name.host)
    );
    Ok(one(session, "count accounts of a name", &query).await?.as_deref() == Some("0"))
}

/// Whether a client can have logged in as an account with this host part. Where that
/// cannot be told, as with a name that was not resolved, it can.
pub(super) fn may_be_from(host: &str, client: &str) -> bool {
    let client = client.to_lowercase();
    if host.is_empty() || client.is_empty() {
        return true;
    }
    if let Some((network, mask)) = host.split_once('/') {
        let bits = |text: &str| match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => Some(u32::from(address)),
            _ => None,
        };
        let mask = match mask.parse::<u32>() {
            Ok(length @ 0..=32) => u32::MAX.checked_shl(32 - length).or(Some(0)),
            _ => bits(mask),
        };
        return match (bits(network), mask, bits(&client)) {
            (Some(network), Some(mask), Some(client)) => client & mask == network & mask,
            _ => true,
        };
    }
    if Naming::default().covers(host, &client) {
        return true;
    }
    // One of them is a name and the other an address.
    let is_address = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || ".:%_".contains(c));
    is_address(host) != is_address(&client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_matched_with_hosts() {
        for (host, client, may) in [
            ("%", "10.8.0.5", true),
            ("10.8.0.%", "10.8.0.5", true),
            ("10.8.0.%", "10.9.0.5", false),
            ("10.8.0.0/255.255.255.0", "10.8.0.7", true),
            ("10.8.0.0/255.255.255.0", "10.8.1.7", false),
            ("10.8.0.0/24", "10.8.0.7", true),
            ("10.8.0.0/24", "10.8.1.7", false),
            ("0.0.0.0/0", "10.8.1.7", true),
            ("jump.acme.example", "Jump.Acme.Example", true),
            ("jump.acme.example", "other.acme.example", false),
            ("jump.acme.example", "10.8.1.7", true),
            ("localhost", "localhost", true),
        ] {
            assert_eq!(may_be_from(host, client), may, "{host} and {client}");
        }
    }

    #[test]
    fn ports_are_cut_off() {
        assert_eq!(client("10.8.0.5:51234"), "10.8.0.5");
        assert_eq!(client("localhost"), "localhost");
        assert_eq!(client("[::1]:3306"), "::1");
        assert_eq!(client(""), "");
    }
}
