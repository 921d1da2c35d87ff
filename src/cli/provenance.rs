//! How something new was merged: from git, and from the forge.
//!
//! Asked about are the requests that the plan would give something new. Along the line of the
//! branch, the newest first, each commit is compared with the one before it: what it brought
//! is judged by the rules before it. The cost follows what is new.

mod asked;
mod emergency;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use jiff::Timestamp;

use crate::access::{
    self,
    model::{Access, Provenance},
};
use crate::approval::{self, Between, Need, Trail};
use crate::credentials;
use crate::effect::{self, Effect};
use crate::forge::{self, Client, Known, Place, Summary};
use crate::grants::Grant;
use crate::jumpserver::spec::{Anchor, JudgedRules};
use crate::names::RequestName;
use crate::plan::finding::{Finding, Kind};
use crate::plan::{Plan, Unproven};
use crate::repo::{self, Line, Step, Tree};

/// What is merged, and what is asked about it.
pub(super) struct Merged<'a> {
    /// The folder of the access repo.
    pub(super) dir: &'a Path,
    /// The commit that the files come from.
    pub(super) commit: &'a str,
    pub(super) access: &'a Access,
    pub(super) grants: &'a [Grant<'a>],
    pub(super) wanted: Provenance,
    /// What is known of what was applied before.
    pub(super) anchor: Option<&'a Anchor>,
    /// Whether the history and the rules are taken as they are.
    pub(super) as_it_is: bool,
    pub(super) moment: Timestamp,
}

/// What was found out.
#[derive(Default)]
pub(super) struct Proof {
    /// Requests that get nothing new, and emergencies whose approval does not count.
    pub(super) unproven: Unproven,
    /// What else there is to tell.
    pub(super) findings: BTreeSet<Finding>,
    /// How far edits of the rules were judged.
    pub(super) rules: Option<JudgedRules>,
    /// The requests that were looked at; none when nothing is asked for.
    checked: Option<BTreeSet<RequestName>>,
}

impl Proof {
    /// Adds what was found out about more requests.
    pub(super) fn add(&mut self, other: Self) {
        self.unproven.extend(other.unproven);
        self.findings.extend(other.findings);
        self.rules = other.rules;
        if let Some(more) = other.checked {
            self.checked.get_or_insert_default().extend(more);
        }
    }

    /// Adds what else there is to tell to a plan.
    pub(super) fn tell(&self, plan: &mut Plan) {
        plan.findings.extend(self.findings.iter().cloned());
        plan.findings.sort();
        plan.findings.dedup();
    }

    /// Whether all that a later plan gives anew was looked at.
    pub(super) fn covers(&self, plan: &Plan) -> anyhow::Result<()> {
        let Some(checked) = &self.checked else { return Ok(()) };
        match plan.newly().into_iter().find(|request| !checked.contains(*request)) {
            Some(request) => anyhow::bail!(
                "something changed since the plan was shown: how {request} was merged was not \
                 looked at, so nothing was done; run it again"
            ),
            None => Ok(()),
        }
    }
}

/// How a step was merged.
#[derive(Clone)]
enum Verdict {
    Good,
    Against(String),
    Unknown(String),
}

/// A plan in which what cannot be proven gets nothing new, and what was found out.
pub(super) async fn planned(
    merged: &Merged<'_>,
    make: impl Fn(&Unproven) -> Plan,
) -> anyhow::Result<(Plan, Proof)> {
    let plan = make(&Unproven::new());
    let proof = check(merged, &plan).await?;
    let plan = if proof.unproven.is_empty() { plan } else { make(&proof.unproven) };
    Ok((plan, proof))
}

/// Finds out how the requests were merged to which a plan gives something new.
pub(super) async fn check(merged: &Merged<'_>, plan: &Plan) -> anyhow::Result<Proof> {
    if merged.wanted == Provenance::Off {
        let findings = emergency::unchecked(merged);
        let rules = merged.anchor.and_then(|anchor| anchor.rules.clone());
        return Ok(Proof { findings, rules, ..Proof::default() });
    }
    let new = plan.newly();
    let checked = Some(new.iter().map(|request| (*request).clone()).collect());
    let mut unproven = Unproven::new();
    let mut trail = Trail::new(merged.access, merged.grants, &new, merged.moment);
    let mut judge = Judge::new(merged);
    // Rules that nobody approved judge nothing.
    let asked = !new.is_empty() || emergency::is_any_approved(merged);
    let (rules, record) = rules::judge(&mut judge, asked).await?;
    let rules = match rules {
        Verdict::Good => None,
        Verdict::Against(why) => Some(Verdict::Against(format!("the rules themselves: {why}"))),
        Verdict::Unknown(why) => Some(Verdict::Unknown(format!("the rules themselves: {why}"))),
    };
    match rules {
        Some(verdict) => {
            for request in new {
                refuse(&mut unproven, merged.access, request.clone(), &verdict);
            }
        }
        None => follow(&mut judge, &mut trail, &mut unproven).await?,
    }
    emergency::settled(&mut judge, &mut unproven).await?;
    Ok(Proof { unproven, checked, findings: judge.findings, rules: record })
}

