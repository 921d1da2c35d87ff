//! Requests of other systems: JSON, the bodies of a ticket page, and issue forms.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Args, New, Outcome, Published, could_not_run, read};
use crate::cli::draft::{Changes, Draft, Title, nothing, stem};
use crate::cli::{block_on_value, publish};
use crate::forge::PullRequest;
use crate::repo::Tree;
use crate::request::{self, Answer, Ask, Body, External, ForkBody, ForkDefaults, Found};
use crate::{credentials, observe};

/// Where a request of another system comes from, and what its body leaves open.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "For other systems")]
#[group(id = "machine")]
pub(super) struct Flags {
    /// Take the request as JSON from a file, `-` being standard input, and answer in JSON: see
    /// `jumpgate schema ask` and `answer`. --reason, --from, --until and --hours say what the
    /// JSON leaves open.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["people", "server", "login", "database", "level", "table", "issue_form"])]
    json: Option<PathBuf>,
    /// Take the request from the body of an issue that was written with the issue form, and
    /// answer in JSON.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["people", "server", "login", "database", "level", "table"])]
    issue_form: Option<PathBuf>,
    /// The id that the other system has for the request: a repeated call makes nothing twice.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The level of `readonly: true` [default: r].
    #[arg(long, value_name = "LEVEL")]
    level_read: Option<String>,
    /// The level of `readonly: false` [default: rw].
    #[arg(long, value_name = "LEVEL")]
    level_write: Option<String>,
    /// The login of `adminperm: false` [default: app].
    #[arg(long, value_name = "LOGIN")]
    login_user: Option<String>,
    /// The login of `adminperm: true` [default: root].
    #[arg(long, value_name = "LOGIN")]
    login_admin: Option<String>,
}

impl Flags {
    /// Whether another system asks.
    pub(super) fn any(&self) -> bool {
        self.json.is_some() || self.issue_form.is_some()
    }
}

/// Makes the request, or finds what an earlier call with the same id made.
pub(super) fn run(args: &Args) -> Result<Outcome, Outcome> {
    let told = |error: request::Invalid| could_not_run(&error);
    let flags = &args.machine;
    let draft = Draft::of(&args.place)?.aside();
    let mut ask = match (&flags.json, &flags.issue_form) {
        (Some(path), _) => {
            let text = read(path).map_err(|error| could_not_run(&error))?;
            match Body::parse(&text).map_err(told)? {
                Body::Ask(ask) => ask,
                Body::Fork(body) => fork(args, &draft, &body)?,
            }
        }
        (None, Some(path)) => {
            let text = read(path).map_err(|error| could_not_run(&error))?;
            let mut ask = request::form(&text).map_err(told)?;
            // Whoever writes an issue may not know the names of files.
            for person in ask.people.iter_mut().filter(|person| !person.starts_with("team/")) {
                *person = request::person(draft.access(), person).map_err(told)?.to_string();
            }
            ask
        }
        (None, None) => return Err(could_not_run(&"there is no body")),
    };
    fill(&mut ask, args);
    let ask = ask.tidy();
    let external = External::of(&ask).map_err(told)?;
    if let Some(external) = &external
        && let Some(answer) = earlier(args, &draft, external)?
    {
        anstream::println!("{}", answer.json());
        return Ok(Outcome::Done);
    }
    let new = New::of(&draft, ask, args.name.as_deref(), external.as_ref())?;
    let changes = new.changes();
    draft.judge(&changes)?;
    if args.place.dry_run {
        return Ok(nothing(Outcome::Done));
    }
    let published = match (draft.write(&changes, &new.title()), &external) {
        (Ok(published), _) => published,
        (Err(outcome), None) => return Err(outcome),
        // The same call may have been quicker elsewhere.
        (Err(outcome), Some(external)) => match earlier(args, &draft, external)? {
            Some(answer) => {
                anstream::println!("{}", answer.json());
                return Ok(Outcome::Done);
            }
            None => return Err(outcome),
        },
    };
    let answer = answer(&new.path, external.as_ref(), published.as_ref());
    anstream::println!("{}", answer.json());
    Ok(Outcome::Done)
}

/// What flags say and the body does not.
fn fill(ask: &mut Ask, args: &Args) {
    let period = &args.period;
    let or = |text: &mut Option<String>, flag: &Option<String>| {
        if text.is_none() {
            text.clone_from(flag);
        }
    };
    or(&mut ask.external_id, &args.machine.external_id);
    or(&mut ask.from, &period.from);
    or(&mut ask.emergency, &period.emergency);
    if ask.until.is_none() && ask.hours.is_none() {
        ask.until.clone_from(&period.until);
        ask.hours = period.hours;
    }
    if let Some(reason) = &period.reason
        && ask.reason.trim().is_empty()
    {
        ask.reason.clone_from(reason);
    }
}

