//! `jumpgate codeowners`.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use super::draft::ended;
use super::source::Source;
use super::{Outcome, could_not_run};
use crate::approval::codeowners::{self, Form};
use crate::forge::{Kind, Known, Place};
use crate::{credentials, repo};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Write the file; what others wrote in it stays.
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Exit with 2 when the file is not as it would be written.
    #[arg(long)]
    check: bool,
    /// The kind of forge; in CI it is found by itself, and else it is github.
    #[arg(long, value_enum)]
    forge: Option<Kind>,
    /// The file, from the root of the repository. Default: where the forge looks first.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Outcome {
    ended(codeowners(args))
}

fn codeowners(args: &Args) -> Result<Outcome, Outcome> {
    let (_, access) = args.source.access(Timestamp::now())?;
    let known = Known { kind: args.forge, ..Known::default() };
    let place = Place::repository(known, &credentials::environment);
    let kind = args.forge.or(place.ok().map(|place| place.kind)).unwrap_or(Kind::Github);
    let (usual, form) = match kind {
        Kind::Github => (".github/CODEOWNERS", Form::Paths),
        Kind::Gitlab => (".gitlab/CODEOWNERS", Form::Paths),
        Kind::Gitea => (".gitea/CODEOWNERS", Form::Expressions),
        Kind::Gitee => {
            return Err(could_not_run(&"Gitee's form of CODEOWNERS is not known to this version"));
        }
    };
    let dir = &args.source.dir;
    let (root, folder) = repo::root(dir).map_err(|error| could_not_run(&error))?;
    let (part, left_out) = codeowners::part(&access, &folder, form);
    for who in left_out {
        anstream::eprintln!("warning: {who}");
    }
    let path = root.join(args.file.clone().unwrap_or_else(|| usual.into()));
    let told = |error: std::io::Error| could_not_run(&format!("{}: {error}", path.display()));
    let old = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(told(error)),
    };
    let new = codeowners::file(&old, &part);
    if args.check {
        if old == new {
            return Ok(Outcome::Done);
        }
        anstream::eprintln!(
            "error: {} is out of date: run `jumpgate codeowners --write`",
            path.display()
        );
        return Ok(Outcome::Pending);
    }
    if !args.write {
        anstream::print!("{part}");
        return Ok(Outcome::Done);
    }
    if old != new {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        super::file::replace(&path, new.as_bytes()).map_err(told)?;
    }
    Ok(Outcome::Done)
}
