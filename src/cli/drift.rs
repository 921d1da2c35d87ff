//! `jumpgate drift`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::forge::At;
use super::plan::Format;
use super::source::Source;
use super::{Outcome, block_on_ended, could_not_run, forge, provenance, width};
use crate::access::model::Access;
use crate::access::{self};
use crate::drift::{self, Found, Hand, Inputs, Logs};
use crate::forge::{Issues, Kept, Marker};
use crate::jumpserver::{ErrorKind, Reader};
use crate::names::Owner;
use crate::observed::Observed;
use crate::plan::{Focus, Unproven};
use crate::repo::{self, Tree};
use crate::report::{self, Drift, DriftContext, Look, markdown};
use crate::visible::clean;
use crate::{credentials, desired, grants, observe};

/// Of so many objects the log is asked; of the rest it is not known who it was.
const ASKED: usize = 100;

/// Say what differs on the targets from what was applied last, though git did not change.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit with 2 when there is drift.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Open or update one issue at the forge, and close it when there is no drift any more.
    /// The token is read from JUMPGATE_FORGE_TOKEN, or from GITHUB_TOKEN, GITLAB_TOKEN,
    /// GITEA_TOKEN or GITEE_TOKEN.
    #[arg(long)]
    issue: bool,
    #[command(flatten)]
    issue_args: IssueArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Issue")]
struct IssueArgs {
    #[command(flatten)]
    at: At,
    /// The remote whose repository has the issue, when nothing else says which.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// Which access repo's issue this is, when a repository holds several.
    #[arg(long, value_name = "NAME", default_value = "default")]
    config: String,
    /// The login that the token writes as, when the forge does not tell it.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
    /// The longest issue, in characters (UTF-16 units).
    #[arg(long, value_name = "CHARACTERS", default_value_t = markdown::GITHUB_LIMIT, value_parser = super::plan::limit)]
    limit: usize,
    /// Where files are linked to, such as https://github.com/acme/access/blob/{commit}; in CI
    /// it is found by itself.
    #[arg(long, value_name = "URL")]
    link_base: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on_ended(drift(args))
}

async fn drift(args: &Args) -> Result<Outcome, Outcome> {
    let moment = Timestamp::now();
    let dir = &args.source.dir;
    let environment = &credentials::environment;
    // The files as they are say where JumpServer is; what it should look like says the commit
    // that was applied last.
    let (_, here) = args.source.access(moment)?;
    let reader =
        observe::jumpserver(&here, environment).await.map_err(|error| could_not_run(&error))?;
    let commit = applied(&reader, &here.config.owner).await?;
    let (tree, access) = files(dir, &commit, moment)?;
    if access.config.owner != here.config.owner {
        return Err(could_not_run(&format!(
            "commit {commit} has the owner {}, and the files here have {}",
            access.config.owner, here.config.owner
        )));
    }
    let since = repo::made(dir, &commit).map_err(|error| could_not_run(&error))?;
    let grants = grants::of(&access);
    let desired = desired::at(&access, &grants, moment);
    let observed = observe::all(&access, &desired, &reader, environment, &Focus::default())
        .await
        .map_err(|error| could_not_run(&error))?;
    let nothing = Unproven::new();
    let inputs = |unproven| Inputs {
        access: &access,
        grants: &grants,
        observed: &observed,
        since: since.min(moment),
        moment,
        unproven,
    };
    let merged = provenance::Merged {
        dir,
        commit: tree.commit.as_deref().unwrap_or(&commit),
        access: &access,
        grants: &grants,
        wanted: access.policy.provenance,
        anchor: observed.jumpserver.anchor.as_ref(),
        as_it_is: false,
        moment,
    };
    let proof = provenance::check(&merged, &inputs(&nothing).plan(moment))
        .await
        .map_err(|error| could_not_run(&error))?;
    let found = drift::find(&inputs(&proof.unproven));
    let (hands, logs) = asked(&reader, &access, &observed, &found, since).await?;
    let context = DriftContext {
        access: &access,
        observed: &observed,
        commit: &commit,
        since,
        moment,
        hands,
        logs,
    };
    let drift = Drift::of(found, context);
    match args.format {
        Format::Text => {
            let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
            anstream::print!("{}", report::drift_text(&drift, &access.config.zone, look));
        }
        Format::Json => anstream::println!("{}", drift.json()),
    }
    let mut outcome = Outcome::Done;
    if !drift.errors.is_empty() {
        outcome = outcome.and(Outcome::InPart);
    }
    if args.detailed_exitcode && drift.drift {
        outcome = outcome.and(Outcome::Pending);
    }
    if args.issue {
        match issue(&args.issue_args, dir, &drift, &access.config.zone).await {
            Ok(words) => anstream::eprintln!("{}", clean(&words)),
            Err(error) => outcome = outcome.and(could_not_run(&error)),
        }
    }
    Ok(outcome)
}

