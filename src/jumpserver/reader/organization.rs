//! Who asks, and in which organization the server answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::OrganizationRow;
use crate::jumpserver::transport::Read;

/// An organization of JumpServer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The id.
    pub id: Uuid,
    /// The name, as JumpServer writes it.
    pub name: String,
}

/// The user of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id.
    pub id: Uuid,
    /// The user name.
    pub username: String,
    /// The name for people.
    pub name: String,
}

#[derive(Deserialize)]
struct Profile {
    id: Uuid,
    username: String,
    name: String,
    #[serde(flatten)]
    organizations: Organizations,
}

/// 3.10 lists them in the profile, 4.10 in `users/profile/permissions/`.
#[derive(Deserialize, Default)]
struct Organizations {
    console_orgs: Option<Vec<OrganizationRow>>,
    audit_orgs: Option<Vec<OrganizationRow>>,
    workbench_orgs: Option<Vec<OrganizationRow>>,
}

impl Organizations {
    fn all(self) -> Option<Vec<OrganizationRow>> {
        let lists = [self.console_orgs, self.audit_orgs, self.workbench_orgs];
        if lists.iter().all(Option::is_none) {
            return None;
        }
        Some(lists.into_iter().flatten().flatten().collect())
    }
}

/// Asks who the credentials are, and which organizations they may enter.
pub(super) async fn identify(http: &Read) -> Result<(Identity, Vec<OrganizationRow>), Error> {
    let profile: Profile = http.get("users/profile", &[]).await?;
    let identity = Identity { id: profile.id, username: profile.username, name: profile.name };
    let known = match profile.organizations.all() {
        Some(known) => known,
        None => {
            let more: Organizations = http.get("users/profile/permissions", &[]).await?;
            more.all().unwrap_or_default()
        }
    };
    Ok((identity, known))
}

/// Finds the organization by id or name, and makes sure that it answers. The others that
/// the user may enter come along.
pub(super) async fn resolve(
    http: &Read,
    wanted: &str,
    identity: &Identity,
    mut known: Vec<OrganizationRow>,
) -> Result<(Organization, Vec<Organization>), Error> {
    let mut found = choose(wanted, &known);
    if found.is_none() {
        // Administrators may see more than the profile says; for others it is forbidden.
        match page::ORGANIZATIONS.all(http, &[]).await {
            Ok(all) => known.extend::<Vec<OrganizationRow>>(all),
            Err(error) if error.kind == ErrorKind::Forbidden => {}
            Err(error) => return Err(error),
        }
        found = choose(wanted, &known);
    }
    let Some(found) = found else {
        return Err(Error::new(
            ErrorKind::Organization,
            format!(
                "there is no organization {wanted} that the user {} may enter",
                identity.username
            ),
        )
        .advise(format!(
            "set jumpserver.organization to one of: {}; or give the user a role in it",
            candidates(&known)
        )));
    };
    if found.is_root {
        return Err(Error::new(
            ErrorKind::Organization,
            format!(
                "{} is the view over all organizations and can hold no permissions",
                found.name
            ),
        )
        .advise(format!("set jumpserver.organization to one of: {}", candidates(&known))));
    }
    let current: OrganizationRow = http.within(found.id).get("orgs/orgs/current", &[]).await?;
    if current.id != found.id {
        return Err(Error::new(
            ErrorKind::Organization,
            format!(
                "the organization {} ({}) was asked for, but {} ({}) answers",
                found.name, found.id, current.name, current.id
            ),
        )
        .advise(format!(
            "the community edition knows only its default organization; otherwise give the user \
             {} a role in {}",
            identity.username, found.name
        )));
    }
    let others: BTreeMap<Uuid, String> = known
        .into_iter()
        .filter(|row| !row.is_root && row.id != current.id)
        .map(|row| (row.id, row.name))
        .collect();
    let others = others.into_iter().map(|(id, name)| Organization { id, name }).collect();
    Ok((Organization { id: current.id, name: current.name }, others))
}

/// By id, by exact name, or by a name that differs only in case.
fn choose(wanted: &str, known: &[OrganizationRow]) -> Option<OrganizationRow> {
    if let Ok(id) = wanted.parse::<Uuid>() {
        return known.iter().find(|row| row.id == id).cloned();
    }
    if let Some(row) = known.iter().find(|row| row.name == wanted) {
        return Some(row.clone());
    }
    let folded = wanted.to_lowercase();
    let mut alike = known.iter().filter(|row| row.name.to_lowercase() == folded);
    let first = alike.next()?;
    // The same one may be listed more than once.
    alike.all(|row| row.id == first.id).then(|| first.clone())
}

fn candidates(known: &[OrganizationRow]) -> String {
    let mut names: Vec<String> = known
        .iter()
        .filter(|row| !row.is_root)
        .map(|row| format!("{} ({})", row.name, row.id))
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u128, name: &str, is_root: bool) -> OrganizationRow {
        OrganizationRow { id: Uuid::from_u128(id), name: name.to_owned(), is_root }
    }

    #[test]
    fn an_organization_is_found_by_id_name_or_case() {
        let known = [
            row(0, "GLOBAL", true),
            row(2, "DEFAULT", false),
            row(5, "ops", false),
            row(6, "OPS", false),
        ];
        let id = |wanted| choose(wanted, &known).map(|row| row.id.as_u128());
        assert_eq!(id("DEFAULT"), Some(2));
        assert_eq!(id("Default"), Some(2));
        assert_eq!(id("00000000-0000-0000-0000-000000000005"), Some(5));
        assert_eq!(id("ops"), Some(5));
        assert_eq!(id("Ops"), None);
        assert_eq!(id("nosuch"), None);
    }

    #[test]
    fn candidates_are_named_once_and_without_the_root() {
        let known = [row(0, "GLOBAL", true), row(2, "DEFAULT", false), row(2, "DEFAULT", false)];
        assert_eq!(candidates(&known), "DEFAULT (00000000-0000-0000-0000-000000000002)");
        assert_eq!(candidates(&[]), "(none)");
    }
}