/// Goes back to the commits that brought what the requests give, and judges each.
async fn follow(
    judge: &mut Judge<'_>,
    trail: &mut Trail,
    unproven: &mut Unproven,
) -> anyhow::Result<()> {
    let Merged { dir, commit, access, moment, .. } = *judge.merged;
    let line = match judge.line.clone() {
        Ok(line) => line,
        Err(why) => {
            for request in trail.leave_all() {
                refuse(unproven, access, request, &Verdict::Unknown(why.clone()));
            }
            return Ok(());
        }
    };
    let mut steps = repo::Steps::new(dir, commit, &line, paths(access, trail))?;
    let mut invalid = None;
    while !trail.is_empty()
        && let Some(step) = steps.older()?
    {
        let Some(before) = &step.before else {
            if !steps.is_cut_off() {
                // The beginning of all: there were no rules before it.
                *trail = Trail::default();
            }
            break;
        };
        let Some(compared) = judge.compared(before, &step.commit) else {
            invalid = Some(format!("the files before or at {} are invalid", short(&step.commit)));
            break;
        };
        let Compared { base, head, effect, .. } = &compared;
        let between = Between { base: &base.access, head: &head.access, effect, moment };
        for request in trail.brought_by(&between) {
            let verdict = judge.verdict(&step).await;
            if !matches!(verdict, Verdict::Good) {
                trail.leave(&request);
                refuse(unproven, access, request, &verdict);
            }
        }
        for request in trail.back(&between) {
            let why = format!("nothing tells what gave it before {}", short(&step.commit));
            refuse(unproven, access, request, &Verdict::Unknown(why));
        }
        steps.look_at(paths(&base.access, trail))?;
    }
    // What nothing brought was approved by nobody.
    let why = invalid.unwrap_or_else(|| match steps.is_cut_off() {
        true => "the history of this clone ends before it tells: fetch it whole".to_owned(),
        false => "no commit of its history brought it".to_owned(),
    });
    for request in trail.leave_all() {
        refuse(unproven, access, request, &Verdict::Unknown(why.clone()));
    }
    Ok(())
}

fn refuse(unproven: &mut Unproven, access: &Access, request: RequestName, verdict: &Verdict) {
    let (kind, text) = match verdict {
        Verdict::Good => return,
        Verdict::Against(why) => (
            Kind::MergedAgainstRules,
            format!("merged against the rules, so it gets nothing new: {why}"),
        ),
        Verdict::Unknown(why) => (
            Kind::MergeNotKnown,
            format!("how it was merged is not known, so it gets nothing new: {why}"),
        ),
    };
    let finding = Finding::new(kind, text);
    let finding = match access.requests.get(&request) {
        Some(file) => finding.at(&file.site),
        None => finding,
    };
    unproven.insert(request, finding);
}

/// The files that can make what is looked for.
fn paths(access: &Access, trail: &Trail) -> BTreeSet<String> {
    let mut paths = trail.files(access);
    paths.insert("inventory".to_owned());
    paths.extend(rules::files());
    paths
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Judges steps, each once.
struct Judge<'a> {
    merged: &'a Merged<'a>,
    /// The line of the branch, or why it is not known.
    line: Result<Rc<Line>, String>,
    /// Why the forge cannot be asked; or where it is.
    forge: Result<(Place, Client), String>,
    /// The branch that pull requests must have gone into, when it is known.
    branch: Option<String>,
    /// By the commit; none where the files are invalid.
    states: BTreeMap<String, Option<Rc<State>>>,
    /// By the commits before and after.
    effects: BTreeMap<(String, String), Option<Compared>>,
    /// By the commit, and the pull request that its message names.
    pulls: BTreeMap<(String, Option<String>), Result<Option<Summary>, String>>,
    verdicts: BTreeMap<String, Verdict>,
    /// Commits that came while the rules said what nobody had approved.
    tainted: BTreeSet<String>,
    /// What there is to tell besides.
    findings: BTreeSet<Finding>,
}

/// A state, as its files are.
struct State {
    tree: Tree,
    access: Access,
}

/// Two states that were compared.
#[derive(Clone)]
struct Compared {
    base: Rc<State>,
    head: Rc<State>,
    effect: Rc<Effect>,
    needs: Vec<Need>,
}

/// So many states and comparisons are kept: a walk through a long history needs each once.
const KEPT: usize = 16;

