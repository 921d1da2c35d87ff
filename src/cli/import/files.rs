//! Files of an import become files of the access repo: in its folder, or in a branch.

use std::path::PathBuf;

use crate::access::model::Access;
use crate::cli::draft::{Changes, Draft, Title, nothing};
use crate::cli::publish::Published;
use crate::cli::{Outcome, could_not_run, draft, publish};
use crate::import::File;
use crate::repo::Tree;

/// Where the access repo is, and what becomes of the files.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Place {
    /// The folder of the access repo.
    #[arg(default_value = ".", help_heading = None)]
    dir: PathBuf,
    /// Show what would be written, and write nothing.
    #[arg(long, alias = "list", help_heading = None)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    publish: publish::Flags,
}

impl Place {
    /// The same as other commands have it.
    pub(super) fn as_of_others(&self) -> draft::Place {
        let Self { dir, dry_run, publish } = self;
        draft::Place { dir: dir.clone(), dry_run: *dry_run, publish: publish.clone() }
    }
}

/// Where files are imported to, and what is there.
pub(super) struct Repo<'a> {
    place: &'a draft::Place,
    draft: Draft<'a>,
}

impl<'a> Repo<'a> {
    /// Reads the repo as it is, or as the base of a new branch is. With `aside`, nothing but data
    /// goes to standard output.
    pub(super) fn of(place: &'a draft::Place, aside: bool) -> Result<Self, Outcome> {
        let draft = Draft::of(place)?;
        Ok(Self { place, draft: if aside { draft.aside() } else { draft } })
    }

    /// The files that are there.
    pub(super) fn tree(&self) -> &Tree {
        self.draft.tree()
    }

    /// What they say.
    pub(super) fn access(&self) -> &Access {
        self.draft.access()
    }

    /// Writes files, which are called `what` in a branch; nothing when there are none, or when
    /// they are only to be shown.
    pub(super) fn write(&self, files: &[File], what: &str) -> Result<Option<Published>, Outcome> {
        if self.place.dry_run || files.is_empty() {
            return Ok(None);
        }
        // A new file is never written over one that is there, whatever it is.
        let taken = |file: &&File| !file.added_to && self.tree().files.contains_key(&*file.path);
        if let Some(file) = files.iter().find(taken) {
            return Err(nothing(could_not_run(&format!("{} is there already", file.path))));
        }
        let text = |file: &File| (file.path.as_str().into(), Some(file.text.clone()));
        let changes: Changes = files.iter().map(text).collect();
        if self.place.publish.any() {
            let title = Title::of("import", what, "from JumpServer");
            return self.draft.write(&changes, &title);
        }
        self.draft.put(&changes)?;
        Ok(None)
    }
}
