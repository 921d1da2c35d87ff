//! The rights that jumpgate's roles need, as data, and which of them a user lacks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::{Error, ErrorKind};
use super::page::{self, List};
use super::reader::Reader;

/// What a right is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// `plan`: only reads. `apply` needs these too.
    Plan,
    /// `apply`: writes.
    Apply,
    /// `apply` with `people.source: repo`: writes users.
    People,
    /// Optional, for the user of `plan`: what `drift`, `unused` and `review --live` tell more
    /// with it.
    More,
}

/// One right of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Right {
    /// `<app>.<code name>`, as JumpServer's lists of rights have it.
    pub code: &'static str,
    /// What it is needed for.
    pub purpose: Purpose,
    /// What jumpgate does with it.
    pub why: &'static str,
    #[serde(skip)]
    method: &'static str,
    #[serde(skip)]
    place: &'static str,
}

/// All of them. Custom roles of an organization can hold them in both versions; none of
/// the roles that come with JumpServer fits but OrgAdmin, which may do far more.
pub const RIGHTS: &[Right] = &[
    Right {
        code: "perms.view_assetpermission",
        purpose: Purpose::Plan,
        why: "read permissions and whom and what they name",
        method: "GET",
        place: "/perms/asset-permissions",
    },
    Right {
        code: "users.view_user",
        purpose: Purpose::Plan,
        why: "find the users that requests name",
        method: "GET",
        place: "/users/users/",
    },
    Right {
        code: "assets.view_asset",
        purpose: Purpose::Plan,
        why: "find hosts and databases",
        method: "GET",
        place: "/assets/assets/",
    },
    Right {
        code: "assets.view_node",
        purpose: Purpose::Plan,
        why: "find nodes",
        method: "GET",
        place: "/assets/nodes/",
    },
    Right {
        code: "accounts.view_account",
        purpose: Purpose::Plan,
        why: "see which accounts an asset has, no secrets",
        method: "GET",
        place: "/accounts/accounts/",
    },
    Right {
        code: "perms.add_assetpermission",
        purpose: Purpose::Apply,
        why: "make permissions, and add members to them",
        method: "POST",
        place: "/perms/asset-permissions",
    },
    Right {
        code: "perms.change_assetpermission",
        purpose: Purpose::Apply,
        why: "change permissions",
        method: "PATCH",
        place: "/perms/asset-permissions",
    },
    Right {
        code: "perms.delete_assetpermission",
        purpose: Purpose::Apply,
        why: "remove permissions, and take members out of them",
        method: "DELETE",
        place: "/perms/asset-permissions",
    },
    Right {
        code: "accounts.add_account",
        purpose: Purpose::Apply,
        why: "store database accounts with their passwords",
        method: "POST",
        place: "/accounts/accounts/",
    },
    Right {
        code: "accounts.change_account",
        purpose: Purpose::Apply,
        why: "replace the passwords of database accounts",
        method: "PATCH",
        place: "/accounts/accounts/",
    },
    Right {
        code: "accounts.delete_account",
        purpose: Purpose::Apply,
        why: "remove database accounts that ended",
        method: "DELETE",
        place: "/accounts/accounts/",
    },
    Right {
        code: "terminal.view_session",
        purpose: Purpose::Apply,
        why: "find sessions that are open where access ends",
        method: "GET",
        place: "/terminal/sessions/",
    },
    Right {
        code: "perms.view_userassets",
        purpose: Purpose::Apply,
        why: "leave sessions allowed by another permission",
        method: "GET",
        place: "/perms/users/",
    },
    Right {
        code: "terminal.terminate_session",
        purpose: Purpose::Apply,
        why: "end sessions where access ends",
        method: "POST",
        place: "/terminal/tasks/kill-session/",
    },
    Right {
        code: "users.add_user",
        purpose: Purpose::People,
        why: "make users",
        method: "POST",
        place: "/users/users/",
    },
    Right {
        code: "users.change_user",
        purpose: Purpose::People,
        why: "disable users that left",
        method: "PATCH",
        place: "/users/users/",
    },
    Right {
        code: "audits.view_operatelog",
        purpose: Purpose::More,
        why: "drift: who changed something",
        method: "GET",
        place: "/audits/operate-logs/",
    },
    Right {
        code: "terminal.view_session",
        purpose: Purpose::More,
        why: "unused, review --live: who was where when",
        method: "GET",
        place: "/terminal/sessions/",
    },
];

/// The right that a request needs, when it is known.
pub(crate) fn needed_for(method: &str, path: &str) -> Option<&'static str> {
    let found = RIGHTS.iter().find(|right| right.method == method && path.contains(right.place));
    found.map(|right| right.code)
}

/// Which rights the user of the credentials lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// These are missing.
    pub missing: Vec<&'static Right>,
    /// Of these JumpServer does not say; only a write would show.
    pub unknown: Vec<&'static Right>,
}

#[derive(Deserialize, Default)]
struct Codes {
    perms: Option<BTreeSet<String>>,
}

impl Reader {
    /// Compares what the user may do with what `purposes` need. Rights to read are tried
    /// with a small read; rights to write are looked up in the list that JumpServer gives
    /// each user of its own rights. Nothing is written.
    ///
    /// # Errors
    /// When a request fails for another reason than a missing right.
    pub async fn lacking(&self, purposes: &[Purpose]) -> Result<Lacking, Error> {
        let codes = self.own_codes().await?;
        let mut found = Lacking::default();
        for right in RIGHTS.iter().filter(|right| purposes.contains(&right.purpose)) {
            let has = match list_of(right) {
                Some(list) => match list.count(self.http(), &[]).await {
                    Ok(_) => Some(true),
                    Err(error) if error.kind == ErrorKind::Forbidden => Some(false),
                    Err(error) => return Err(error),
                },
                None => codes.as_ref().map(|codes| codes.contains(right.code)),
            };
            match has {
                Some(true) => {}
                Some(false) => found.missing.push(right),
                None => found.unknown.push(right),
            }
        }
        Ok(found)
    }

    /// The code names of the user's rights: 3.10 has them in the profile, 4.10 beside it.
    async fn own_codes(&self) -> Result<Option<BTreeSet<String>>, Error> {
        let profile: Codes = self.http().get("users/profile", &[]).await?;
        if profile.perms.is_some() {
            return Ok(profile.perms);
        }
        match self.http().get::<Codes>("users/profile/permissions", &[]).await {
            Ok(more) => Ok(more.perms),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn list_of(right: &Right) -> Option<List> {
    if right.method != "GET" {
        return None;
    }
    [page::PERMISSIONS, page::USERS, page::ASSETS, page::NODES, page::ACCOUNTS, page::SESSIONS]
        .into_iter()
        .find(|list| right.place.trim_matches('/') == list.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_the_right_that_it_needs() {
        let code = |method, path| needed_for(method, path);
        assert_eq!(
            code("POST", "/jump/api/v1/perms/asset-permissions-users-relations/"),
            Some("perms.add_assetpermission")
        );
        assert_eq!(code("GET", "/api/v1/users/users/?username=x&limit=1"), Some("users.view_user"));
        assert_eq!(code("GET", "/api/v1/users/profile/"), None);
    }

    #[test]
    fn every_right_to_read_can_be_tried() {
        for right in RIGHTS {
            assert!(list_of(right).is_some() || right.purpose != Purpose::Plan, "{}", right.code);
        }
    }
}