/// The commit that was applied last.
async fn applied(reader: &Reader, owner: &Owner) -> Result<String, Outcome> {
    let anchor = reader.anchor(owner).await.map_err(|error| could_not_run(&error))?;
    anchor.and_then(|anchor| anchor.commit).ok_or_else(|| {
        could_not_run(&format!(
            "JumpServer holds no word of a commit that was applied for owner {owner}: there is \
             nothing to compare with before the first `jumpgate apply`"
        ))
    })
}

/// The files of the commit that was applied last.
fn files(dir: &Path, commit: &str, moment: Timestamp) -> Result<(Tree, Access), Outcome> {
    let tree = Tree::revision(dir, commit).map_err(|error| {
        could_not_run(&format!(
            "the commit {commit}, which was applied last, cannot be read here: {error}; fetch the \
             whole history (`fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` in GitLab CI)"
        ))
    })?;
    match access::load(&tree, moment) {
        Ok(access) => Ok((tree, access)),
        Err(errors) => {
            super::source::print(&tree, &errors);
            anstream::eprintln!("these are the files of commit {commit}, which was applied last");
            Err(Outcome::Invalid)
        }
    }
}

/// Who made each of the changes, as far as JumpServer's operate log tells. That it does not
/// tell is no error.
async fn asked(
    reader: &Reader,
    access: &Access,
    observed: &Observed,
    found: &Found,
    since: Timestamp,
) -> Result<(Vec<Vec<Hand>>, Logs), Outcome> {
    if found.changes.is_empty() {
        return Ok((Vec::new(), Logs::NotAsked));
    }
    let ask = async {
        if reader.operate_log_rows().await? == 0 {
            return Ok((Vec::new(), Logs::Empty));
        }
        let maker = reader.anchor_maker(&access.config.owner).await?;
        let asked = found.changes.iter().take(ASKED);
        let names: Vec<BTreeSet<String>> =
            asked.map(|object| drift::names(object, access, &observed.jumpserver)).collect();
        let all = names.iter().flatten().cloned().collect();
        let logged = reader.operate_log(&all, since).await?;
        let hands = names.iter().map(|names| {
            let about = logged.iter().filter(|one| names.contains(&one.resource)).cloned();
            drift::told_by(about.collect(), maker.as_deref())
        });
        Ok((hands.collect(), Logs::Read))
    };
    let answer: Result<_, crate::jumpserver::Error> = ask.await;
    match answer {
        Ok(told) => Ok(told),
        Err(error) if error.kind == ErrorKind::Forbidden => Ok((Vec::new(), Logs::Forbidden)),
        Err(error) => {
            anstream::eprintln!("warning: {}", clean(&error.to_string()));
            Ok((Vec::new(), Logs::Failed))
        }
    }
}

/// Opens, updates or closes the issue; says what became of it.
async fn issue(
    args: &IssueArgs,
    dir: &Path,
    drift: &Drift,
    zone: &TimeZone,
) -> anyhow::Result<String> {
    let Some(marker) = Marker::new("drift", &args.config) else {
        anyhow::bail!("--config is a name of letters, digits, `.`, `_`, `/` and single `-`");
    };
    let (place, client) = args.at.repository(dir, &args.remote)?;
    let me = match &args.login {
        Some(login) => login.clone(),
        None => forge::me(&client, place.forge()?.as_ref(), place.kind).await?,
    };
    let issues = Issues::new(&client, &place)?;
    let kept = if drift.drift {
        let folder = repo::place(dir).map(|place| place.folder).unwrap_or_default();
        let base = args.link_base.clone();
        let base = base.or_else(|| markdown::Links::base_of(&credentials::environment));
        let links = markdown::Links { base, folder };
        let body = markdown::drift(drift, zone, &markdown::Form { limit: args.limit, links });
        let title = format!("Access drift: {}", drift.owner);
        issues.put(&me, &marker, &title, &body).await?
    } else if !drift.errors.is_empty() {
        return Ok("The issue stays as it is: not everything could be compared.".to_owned());
    } else {
        issues.close(&me, &marker).await?
    };
    Ok(match kept {
        Kept::Opened(url) => format!("issue opened: {url}"),
        Kept::Updated(url) => format!("issue updated: {url}"),
        Kept::Unchanged(url) => format!("issue as it was: {url}"),
        Kept::Closed(url) => format!("issue closed: {url}"),
        Kept::None => "no issue is open, and none is needed".to_owned(),
    })
}
