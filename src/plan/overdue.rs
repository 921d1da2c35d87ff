//! Ends that have passed and are not carried out yet.

use jiff::Timestamp;

use crate::jumpserver::spec::Live;
use crate::mark::Mark;
use crate::names::Owner;

/// The oldest end that a live mark of ours records, that has passed, and that still stands:
/// of a permission, or of a request within an account.
pub fn oldest(owner: &Owner, live: &Live, moment: Timestamp) -> Option<Timestamp> {
    let permissions = live.permissions.values().filter_map(|seen| ours(owner, &seen.mark, seen.id));
    let accounts = live.accounts.values().filter_map(|seen| ours(owner, &seen.mark, seen.id));
    permissions
        .chain(accounts)
        .flat_map(|mark| mark.requests.values().copied().chain([mark.end]))
        .flatten()
        .filter(|end| *end <= moment)
        .min()
}

fn ours<'m>(owner: &Owner, mark: &'m Option<Mark>, id: uuid::Uuid) -> Option<&'m Mark> {
    mark.as_ref().filter(|mark| mark.owner == *owner && mark.id == id)
}
