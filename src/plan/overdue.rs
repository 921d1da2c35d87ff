//! Ends that have passed and are not carried out yet.

use jiff::Timestamp;

use crate::jumpserver::spec::{Live, SeenPermission};
use crate::mark::Mark;
use crate::names::Owner;

/// The oldest end that a live mark of ours records, that has passed, and that still stands:
/// of a permission, or of a request within an account.
pub fn oldest(owner: &Owner, live: &Live, moment: Timestamp) -> Option<Timestamp> {
    let permissions = live.permissions.values().filter(|seen| !is_all_over(seen));
    let permissions = permissions.filter_map(|seen| ours(owner, &seen.mark, seen.id));
    let accounts = live.accounts.values().filter_map(|seen| ours(owner, &seen.mark, seen.id));
    permissions
        .chain(accounts)
        .flat_map(|mark| mark.requests.values().copied().chain([mark.end]))
        .flatten()
        .filter(|end| *end <= moment)
        .min()
}

/// Whether nothing of a permission stands but what its mark tells of a user of before: nobody is in
/// it, and no session behind it is to be ended yet.
fn is_all_over(seen: &SeenPermission) -> bool {
    seen.spec.users.is_empty()
        && seen.spec.groups.is_empty()
        && seen.mark.as_ref().is_some_and(|mark| mark.left.is_none())
}

fn ours<'m>(owner: &Owner, mark: &'m Option<Mark>, id: uuid::Uuid) -> Option<&'m Mark> {
    mark.as_ref().filter(|mark| mark.owner == *owner && mark.id == id)
}
