//! How the rules were merged by which all else is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use super::{Compared, Judge, Merged, Verdict, short};
use crate::approval::{self, Said, Subject};
use crate::repo::{self, Line, SETTINGS, Step};

/// The files that are rules and nothing else.
pub(super) fn files() -> impl Iterator<Item = String> {
    ["policy.yaml", "policy.yml"].into_iter().chain(SETTINGS).map(str::to_owned)
}

/// The folders whose files say, besides, who must approve and whose approval counts.
const FOLDERS: [&str; 3] = ["inventory", "people", "teams"];

/// The commits since the last one whose rules were known to be good.
pub(super) struct Window<'a> {
    dir: &'a Path,
    commit: &'a str,
    /// That last one; none before the first apply.
    base: Option<&'a str>,
    line: Result<Rc<Line>, String>,
}

impl<'a> Window<'a> {
    pub(super) fn new(judge: &Judge<'a>) -> Self {
        let Merged { dir, commit, anchor, .. } = *judge.merged;
        let base = anchor.and_then(|one| one.rules.as_deref().or(one.commit.as_deref()));
        Self { dir, commit, base, line: judge.line.clone() }
    }

    /// The steps that may edit rules, the newest first; or why they are not known.
    fn steps(&self) -> anyhow::Result<Result<Vec<Step>, String>> {
        let Some(base) = self.base else { return Ok(Ok(Vec::new())) };
        let line = match &self.line {
            Ok(line) => line,
            Err(why) => return Ok(Err(why.clone())),
        };
        let paths = files().chain(FOLDERS.map(str::to_owned)).collect();
        let mut steps = repo::Steps::new(self.dir, self.commit, line, paths)?.after(base);
        let mut found = Vec::new();
        while let Some(step) = steps.older()? {
            found.push(step);
        }
        Ok(match steps.is_at_end() {
            true => Ok(found),
            false => Err(format!(
                "the history does not lead back to {}, up to which they were judged: fetch it \
                 whole; when it was rewritten, `apply --allow-rollback` takes it as it is",
                short(base)
            )),
        })
    }

    /// All commits of the line in it, the newest first.
    fn commits(&self) -> anyhow::Result<Vec<String>> {
        match (&self.line, self.base) {
            (Ok(line), Some(base)) => Ok(line.way(self.dir, self.commit, base)?),
            _ => Ok(Vec::new()),
        }
    }

    /// The commit from which on edits are still to be judged; none when there are none.
    pub(super) fn begin(&self) -> anyhow::Result<Option<String>> {
        let none = self.steps()?.is_ok_and(|steps| steps.is_empty());
        Ok(self.base.filter(|_| !none).map(str::to_owned))
    }
}

/// How the rules were merged that count now, and the commit from which on edits are still to be
/// judged when not all was good since. Commits that came while the rules were not are told to
/// `judge`.
pub(super) async fn judge(
    judge: &mut Judge<'_>,
    window: &Window<'_>,
) -> anyhow::Result<(Verdict, Option<String>)> {
    let since = since(judge, window).await?;
    let verdict = match since {
        Verdict::Good => newest(judge).await?,
        bad => bad,
    };
    let still = match (&verdict, judge.tainted.is_empty()) {
        (Verdict::Good, true) => None,
        _ => window.begin()?,
    };
    Ok((verdict, still))
}

/// What two states say otherwise of the rules: all, and what needs approvals.
fn differs(compared: &Compared) -> (BTreeSet<Said>, BTreeSet<Said>) {
    let inputs = approval::Inputs {
        base: &compared.base.access,
        head: &compared.head.access,
        effect: &compared.effect,
        paths: &BTreeSet::new(),
    };
    // Who is told of access gives nobody any.
    let told = |said: BTreeSet<Said>| -> BTreeSet<Said> {
        said.into_iter().filter(|one| !one.file.starts_with("notify.")).collect()
    };
    (told(approval::said(&inputs)), told(approval::edited(&inputs)))
}

