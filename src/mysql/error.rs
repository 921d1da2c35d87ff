//! What goes wrong with a server, in words for a person.

use std::fmt;
use std::time::Duration;

/// What went wrong with a server.
///
/// No variant holds a statement, a password or a hash. `server` is always `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or none as demanded.
    #[error("cannot connect to {server}: {why}")]
    Connect {
        /// The server.
        server: String,
        /// Why, and what to do about it.
        why: String,
    },
    /// The server refused the login.
    #[error("{server} refuses the login of {user}: check its user name, password and host part")]
    Login {
        /// The server.
        server: String,
        /// The user name.
        user: String,
    },
    /// No answer in time. Whether the statement was carried out is not known.
    #[error("{server} did not answer within {}: {doing}", Seconds(.after))]
    Timeout {
        /// The server.
        server: String,
        /// What was asked of it.
        doing: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke. Whether the statement was carried out is not known.
    #[error("the connection to {server} broke: {doing}")]
    Lost {
        /// The server.
        server: String,
        /// What was asked of it.
        doing: String,
    },
    /// The server refused a statement.
    #[error("{server} refused to {doing}: {message} (error {code})")]
    Server {
        /// The server.
        server: String,
        /// What was asked of it.
        doing: String,
        /// The server's error number.
        code: u16,
        /// The server's words; without hashes.
        message: String,
    },
    /// The account that reads may not see everything that a plan needs.
    #[error("{server} does not show its accounts to {user}: run `{}`", .needs.join("; "))]
    Unreadable {
        /// The server.
        server: String,
        /// The account that reads.
        user: String,
        /// The statements that give what is missing.
        needs: Vec<String>,
    },
    /// The server is of a kind or version with which jumpgate cannot work.
    #[error("{server} is {version}: {why}")]
    Unsupported {
        /// The server.
        server: String,
        /// What it says of itself.
        version: String,
        /// What was expected.
        why: String,
    },
    /// The server gave an answer of an unexpected form.
    #[error("{server} gave an answer that cannot be understood: {what}")]
    Malformed {
        /// The server.
        server: String,
        /// Which part of it.
        what: String,
    },
    /// Another run holds the lock.
    #[error("another run holds the lock on {server}: {holder}")]
    LockHeld {
        /// The server.
        server: String,
        /// Who, as far as the server shows it.
        holder: String,
    },
    /// The lock is no longer held; nothing was sent.
    #[error("the lock on {server} was lost: nothing more is changed there in this run")]
    LockLost {
        /// The server.
        server: String,
    },
    /// The server cannot be written.
    #[error("{server} cannot be changed: {why}")]
    NotWritable {
        /// The server.
        server: String,
        /// Why, and what to do about it.
        why: String,
    },
    /// A change was asked for that jumpgate never makes.
    #[error("{what}")]
    Forbidden {
        /// What and why.
        what: String,
    },
}

impl Error {
    /// The server's error number, when the server refused a statement.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether one statement was refused, and others can still be sent.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Forbidden { .. })
    }

    /// Whether this login may not do what was asked, now or later, as the server tells it: no
    /// lock that was waited for, no server that is about to stop or only reads.
    pub fn is_for_want_of_rights(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
            || self.code().is_some_and(|code| RIGHTS.contains(&code))
    }

    /// Whether the statement may have been carried out although no answer came.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Lost { .. })
    }
}

/// What servers answer to a login that may not do something: access to a database (1044), a user
/// (1045, 1698), a table (1142), a column (1143), other rights (1227), no such grant (1141, 1147),
/// not all of them (1269), a mandatory role (3628).
const RIGHTS: [u16; 10] = [1044, 1045, 1141, 1142, 1143, 1147, 1227, 1269, 1698, 3628];

/// A time span in seconds, for people.
struct Seconds<'a>(&'a Duration);

impl fmt::Display for Seconds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seconds", self.0.as_secs_f32())
    }
}
