//! Database accounts: the handover of a password, step by step on both sides.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use uuid::Uuid;

use super::Run;
use super::permissions::words;
use super::refusals::Refusals;
use super::secrets::Slot;
use super::sessions::{Carried, Sessions};
use crate::handover::Step;
use crate::jumpserver::{Labelled, NewAccount};
use crate::mark::{Handover, HandoverState, Mark};
use crate::mysql::spec::Evidence;
use crate::mysql::{self, Dropped, Writer};
use crate::names::RequestName;
use crate::naming;
use crate::plan::accounts::{AccountChange, AccountStep};

/// The server does not take the password that JumpServer holds already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(mysql::Error);

impl Refused {
    /// Tells a server that takes no password from one that has lost this account.
    fn of(error: mysql::Error) -> anyhow::Error {
        match error.code() {
            None | Some(NO_SUCH_ACCOUNT) => error.into(),
            Some(_) => Self(error).into(),
        }
    }
}

/// The error of a statement about an account that is not there.
const NO_SUCH_ACCOUNT: u16 = 1396;

/// Whether JumpServer gets a new password before an account that stands gets it: when the
/// server refuses that one, what JumpServer holds works no longer.
pub(super) fn may_shut_out(change: &AccountChange) -> bool {
    let has = |is: fn(&Step) -> bool| {
        change.steps.iter().any(|step| matches!(step, AccountStep::Handover(step) if is(step)))
    };
    has(|step| matches!(step, Step::StoreSecret { .. })) && has(|step| *step == Step::SetPassword)
}

/// Carries out the steps about one account, and gives what there is to say about it. `made` is
/// the account's user, when this run made that.
///
/// # Errors
/// When a step fails; those after it are not begun. What the server refuses to take away or to
/// give stops nothing that narrows; it is the error at the end. [`Refused`] when the server would refuse
/// the password of another account, too.
pub(super) async fn carry_out(
    run: &Run<'_, '_>,
    server: &mut Writer,
    change: &AccountChange,
    made: Option<Uuid>,
) -> Result<Carried> {
    let mut one = One {
        run,
        server,
        change,
        user: change.mark.user.or(made),
        slot: Slot::default(),
        stored: Vec::new(),
        set: None,
        changed: None,
        ended: None,
        adopted: BTreeMap::new(),
        sessions: Sessions::default(),
        refusals: Refusals::default(),
    };
    let mut note = None;
    for step in &change.steps {
        if one.refusals.leave_out(step) {
            continue;
        }
        match one.step(step).await {
            Ok(None) => {}
            Ok(said) => {
                note = said;
                break;
            }
            Err(error) => return Err(one.refusals.with(error)),
        }
    }
    one.refusals.end(Carried { note, sessions: one.sessions })
}

struct One<'o, 'r, 'a> {
    run: &'o Run<'r, 'a>,
    server: &'o mut Writer,
    change: &'o AccountChange,
    /// The user in JumpServer.
    user: Option<Uuid>,
    slot: Slot,
    /// The accounts that hold the new password, by asset.
    stored: Vec<(String, Uuid)>,
    /// The time of the password right after this run set it on an account that stood.
    set: Option<Option<Timestamp>>,
    /// When the server says that it got the password; read once.
    changed: Option<Option<Timestamp>>,
    /// When access ended, when this run wrote it into the mark.
    ended: Option<Timestamp>,
    /// The marks that this run gave to accounts of another hand.
    adopted: BTreeMap<Uuid, Mark>,
    /// What became of open sessions.
    sessions: Sessions,
    /// What the server refused.
    refusals: Refusals<'o>,
}

impl<'o> One<'o, '_, '_> {
    /// One step; a text ends the way early, and is no failure.
    async fn step(&mut self, step: &'o AccountStep) -> Result<Option<String>> {
        match step {
            AccountStep::Grants { change } => {
                let name = &self.change.account;
                let sent = match self.refusals.any() {
                    true => self.server.apply_after_refusal(name, change).await,
                    false => self.server.apply(name, change).await,
                };
                self.refusals.change(change, sent)?;
                Ok(None)
            }
            AccountStep::Mark { account, .. } => self.settle(*account).await.map(|()| None),
            AccountStep::Handover(step) => self.handover(step).await,
        }
    }

