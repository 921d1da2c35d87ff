//! Users: the ones needed, one by one or by their ids; the whole list only when cheaper.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::{Ask, Reader, bunches, near, whole_is_cheaper};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::{UserRow, labelled};
use crate::jumpserver::spec::SeenUser;
use crate::mark::Mark;
use crate::names::Owner;

/// Below this many users no count is asked for first.
const FEW: usize = 4;

/// How many groups an error names at most.
const MOST_GROUPS: usize = 20;

/// The users that were read.
pub(super) struct Users {
    /// Those asked for by name, and those with the label.
    pub(super) seen: BTreeMap<String, SeenUser>,
    /// The user names of ids.
    pub(super) names: HashMap<Uuid, String>,
    /// What looks like the names that do not exist.
    pub(super) near: BTreeMap<String, Vec<String>>,
}

impl Reader {
    /// The users asked for by name, those with the owner's label, and the names of `ids`.
    pub(super) async fn users_asked(
        &self,
        ask: &Ask,
        ids: &BTreeSet<Uuid>,
    ) -> Result<Users, Error> {
        let label = Mark::label(&ask.owner);
        let mut rows: Vec<UserRow> = page::USERS.all(&self.http, &[("labels", &label)]).await?;
        // Rows without the label: the filter was not understood, and this is every user.
        let mut whole = rows.iter().any(|row| !labelled(&row.labels, &ask.owner));
        if !whole && ask.users.len() + ids.len() > FEW {
            let count = page::USERS.count(&self.http, &[]).await?;
            let requests = ask.users.len() + ids.len().div_ceil(10);
            whole = ids.len() >= count || whole_is_cheaper(requests, count, page::USERS.row_cost);
            if whole {
                rows = page::USERS.all(&self.http, &[]).await?;
            }
        }
        if !whole {
            let known: HashSet<&str> = rows.iter().map(|row| row.username.as_str()).collect();
            let missing: Vec<&String> =
                ask.users.iter().filter(|name| !known.contains(name.as_str())).collect();
            let named: Vec<UserRow> = page::USERS.each(&self.http, "username", missing).await?;
            // 4.10 ignores case here: what differs is kept as a hint only.
            rows.extend(named);
            let known: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
            let unknown: BTreeSet<Uuid> =
                ids.iter().filter(|id| !known.contains(id)).copied().collect();
            let by_id: Vec<UserRow> =
                page::USERS.each(&self.http, "ids", bunches(&unknown)).await?;
            rows.extend(by_id);
        }
        let near = self.near_users(ask, &rows, whole).await?;
        let names = rows.iter().map(|row| (row.id, row.username.clone())).collect();
        let seen = rows
            .into_iter()
            .map(|row| row.seen(&ask.owner))
            .filter(|user| user.labelled || ask.users.contains(&user.username))
            .map(|user| (user.username.clone(), user))
            .collect();
        Ok(Users { seen, names, near })
    }

    /// All users of the organization, or those of one group (by its exact name), for
    /// making people files of them.
    ///
    /// # Errors
    /// When a request fails, the list stays incomplete, or nobody is in the group: the
    /// error then names the groups that look like it.
    pub async fn users(&self, owner: &Owner, group: Option<&str>) -> Result<Vec<SeenUser>, Error> {
        let filter: Vec<(&str, &str)> = group.iter().map(|group| ("groups", *group)).collect();
        let rows: Vec<UserRow> = page::USERS.all(&self.http, &filter).await?;
        // A filter that was not understood gives everybody.
        let inside = |row: &UserRow| {
            group.is_none_or(|group| row.groups.iter().any(|found| found.name == group))
        };
        let mut found: Vec<SeenUser> =
            rows.into_iter().filter(inside).map(|row| row.seen(owner)).collect();
        if let Some(group) = group
            && found.is_empty()
        {
            return Err(self.nobody_in(group).await?);
        }
        found.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(found)
    }

    async fn nobody_in(&self, group: &str) -> Result<Error, Error> {
        let rows: Vec<UserRow> = page::USERS.all(&self.http, &[]).await?;
        let groups: BTreeSet<&str> =
            rows.iter().flat_map(|row| &row.groups).map(|group| group.name.as_str()).collect();
        let alike = near::alike(group, groups.iter().copied());
        let error =
            Error::new(ErrorKind::NotFound, format!("no user is in a group with the name {group}"));
        Ok(if alike.is_empty() {
            let named: Vec<&str> = groups.into_iter().take(MOST_GROUPS).collect();
            error.advise(format!("groups that have users: {}", or_none(&named)))
        } else {
            error.advise(format!("groups that look like it: {}", alike.join(", ")))
        })
    }

    async fn near_users(
        &self,
        ask: &Ask,
        rows: &[UserRow],
        whole: bool,
    ) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let known: HashSet<&str> = rows.iter().map(|row| row.username.as_str()).collect();
        let missing =
            ask.users.iter().filter(|name| !known.contains(name.as_str())).take(near::MOST_NAMES);
        let mut found = BTreeMap::new();
        for name in missing {
            let searched: Vec<UserRow> = if whole {
                Vec::new()
            } else {
                page::USERS.some(&self.http, &[("search", name)], near::MOST_ROWS).await?
            };
            let candidates = rows.iter().chain(&searched).map(|row| row.username.as_str());
            found.insert(name.clone(), near::alike(name, candidates));
        }
        Ok(found)
    }
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}
