//! What a server says of itself, and as whom it knows us.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mysql_async::{Row, Value};

use super::dialect::{Dialect, VARIABLES, is_on};
use super::error::Error;
use super::live::Server;
use super::session::Session;
use super::spec::AccountName;

/// What is known of a server after the login.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// For the plan.
    pub(super) server: Server,
    /// The account that the server took us for; not always the one of the login's name.
    pub(super) me: AccountName,
    /// The roles that are active in this session.
    pub(super) my_roles: Vec<AccountName>,
    /// Roles that every account has (MySQL).
    pub(super) mandatory_roles: Vec<AccountName>,
    /// Whether all roles are active after a login, whichever are the default (MySQL).
    pub(super) activates_all_roles: bool,
    /// Whether we may not see from where the server replicates.
    pub(super) replication_unseen: bool,
}

impl Facts {
    /// Asks the server. Needs no rights.
    pub(super) async fn gather(session: &mut Session) -> Result<Self, Error> {
        let variables = variables(session).await?;
        let get = |name: &str| variables.get(name).map_or("", String::as_str);
        let dialect = Dialect::detect(&variables).map_err(|why| Error::Unsupported {
            server: session.server().to_owned(),
            version: get("version").to_owned(),
            why,
        })?;

        let before = Timestamp::now();
        let rows = session.rows("tell the time and the login", dialect.login_query()).await?;
        let after = Timestamp::now();
        let Some([me, roles, clock]) = fields(rows.into_iter().next()) else {
            return Err(session.malformed("the time and the login"));
        };
        let me = text(me).as_deref().and_then(login);
        let clock = text(clock)
            .and_then(|text| text.parse().ok())
            .and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let (Some(me), Some(clock)) = (me, clock) else {
            return Err(session.malformed("the time and the login"));
        };
        // The answer was made somewhere between: take the middle.
        let middle = before + before.duration_until(after) / 2;
        let roles = text(roles).unwrap_or_default();

        let replication = replica(session, &dialect).await?;
        let cipher = session.rows("tell its TLS", "SHOW SESSION STATUS LIKE 'Ssl_cipher'").await?;
        let cipher = fields(cipher.into_iter().next()).and_then(|[_, value]| text(value));
        let identity = if dialect.is_mariadb() {
            format!("{}:{}:{}", get("hostname"), get("port"), get("server_id"))
        } else {
            get("server_uuid").to_owned()
        };
        let server = Server {
            label: session.server().to_owned(),
            identity,
            login: me.clone(),
            not_writable: read_only(&variables).or(match &replication {
                Replication::From(why) => Some(why.clone()),
                Replication::None | Replication::Unseen => None,
            }),
            skew: middle.duration_until(clock),
            encrypted: cipher.is_some_and(|cipher| !cipher.is_empty()),
            dialect,
        };
        let role_host = server.dialect.role_host();
        Ok(Self {
            me,
            my_roles: role_list(&roles, role_host),
            mandatory_roles: role_list(get("mandatory_roles"), role_host),
            activates_all_roles: is_on(get("activate_all_roles_on_login")),
            replication_unseen: matches!(replication, Replication::Unseen),
            server,
        })
    }
}

async fn variables(session: &mut Session) -> Result<BTreeMap<String, String>, Error> {
    let rows = session.rows("tell its settings", VARIABLES).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let [name, value] = fields(Some(row))?;
            Some((text(name)?.to_lowercase(), text(value)?))
        })
        .collect())
}

fn read_only(variables: &BTreeMap<String, String>) -> Option<String> {
    // MariaDB 12 has words in place of ON.
    let on = |name: &str| variables.get(name).is_some_and(|value| is_on(value));
    ["super_read_only", "read_only", "innodb_read_only"]
        .into_iter()
        .find(|name| on(name))
        .map(|name| format!("it is read-only ({name} is on)"))
}

/// Whether the server replicates from another.
enum Replication {
    None,
    /// It does: a reason not to write to it.
    From(String),
    /// We may not see it.
    Unseen,
}

