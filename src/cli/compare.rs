//! `jumpgate plan --base`: what a pull request changes.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

use jiff::Timestamp;

use super::format::{self, PlanFormat};
use super::plan::{Args, printed};
use super::source::{Source, print};
use super::{Outcome, could_not_run, width};
use crate::access::model::Access;
use crate::approval::Need;
use crate::diagnostic::Diagnostic;
use crate::effect::Effect;
use crate::names::PersonName;
use crate::plan::finding::Kind;
use crate::repo::{self, Tree};
use crate::report::{self, Comparison, Live, Look, Problem, markdown};
use crate::{access, approval, credentials, desired, effect, grants, observe, plan};

/// Compares `base` with the branch.
pub(super) async fn run(args: &Args, base: &str) -> Result<Outcome, Outcome> {
    let moment = args.at.unwrap_or_else(Timestamp::now);
    let source = &args.source;
    let both = Both::load(source, base, moment, |tree, errors| invalid(args, tree, errors))?;
    let effect = both.effect(moment);
    let needs = both.needs(&source.dir, &effect)?;
    let Both { base, head, base_tree, head_tree, .. } = both;
    let live = live(&base, &head, moment).await;
    let commits = (base_tree.commit.unwrap_or_default(), head_tree.commit);
    let report = Comparison::of(effect, needs, &base, commits, live);
    let comment = || markdown::comparison(&report, &form(args));
    format::comment_file(args.comment_file.as_deref(), comment)?;
    match args.format {
        PlanFormat::Text => {
            let colours = std::io::stdout().is_terminal();
            let look = Look { width: width(), colours };
            anstream::print!("{}", report::render_comparison(&report, look));
        }
        PlanFormat::Json => anstream::println!("{}", report.json()),
        PlanFormat::Markdown => {
            printed(&comment());
        }
        PlanFormat::Github | PlanFormat::Sarif | PlanFormat::Gitlab => {}
    }
    if let Some(format) = args.format.problems() {
        let of_live = match &report.live {
            Live::Read { findings, .. } => &findings[..],
            Live::NotRead { .. } => &[],
        };
        let all: Vec<Problem> = report.findings.iter().chain(of_live).map(Problem::from).collect();
        let summary = || markdown::comparison(&report, &summary_form(args));
        format::problems(format, &all, &source.dir, summary);
    }
    let mut outcome = Outcome::Done;
    if report.is_refused() {
        outcome = outcome.and(Outcome::Refused);
    }
    if report.is_partial() {
        outcome = outcome.and(Outcome::InPart);
    }
    if args.detailed_exitcode && !report.is_empty() {
        outcome = outcome.and(Outcome::Pending);
    }
    Ok(outcome)
}

/// Two revisions, both valid.
pub(super) struct Both {
    pub(super) base: Access,
    pub(super) head: Access,
    pub(super) base_tree: Tree,
    pub(super) head_tree: Tree,
    /// Where the base has moved on since.
    tip: Option<Tip>,
}

/// The base as it is today: its rules judge, too, what the merge would make of it.
struct Tip {
    base: Access,
    merged: Access,
    effect: Effect,
}

/// One who judges: the state whose rules count, what it needs, and who gains.
pub(super) type Needed<'a> = (&'a Access, Vec<Need>, BTreeSet<PersonName>);

