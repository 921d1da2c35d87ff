//! A page that never becomes longer than it may: whole rows or none, all tags closed.

/// The longest body of a comment on GitHub.
pub const GITHUB_LIMIT: usize = 65_536;

/// Room for the last lines and the marker that `comment` puts below.
const FOOT: usize = 1200;

/// A page, and how long it may become, in UTF-16 units: at least as many as characters.
pub(super) struct Page {
    text: String,
    used: usize,
    limit: usize,
}

/// How long a text is, in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

impl Page {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), used: 0, limit }
    }

    /// Adds a text when it fits into `share` percent of the page.
    pub(super) fn add(&mut self, text: &str, share: usize) -> bool {
        let fits = self.used + length(text) <= self.room(share);
        if fits {
            self.push(text);
        }
        fits
    }

    /// Adds as many rows as fit into `share` percent of the page, between `open` and
    /// `close`; gives how many do not. Without room for one, nothing is added.
    pub(super) fn section(
        &mut self,
        open: &str,
        rows: &[String],
        close: &str,
        share: usize,
    ) -> usize {
        let room = self.room(share);
        let around = length(open) + length(close);
        let Some(first) = rows.first() else { return 0 };
        if self.used + around + length(first) > room {
            return rows.len();
        }
        self.push(open);
        let mut shown = 0;
        for row in rows {
            if self.used + length(row) + length(close) > room {
                break;
            }
            self.push(row);
            shown += 1;
        }
        self.push(close);
        rows.len() - shown
    }

    /// A list of which the first `open` entries stand open and the rest is folded; gives how
    /// many do not fit.
    pub(super) fn list(
        &mut self,
        title: &str,
        rows: &[String],
        open: usize,
        share: usize,
    ) -> usize {
        let (first, rest) = rows.split_at(rows.len().min(open));
        let left = self.section(title, first, "\n", share);
        if left > 0 {
            return left + rest.len();
        }
        let folded = format!("<details><summary>{} more</summary>\n\n", rest.len());
        self.section(&folded, rest, "\n</details>\n\n", share)
    }

    /// The page with its last lines. What does not fit is left out.
    pub(super) fn finish(mut self, foot: &str) -> String {
        if self.used + length(foot) <= self.limit {
            self.push(foot);
        }
        self.text
    }

    fn room(&self, share: usize) -> usize {
        (self.limit * share / 100).min(self.limit.saturating_sub(FOOT))
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.used += length(text);
    }
}