/// A replication that is stopped counts: what was written meanwhile would break it when
/// it goes on.
async fn replica(session: &mut Session, dialect: &Dialect) -> Result<Replication, Error> {
    let rows = match session.rows("show its replication", dialect.replica_query()).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(1227) => return Ok(Replication::Unseen),
        Err(error) => return Err(error),
    };
    let Some(row) = rows.into_iter().next() else { return Ok(Replication::None) };
    let source = ["Source_Host", "Master_Host"]
        .into_iter()
        .find_map(|column| row.get_opt::<String, _>(column))
        .and_then(Result::ok)
        .unwrap_or_default();
    Ok(Replication::From(format!("it is a replica of {source}: accounts are made at the source")))
}

/// The columns of a row, when it has as many as expected.
pub(super) fn fields<const N: usize>(row: Option<Row>) -> Option<[Value; N]> {
    row?.unwrap().try_into().ok()
}

/// A value as text; `None` for NULL and for what is no UTF-8.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `user@host` as CURRENT_USER() gives it; a user name may hold an `@`, a host not.
pub(super) fn login(text: &str) -> Option<AccountName> {
    let (user, host) = text.rsplit_once('@')?;
    Some(AccountName { user: user.to_owned(), host: host.to_owned() })
}

/// A list of roles as `mandatory_roles` and CURRENT_ROLE() have it: `a`, `'b'@'%'` or
/// `` `c`@`%` ``, with commas between.
fn role_list(text: &str, default_host: &str) -> Vec<AccountName> {
    let mut roles = Vec::new();
    let (mut user, mut host) = (String::new(), None::<String>);
    let mut quote = None;
    let mut chars = text.chars().peekable();
    loop {
        let c = chars.next();
        match (c, quote) {
            (Some(c), Some(q)) if c == q => {
                if chars.peek() == Some(&q) {
                    chars.next();
                    host.as_mut().unwrap_or(&mut user).push(c);
                } else {
                    quote = None;
                }
            }
            (Some(c), Some(_)) => host.as_mut().unwrap_or(&mut user).push(c),
            (Some(c @ ('\'' | '"' | '`')), None) => quote = Some(c),
            (Some('@'), None) if host.is_none() => host = Some(String::new()),
            (Some(','), None) | (None, _) => {
                let user = std::mem::take(&mut user);
                let host = host.take().unwrap_or_else(|| default_host.to_owned());
                if !user.is_empty() && !user.eq_ignore_ascii_case("NONE") {
                    roles.push(AccountName { user, host: host.to_lowercase() });
                }
                if c.is_none() {
                    return roles;
                }
            }
            (Some(c), None) if c.is_whitespace() => {}
            (Some(c), None) => host.as_mut().unwrap_or(&mut user).push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(user: &str, host: &str) -> AccountName {
        AccountName { user: user.into(), host: host.into() }
    }

    #[test]
    fn lists_of_roles() {
        assert_eq!(role_list("", "%"), []);
        assert_eq!(role_list("NONE", "%"), []);
        assert_eq!(role_list("a", ""), [name("a", "")]);
        assert_eq!(
            role_list("a, 'b c'@'10.%',`d``e`@`%`,f@LocalHost", "%"),
            [name("a", "%"), name("b c", "10.%"), name("d`e", "%"), name("f", "localhost")]
        );
        assert_eq!(role_list("'open", "%"), [name("open", "%")]);
    }

    #[test]
    fn a_login_may_hold_an_at() {
        assert_eq!(login("a@b@10.%"), Some(name("a@b", "10.%")));
        assert_eq!(login("nothing"), None);
    }

    #[test]
    fn read_only_servers_say_why() {
        let of = |name: &str, value: &str| {
            read_only(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
        };
        assert!(of("read_only", "ON").is_some_and(|why| why.contains("read_only")));
        assert!(of("super_read_only", "1").is_some());
        assert_eq!(of("read_only", "OFF"), None);
    }
}
