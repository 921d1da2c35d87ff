//! When what is merged is invalid: nothing new is given, and the ends that the live marks
//! record and that have passed are still carried out.

use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::Args;
use super::gates::{clocks_agree, comes_after, leave_out_wrong_clocks};
use super::locks::Locks;
use super::recorded;
use super::rounds::PATIENCE;
use crate::access::model::Access;
use crate::cli::source::Source;
use crate::cli::{Outcome, could_not_run};
use crate::grants::{self, Grant};
use crate::jumpserver::Reader;
use crate::names::InstanceName;
use crate::observe::Reading;
use crate::observed::{Instance, Observed};
use crate::plan::Focus;
use crate::repo::{self, Tree};
use crate::visible::clean;
use crate::{access, apply, credentials, desired, observe};

/// How many commits are looked at for one whose files are valid.
const BACK: usize = 100;

/// Carries out the recorded ends that have passed, by the files of the last commit that
/// was valid. Errors are told; the exit code is that of the invalid files.
pub(super) async fn apply(args: &Args, source: &Source, commit: &str) {
    let now = Timestamp::now();
    let Some((from, access)) = last_valid(source, commit, now) else {
        anstream::eprintln!(
            "no valid commit among the last {BACK}: recorded ends wait until the files are mended"
        );
        return;
    };
    let short = from.get(..12).unwrap_or(&from);
    anstream::eprintln!("nothing new is given; recorded ends are carried out by commit {short}");
    match ends(args, source, &access, commit).await {
        Ok(0) => anstream::eprintln!("no recorded end has passed"),
        Ok(1) => anstream::eprintln!("1 recorded end carried out"),
        Ok(done) => anstream::eprintln!("{done} recorded ends carried out"),
        // It was told where it happened.
        Err(_) => {}
    }
}

fn last_valid(source: &Source, commit: &str, now: Timestamp) -> Option<(String, Access)> {
    for before in repo::before(&source.dir, commit, BACK).ok()? {
        let tree = Tree::revision(&source.dir, &before).ok()?;
        if let Ok(access) = access::load(&tree, now) {
            return Some((before, access));
        }
    }
    None
}

/// With what the ends are carried out.
struct Ending<'e> {
    args: &'e Args,
    source: &'e Source,
    access: &'e Access,
    grants: &'e [Grant<'e>],
    commit: &'e str,
    reader: &'e Reader,
}

/// Carries out what it can without waiting for a server that is slow to answer, then what is
/// to be done there when it answers in the end.
async fn ends(
    args: &Args,
    source: &Source,
    access: &Access,
    commit: &str,
) -> Result<usize, Outcome> {
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(access, environment).await.map_err(|error| could_not_run(&error))?;
    clocks_agree(reader.skew())?;
    let grants = grants::of(access);
    let desired = desired::at(access, &grants, Timestamp::now());
    let ending = Ending { args, source, access, grants: &grants, commit, reader: &reader };
    let mut focus = Focus::default();
    let mut reading = Reading::begin(access, &desired, &reader, environment, &focus);
    let late = reading.soon(PATIENCE).await.map_err(|error| could_not_run(&error))?.clone();
    let done = ending.carry_out(reading.observed(), &focus).await?;
    reading.rest().await.map_err(|error| could_not_run(&error))?;
    let answered = |name: &InstanceName| reading.instance(name).and_then(Instance::live).is_some();
    focus.instances = late.into_iter().filter(answered).collect();
    if focus.instances.is_empty() {
        return Ok(done);
    }
    // What was read at first has changed by what was done.
    let again = observe::all(access, &desired, &reader, environment, &focus).await;
    let again = again.map_err(|error| could_not_run(&error))?;
    Ok(done + ending.carry_out(again, &focus).await?)
}

impl Ending<'_> {
    /// Carries out the ends at the targets that were read, and says how many.
    async fn carry_out(&self, mut observed: Observed, focus: &Focus) -> Result<usize, Outcome> {
        let Self { args, source, access, grants, commit, reader } = *self;
        let environment = &credentials::environment;
        leave_out_wrong_clocks(&mut observed);
        comes_after(args, source, commit, observed.jumpserver.anchor.as_ref())?;
        let plan = recorded::plan(access, grants, &observed, Timestamp::now());
        if plan.is_empty() {
            return Ok(0);
        }
        let desired = desired::at(access, grants, Timestamp::now());
        let mut locks =
            Locks::take(access, reader, (&plan, &observed), environment, args.patience()).await?;
        locks.leave_out(&observed);
        let (others, locked) = locks.read(access, &desired, focus).await;
        let again = observe::all(access, &desired, reader, environment, &others).await;
        let mut done = 0;
        match again {
            // Another run came between, and was told of.
            Ok(observed)
                if comes_after(args, source, commit, observed.jumpserver.anchor.as_ref())
                    .is_err() => {}
            Ok(mut observed) => {
                observed.instances.extend(locked);
                leave_out_wrong_clocks(&mut observed);
                let plan = recorded::plan(access, grants, &observed, Timestamp::now());
                let stop = AtomicBool::new(false);
                let writer = locks.writer();
                let means = apply::Means {
                    access,
                    live: &observed.jumpserver,
                    reader,
                    writer: &writer,
                    stop: &stop,
                };
                let tell = |place: usize, outcome: &apply::Outcome| {
                    if let apply::Outcome::Failed { why } = outcome {
                        let name = clean(&plan.items[place].name);
                        anstream::eprintln!("FAILED {name}: {}", clean(why));
                    }
                };
                let outcomes = apply::carry_out(&plan, &means, locks.servers(), &tell).await;
                done = outcomes.iter().filter(|outcome| outcome.is_done()).count();
            }
            Err(error) => {
                could_not_run(&error);
            }
        }
        locks.release().await;
        Ok(done)
    }
}
