//! Ends the open sessions in JumpServer behind what a permission gave, as policy sets it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;
use uuid::Uuid;

use super::sessions::{self, Carried, Sessions};
use super::{Run, permissions};
use crate::access::sessions::OnEnd;
use crate::jumpserver::spec::{PermissionSpec, SeenAsset, SeenPermission};
use crate::jumpserver::{OpenSession, PermissionPatch, Usable};
use crate::mark::{Left, Mark};
use crate::node_path::is_in;
use crate::plan::left;

/// What was found behind what a permission gave.
pub(super) struct Found {
    sessions: Sessions,
    /// When the first of the sessions that are left is due, when any is to be ended yet.
    until: Option<Timestamp>,
}

impl Found {
    /// Why the step ends here, when sessions are to be ended yet.
    fn carried(self, run: &Run<'_, '_>) -> Carried {
        let zone = &run.means.access.config.zone;
        let left = self.sessions.left;
        let note = self.until.map(|until| sessions::left_until(left, until, zone));
        Carried { note, sessions: self.sessions }
    }
}

/// Deletes a permission after the sessions behind it are told to end.
pub(super) async fn delete(run: &Run<'_, '_>, id: Uuid, from: &PermissionSpec) -> Result<Carried> {
    let (writer, now) = (run.means.writer, sessions::now());
    let seen = run.means.live.permissions.get(&id);
    let Some(seen) = seen.filter(|seen| seen.spec.start <= now || seen.spec.end <= now) else {
        // It gave nothing yet.
        writer.delete_permission(id).await?;
        return Ok(Carried::default());
    };
    let gone = left::gone(seen, now);
    let only_told =
        left::settings(&gone, &run.on_ends).iter().all(|on_end| *on_end == OnEnd::Report);
    if only_told {
        writer.delete_permission(id).await?;
        return Ok(sweep(run, seen, &gone, now).await?.carried(run));
    }
    // Of one that another hand switched off nothing else says since when it gives nothing.
    if let Some(mark) = &seen.mark
        && (left::gives(from, now) || (from.end > now && mark.left.is_none()))
    {
        let noted = Mark { left: Some(gone.clone()), ..mark.clone() };
        let comment = Some(permissions::comment(run, from, &noted)?);
        let patch = PermissionPatch { active: Some(false), comment, ..Default::default() };
        writer.patch_permission(id, &patch).await?;
    }
    let found = sweep(run, seen, &gone, now).await?;
    if found.until.is_none() {
        writer.delete_permission(id).await?;
    }
    Ok(found.carried(run))
}

/// What a change of a permission takes away, or took away before, when the sessions behind
/// that are to be looked for now; and whether the mark has to hold it meanwhile.
pub(super) fn to_look_for(
    run: &Run<'_, '_>,
    id: Uuid,
    (from, to): (&PermissionSpec, &PermissionSpec),
    wanted: &Mark,
) -> Option<(Left, bool)> {
    let now = sessions::now();
    let seen = run.means.live.permissions.get(&id)?;
    // One that this run took over has no mark of ours yet.
    let before = seen.mark.as_ref();
    let since = before.map_or(now, |before| before.ended_at(&wanted.requests, now));
    let taken = left::taken(from, Some(to), since);
    let noted = before.and_then(|before| before.left.clone());
    let left = match (taken, noted) {
        (Some(taken), Some(noted)) => taken.and(noted),
        (Some(taken), None) => taken,
        // What is due; the rest waits.
        (None, Some(noted)) if wanted.left.is_none() => noted,
        (None, _) => return None,
    };
    let noted = left::settings(&left, &run.on_ends).iter().any(|on_end| *on_end != OnEnd::Report);
    Some((left, noted))
}

/// Looks for the sessions behind what a permission that stays gave, and takes the note out
/// of its mark when nothing is left to be ended.
pub(super) async fn settle(
    run: &Run<'_, '_>,
    id: Uuid,
    to: &PermissionSpec,
    wanted: &Mark,
    (left, noted): (Left, bool),
) -> Result<Carried> {
    let Some(seen) = run.means.live.permissions.get(&id) else { return Ok(Carried::default()) };
    let found = sweep(run, seen, &left, sessions::now()).await?;
    if noted && found.until.is_none() {
        let clean = Mark { left: None, ..wanted.clone() };
        let comment = Some(permissions::comment(run, to, &clean)?);
        let patch = PermissionPatch { comment, ..Default::default() };
        run.means.writer.patch_permission(id, &patch).await?;
    }
    Ok(found.carried(run))
}

