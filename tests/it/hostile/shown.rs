//! What is wrong in an output.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

/// Whether a character moves the cursor, turns the text or is not seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Makes sure that a text can go to a terminal and to the log of a job.
#[track_caller]
pub(crate) fn is_plain(what: &str, text: &str) {
    for line in text.lines() {
        assert!(!line.chars().any(hidden), "{what}: {line:?}");
        assert!(!line.contains("##["), "{what}: {line:?}");
        assert!(!line.contains("##vso["), "{what}: {line:?}");
        assert!(!line.trim_start().starts_with("::"), "{what}: {line:?}");
    }
}

/// Makes sure that every line of annotations is one of our commands with our properties.
#[track_caller]
pub(crate) fn is_annotations(what: &str, text: &str) {
    for line in text.lines() {
        let ours = ["::error ", "::warning ", "::notice "];
        let rest = ours.iter().find_map(|start| line.strip_prefix(start));
        assert!(rest.is_some(), "{what}: {line:?}");
        assert!(!line.chars().any(hidden), "{what}: {line:?}");
        let properties = rest.and_then(|rest| rest.split_once("::")).expect("properties").0;
        let keys: Vec<&str> = properties
            .split(',')
            .filter_map(|one| one.split_once('='))
            .map(|(key, _)| key)
            .collect();
        assert!(keys == ["file", "line", "col", "title"] || keys == ["title"], "{what}: {line:?}");
    }
}

/// The blocks of a comment as GitHub's Markdown has them, by depth; what an author must not
/// be able to make is a failure.
#[track_caller]
pub(crate) fn blocks(what: &str, text: &str) -> Vec<String> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true;
    let arena = Arena::new();
    let root = parse_document(&arena, text, &options);
    let mut blocks = Vec::new();
    for node in root.descendants() {
        let value = &node.data.borrow().value;
        match value {
            NodeValue::Image(_)
            | NodeValue::Math(_)
            | NodeValue::Strikethrough
            | NodeValue::FootnoteReference(_)
            | NodeValue::FootnoteDefinition(_)
            | NodeValue::TaskItem(_) => panic!("{what}: {value:?}\n{text}"),
            NodeValue::Link(link) => {
                assert!(link.url.starts_with("https://forge.example/"), "{what}: {}", link.url);
            }
            NodeValue::HtmlInline(tag) => tags(what, tag),
            NodeValue::HtmlBlock(block) => tags(what, &block.literal),
            _ => {}
        }
        if value.block() {
            let name = format!("{value:?}");
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            blocks.push(format!("{}{name}", " ".repeat(node.ancestors().count() - 1)));
        }
    }
    assert!(!text.contains("<!--"), "{what}: {text}");
    blocks
}

/// Makes sure that all tags are ours.
#[track_caller]
fn tags(what: &str, html: &str) {
    for part in html.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        let ours = ["br", "code", "details", "summary", "sub"];
        assert!(ours.contains(&tag.trim_start_matches('/')), "{what}: <{tag}>");
    }
}
