//! How the rules were merged by which all else is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::{Compared, Judge, Merged, Verdict, short};
use crate::approval::{self, Differs, Said, Subject};
use crate::jumpserver::spec::JudgedRules;
use crate::repo::{self, Descent, SETTINGS, Step};

/// The files that are rules and nothing else.
pub(super) fn files() -> impl Iterator<Item = String> {
    ["policy.yaml", "policy.yml"].into_iter().chain(SETTINGS).map(str::to_owned)
}

/// The folders whose files say, besides, who must approve and whose approval counts.
const FOLDERS: [&str; 3] = ["inventory", "people", "teams"];

/// How the rules were merged that count now, and how far that is known from here on. Commits
/// that came while they said what nobody had approved are told to `judge`. Edits since the last
/// commit whose rules were good are looked at only when something is `asked` of them.
pub(super) async fn judge(
    judge: &mut Judge<'_>,
    asked: bool,
) -> anyhow::Result<(Verdict, Option<JudgedRules>)> {
    let Merged { anchor, wanted, as_it_is, commit, .. } = *judge.merged;
    let recorded = anchor.and_then(|anchor| anchor.rules.as_ref());
    let from_here =
        |wrong| Some(JudgedRules { commit: commit.to_owned(), provenance: wanted, wrong });
    if as_it_is {
        return Ok((Verdict::Good, from_here(Vec::new())));
    }
    let Some(base) = recorded.filter(|recorded| recorded.provenance >= wanted) else {
        let verdict = newest(judge).await?;
        let wrong = recorded.map(|recorded| recorded.wrong.clone()).unwrap_or_default();
        let record = match verdict {
            Verdict::Good => from_here(wrong),
            _ => recorded.cloned(),
        };
        return Ok((verdict, record));
    };
    for [from, to] in &base.wrong {
        taint(judge, from, to)?;
    }
    let (verdict, record) = match steps(judge, &base.commit)? {
        Err(why) => (Verdict::Unknown(why), base.clone()),
        Ok(steps) if steps.is_empty() => {
            (Verdict::Good, JudgedRules { commit: commit.to_owned(), ..base.clone() })
        }
        Ok(_) if !asked => (Verdict::Good, base.clone()),
        Ok(steps) => since(judge, base, &steps).await?,
    };
    // What was judged by less is not known to be good by more.
    Ok((verdict, Some(if base.provenance == wanted { record } else { base.clone() })))
}

/// The steps after a commit that may edit rules, the newest first; or why they are not known.
fn steps(judge: &Judge<'_>, base: &str) -> anyhow::Result<Result<Vec<Step>, String>> {
    let Merged { dir, commit, .. } = *judge.merged;
    let line = match &judge.line {
        Ok(line) => line,
        Err(why) => return Ok(Err(why.clone())),
    };
    let paths = files().chain(FOLDERS.map(str::to_owned)).collect();
    let mut steps = repo::Steps::new(dir, commit, line, paths)?.after(base);
    let mut found = Vec::new();
    while let Some(step) = steps.older()? {
        found.push(step);
    }
    if steps.is_at_end() {
        return Ok(Ok(found));
    }
    let descent = repo::descent(dir, commit, base)?;
    let base = short(base);
    Ok(Err(match descent {
        Descent::Elsewhere => {
            format!("it does not come from {base}, which was applied: pull first")
        }
        Descent::Descends | Descent::Unknown => format!(
            "the history of this clone does not lead back to {base}, up to which they were judged: \
             fetch it whole"
        ),
    }))
}

/// Tells that what came after a commit up to another was judged by wrong rules.
fn taint(judge: &mut Judge<'_>, from: &str, to: &str) -> anyhow::Result<()> {
    if let Ok(line) = &judge.line {
        // A clone that does not have it asks for nothing that came there either.
        judge.tainted.extend(line.way(judge.merged.dir, to, from).unwrap_or_default());
    }
    Ok(())
}