    /// One step of the handover.
    async fn handover(&mut self, step: &Step) -> Result<Option<String>> {
        let name = &self.change.account;
        match step {
            Step::StoreSecret { asset, account } => self.store(asset, *account).await?,
            Step::CreateAccount => {
                let owner = self.run.means.access.config.owner.to_string();
                let (secret, generation) = self.slot.get()?;
                let evidence = Evidence { owner, generation: generation.to_owned() };
                self.server.create_account(name, secret, Some(&evidence)).await?;
            }
            Step::SetPassword | Step::AddPassword => {
                let owner = self.run.means.access.config.owner.to_string();
                let (secret, generation) = self.slot.get()?;
                let evidence = Evidence { owner, generation: generation.to_owned() };
                let retain = *step == Step::AddPassword;
                let set = self.server.set_password(name, secret, Some(&evidence), retain).await;
                set.map_err(|error| match self.stored.is_empty() {
                    true => error.into(),
                    false => Refused::of(error),
                })?;
                self.set = Some(self.password_changed().await?);
            }
            Step::HandOver { asset, account } => self.hand_over(asset, *account).await?,
            Step::DiscardOldPassword => self.server.discard_old_password(name).await?,
            Step::Unlock => self.server.set_lock(name, false).await?,
            Step::Lock => {
                let sent = self.server.set_lock(name, true).await;
                self.refusals.narrowed(sent)?;
            }
            Step::RevokeAll => self.refusals.revoked_all(self.server.revoke_all(name).await?),
            Step::KillSessions => self.sessions.ended += self.server.kill_sessions(name).await?,
            Step::LeaveSessions => self.sessions.left += self.server.open_sessions(name).await?,
            Step::AwaitSessions => return self.await_sessions().await,
            Step::MarkDone { asset } => self.done(asset).await?,
            Step::Adopt { account, .. } => self.adopt(*account).await?,
            Step::WriteEvidence { account } => {
                let owner = self.run.means.access.config.owner.to_string();
                let mark = self.seen(*account)?;
                let handover = mark.handover.with_context(|| lost(*account))?;
                let evidence = Evidence { owner, generation: handover.generation };
                self.server.set_evidence(name, Some(&evidence)).await?;
            }
            Step::RemoveEvidence => self.server.set_evidence(name, None).await?,
            Step::Release { account, .. } => {
                self.held().await?;
                self.run.means.writer.release_account(*account).await?;
            }
            Step::MarkNarrowing { account, .. } => {
                // The requests stay in it until what they asked for is gone.
                let mut mark = self.seen(*account)?;
                self.stamp(&mut mark, &self.change.mark.requests)?;
                self.remark(mark, HandoverState::Narrowing).await?;
                self.refusals.marked();
            }
            Step::MarkRotating { account, .. } => {
                self.remark(self.seen(*account)?, HandoverState::Rotating).await?;
            }
            Step::MarkEnding { account, .. } => {
                let mut mark = self.mark(*account, self.seen(*account)?.handover);
                self.stamp(&mut mark, &BTreeMap::new())?;
                if let Some(handover) = &mut mark.handover {
                    let locks = self.change.steps.contains(&AccountStep::Handover(Step::Lock));
                    handover.locked_before = !locks;
                }
                self.remark(mark, HandoverState::Ending).await?;
            }
            Step::Drop => {
                if let Dropped::StillDefiner { objects } = self.server.drop_account(name).await? {
                    let of = match objects.is_empty() {
                        true => "something that this login may not see".to_owned(),
                        false => objects.join(", "),
                    };
                    return Ok(Some(match self.refusals.any() {
                        true => format!("not dropped: it is the definer of {of}"),
                        false => format!(
                            "ended, not dropped: it is locked and holds nothing, but is the \
                             definer of {of}"
                        ),
                    }));
                }
                self.refusals.gone();
            }
            Step::DeleteAssetAccount { account, .. } => {
                self.held().await?;
                self.run.means.writer.delete_account(*account).await?;
            }
            // Spelled out by the plan.
            Step::Grants => {}
        }
        Ok(None)
    }

    /// Writes into a mark when access ended, where sessions are left for a time after it:
    /// the recorded end that has passed, or now.
    fn stamp(
        &mut self,
        mark: &mut Mark,
        now_asked: &BTreeMap<RequestName, Option<Timestamp>>,
    ) -> Result<()> {
        let fresh = mark.ended_at(now_asked, super::sessions::now());
        let id = mark.id;
        let handover = mark.handover.as_mut();
        let handover = handover.with_context(|| lost(id))?;
        if self.change.steps.contains(&AccountStep::Handover(Step::AwaitSessions)) {
            handover.ended = Some(self.ended.unwrap_or(fresh));
        }
        self.ended = handover.ended;
        Ok(())
    }

