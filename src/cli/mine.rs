//! `jumpgate mine`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::plan::Format;
use super::publish::Base;
use super::source::Source;
use super::{Outcome, could_not_run, width};
use crate::access::model::Access;
use crate::adoption::Adoptions;
use crate::answers::{self, Waiting};
use crate::names::PersonName;
use crate::repo::{self, Origins, Tree, branch, command};
use crate::report::{self, Look};
use crate::{access, grants, request};

/// Of so many branches that are not merged the requests are read.
const MOST_BRANCHES: usize = 50;

/// Show what a person has by git, since when, until when and by which request; what waits for
/// approval; and how to connect. It tells what is merged, as last fetched.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The person [default: the one with git's user.email].
    person: Option<String>,
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Read this git revision [default: the branch that is merged into].
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
    /// The remote with the branch that is merged into.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// Also what is over.
    #[arg(long)]
    ended: bool,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    match mine(args) {
        Ok(()) => Outcome::Done,
        Err(outcome) => outcome,
    }
}

fn mine(args: &Args) -> Result<(), Outcome> {
    let now = Timestamp::now();
    let rev = args.rev.clone().or_else(|| merged(&args.dir, &args.remote));
    let (tree, access) = Source { dir: args.dir.clone(), rev }.access(now)?;
    let person = match &args.person {
        Some(text) => whom(&access, text)?,
        None => me(&access, &args.dir)?,
    };
    let origins = tree.commit.as_deref().map(|commit| Origins::new(&args.dir, commit));
    let origin = |file: &str| origins.as_ref()?.of(file);
    let grants = grants::of(&access);
    let mut mine = answers::mine(&access, &grants, &person, (now, args.ended), origin);
    if let Some(commit) = &tree.commit {
        let read = waiting(&args.dir, commit, &person, now);
        mine.waiting = read.map_err(|error| could_not_run(&error))?;
    }
    mine.commit = tree.commit;
    match args.format {
        Format::Json => anstream::println!("{}", mine.json()),
        Format::Text => {
            let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
            anstream::print!("{}", report::mine(&mine, look));
        }
    }
    Ok(())
}

/// The branch that is merged into, as it was fetched last, or here where there is no remote;
/// none outside of git, where the files are all there is.
fn merged(dir: &Path, remote: &str) -> Option<String> {
    let base = Base::find(dir, remote, None).ok()?;
    let fetched = base.revision.starts_with("refs/remotes/");
    // Without a remote it is the branch that is checked out, which may be a proposal itself.
    let usual = ["main", "master"].into_iter().filter(|_| !fetched);
    let mut usual = usual.filter(|name| branch::branch(dir, name).is_ok_and(|tip| tip.is_some()));
    Some(usual.next().map_or(base.revision, |name| format!("refs/heads/{name}")))
}

/// The person whom a name means: of a file, in JumpServer, or an e-mail address.
pub(super) fn whom(access: &Access, text: &str) -> Result<PersonName, Outcome> {
    request::person(access, text).cloned().map_err(|error| could_not_run(&error))
}

/// The person who asks, by git.
fn me(access: &Access, dir: &Path) -> Result<PersonName, Outcome> {
    let Some(mail) = command::setting(dir, "user.email") else {
        return Err(could_not_run(
            &"git has no user.email here, so it does not tell who you are: expected \
              `jumpgate mine PERSON`",
        ));
    };
    request::of_git(access, &mail).cloned().ok_or_else(|| {
        could_not_run(&format!(
            "nobody in people/ has git's user.email {mail}: expected `jumpgate mine PERSON`, or \
             `email: {mail}` in your file of people/"
        ))
    })
}

/// What the requests give that branches add or change and that are not merged.
fn waiting(
    dir: &Path,
    base: &str,
    person: &PersonName,
    now: Timestamp,
) -> Result<Vec<Waiting>, repo::Error> {
    let folder = repo::place(dir)?.folder;
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut found: Vec<Waiting> = Vec::new();
    for (name, tip) in branch::unmerged(dir, base)?.into_iter().take(MOST_BRANCHES) {
        // Another history, or a shallow clone: nothing can be said of it.
        let Ok(start) = repo::merge_base(dir, base, &tip) else { continue };
        let mut files = Vec::new();
        for path in repo::changed(dir, &start, &tip)? {
            let Some(path) = path.strip_prefix(&prefix) else { continue };
            let there = branch::text_at(dir, &tip, path)?;
            // What was merged as another commit stands in the base as it is here.
            if path.starts_with("requests/")
                && there.is_some()
                && there != branch::text_at(dir, base, path)?
            {
                files.push(path.to_owned());
            }
        }
        if files.is_empty() {
            continue;
        }
        let Ok(tree) = Tree::revision(dir, &tip) else { continue };
        // A branch that is not valid cannot be merged as it is.
        let Ok(access) = access::load(&tree, now) else { continue };
        let grants = grants::of(&access);
        let own = grants.iter().filter(|grant| {
            let file: &str = &grant.because.site.file;
            grant.person == person && files.iter().any(|path| path == file)
        });
        let own = own.filter(|grant| !grant.period.is_over(now));
        let adoptions = Adoptions::of(&access);
        let access = answers::held((&access, &adoptions), own, now, |_| None);
        if !access.is_empty() {
            found.push(Waiting { branch: name, access });
        }
    }
    Ok(found)
}
