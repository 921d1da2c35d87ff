//! What lies in the folder and is not applied, since it is in no commit.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::repo::Tree;
use crate::visible::clean;

/// Says when the folder is not as its commit: who edits a file and applies waits in vain.
pub(super) fn note(dir: &Path, tree: &Tree) {
    let Ok(folder) = Tree::folder(dir) else { return };
    let differs = |path: &Arc<str>| folder.files.get(path) != tree.files.get(path);
    let paths: BTreeSet<_> = folder.files.keys().chain(tree.files.keys()).collect();
    let mut differing = paths.into_iter().filter(|path| differs(path));
    let Some(first) = differing.next() else { return };
    let more = match differing.count() {
        0 => "is".to_owned(),
        1 => "and 1 more file are".to_owned(),
        more => format!("and {more} more files are"),
    };
    anstream::eprintln!(
        "note: {} {more} not as in the commit that is applied: commit first what should count",
        clean(first)
    );
}
