//! Giving an account back as it stands: the same password, the same grants, and no mark.

use super::{Seen, Step, Whose, whose};
use crate::mark::HandoverState;
use crate::names::Owner;

/// The steps that make an account of ours foreign: first what the server says of us, last the
/// mark on the instance's own asset, which is what makes it ours. None when the account is on
/// its way somewhere, which has to come to its end first.
pub fn release(owner: &Owner, seen: &Seen<'_>, attribute: bool) -> Option<Vec<Step>> {
    let mut ours = Vec::new();
    for (asset, account) in &seen.assets {
        if let Ok(Whose::Ours(account, handover)) = whose(owner, asset, *account) {
            if handover.state != HandoverState::Done {
                return None;
            }
            ours.push(account);
        }
    }
    ours.extend(seen.former.iter().chain(&seen.closed).copied());
    let evidence = seen.server.and_then(|server| server.evidence.as_ref());
    let mut steps = Vec::new();
    if attribute && evidence.is_some_and(|evidence| evidence.owner == owner.as_str()) {
        steps.push(Step::RemoveEvidence);
    }
    steps.extend(
        ours.iter()
            .rev()
            .map(|account| Step::Release { asset: account.asset.clone(), account: account.id }),
    );
    Some(steps)
}