/// What a ticket page's body asks for.
fn fork(args: &Args, draft: &Draft<'_>, body: &ForkBody) -> Result<Ask, Outcome> {
    let (flags, period) = (&args.machine, &args.period);
    let assets = assets(draft, body.servers()).map_err(|error| could_not_run(&error))?;
    let defaults = ForkDefaults {
        external_id: flags.external_id.clone(),
        reason: period.reason.clone(),
        from: period.from.clone(),
        until: period.until.clone(),
        hours: period.hours,
        level_read: flags.level_read.clone(),
        level_write: flags.level_write.clone(),
        login: flags.login_user.clone(),
        login_admin: flags.login_admin.clone(),
    };
    body.ask(draft.access(), defaults, |address| assets.as_ref()?.get(address).cloned())
        .map_err(|error| could_not_run(&error))
}

/// The names of the assets at some addresses; none when there are no credentials.
fn assets(
    draft: &Draft<'_>,
    addresses: &[String],
) -> anyhow::Result<Option<BTreeMap<String, Vec<String>>>> {
    let environment = &credentials::environment;
    if addresses.is_empty() || !credentials::any(environment) {
        return Ok(None);
    }
    block_on_value(async {
        let reader = observe::jumpserver(draft.access(), environment).await?;
        let mut found = BTreeMap::new();
        for address in addresses.iter().map(|address| address.trim()) {
            found.insert(address.to_owned(), reader.servers_at(address).await?);
        }
        Ok(Some(found))
    })?
}

/// What an earlier call with the same id made: on the base, in its branch, or in a pull
/// request that is closed by now.
fn earlier(args: &Args, draft: &Draft<'_>, external: &External) -> Result<Option<Answer>, Outcome> {
    let failed = |error: anyhow::Error| could_not_run(&error);
    let (dir, flags) = (&args.place.dir, &args.place.publish);
    let name = flags.branch.clone().flatten().unwrap_or_else(|| external.branch());
    let merged = file_of(draft.tree(), external)?;
    if !flags.any() {
        return Ok(merged.map(|(path, _)| answer(&path, Some(external), None)));
    }
    let in_branch = flags.existing(dir, &name).map_err(|error| could_not_run(&error))?;
    let branch_file = match (&merged, &in_branch) {
        (None, Some((commit, _))) => {
            let tree = Tree::revision(dir, commit).map_err(|error| could_not_run(&error))?;
            file_of(&tree, external)?
        }
        _ => None,
    };
    let pull = || -> Result<Option<PullRequest>, Outcome> {
        let found = if flags.pull_request {
            flags.find_pull_request(dir, &name).map_err(failed)?
        } else {
            None
        };
        match found {
            Some(pull) if external.in_text(&pull.body) == Found::OtherBody => {
                Err(could_not_run(&external.conflict(&pull.url)))
            }
            found => Ok(found),
        }
    };
    let published = |pushed, pull_request| Published { branch: name.clone(), pushed, pull_request };
    if let Some((path, _)) = merged {
        let found = published(true, pull()?);
        return Ok(Some(answer(&path, Some(external), Some(&found))));
    }
    let (Some((path, text)), Some((_, pushed))) = (branch_file, in_branch) else {
        // Its branch is gone: only the forge knows it still.
        let Some(pull) = pull()? else { return Ok(None) };
        let path = path_in(&pull.body).unwrap_or_default();
        return Ok(Some(answer(&path, Some(external), Some(&published(true, Some(pull))))));
    };
    // The call may have been cut behind its commit: what is missing is made up for.
    let changes = Changes::from([(path.as_str().into(), Some(text))]);
    let found = match pull()? {
        Some(pull) => published(pushed, Some(pull)),
        None if flags.pull_request || (flags.push && !pushed) => {
            let title = Title {
                branch: name.clone(),
                fixed: true,
                subject: format!("Access: {}", stem(&path)),
            };
            draft.write(&changes, &title)?.unwrap_or_else(|| published(pushed, None))
        }
        None => published(pushed, None),
    };
    Ok(Some(answer(&path, Some(external), Some(&found))))
}

/// The file of a call: its path and its text.
fn file_of(tree: &Tree, external: &External) -> Result<Option<(String, String)>, Outcome> {
    for (path, bytes) in tree.files.iter().filter(|(path, _)| path.starts_with("requests/")) {
        let text = String::from_utf8_lossy(bytes);
        match external.in_text(&text) {
            Found::Other => {}
            Found::Same => return Ok(Some((path.to_string(), text.into_owned()))),
            Found::OtherBody => return Err(could_not_run(&external.conflict(path))),
        }
    }
    Ok(None)
}

/// The path that the description of a pull request begins with.
fn path_in(body: &str) -> Option<String> {
    let line = body.lines().find_map(|line| line.trim().strip_prefix('`')?.strip_suffix('`'));
    line.filter(|path| path.starts_with("requests/")).map(str::to_owned)
}

fn answer(
    path: &str,
    external: Option<&External>,
    published: Option<&publish::Published>,
) -> Answer {
    Answer {
        schema: request::SCHEMA,
        request: stem(path).to_owned(),
        path: path.to_owned(),
        external_id: external.map(|external| external.id.clone()),
        branch: published.map(|published| published.branch.clone()),
        pull_request: published
            .and_then(|published| published.pull_request.as_ref())
            .map(|pull| request::PullRequest { number: pull.number, url: pull.url.clone() }),
    }
}
