//! `jumpgate audit`.

use std::io::IsTerminal;

use jiff::Timestamp;

use super::format::CheckFormat;
use super::source::Source;
use super::{Outcome, block_on_ended, could_not_run, width};
use crate::audit::{self, Audit, Risk, Terms};
use crate::report::{self, Look, Problem};
use crate::{credentials, observe};

/// The form of what `audit` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
    /// Doors as SARIF 2.1.0.
    Sarif,
    /// One row a door, for a spreadsheet.
    Csv,
    /// One page for a browser, which needs nothing else.
    Html,
}

/// From which risk on the audit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum FailOn {
    /// Critical doors.
    Critical,
    /// High ones too.
    High,
    /// Medium ones too.
    Medium,
    /// Any door.
    Low,
}

impl FailOn {
    fn risk(self) -> Risk {
        match self {
            Self::Critical => Risk::Critical,
            Self::High => Risk::High,
            Self::Medium => Risk::Medium,
            Self::Low => Risk::Low,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Only this target: an instance, or `jumpserver`; may be repeated.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Exit with 4 when there is a door of this risk or a worse one.
    #[arg(long, value_enum, value_name = "RISK")]
    fail_on: Option<FailOn>,
    /// After how many days a secret that nobody set is stale.
    #[arg(long, value_name = "DAYS", default_value_t = 180)]
    stale_days: u32,
    /// After how many days without a login a user is unused.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    unused_days: u32,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(audit(args))
}

async fn audit(args: &Args) -> Result<Outcome, Outcome> {
    let moment = Timestamp::now();
    let (tree, access) = args.source.access(moment)?;
    let focus = super::plan::focus(&access, &args.target, &[])?;
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(&access, environment).await.map_err(|error| could_not_run(&error))?;
    let observed = observe::everything(&access, &reader, environment, &focus)
        .await
        .map_err(|error| could_not_run(&error))?;
    let days = |days: u32| jiff::SignedDuration::from_hours(24 * i64::from(days));
    let terms =
        Terms { secret: days(args.stale_days), unused: days(args.unused_days), ..Terms::default() };
    let mut audit = audit::find(&access, &observed, &terms, moment, tree.commit.as_deref());
    if !focus.is_all() {
        audit.keep(|target| {
            focus.jumpserver && target == "jumpserver"
                || focus.instances.iter().any(|name| name.as_str() == target)
        });
    }
    match args.format {
        Format::Text => {
            let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
            anstream::print!("{}", report::audit_text(&audit, &access.config.zone, look));
        }
        Format::Json => anstream::println!("{}", audit.json()),
        Format::Csv => anstream::print!("{}", report::audit_csv(&audit)),
        Format::Html => {
            anstream::print!("{}", report::html::audit(&audit, &access.config.zone, None));
        }
        Format::Sarif => {
            let doors = audit.doors.iter().map(Problem::from);
            let problems: Vec<Problem> =
                doors.chain(audit.emergencies.iter().map(Problem::from)).collect();
            let dir = &args.source.dir;
            super::format::problems(CheckFormat::Sarif, &problems, dir, String::new);
        }
    }
    let mut outcome = Outcome::Done;
    if tell_unread(&audit) {
        outcome = outcome.and(Outcome::InPart);
    }
    let risk = args.fail_on.map(FailOn::risk);
    if risk.is_some_and(|risk| audit.doors.iter().any(|door| door.risk <= risk)) {
        outcome = outcome.and(Outcome::Refused);
    }
    Ok(outcome)
}

/// Says which targets could not be read, and whether there are any.
pub(super) fn tell_unread(audit: &Audit) -> bool {
    for target in &audit.targets {
        if let Some(why) = &target.unreadable {
            could_not_run(&format!("{} could not be read: {why}", target.name));
        }
    }
    audit.is_partial()
}
