//! `jumpgate explain`.

use super::{Outcome, could_not_run};
use crate::audit;
use crate::diagnostic::{Code, nearest, pages};
use crate::plan::finding::{Kind, Severity};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code of an error or a finding, such as JG012; all codes without one.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let Some(code) = &args.code else {
        anstream::print!("{}", list());
        return Outcome::Done;
    };
    if let Some(text) = pages::page(code) {
        anstream::print!("{text}");
        return Outcome::Done;
    }
    let known = pages::PAGES.iter().map(|(known, _)| *known);
    could_not_run(&match nearest(code, known) {
        Some(near) => format!("there is no code {code}; did you mean {near}?"),
        None => format!("there is no code {code}; `jumpgate explain` lists all"),
    })
}

/// All codes with their titles.
fn list() -> String {
    let mut text = "Errors in the files of an access repo:\n".to_owned();
    for code in Code::ALL {
        text.push_str(&format!("  {code}  {}\n", code.title()));
    }
    text.push_str("\nFindings of a plan:\n");
    for kind in Kind::ALL {
        let severity = match kind.severity() {
            Severity::Error => "error",
            Severity::Risk => "risk",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        };
        text.push_str(&format!("  {kind}  {severity:<8} {}\n", kind.title()));
    }
    text.push_str("\nDoors of an audit:\n");
    for kind in audit::Kind::ALL {
        text.push_str(&format!("  {kind}  {}\n", kind.title()));
    }
    text.push_str("\n`jumpgate explain CODE` says what one means and what to do.\n");
    text
}