impl<'a> Judge<'a> {
    fn new(merged: &'a Merged<'a>) -> Self {
        let environment = &credentials::environment;
        let forge = || -> Result<(Place, Client), forge::Error> {
            let place = Place::repository(Known::default(), environment)?;
            let client = Client::new(&place.api, place.token(environment)?)?;
            Ok((place, client))
        };
        let last = merged.anchor.and_then(|anchor| anchor.commit.as_deref());
        let turns = merged.anchor.map(|anchor| anchor.turns.clone()).unwrap_or_default();
        let line = Line::new(merged.dir, merged.commit, last, &turns);
        let branch = environment("GITHUB_REF_NAME").or_else(|| environment("CI_COMMIT_BRANCH"));
        Self {
            forge: forge().map_err(|error| error.to_string()),
            line: line.map(Rc::new).map_err(|error| error.to_string()),
            branch: repo::branch(merged.dir).or(branch),
            merged,
            states: BTreeMap::new(),
            effects: BTreeMap::new(),
            pulls: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            tainted: BTreeSet::new(),
            findings: BTreeSet::new(),
        }
    }

    /// What a step brought.
    fn effect(&mut self, step: &Step) -> Option<Rc<Effect>> {
        let Some(before) = &step.before else {
            // The beginning of all: there were no rules before it.
            return Some(Rc::default());
        };
        self.compared(before, &step.commit).map(|compared| compared.effect)
    }

    fn compared(&mut self, from: &str, to: &str) -> Option<Compared> {
        let key = (from.to_owned(), to.to_owned());
        if let Some(known) = self.effects.get(&key) {
            return known.clone();
        }
        let compared = self.compare(from, to);
        if self.effects.len() >= KEPT {
            self.effects.clear();
        }
        self.effects.insert(key, compared.clone());
        compared
    }

    fn compare(&mut self, from: &str, to: &str) -> Option<Compared> {
        let Merged { dir, moment, .. } = *self.merged;
        let (base, head) = (self.state(from)?, self.state(to)?);
        let effect = effect::compare(&effect::Inputs {
            base: &base.access,
            base_tree: &base.tree,
            head: &head.access,
            head_tree: &head.tree,
            moment,
        });
        let paths = repo::changed(dir, from, to).ok()?;
        let needs = approval::needs(&approval::Inputs {
            base: &base.access,
            head: &head.access,
            effect: &effect,
            paths: &paths,
        });
        Some(Compared { base, head, effect: effect.into(), needs })
    }

    fn state(&mut self, commit: &str) -> Option<Rc<State>> {
        if let Some(known) = self.states.get(commit) {
            return known.clone();
        }
        let Merged { dir, moment, .. } = *self.merged;
        let load = || {
            let tree = Tree::revision(dir, commit).ok()?;
            let access = access::load(&tree, moment).ok()?;
            Some(Rc::new(State { tree, access }))
        };
        let state = load();
        if self.states.len() >= KEPT {
            self.states.clear();
        }
        self.states.insert(commit.to_owned(), state.clone());
        state
    }

    /// How a step was merged.
    async fn verdict(&mut self, step: &Step) -> Verdict {
        if let Some(known) = self.verdicts.get(&step.commit) {
            return known.clone();
        }
        let verdict = match self.tainted.contains(&step.commit) {
            true => Verdict::Against(format!(
                "when commit {} came, the rules said what nobody had approved",
                short(&step.commit)
            )),
            false => self.find(step).await,
        };
        self.verdicts.insert(step.commit.clone(), verdict.clone());
        verdict
    }

    async fn find(&mut self, step: &Step) -> Verdict {
        let Some(before) = &step.before else { return Verdict::Good };
        let Some(compared) = self.compared(before, &step.commit) else {
            let commit = short(&step.commit);
            return Verdict::Unknown(format!("the files before or at {commit} are invalid"));
        };
        if compared.needs.is_empty() {
            return Verdict::Good;
        }
        let needed: Vec<String> = compared.needs.iter().map(Need::to_string).collect();
        let needed = needed.join("; ");
        match self.merged.wanted {
            Provenance::Off => Verdict::Good,
            Provenance::Git if emergency::is_emergency(&compared.needs) => {
                self.merged_here(step, &compared)
            }
            Provenance::Git if step.merged.is_some() || step.pull_request.is_some() => {
                Verdict::Good
            }
            Provenance::Git => Verdict::Against(format!(
                "{} pushed commit {} past a pull request, and it needs {needed}",
                step.author,
                short(&step.commit)
            )),
            Provenance::Forge => match self.asked(step, before.clone(), &needed).await {
                Ok(verdict) => verdict,
                Err(why) => Verdict::Unknown(why),
            },
        }
    }
}
