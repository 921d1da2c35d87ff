//! Requests that a pull request adds or edits although they are over.

use std::cell::LazyCell;
use std::collections::HashSet;

use jiff::Timestamp;

use crate::access::model::{Access, Site};
use crate::diagnostic::{Code, Diagnostic};
use crate::repo::Tree;

/// An error for each request of `head` that is new or edited and whose end has passed at
/// `moment`. A file that only moved is as it was.
pub fn ended(base: &Tree, head: &Access, head_tree: &Tree, moment: Timestamp) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let gone = LazyCell::new(|| -> HashSet<&[u8]> {
        let gone = base.files.iter().filter(|(path, _)| !head_tree.files.contains_key(*path));
        gone.map(|(_, bytes)| bytes.as_ref()).collect()
    });
    for request in head.requests.values() {
        let Some(until) = request.period.until.as_ref().filter(|until| until.at <= moment) else {
            continue;
        };
        let file = &request.site.file;
        let Some(bytes) = head_tree.files.get(file) else { continue };
        if base.files.get(file) == Some(bytes) || gone.contains(bytes.as_ref()) {
            continue;
        }
        // An emergency is approved afterwards, mostly when it is over.
        let approved = request.emergency.as_ref().is_some_and(|one| one.approved.is_some());
        let alike = |old: &[u8]| without_approval(old) == without_approval(bytes);
        if approved && base.files.get(file).is_some_and(|old| alike(old)) {
            continue;
        }
        let (line, span) = place(&String::from_utf8_lossy(bytes));
        errors.push(Diagnostic {
            code: Code::EndPassed,
            site: Site { file: file.clone(), line, column: 1 },
            span,
            message: "the end of this request has passed".to_owned(),
            expected: format!("expected an end ahead: it ended {}", until.text),
            help: Some("write a later `until:`; to end access now, remove the file".to_owned()),
        });
    }
    errors
}

/// The lines of a file but the one that approves it afterwards.
fn without_approval(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| !line.starts_with("approved-afterwards:"));
    lines.map(str::to_owned).collect()
}

/// The line of `until:`, counted from 1, and its bytes; the file's start without one.
fn place(text: &str) -> (u32, std::ops::Range<usize>) {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end();
        if bare.starts_with("until") {
            return (number, start..start + bare.len());
        }
        start += line.len();
    }
    (1, 0..0)
}
