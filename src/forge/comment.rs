//! One comment for each command and config, updated in place, and only the bot's own.

use serde_json::Value;

use super::http::{Client, Error};
use super::{Comment, Forge};

/// So many comments are looked through before giving up, in pages.
const PAGES: usize = 200;

/// What tells a comment of ours from all others: the last line of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// The marker of a command (`plan`) and a config (`acme`): letters, digits, `.`, `_`, `/`
    /// and single `-`, at most 80 of each. None for other texts.
    pub fn new(command: &str, config: &str) -> Option<Self> {
        let good = |text: &str| {
            let part = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
            (1..=80).contains(&text.len())
                && text.chars().all(part)
                && !text.contains("--")
                && !text.ends_with('-')
        };
        (good(command) && good(config))
            .then(|| Self(format!("<!-- jumpgate:comment command={command} config={config} -->")))
    }

    /// The whole text of a comment: what was given, without any hidden part of its own, then
    /// the marker.
    pub fn sign(&self, text: &str) -> String {
        format!("{}\n\n{}\n", text.trim_end().replace("<!--", "&lt;!--"), self.0)
    }

    /// Whether a text ends with it.
    pub(super) fn is_below(&self, text: &str) -> bool {
        text.trim_end().lines().next_back().is_some_and(|line| line.trim() == self.0)
    }
}

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is new.
    Created,
    /// An earlier one was replaced.
    Updated,
    /// An earlier one says just this.
    Unchanged,
}

/// Writes a comment, or updates the one that `me` (the token's own login) wrote before.
///
/// # Errors
/// When the forge refuses or does not answer, or the text is too long for it.
pub async fn post(
    client: &Client,
    forge: &dyn Forge,
    me: &str,
    marker: &Marker,
    text: &str,
) -> Result<Posted, Error> {
    let text = marker.sign(text);
    let length = text.chars().count();
    if let Some(limit) = forge.limit().filter(|limit| length > *limit) {
        return Err(Error::new(format!(
            "the comment has {length} characters, and the forge takes at most {limit}: give \
             `plan --limit` a smaller number"
        )));
    }
    let Some(old) = find(client, forge, me, marker).await? else {
        client.send(forge, &forge.create(&text)).await?;
        return Ok(Posted::Created);
    };
    if old.body.trim_end() == text.trim_end() {
        return Ok(Posted::Unchanged);
    }
    client.send(forge, &forge.update(old.id, &text)).await?;
    Ok(Posted::Updated)
}

/// The first comment of `me` with the marker.
async fn find(
    client: &Client,
    forge: &dyn Forge,
    me: &str,
    marker: &Marker,
) -> Result<Option<Comment>, Error> {
    for page in 1..=PAGES {
        let Some(request) = forge.list(page) else { break };
        let answer = client.send(forge, &request).await?;
        let Value::Array(entries) = answer else {
            return Err(Error::new("the forge's list of comments is no list".to_owned()));
        };
        let mine = entries.iter().filter_map(|entry| forge.comment(entry)).find(|comment| {
            comment.author.eq_ignore_ascii_case(me) && marker.is_below(&comment.body)
        });
        if mine.is_some() || entries.is_empty() {
            return Ok(mine);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_one_line_and_cannot_be_forged_from_the_text() {
        let marker = Marker::new("plan", "acme").expect("a marker");
        let signed = marker.sign("text <!-- jumpgate:comment command=apply config=acme -->\n");
        assert!(marker.is_below(&signed));
        assert_eq!(signed.matches("<!--").count(), 1);
        let other = Marker::new("apply", "acme").expect("a marker");
        assert!(!other.is_below(&signed));
        assert!(!marker.is_below(&format!("{signed}\n> and a reply")));
        for (command, config) in [("plan", "a -->"), ("pl an", "a"), ("plan", ""), ("plan", "a--b")]
        {
            assert_eq!(Marker::new(command, config), None);
        }
    }
}