    /// Ends the sessions when it is time, and goes on; before that it goes on only when none
    /// is open. A text says until when they are left.
    async fn await_sessions(&mut self) -> Result<Option<String>> {
        let name = &self.change.account;
        let written = self.change.steps.iter().filter_map(|step| match step {
            AccountStep::Mark { account, .. }
            | AccountStep::Handover(Step::DeleteAssetAccount { account, .. }) => {
                self.seen(*account).ok()?.handover?.ended
            }
            _ => None,
        });
        let written = written.max();
        let access = self.run.means.access;
        let instance = access.instances.get(&self.change.instance);
        let instance = instance.context("the instance is not in the inventory")?;
        let since = self.ended.or(written);
        let due = since.and_then(|since| access.policy.on_end(&instance.environment).due(since));
        match due.filter(|due| *due > Timestamp::now()) {
            None => {
                self.sessions.ended += self.server.kill_sessions(name).await?;
                Ok(None)
            }
            Some(due) => {
                let open = self.server.open_sessions(name).await?;
                self.sessions.left += open;
                Ok((open > 0).then(|| super::sessions::left_until(open, due, &access.config.zone)))
            }
        }
    }

    /// What belongs to the instance is written in JumpServer only while its lock is held.
    async fn held(&mut self) -> Result<()> {
        Ok(self.server.still_held().await?)
    }

    fn mark(&self, id: Uuid, handover: Option<Handover>) -> Mark {
        let mut mark = Mark {
            owner: self.run.means.access.config.owner.clone(),
            id,
            user: self.user,
            requests: self.change.mark.requests.clone(),
            end: self.change.mark.end(),
            handover,
            left: None,
        };
        if self.refusals.any() {
            self.keep_requests(&mut mark);
        }
        mark
    }

    /// What was asked for before stays in a mark until that is gone: a run that takes this up
    /// must still know that its end was recorded.
    fn keep_requests(&self, mark: &mut Mark) {
        for (request, end) in self.seen(mark.id).map(|seen| seen.requests).unwrap_or_default() {
            mark.requests.entry(request).or_insert(end);
        }
    }

    fn comment(&self, mark: &Mark) -> String {
        mark.comment(&words(&self.change.account.to_string()))
    }

    /// The password and a `pending` mark go to an asset's account in one request.
    async fn store(&mut self, asset: &str, account: Option<Uuid>) -> Result<()> {
        let before = account.and_then(|id| self.seen(id).ok());
        let state = before.as_ref().and_then(|mark| Some(mark.handover.as_ref()?.state));
        let state = match state {
            // A run that takes this up must still know that the lock is ours.
            Some(HandoverState::Ending) => HandoverState::Ending,
            _ => HandoverState::Pending,
        };
        let generation = self.slot.get()?.1.to_owned();
        let ending = before.as_ref().and_then(|mark| mark.handover.as_ref());
        let ending = ending.filter(|_| state == HandoverState::Ending);
        let ended = ending.and_then(|handover| handover.ended);
        let locked_before = ending.is_some_and(|handover| handover.locked_before);
        let host = Some(self.change.account.host.clone());
        let handover = Handover { state, generation, changed: None, host, ended, locked_before };
        let id = self.id(asset, account)?;
        let mut mark = self.mark(id, Some(handover));
        self.keep_requests(&mut mark);
        self.write(asset, account, &mark).await?;
        self.stored.push((asset.to_owned(), id));
        Ok(())
    }

    /// The password that the server has and a `done` mark go to an asset's account in one
    /// request.
    async fn hand_over(&mut self, asset: &str, account: Option<Uuid>) -> Result<()> {
        let handover = self.handed_over().await?;
        let mark = self.mark(self.id(asset, account)?, Some(handover));
        self.write(asset, account, &mark).await?;
        match account {
            Some(id) => self.label(id).await,
            None => Ok(()),
        }
    }

    /// A mark that says `done`, and the label, go to an account of another hand in one request;
    /// its password stays.
    async fn adopt(&mut self, id: Uuid) -> Result<()> {
        let handover = self.handed_over().await?;
        let mark = self.mark(id, Some(handover));
        let comment = self.comment(&mark);
        self.held().await?;
        self.run.means.writer.adopt_account(id, &comment).await?;
        self.adopted.insert(id, mark);
        Ok(())
    }

