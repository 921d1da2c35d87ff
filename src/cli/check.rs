//! `jumpgate check`.

use jiff::Timestamp;

use super::Outcome;
use super::source::Source;
use crate::access::model::Access;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
}

pub(super) fn run(args: &Args) -> Outcome {
    let now = Timestamp::now();
    match args.source.access(now) {
        Ok((_, access)) => {
            anstream::println!("{}", summary(&access, now));
            Outcome::Done
        }
        Err(outcome) => outcome,
    }
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