/// What two states say otherwise of the rules.
fn differs(compared: &Compared) -> Differs {
    let mut differs = approval::differs(&approval::Inputs {
        base: &compared.base.access,
        head: &compared.head.access,
        effect: &compared.effect,
        paths: &BTreeSet::new(),
    });
    // Who is told of access gives nobody any.
    for said in [&mut differs.said, &mut differs.edited] {
        said.retain(|one| !one.file.starts_with("notify."));
    }
    differs
}

/// What is wrong, and why.
type Wrong = BTreeMap<Said, Verdict>;

/// How that came which the rules say now and did not say when they were known to be good. What
/// a step says that nobody approved is wrong until the rules no longer say it, and so is what
/// comes meanwhile, as it was judged by wrong rules.
async fn since(
    judge: &mut Judge<'_>,
    base: &JudgedRules,
    steps: &[Step],
) -> anyhow::Result<(Verdict, JudgedRules)> {
    if judge.state(&base.commit).is_none() {
        let why = format!(
            "the files at {}, up to which they were judged, are invalid by today's rules: \
             `apply --allow-rollback` takes the history as it is",
            short(&base.commit)
        );
        return Ok((Verdict::Unknown(why), base.clone()));
    }
    let mut record = base.clone();
    let mut wrong = Wrong::new();
    // The last state that could be read, and whether there was one since that could not.
    let (mut last, mut unread) = (base.commit.as_str(), false);
    let tip = judge.merged.commit;
    for step in steps.iter().rev() {
        let Some(compared) = judge.compared(last, &step.commit) else {
            unread = true;
            continue;
        };
        let before = step.before.as_deref().is_some_and(|before| judge.state(before).is_some());
        let differs = differs(&compared);
        let verdict = match differs.edited.is_empty() || !wrong.is_empty() {
            true => Verdict::Good,
            false if unread || !before => invalid(&step.commit),
            false => judge.verdict(step).await,
        };
        settle(judge, &mut record, &mut wrong, differs, verdict, &step.commit)?;
        (last, unread) = (&step.commit, false);
    }
    if unread && let Some(compared) = judge.compared(last, tip) {
        let differs = differs(&compared);
        let verdict = match differs.edited.is_empty() {
            true => Verdict::Good,
            false => invalid(tip),
        };
        settle(judge, &mut record, &mut wrong, differs, verdict, tip)?;
    }
    let Some(verdict) = stands(judge, &record.commit, tip, &wrong) else {
        tip.clone_into(&mut record.commit);
        return Ok((Verdict::Good, record));
    };
    taint(judge, &record.commit, tip)?;
    Ok((verdict, record))
}

/// Takes in what a commit says: `record.commit` is the last one before anything was wrong.
fn settle(
    judge: &mut Judge<'_>,
    record: &mut JudgedRules,
    wrong: &mut Wrong,
    Differs { said, edited }: Differs,
    verdict: Verdict,
    commit: &str,
) -> anyhow::Result<()> {
    let was_right = wrong.is_empty();
    if !was_right {
        for one in said {
            let why = format!(
                "commit {} changed {} while the rules said what nobody had approved",
                short(commit),
                one.file
            );
            wrong.entry(one).or_insert(Verdict::Against(why));
        }
    } else if !matches!(verdict, Verdict::Good) {
        wrong.extend(edited.into_iter().map(|one| (one, verdict.clone())));
    }
    if !was_right && stands(judge, &record.commit, commit, wrong).is_none() {
        taint(judge, &record.commit, commit)?;
        record.wrong.push([record.commit.clone(), commit.to_owned()]);
        wrong.clear();
    }
    if wrong.is_empty() {
        commit.clone_into(&mut record.commit);
    }
    Ok(())
}

/// Why a state is wrong: what it says that the last good one did not.
fn stands(judge: &mut Judge<'_>, good: &str, state: &str, wrong: &Wrong) -> Option<Verdict> {
    let (first, _) = wrong.first_key_value()?;
    let said = match judge.compared(good, state) {
        Some(compared) => differs(&compared).said,
        // What cannot be compared is never known to be good.
        None => [first.clone()].into(),
    };
    wrong.iter().find(|(one, _)| said.contains(one)).map(|(_, why)| why.clone())
}

fn invalid(commit: &str) -> Verdict {
    Verdict::Unknown(format!("the files before or at {} are invalid", short(commit)))
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
