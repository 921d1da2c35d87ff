//! `jumpgate roles-needed`: the rights that the users of plan and apply need in JumpServer.

use super::Outcome;
use crate::jumpserver::rights::{Purpose, RIGHTS};

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args) -> Outcome {
    anstream::println!(
        "Make two roles for the organization (System settings > Roles > Organization\n\
         roles), and give each to a user of its own:"
    );
    for (title, purposes) in [
        ("jumpgate-plan", &[Purpose::Plan][..]),
        ("jumpgate-plan, optional", &[Purpose::More][..]),
        ("jumpgate-apply", &[Purpose::Plan, Purpose::Apply][..]),
        (
            "jumpgate-apply with `people: { source: repo }`",
            &[Purpose::Plan, Purpose::Apply, Purpose::People][..],
        ),
    ] {
        anstream::println!("\n{title}");
        for right in RIGHTS.iter().filter(|right| purposes.contains(&right.purpose)) {
            anstream::println!("  {:29} {}", right.code, right.why);
        }
    }
    Outcome::Done
}