impl Both {
    /// Loads where the branch left `base`, and the branch; `invalid` tells what is wrong in
    /// the branch.
    pub(super) fn load(
        source: &Source,
        base: &str,
        moment: Timestamp,
        invalid: impl FnOnce(&Tree, &[Diagnostic]) -> Outcome,
    ) -> Result<Self, Outcome> {
        let (base_tree, head_tree, tip_tree) = trees(source, base)?;
        let head = access::load(&head_tree, moment).and_then(|head| {
            let errors = effect::ended(&base_tree, &head, &head_tree, moment);
            if errors.is_empty() { Ok(head) } else { Err(errors) }
        });
        let head = match head {
            Ok(head) => head,
            Err(errors) => return Err(invalid(&head_tree, &errors)),
        };
        let judge = |tree: &Tree| {
            access::load(tree, moment).map_err(|errors| {
                print(tree, &errors);
                anstream::eprintln!(
                    "these errors are in {base}: until they are mended nothing can judge"
                );
                Outcome::Invalid
            })
        };
        let mut both = Self { base: judge(&base_tree)?, head, base_tree, head_tree, tip: None };
        let (Some(tip_tree), Some(commit)) = (tip_tree, &both.head_tree.commit) else {
            return Ok(both);
        };
        let dir = &source.dir;
        let merged = Tree::merged(dir, tip_tree.commit.as_deref().unwrap_or(base), commit);
        let Some(merged_tree) = merged.map_err(|error| could_not_run(&error))? else {
            anstream::eprintln!(
                "{base} has moved on, and the branch cannot be merged into it as it is: its rules \
                 of today are not looked at"
            );
            return Ok(both);
        };
        let tip = judge(&tip_tree)?;
        let merged = match access::load(&merged_tree, moment) {
            Ok(merged) => merged,
            Err(errors) => {
                anstream::eprintln!("{base} has moved on: merged into it, the files are invalid");
                return Err(invalid(&merged_tree, &errors));
            }
        };
        let effect = effect::compare(&effect::Inputs {
            base: &tip,
            base_tree: &tip_tree,
            head: &merged,
            head_tree: &merged_tree,
            moment,
        });
        both.tip = Some(Tip { base: tip, merged, effect });
        Ok(both)
    }

    /// What the branch changes.
    pub(super) fn effect(&self, moment: Timestamp) -> Effect {
        let mut effect = effect::compare(&effect::Inputs {
            base: &self.base,
            base_tree: &self.base_tree,
            head: &self.head,
            head_tree: &self.head_tree,
            moment,
        });
        // What the rules of today have against it counts as much.
        if let Some(Tip { effect: today, .. }) = &self.tip {
            let against = today.findings.iter().filter(|one| one.code == Kind::BeyondPolicy);
            effect.findings.extend(against.cloned());
            effect.findings.sort();
            effect.findings.dedup();
            effect.approvals = effect.approvals.max(today.approvals);
            effect.owners.extend(today.owners.iter().cloned());
        }
        effect
    }

    /// Which approvals it needs, by the rules where the branch began and by those of today.
    pub(super) fn needs(&self, dir: &Path, effect: &Effect) -> Result<Vec<Need>, Outcome> {
        let mut all: Vec<Need> = Vec::new();
        for need in self.judges(dir, effect)?.into_iter().flat_map(|(_, needs, _)| needs) {
            let alike = |known: &&mut Need| Need { count: need.count, ..(**known).clone() } == need;
            match all.iter_mut().find(alike) {
                Some(known) => known.count = known.count.max(need.count),
                None => all.push(need),
            }
        }
        Ok(all)
    }

    /// Who judges, and what each needs.
    pub(super) fn judges(&self, dir: &Path, effect: &Effect) -> Result<Vec<Needed<'_>>, Outcome> {
        let from = self.base_tree.commit.as_deref().unwrap_or_default();
        let to = self.head_tree.commit.as_deref().unwrap_or("HEAD");
        let paths = repo::changed(dir, from, to).map_err(|error| could_not_run(&error))?;
        let began = (&self.base, &self.head, effect);
        let today = self.tip.iter().map(|tip| (&tip.base, &tip.merged, &tip.effect));
        let judges = [began].into_iter().chain(today).map(|(base, head, effect)| {
            let inputs = approval::Inputs { base, head, effect, paths: &paths };
            (base, approval::needs(&inputs), approval::gainers(effect))
        });
        Ok(judges.collect())
    }
}

