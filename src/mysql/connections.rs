//! How often each user name connected since a server started.
//!
//! MySQL counts in performance_schema.accounts, which is on by default; MariaDB there too when
//! performance_schema is on, and in information_schema.USER_STATISTICS when userstat is on; by
//! default neither is. An administrator can set the counters back without a trace, and both
//! forget everything when the server stops: a count of none says no more than "not since then".

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::facts::{fields, text};
use super::grant_tables::{denied, one};
use super::reader::Reader;
use super::{rights, sessions};

/// How often each user name connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// Since when: the start of the server.
    pub since: Timestamp,
    /// By user name, over all hosts.
    pub by_user: BTreeMap<String, u64>,
    /// Whether who is not among them did not connect since then. MariaDB's userstat can be
    /// switched on at any time, and then counts from there on: there it is not known.
    pub complete: bool,
}

impl Reader {
    /// How often each user name connected; in the inner error, why the server does not tell.
    ///
    /// # Errors
    /// What stops a connection.
    pub async fn connections(&mut self) -> Result<Result<Connections, String>, Error> {
        let doing = "count connections";
        let mariadb = self.facts.server.dialect.is_mariadb();
        let on = |value: Option<String>| matches!(value.as_deref(), Some("1" | "ON"));
        let schema = one(&mut self.session, doing, "SELECT @@performance_schema").await?;
        let userstat = match mariadb {
            true => one(&mut self.session, doing, "SELECT @@userstat").await?,
            false => None,
        };
        let complete = on(schema.clone());
        let query = if complete {
            "SELECT USER, CAST(SUM(TOTAL_CONNECTIONS) AS CHAR) FROM performance_schema.accounts \
             WHERE USER IS NOT NULL GROUP BY USER"
        } else if on(userstat) {
            "SELECT USER, CAST(SUM(TOTAL_CONNECTIONS) AS CHAR) FROM \
             information_schema.USER_STATISTICS GROUP BY USER"
        } else {
            let off = if mariadb {
                "performance_schema and userstat are"
            } else {
                "performance_schema is"
            };
            return Ok(Err(format!("it does not count connections ({off} off)")));
        };
        let needs = rights::to_count(&self.facts.server.dialect, &self.facts.me).join("; ");
        let unseen = Ok(Err(format!("it does not show its counters: run `{needs}`")));
        if !complete {
            // Without the right it shows a login its own row, and says nothing of it.
            match sessions::require_sight(&mut self.session, &self.facts).await {
                Ok(()) => {}
                Err(Error::Unreadable { .. }) => return unseen,
                Err(error) => return Err(error),
            }
        }
        let rows = match self.session.rows(doing, query).await {
            Ok(rows) => rows,
            Err(error) if denied(&error) => return unseen,
            Err(error) => return Err(error),
        };
        let status = "SHOW GLOBAL STATUS WHERE Variable_name IN \
                      ('Uptime', 'Performance_schema_accounts_lost')";
        let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.session.rows(doing, status).await? {
            if let Some([name, value]) = fields(Some(row))
                && let (Some(name), Some(value)) = (text(name), text(value))
                && let Ok(value) = value.parse()
            {
                numbers.insert(name.to_lowercase(), value);
            }
        }
        if numbers.get("performance_schema_accounts_lost").is_some_and(|lost| *lost > 0) {
            let why = "its table of connections was too small and lost some \
                       (performance_schema_accounts_size)";
            return Ok(Err(why.to_owned()));
        }
        let uptime = numbers.get("uptime").copied().map(SignedDuration::from_secs);
        let since = uptime.and_then(|uptime| Timestamp::now().checked_sub(uptime).ok());
        let Some(since) = since else {
            return Err(self.session.malformed("its uptime"));
        };
        let by_user = rows
            .into_iter()
            .filter_map(|row| {
                let [user, count] = fields(Some(row))?;
                Some((text(user)?, text(count)?.parse().ok()?))
            })
            .collect();
        Ok(Ok(Connections { since, by_user, complete }))
    }
}
