//! `jumpgate approvals`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::compare::Both;
use super::forge::ForgeArgs;
use super::plan::Format;
use super::source::{Source, print};
use super::{Outcome, block_on_ended, could_not_run};
use crate::access::model::Party;
use crate::approval::{self, Need, Verdict};
use crate::forge::{self, Client, Found, Place, Reviews, Standing, Status, Summary};
use crate::names::ForgeGroup;
use crate::report::Approvals;
use crate::{credentials, repo};

/// The name of the status.
const STATUS: &str = "jumpgate/approvals";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The branch that the pull request goes into, such as origin/main: where it was left,
    /// and its tip, say who must approve.
    #[arg(long, value_name = "REVISION")]
    base: String,
    /// Set the status `jumpgate/approvals` on the last commit of the pull request.
    #[arg(long)]
    post: bool,
    /// Which access repo this is, when a repository holds several: a part of the status's name.
    #[arg(long, value_name = "NAME", default_value = "default")]
    config: String,
    /// Count approvals that do not tell which commit they are of: right only where the forge
    /// takes all of them back at a push.
    #[arg(long)]
    reset_on_push: bool,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    forge: ForgeArgs,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(approvals(args))
}

async fn approvals(args: &Args) -> Result<Outcome, Outcome> {
    let moment = Timestamp::now();
    let environment = &credentials::environment;
    let place = Place::find(args.forge.known(), environment).map_err(|e| could_not_run(&e))?;
    let forge = place.forge().map_err(|error| could_not_run(&error))?;
    let token = place.token(environment).map_err(|error| could_not_run(&error))?;
    let client = Client::new(&place.api, token).map_err(|error| could_not_run(&error))?;
    // What is committed counts, not what lies about in the folder.
    let rev = args.source.rev.clone().unwrap_or_else(|| "HEAD".to_owned());
    let source = Source { rev: Some(rev), ..args.source.clone() };
    let both = Both::load(&source, &args.base, moment, |tree, errors| {
        print(tree, errors);
        Outcome::Invalid
    })?;
    let effect = both.effect(moment);
    let judges = both.judges(&source.dir, &effect)?;
    let groups =
        judges.iter().flat_map(|(base, needs, _)| groups(needs, &base.policy.owners)).collect();
    let adds_nothing = |commit: &str| repo::is_clean_merge(&source.dir, commit).ok();
    let found = forge::read(&client, forge.as_ref(), &groups, &adds_nothing).await;
    let Found { mut pull, summary } = found.map_err(|error| could_not_run(&error))?;
    let head = both.head_tree.commit.clone().unwrap_or_default();
    is_about(args, &source, &head, &summary)?;
    if args.reset_on_push {
        for review in &mut pull.reviews {
            review.commit.get_or_insert_with(|| pull.head.clone());
        }
    }
    let verdicts = judges
        .into_iter()
        .map(|(base, needs, gainers)| approval::judge(base, needs, &gainers, &pull, moment));
    let verdict = verdicts.reduce(Verdict::and).unwrap_or_default();
    let report = Approvals {
        schema: crate::report::APPROVALS,
        pull_request: summary.number,
        author: summary.author,
        base: both.base_tree.commit.unwrap_or_default(),
        head: summary.head,
        satisfied: verdict.is_satisfied(),
        verdict,
    };
    match args.format {
        Format::Json => anstream::println!("{}", report.json()),
        Format::Text => anstream::print!("{}", report.text()),
    }
    if args.post {
        post(args, &client, forge.as_ref(), &report).await?;
    }
    Ok(if report.satisfied { Outcome::Done } else { Outcome::Refused })
}

/// The groups of the forge that may be asked.
pub(super) fn groups(needs: &[Need], rules: &[Party]) -> BTreeSet<ForgeGroup> {
    let parties =
        needs.iter().flat_map(|need| need.of.iter().chain(need.named_among.iter().flatten()));
    // The owners of the rules may have to step in.
    let rules = rules.iter().filter(|_| !needs.is_empty());
    let groups = parties.chain(rules).filter_map(|party| match party {
        Party::Group(group) => Some(group.clone()),
        Party::Person(_) | Party::Team(_) => None,
    });
    groups.collect()
}

/// The pull request must be the one whose files are judged, and go into the branch that
/// judges: a status on a commit counts wherever the commit is offered.
fn is_about(args: &Args, source: &Source, head: &str, summary: &Summary) -> Result<(), Outcome> {
    let Summary { number, base, head: theirs, .. } = summary;
    if !repo::holds(&source.dir, head, theirs).map_err(|error| could_not_run(&error))? {
        return Err(could_not_run(&format!(
            "the last commit of #{number} is {theirs}, and {head} is checked out: nothing is \
             judged"
        )));
    }
    let named = args.base == *base || args.base.ends_with(&format!("/{base}"));
    let is_commit = args.base.len() == 40 && args.base.chars().all(|c| c.is_ascii_hexdigit());
    if !named && !is_commit {
        return Err(could_not_run(&format!(
            "#{number} goes into {base}, and --base is {}: nothing is judged",
            args.base
        )));
    }
    Ok(())
}

async fn post(
    args: &Args,
    client: &Client,
    forge: &dyn Reviews,
    report: &Approvals,
) -> Result<(), Outcome> {
    let name = match args.config.as_str() {
        "default" => STATUS.to_owned(),
        config => format!("{STATUS}/{config}"),
    };
    let standing = match (report.satisfied, report.verdict.is_hopeless()) {
        (true, _) => Standing::Success,
        (false, true) => Standing::Failure,
        (false, false) => Standing::Pending,
    };
    let status = Status { standing, words: report.status() };
    let set = forge::set(client, forge, &report.head, &name, &status).await;
    set.map(|_| ()).map_err(|error| could_not_run(&error))
}