/// The files where the branch began, those of the branch, and those of the base today where it
/// has moved on.
fn trees(source: &Source, base: &str) -> Result<(Tree, Tree, Option<Tree>), Outcome> {
    let dir: &Path = &source.dir;
    let told = |error: repo::Error| {
        could_not_run(&format!("{} cannot be compared with {base}: {error}", dir.display()))
    };
    let head = source.rev.as_deref().unwrap_or("HEAD");
    let began = repo::merge_base(dir, base, head).map_err(told)?;
    let mut tree = source.tree()?;
    if tree.commit.is_none() {
        // Links need a commit: the one that is checked out, when the files are its files.
        let checked_out = Tree::revision(dir, "HEAD").map_err(told)?;
        if checked_out.files == tree.files {
            tree.commit = checked_out.commit;
        }
    }
    let tip = Tree::revision(dir, base).map_err(told)?;
    if tip.commit.as_ref() == Some(&began) {
        return Ok((tip, tree, None));
    }
    Ok((Tree::revision(dir, &began).map_err(told)?, tree, Some(tip)))
}

/// Says what is wrong in the files, as a comment too when one was asked for.
fn invalid(args: &Args, tree: &Tree, errors: &[Diagnostic]) -> Outcome {
    print(tree, errors);
    let comment = || markdown::invalid(errors, tree.commit.as_deref(), &form(args));
    if let Err(outcome) = format::comment_file(args.comment_file.as_deref(), comment) {
        return outcome;
    }
    if args.format == PlanFormat::Markdown {
        printed(&comment());
    }
    if let Some(format) = args.format.problems() {
        let all: Vec<Problem> = errors.iter().map(Problem::from).collect();
        let summary = || markdown::invalid(errors, tree.commit.as_deref(), &summary_form(args));
        format::problems(format, &all, &args.source.dir, summary);
    }
    Outcome::Invalid
}

/// How a job's summary is made here.
pub(super) fn summary_form(args: &Args) -> markdown::Form {
    markdown::Form { limit: format::SUMMARY, ..form(args) }
}

/// How a comment is made here.
pub(super) fn form(args: &Args) -> markdown::Form {
    let folder = repo::place(&args.source.dir).map(|place| place.folder).unwrap_or_default();
    let base = args.link_base.clone();
    let base = base.or_else(|| markdown::Links::base_of(&credentials::environment));
    markdown::Form { limit: args.limit, links: markdown::Links { base, folder } }
}

/// The branch's people, teams and requests laid over the live state, under the base's rules
/// and targets.
async fn live(base: &Access, head: &Access, moment: Timestamp) -> Live {
    let environment = &credentials::environment;
    if !credentials::any(environment) {
        return Live::NotRead {
            why: "no credentials are set here, as for a fork".to_owned(),
            failed: false,
        };
    }
    match observed(base, head, moment).await {
        Ok(live) => live,
        Err(error) => {
            could_not_run(&error);
            Live::NotRead { why: error.to_string(), failed: true }
        }
    }
}

async fn observed(base: &Access, head: &Access, moment: Timestamp) -> anyhow::Result<Live> {
    let environment = &credentials::environment;
    let contacted = effect::contacted(base, head);
    let (before, after) = (grants::of(base), grants::of(&contacted));
    let mut wanted = desired::at(&contacted, &after, moment);
    wanted.join(desired::at(base, &before, moment));
    let reader = observe::jumpserver(base, environment).await?;
    let focus = plan::Focus::default();
    let observed = observe::all(&contacted, &wanted, &reader, environment, &focus).await?;
    let (new_servers, unproven) = (BTreeSet::new(), plan::Unproven::new());
    let make = |access, grants| {
        plan::make(&plan::Inputs {
            access,
            grants,
            desired: &desired::at(access, grants, moment),
            observed: &observed,
            moment,
            new_servers: &new_servers,
            unproven: &unproven,
        })
    };
    let (old, new) = (make(base, &before), make(&contacted, &after));
    Ok(Live::of(&old, &new, base, &contacted))
}
