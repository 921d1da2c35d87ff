//! `jumpgate check`.

use jiff::Timestamp;

use super::Outcome;
use super::plan::Format;
use super::source::{self, Source};
use crate::access;
use crate::report::CheckReport;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let now = Timestamp::now();
    let tree = match args.source.tree() {
        Ok(tree) => tree,
        Err(outcome) => return outcome,
    };
    let read = access::load(&tree, now);
    let report = CheckReport::of(read.as_ref().map_err(Vec::as_slice), now);
    match (args.format, &report.summary, &read) {
        (Format::Json, ..) => anstream::println!("{}", report.json()),
        (Format::Text, _, Err(errors)) => source::print(&tree, errors),
        (Format::Text, holds, Ok(access)) => {
            source::print(&tree, &access.notices);
            if let Some(holds) = holds {
                anstream::println!("{}", holds.text());
            }
        }
    }
    if report.ok { Outcome::Done } else { Outcome::Invalid }
}
