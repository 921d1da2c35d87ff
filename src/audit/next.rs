//! The next thing to do about a door, as a command to copy.

use serde::Serialize;
use uuid::Uuid;

use crate::access::model::Access;
use crate::mysql::rights::account as quoted;
use crate::mysql::spec::AccountName;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Next {
    /// In words.
    pub text: String,
    /// Where the command runs.
    pub runs: Runs,
    /// The command.
    pub command: String,
}

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runs {
    /// In a shell, in the access repo.
    Shell,
    /// On the database server.
    Sql,
}

/// What a command for JumpServer needs: an access key signs each request, which curl cannot.
const TOKEN: &str = "JUMPGATE_JUMPSERVER_TOKEN holds the token of somebody who may do this";

/// curl with the token on its standard input: its arguments stand in the list of processes.
/// `printf` is a part of the shell, and has none there.
const CURL: &str = "printf 'header = \"Authorization: Token %s\"\\n' \
                    \"$JUMPGATE_JUMPSERVER_TOKEN\" | curl -K -";

impl Next {
    /// A command of jumpgate.
    pub(super) fn jumpgate(text: &str, arguments: &str) -> Self {
        Self { text: text.into(), runs: Runs::Shell, command: format!("jumpgate {arguments}") }
    }

    /// A statement.
    pub(super) fn sql(text: &str, statement: String) -> Self {
        Self { text: text.into(), runs: Runs::Sql, command: statement }
    }

    /// Switches an object of JumpServer off, which can be undone by the same command with
    /// `true`. PATCH changes nothing else (tried on 3.10 and 4.10).
    pub(super) fn switch_off(
        text: &str,
        access: &Access,
        organization: &str,
        list: &str,
        id: Uuid,
    ) -> Self {
        Self {
            text: format!("{text}; {TOKEN}"),
            runs: Runs::Shell,
            command: format!(
                "{CURL} -X PATCH \
                 -H 'X-JMS-ORG: {organization}' -H 'Content-Type: application/json' \
                 -d '{{\"is_active\":false}}' {}/api/v1/{list}/{id}/",
                base(access)
            ),
        }
    }

    /// Shows the roles of a user of JumpServer: no row of a user has those that he has in the
    /// organization (tried on 3.10 and 4.10).
    pub(super) fn look(access: &Access, organization: &str, id: Uuid, inside: bool) -> Self {
        let path = if inside {
            format!("'rbac/org-role-bindings/?user={id}'")
        } else {
            format!("users/users/{id}/")
        };
        Self {
            text: format!("see their roles, and take away what they do not need; {TOKEN}"),
            runs: Runs::Shell,
            command: format!(
                "{CURL} -H 'X-JMS-ORG: {organization}' {}/api/v1/{path}",
                base(access)
            ),
        }
    }

    /// Locks an account, which can be undone and loses nothing.
    pub(super) fn lock(name: &AccountName) -> Self {
        Self::sql(
            "when nobody needs it, lock it (ACCOUNT UNLOCK opens it again); sessions that are \
             open stay",
            format!("ALTER USER {} ACCOUNT LOCK;", quoted(name)),
        )
    }

    /// Shows what an account holds: for those that a server may not do without.
    pub(super) fn show_grants(name: &AccountName) -> Self {
        Self::sql(
            "see what it holds, and keep only what its use needs",
            format!("SHOW GRANTS FOR {};", quoted(name)),
        )
    }

    /// Drops an account or what is left of it.
    pub(super) fn drop(text: &str, name: &AccountName) -> Self {
        Self::sql(text, format!("DROP USER {};", quoted(name)))
    }
}

/// The address without a slash at the end, as one word of a shell.
fn base(access: &Access) -> String {
    let url = access.config.url.as_str().trim_end_matches('/').to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%[]".contains(c);
    if url.chars().all(plain) { url } else { format!("'{}'", url.replace('\'', "'\\''")) }
}
