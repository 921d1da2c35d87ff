//! `jumpgate rotate`: new passwords for database accounts, on the way of `apply`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::plan::Format;
use super::source::Source;
use super::{Outcome, apply, could_not_run};
use crate::access::model::Access;
use crate::names::PersonName;
use crate::period;
use crate::plan::renew::Which;

#[derive(Debug, clap::Args)]
#[command(mut_arg("rev", |arg| arg.help("The commit to read [default: HEAD]")))]
#[command(override_usage = "jumpgate rotate [OPTIONS]\n       \
    <--person <PERSON>|--instance <INSTANCE>|--older-than <DAYS>|--all> [DIR]")]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    chosen: Chosen,
    /// Do not ask: for cron.
    #[arg(long)]
    yes: bool,
    /// Only show what would be done.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Wait at most so many seconds for another run to end, in place of giving up at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    lock_timeout: u32,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Whose passwords; what is named twice over must hold together.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Chosen {
    /// Those of this person; may be repeated.
    #[arg(long, value_name = "PERSON")]
    person: Vec<PersonName>,
    /// Those on this instance; may be repeated.
    #[arg(long, value_name = "INSTANCE")]
    instance: Vec<String>,
    /// Those that were set at least so many days ago, such as 90d.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    older_than: Option<u32>,
    /// All of them.
    #[arg(long, conflicts_with_all = ["person", "instance", "older_than"])]
    all: bool,
}

fn days(text: &str) -> Result<u32, String> {
    period::days(text).ok_or_else(|| "expected days, such as 90d".to_owned())
}

impl Chosen {
    /// What they name, when the repo has it.
    fn which(&self, access: &Access, now: Timestamp) -> Result<Which, Outcome> {
        let mut instances = BTreeSet::new();
        for instance in &self.instance {
            let known =
                instance.parse().ok().and_then(|name| access.instances.get_key_value(&name));
            let Some((name, instance)) = known else {
                let known = access.instances.keys().map(|name| name.as_str());
                return Err(super::plan::unknown("instance", instance, known));
            };
            if let Some(holder) = &instance.same_accounts_as {
                return Err(could_not_run(&format!(
                    "{name} has no accounts of its own: name {holder}, whose passwords go to its \
                     asset too"
                )));
            }
            instances.insert(name.clone());
        }
        let people = super::plan::focus(access, &[], &self.person)?.people;
        let days = self.older_than.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        let before = days.map(|days| now.checked_sub(days).unwrap_or(Timestamp::MIN));
        Ok(Which { people, instances, before })
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let now = Timestamp::now();
    let which = |access: &Access| args.chosen.which(access, now);
    let renewal = apply::Renewal { which: &which, dry_run: args.dry_run };
    let args = apply::Args {
        source: args.source.clone(),
        yes: args.yes,
        expect: None,
        allow_removals: None,
        new_server: Vec::new(),
        new_anchor: false,
        allow_rollback: false,
        lock_timeout: args.lock_timeout,
        metrics_file: None,
        result_file: None,
        provenance: None,
        format: args.format,
    };
    apply::start(&args, Some(&renewal))
}