/// How that came which the rules say now and did not say when they were known to be good. What
/// a step says that nobody approved is wrong until the rules say again what they said before, or
/// an approved step says it; and what comes meanwhile was judged by wrong rules.
async fn since(judge: &mut Judge<'_>, window: &Window<'_>) -> anyhow::Result<Verdict> {
    let steps = match window.steps()? {
        Ok(steps) => steps,
        Err(why) => return Ok(Verdict::Unknown(why)),
    };
    let (Some(base), false) = (window.base, steps.is_empty()) else { return Ok(Verdict::Good) };
    if judge.state(base).is_none() {
        return Ok(Verdict::Unknown(format!(
            "the files at {}, up to which they were judged, are invalid by today's rules: \
             `apply --allow-rollback` takes the history as it is",
            short(base)
        )));
    }
    let mut wrong = BTreeSet::new();
    let mut because = Verdict::Good;
    // Whether the rules are wrong before the commit that is looked at.
    let mut stands = false;
    // The last state that could be read, when that before the step could not.
    let mut unread: Option<&str> = None;
    let steps: BTreeMap<&str, &Step> =
        steps.iter().map(|step| (step.commit.as_str(), step)).collect();
    for commit in window.commits()?.iter().rev() {
        if stands {
            judge.tainted.insert(commit.clone());
        }
        let Some(step) = steps.get(commit.as_str()) else { continue };
        let Some(before) = unread.or(step.before.as_deref()) else { continue };
        let Some(compared) = judge.compared(before, commit) else {
            unread = Some(before);
            continue;
        };
        let whole = unread.take().is_none();
        let (said, edited) = differs(&compared);
        if stands {
            wrong.extend(said);
        } else if !edited.is_empty() {
            let verdict = match whole {
                true => judge.verdict(step).await,
                false => Verdict::Unknown(format!(
                    "the files before or at {} are invalid",
                    short(commit)
                )),
            };
            match verdict {
                Verdict::Good => wrong.retain(|one| !said.contains(one)),
                bad => {
                    because = bad;
                    wrong.extend(edited);
                }
            }
        }
        stands = !wrong.is_empty() && are_wrong(judge, base, commit, &wrong);
    }
    Ok(match stands {
        true => because,
        false => Verdict::Good,
    })
}

/// Whether a state says something wrong that the base does not.
fn are_wrong(judge: &mut Judge<'_>, base: &str, state: &str, wrong: &BTreeSet<Said>) -> bool {
    // What cannot be compared is never known to be good.
    let compared = judge.compared(base, state);
    compared.is_none_or(|compared| !differs(&compared).1.is_disjoint(wrong))
}

/// How the rules were merged that count now: by the newest edit of them that needed an
/// approval. One that needed none says nothing, as nobody knows who softened the rules
/// before it.
async fn newest(judge: &mut Judge<'_>) -> anyhow::Result<Verdict> {
    let Merged { dir, commit, .. } = *judge.merged;
    let line = match judge.line.clone() {
        Ok(line) => line,
        Err(why) => return Ok(Verdict::Unknown(why)),
    };
    let mut steps = repo::Steps::new(dir, commit, &line, files().collect())?;
    // The newest state behind the steps that are still to be looked at that can be read.
    let mut valid = commit.to_owned();
    let mut unread = false;
    while let Some(step) = steps.older()? {
        let Some(before) = &step.before else { break };
        let mut found = match unread {
            true => None,
            false => judge.compared(before, &step.commit),
        };
        if found.is_none() {
            unread = true;
            found = judge.compared(before, &valid);
        }
        let Some(found) = found else { continue };
        let needed = found.needs.iter().any(|need| need.subject == Subject::Rules);
        match (needed, unread) {
            (false, _) => (valid, unread) = (before.clone(), false),
            (true, false) => return Ok(judge.verdict(&step).await),
            (true, true) => {
                let commit = short(&step.commit);
                let why = format!("the files before or at {commit} are invalid");
                return Ok(Verdict::Unknown(why));
            }
        }
    }
    Ok(Verdict::Good)
}