/// Finds the sessions of the permission's people behind `gone` that no permission allows
/// any more, and does with each as set for its asset. One request a person, one for each
/// asset with a session on it, and one that ends them.
async fn sweep(
    run: &Run<'_, '_>,
    seen: &SeenPermission,
    gone: &Left,
    now: Timestamp,
) -> Result<Found> {
    let mut found = Found { sessions: Sessions::default(), until: None };
    let mut ends = BTreeSet::new();
    let reader = run.means.reader;
    let mut users: BTreeSet<Uuid> = seen.user_ids.keys().copied().collect();
    users.extend(seen.mark.as_ref().and_then(|mark| mark.user));
    for user in users {
        let mut usable: BTreeMap<Uuid, Usable> = BTreeMap::new();
        for session in reader.open_sessions(user).await? {
            let Some(asset) = behind(run, &session, gone).await? else { continue };
            let may = match usable.get(&session.asset) {
                Some(may) => may,
                None => {
                    let may = reader.usable(user, session.asset).await?;
                    usable.entry(session.asset).or_insert(may)
                }
            };
            if is_allowed(&session, gone, may) {
                continue;
            }
            match run.on_ends.asset(&asset.name, &asset.nodes).due(gone.since) {
                Some(due) if due <= now => {
                    ends.insert(session.id);
                }
                due => {
                    found.sessions.left += 1;
                    found.until = found.until.into_iter().chain(due).min();
                }
            }
        }
    }
    found.sessions.ended = run.means.writer.end_sessions(&ends).await?;
    Ok(found)
}

/// The asset of a session, when the session is behind what a permission gave.
async fn behind(
    run: &Run<'_, '_>,
    session: &OpenSession,
    gone: &Left,
) -> Result<Option<SeenAsset>> {
    if !gone.accounts.iter().any(|account| session.is_as(account)) {
        return Ok(None);
    }
    let known = run.means.live.assets.values().find(|asset| asset.id == session.asset).cloned();
    let asset = match known {
        Some(asset) => Some(asset),
        None => run.means.reader.asset(session.asset).await?,
    };
    Ok(asset.filter(|asset| {
        gone.assets.contains(&asset.name)
            || asset.nodes.iter().any(|node| gone.nodes.iter().any(|top| is_in(node, top)))
    }))
}

/// Whether what a person may do now still allows a session, with everything that it could
/// do when it began.
fn is_allowed(session: &OpenSession, gone: &Left, may: &Usable) -> bool {
    let protocol =
        !gone.protocols.contains(&session.protocol) || may.protocols.contains(&session.protocol);
    let account = may.accounts.iter().any(|(username, actions)| {
        session.is_as(username) && actions.contains("connect") && gone.actions.is_subset(actions)
    });
    protocol && account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stays_only_when_all_that_it_could_do_is_still_allowed() {
        let texts = |texts: &[&str]| -> BTreeSet<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let session = OpenSession {
            id: Uuid::nil(),
            asset: Uuid::nil(),
            account: "app(app)".to_owned(),
            protocol: "ssh".to_owned(),
        };
        let gone = Left {
            accounts: texts(&["app"]),
            protocols: texts(&["ssh", "rdp"]),
            actions: texts(&["connect", "upload"]),
            ..Left::default()
        };
        for (account, actions, protocols, allowed) in [
            ("app", &["connect", "upload", "copy"][..], &["ssh"][..], true),
            ("app", &["connect"], &["ssh"], false),
            ("app", &["connect", "upload"], &["rdp"], false),
            ("root", &["connect", "upload"], &["ssh"], false),
            ("app", &[], &["ssh"], false),
        ] {
            let may = Usable {
                accounts: BTreeMap::from([(account.to_owned(), texts(actions))]),
                protocols: texts(protocols),
            };
            assert_eq!(is_allowed(&session, &gone, &may), allowed, "{may:?}");
        }
        assert!(!is_allowed(&session, &gone, &Usable::default()));
    }
}
