//! `jumpgate check`.

use jiff::Timestamp;

use super::Outcome;
use super::format::{self, CheckFormat};
use super::source::{self, Source};
use crate::report::{CheckReport, Problem, markdown};
use crate::{access, catalog, credentials, policy, repo};

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
    let mut read = access::load(&tree, now);
    if let Ok(access) = &mut read {
        let unknown = catalog::check(&tree, access, now);
        let refused = policy::refused(&tree, access, now);
        access.notices.extend(unknown.into_iter().chain(refused));
        access.notices.sort_by(|a, b| (&a.site, a.code).cmp(&(&b.site, b.code)));
    }
    let report = CheckReport::of(read.as_ref().map_err(Vec::as_slice), now);
    let outcome = if report.ok { Outcome::Done } else { Outcome::Invalid };
    if args.format == CheckFormat::Json {
        anstream::println!("{}", report.json());
        return outcome;
    }
    let (errors, notices) = match &read {
        Ok(access) => (&[][..], access.notices.as_slice()),
        Err(errors) => (errors.as_slice(), &[][..]),
    };
    source::print(&tree, if errors.is_empty() { notices } else { errors });
    if let Some(holds) = &report.summary
        && matches!(args.format, CheckFormat::Text | CheckFormat::Github)
    {
        anstream::println!("{}", holds.text());
    }
    let problems: Vec<Problem> = errors.iter().map(Problem::from).collect();
    if args.format != CheckFormat::Github || !problems.is_empty() {
        let base = markdown::Links::base_of(&credentials::environment);
        let folder = repo::place(&args.source.dir).map(|place| place.folder).unwrap_or_default();
        let links = markdown::Links { base, folder };
        let form = markdown::Form { limit: format::SUMMARY, links };
        let page = || markdown::invalid(errors, tree.commit.as_deref(), &form);
        format::problems(args.format, &problems, &args.source.dir, page);
    }
    outcome
}