    /// The id of the account on an asset: the one that it has, or will have.
    fn id(&self, asset: &str, account: Option<Uuid>) -> Result<Uuid> {
        let asset = self.run.names.asset(asset)?;
        let owner = &self.run.means.access.config.owner;
        let organization = &self.run.means.live.organization.0;
        let made = || naming::account_id(owner, organization, asset, &self.change.account.user);
        Ok(account.unwrap_or_else(made))
    }

    /// Writes this run's password and a mark; makes the account when there is none.
    async fn write(&mut self, asset: &str, account: Option<Uuid>, mark: &Mark) -> Result<()> {
        self.held().await?;
        let comment = self.comment(mark);
        let asset = self.run.names.asset(asset)?;
        let username = self.change.account.user.clone();
        let writer = self.run.means.writer;
        let (secret, _) = self.slot.get()?;
        match account {
            None => {
                let new = NewAccount { asset, username, comment };
                writer.create_account(mark.id, &new, secret).await?;
            }
            Some(id) => writer.patch_account_secret_and_comment(id, secret, &comment).await?,
        }
        Ok(())
    }

    /// What a mark says once the server has the password.
    async fn handed_over(&mut self) -> Result<Handover> {
        let changed = self.changed().await?;
        let generation = self.slot.get()?.1.to_owned();
        let host = Some(self.change.account.host.clone());
        let state = HandoverState::Done;
        Ok(Handover { state, generation, changed, host, ended: None, locked_before: false })
    }

    /// When the server says that it got the password. A person whose session is still open may
    /// have set another one since: that is not ours, and the mark stays as it is, so that the
    /// next run begins anew. The time has whole seconds, so that one set within the second in
    /// which ours was is not told from it.
    async fn changed(&mut self) -> Result<Option<Timestamp>> {
        if let Some(changed) = self.changed {
            return Ok(changed);
        }
        let changed = self.password_changed().await?;
        if self.set.is_some_and(|set| set != changed) {
            bail!(
                "the password of {} was changed by another hand since this run set it: the next \
                 one sets it anew",
                self.change.account
            );
        }
        Ok(*self.changed.insert(changed))
    }

    /// The time of the password, as the server has it now.
    async fn password_changed(&mut self) -> Result<Option<Timestamp>> {
        let Some(account) = self.server.account(&self.change.account).await? else {
            bail!("the server took {}, and does not have it", self.change.account);
        };
        Ok(account.password_changed)
    }

    /// The mark says `done`, with the server's own time of the change.
    async fn done(&mut self, asset: &str) -> Result<()> {
        let id = self.stored.iter().find(|(stored, _)| stored == asset).map(|(_, id)| *id);
        let id = id.with_context(|| format!("nothing was stored on asset {asset}"))?;
        let handover = self.handed_over().await?;
        let comment = self.comment(&self.mark(id, Some(handover)));
        self.held().await?;
        Ok(self.run.means.writer.patch_account_comment(id, &comment).await?)
    }

    /// The mark of the account as it is wanted; its password stays.
    async fn settle(&mut self, id: Uuid) -> Result<()> {
        let mut mark = self.mark(id, self.seen(id)?.handover);
        if let Some(handover) = &mut mark.handover {
            handover.ended = None;
            handover.locked_before = false;
        }
        self.remark(mark, HandoverState::Done).await
    }

    /// The mark as it was read under the lock, or as this run gave it.
    fn seen(&self, id: Uuid) -> Result<Mark> {
        if let Some(mark) = self.adopted.get(&id) {
            return Ok(mark.clone());
        }
        let seen = self.run.means.live.accounts.get(&id);
        let mark = seen.and_then(|seen| seen.mark.clone());
        mark.with_context(|| lost(id))
    }

    /// A new mark on an account that keeps its password.
    async fn remark(&mut self, mut mark: Mark, state: HandoverState) -> Result<()> {
        let id = mark.id;
        let handover = mark.handover.as_mut();
        handover.with_context(|| lost(id))?.state = state;
        let comment = self.comment(&mark);
        self.held().await?;
        self.run.means.writer.patch_account_comment(id, &comment).await?;
        self.label(id).await
    }

    /// Puts the label back that somebody took off.
    async fn label(&self, id: Uuid) -> Result<()> {
        let seen = self.run.means.live.accounts.get(&id).is_some_and(|seen| seen.labelled);
        if !seen && !self.adopted.contains_key(&id) {
            self.run.means.writer.label(Labelled::Account(id)).await?;
        }
        Ok(())
    }
}

fn lost(id: Uuid) -> String {
    format!("account {id} has lost its mark")
}
