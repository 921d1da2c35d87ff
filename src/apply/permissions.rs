//! Permissions: made whole, changed by what differs, deleted by id, and read back.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use uuid::Uuid;

use super::sessions::Carried;
use super::{Run, left};
use crate::jumpserver::spec::PermissionSpec;
use crate::jumpserver::{Labelled, NewPermission, PermissionPatch};
use crate::mark::Mark;
use crate::plan::permissions::Action;

/// Carries out one step about a permission.
pub(super) async fn carry_out(
    run: &Run<'_, '_>,
    id: Uuid,
    action: &Action,
    mark: Option<&Mark>,
) -> Result<Carried> {
    let writer = run.means.writer;
    match (action, mark) {
        (Action::Create { spec }, Some(mark)) => {
            writer.create_permission(id, &new(run, spec, mark)?).await?;
            stands(run, id, spec).await?;
            Ok(Carried::default())
        }
        (Action::Update { from, to, mark: write }, Some(mark)) => {
            let sessions = left::to_look_for(run, id, (from, to), mark);
            // What is taken away and the note of it are one request.
            let noted = sessions.as_ref().filter(|(_, noted)| *noted).map(|(left, _)| left);
            let kept = noted.map(|left| Mark { left: Some(left.clone()), ..mark.clone() });
            // Its comment names who has it.
            let another = from.users.first() != to.users.first();
            let written = kept.as_ref().or((*write || another).then_some(mark));
            let patch = patch(run, id, (from, to), written).await?;
            writer.patch_permission(id, &patch).await?;
            if run.means.live.permissions.get(&id).is_some_and(|seen| !seen.labelled) {
                writer.label(Labelled::Permission(id)).await?;
            }
            stands(run, id, to).await?;
            match sessions {
                None => Ok(Carried::default()),
                Some(sessions) => left::settle(run, id, to, mark, sessions).await,
            }
        }
        (Action::Adopt { from, to, .. }, Some(mark)) => {
            // A later step takes away or adds what differs.
            writer.adopt_permission(id, &patch(run, id, (from, to), Some(mark)).await?).await?;
            stands(run, id, to).await?;
            Ok(Carried::default())
        }
        (Action::Release { from, name }, _) => {
            writer.release_permission(id, name).await?;
            stands(run, id, &PermissionSpec { name: name.clone(), ..(**from).clone() }).await?;
            Ok(Carried::default())
        }
        (Action::Delete { from }, _) => left::delete(run, id, from).await,
        (_, None) => bail!("it has no mark to write"),
    }
}

/// The mark with the user's id, also of one who was made in this run.
fn complete(run: &Run<'_, '_>, spec: &PermissionSpec, mark: &Mark) -> Result<Mark> {
    let mut mark = mark.clone();
    if mark.user.is_none()
        && let Some(user) = spec.users.first()
    {
        mark.user = Some(run.names.user(user)?);
    }
    Ok(mark)
}

/// What the comment says to people.
pub(super) fn words(who: &str) -> String {
    format!("Made by jumpgate for {who} from a merged request. Changes belong into git.")
}

pub(super) fn comment(run: &Run<'_, '_>, spec: &PermissionSpec, mark: &Mark) -> Result<String> {
    let who = spec.users.first().map_or("nobody", String::as_str);
    Ok(complete(run, spec, mark)?.comment(&words(who)))
}

fn new(run: &Run<'_, '_>, spec: &PermissionSpec, mark: &Mark) -> Result<NewPermission> {
    Ok(NewPermission {
        users: run.names.users(&spec.users)?,
        assets: run.names.assets(&spec.assets)?,
        nodes: run.names.nodes(&spec.nodes, &BTreeSet::new())?,
        comment: comment(run, spec, mark)?,
        spec: spec.clone(),
    })
}

/// Only what differs.
async fn patch(
    run: &Run<'_, '_>,
    id: Uuid,
    (from, to): (&PermissionSpec, &PermissionSpec),
    mark: Option<&Mark>,
) -> Result<PermissionPatch> {
    let names = run.names;
    let nodes = match from.nodes != to.nodes {
        false => None,
        true => Some(names.nodes(&to.nodes, &held(run, id, &to.nodes).await?)?),
    };
    Ok(PermissionPatch {
        name: (from.name != to.name).then(|| to.name.clone()),
        users: (from.users != to.users).then(|| names.users(&to.users)).transpose()?,
        groups: (from.groups != to.groups && to.groups.is_empty()).then(Default::default),
        assets: (from.assets != to.assets).then(|| names.assets(&to.assets)).transpose()?,
        nodes,
        accounts: (from.accounts != to.accounts).then(|| to.accounts.clone()),
        protocols: (from.protocols != to.protocols).then(|| to.protocols.clone()),
        actions: (from.actions != to.actions).then(|| to.actions.clone()),
        start: (from.start != to.start).then_some(to.start),
        end: (from.end != to.end).then_some(to.end),
        active: (from.active != to.active).then_some(to.active),
        comment: mark.map(|mark| comment(run, to, mark)).transpose()?,
        labels: None,
    })
}

/// The nodes that a permission has, where they are needed to tell which a path means.
async fn held(run: &Run<'_, '_>, id: Uuid, nodes: &BTreeSet<String>) -> Result<BTreeSet<Uuid>> {
    if !run.names.are_ambiguous(nodes) {
        return Ok(BTreeSet::new());
    }
    let there = run.means.reader.permission(&run.means.access.config.owner, id).await?;
    Ok(there.map(|there| there.nodes).unwrap_or_default())
}

/// Reads it back: what others need must really stand.
async fn stands(run: &Run<'_, '_>, id: Uuid, spec: &PermissionSpec) -> Result<()> {
    let owner = &run.means.access.config.owner;
    let Some(there) = run.means.reader.permission(owner, id).await? else {
        bail!("JumpServer took it, and does not have it");
    };
    let mut wrong = Vec::new();
    for (what, differs) in [
        ("name", there.name != spec.name),
        ("users", there.users != run.names.users(&spec.users)?),
        ("assets", there.assets != run.names.assets(&spec.assets)?),
        ("nodes", there.nodes != run.names.nodes(&spec.nodes, &there.nodes)?),
        ("accounts", there.accounts != spec.accounts),
        ("protocols", there.protocols != spec.protocols),
        ("actions", there.actions != spec.actions),
        ("start", there.start != spec.start),
        ("end", there.end != spec.end),
        ("active", there.active != spec.active),
    ] {
        if differs {
            wrong.push(what);
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("JumpServer took it, and keeps something else: {}", wrong.join(", "));
}
