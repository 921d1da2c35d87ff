//! `jumpgate check`.

use jiff::Timestamp;

use super::Outcome;
use super::format::{self, CheckFormat};
use super::source::{Source, print};
use crate::access::{self, model::Access};
use crate::report::{Problem, markdown};
use crate::{credentials, repo};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
}

pub(super) fn run(args: &Args) -> Outcome {
    let now = Timestamp::now();
    let tree = match args.source.tree() {
        Ok(tree) => tree,
        Err(outcome) => return outcome,
    };
    let (outcome, errors) = match access::load(&tree, now) {
        Ok(access) => {
            if matches!(args.format, CheckFormat::Text | CheckFormat::Github) {
                anstream::println!("{}", summary(&access, now));
            }
            (Outcome::Done, Vec::new())
        }
        Err(errors) => {
            print(&tree, &errors);
            (Outcome::Invalid, errors)
        }
    };
    let problems: Vec<Problem> = errors.iter().map(Problem::from).collect();
    if args.format != CheckFormat::Github || !problems.is_empty() {
        let base = markdown::Links::base_of(&credentials::environment);
        let folder = repo::place(&args.source.dir).map(|place| place.folder).unwrap_or_default();
        let links = markdown::Links { base, folder };
        let form = markdown::Form { limit: format::SUMMARY, links };
        let page = || markdown::invalid(&errors, tree.commit.as_deref(), &form);
        format::problems(args.format, &problems, &args.source.dir, page);
    }
    outcome
}

/// One line on what the repo holds.
fn summary(access: &Access, now: Timestamp) -> String {
    let requests = access.requests.values();
    let (mut active, mut upcoming, mut ended) = (0, 0, 0);
    for request in requests {
        let period = &request.period;
        *(if period.is_over(now) {
            &mut ended
        } else if period.has_started(now) {
            &mut active
        } else {
            &mut upcoming
        }) += 1;
    }
    format!(
        "ok: {} people, {}, {}, {} ({active} active, {upcoming} upcoming, {ended} ended)",
        access.people.len(),
        count(access.teams.len(), "team"),
        count(access.instances.len(), "database instance"),
        count(access.requests.len(), "request"),
    )
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
