//! Permissions that only hold a text: the anchor and the leases. Inactive, and without
//! people, assets, accounts and actions, they give nothing to anybody.

use uuid::Uuid;

use super::spec::PermissionSpec;
use super::stored::NewPermission;
use crate::mark::Mark;
use crate::names::Owner;
use crate::period::Period;

/// Such a permission, to be made.
pub(super) fn permission(name: String, comment: String) -> NewPermission {
    let none = Default::default;
    NewPermission {
        spec: PermissionSpec {
            name,
            users: none(),
            groups: none(),
            assets: none(),
            nodes: none(),
            accounts: none(),
            protocols: none(),
            actions: none(),
            start: Period::default().start(),
            end: Period::default().end(),
            active: false,
        },
        users: Default::default(),
        assets: Default::default(),
        nodes: Default::default(),
        comment,
    }
}

/// A comment with words for people, a line of its own, and the mark.
pub(super) fn comment(owner: &Owner, id: Uuid, words: &str, line: &str) -> String {
    let mark = Mark {
        owner: owner.clone(),
        id,
        user: None,
        requests: Default::default(),
        end: None,
        handover: None,
        left: None,
    };
    format!("{words}\n{line}{}", mark.comment(""))
}

/// Whether a permission gives nothing to anybody, whatever is done to it from outside.
pub(super) fn gives_nothing(spec: &PermissionSpec) -> bool {
    !spec.active && spec.users.is_empty() && spec.groups.is_empty() && spec.accounts.is_empty()
}
