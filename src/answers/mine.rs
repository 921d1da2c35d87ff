//! What one person has and waits for, and the way to it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Held, State, held};
use crate::access::model::Access;
use crate::adoption::Adoptions;
use crate::grants::{Grant, Want};
use crate::names::PersonName;
use crate::repo::Origin;

/// The version of the JSON form.
pub const MINE_SCHEMA: &str = "jumpgate.mine/1";

/// The port of JumpServer's SSH service (its documentation, "Components settings": KoKo takes
/// SSH and SFTP on port 2222; an administrator can set another for a service endpoint).
const SSH_PORT: u16 = 2222;

/// What one person has.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Mine {
    /// The version of this form.
    #[schemars(extend("const" = MINE_SCHEMA))]
    pub schema: &'static str,
    /// The commit, when the answer is about one.
    pub commit: Option<String>,
    /// Who.
    pub person: PersonName,
    /// The name for people.
    pub name: String,
    /// The user name in JumpServer.
    pub user: String,
    /// What is merged and not over, the active first; what is over only when asked for.
    pub access: Vec<Held>,
    /// What stands in branches that are not merged.
    pub waiting: Vec<Waiting>,
    /// How to connect; none when there is nothing to connect to.
    pub connect: Option<Connect>,
}

/// Requests in a branch that is not merged.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Waiting {
    /// The branch: `NAME`, or `REMOTE/NAME` as it was fetched last.
    pub branch: String,
    /// What its requests give the person.
    pub access: Vec<Held>,
}

/// The ways to what is held. Nothing here was tried: hosts come from `jumpserver.url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Connect {
    /// JumpServer's web terminal.
    pub web: String,
    /// A command for what is opened by SSH, on JumpServer's usual port; none when nothing is.
    pub ssh: Option<String>,
}

/// What a person has at a moment. `origin` finds where a request's file comes from.
pub fn mine(
    access: &Access,
    grants: &[Grant<'_>],
    person: &PersonName,
    (moment, ended): (Timestamp, bool),
    origin: impl Fn(&str) -> Option<Origin>,
) -> Mine {
    let of_person = || grants.iter().filter(|grant| grant.person == person);
    let shown = of_person().filter(|grant| ended || !grant.period.is_over(moment));
    let file = access.people.get(person);
    let user = file.map_or(person.as_str(), |file| &file.jumpserver);
    let open: Vec<&Grant<'_>> = of_person()
        .filter(|grant| grant.period.contains(moment) && !grant.because.released)
        .collect();
    Mine {
        schema: MINE_SCHEMA,
        commit: None,
        person: person.clone(),
        name: file.map_or_else(String::new, |file| file.display.clone()),
        user: user.to_owned(),
        access: held((access, &Adoptions::of(access)), shown, moment, origin),
        waiting: Vec::new(),
        connect: (!open.is_empty()).then(|| connect(access, user, &open)),
    }
}

fn connect(access: &Access, user: &str, open: &[&Grant<'_>]) -> Connect {
    let config = &access.config;
    // JumpServer's own proxy serves its web terminal there (`location /luna/`).
    let web = format!("{}/luna/", config.url.as_str().trim_end_matches('/'));
    let by_ssh = open.iter().any(|grant| match grant.want {
        Want::Server { login, .. } => {
            let login = config.logins.get(login);
            login.is_some_and(|login| login.protocols.iter().any(|protocol| protocol == "ssh"))
        }
        // Its SSH service opens databases too.
        Want::Database { .. } => true,
    });
    // The service reads an `@` in the user name as a part of a longer form.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let host = config.url.host_str().filter(|_| by_ssh && user.chars().all(plain));
    let ssh = host.map(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        format!("ssh -p {SSH_PORT} {user}@{host}")
    });
    Connect { web, ssh }
}

impl Mine {
    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }

    /// How many requests are active.
    pub fn active(&self) -> usize {
        self.access.iter().filter(|held| held.state == State::Active).count()
    }
}
