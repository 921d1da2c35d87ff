//! Entries of lists and mappings taken out of a file; every other byte stays.

use std::ops::Range;

use serde_json::Value;

use super::{Refused, spliced};
use crate::yaml::{Kind, Node, tree};

/// One step of the way to a part of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The value of a key.
    Key(&'static str),
    /// An entry of a list, from 0.
    At(usize),
}

/// The file without these parts: entries of lists, or keys with their values. Comments stay,
/// but those on the lines that go. The result is read back: it says what the file said, without
/// the parts, and nothing else.
///
/// # Errors
/// When the file is no YAML, has no such part, or its layout leaves no safe way.
pub fn take_out(text: &str, parts: &[Vec<Way>]) -> Result<String, Refused> {
    let mut parts = parts.to_vec();
    // The last one first: what goes moves nothing that is still to be found.
    parts.sort_by(|a, b| b.cmp(a));
    parts.dedup();
    let mut root = read(text)?;
    if let Some(text) = at_once(text, &root, &parts) {
        return Ok(text);
    }
    let mut text = text.to_owned();
    for part in &parts {
        let mut wanted = root.value();
        remove(&mut wanted, part).ok_or_else(|| no_place(part))?;
        let ranges = ranges(&text, &root, part);
        let good = |range: Range<usize>| {
            let candidate = spliced(&text, range, "");
            let after = read(&candidate).ok().filter(|after| after.value() == wanted)?;
            Some((candidate, after))
        };
        (text, root) = ranges.into_iter().find_map(good).ok_or_else(|| no_place(part))?;
    }
    Ok(text)
}

/// The same in one go, so that the file is read twice and not twice for each part: where each
/// part goes by its best range, and none lies in another's.
fn at_once(text: &str, root: &Node, parts: &[Vec<Way>]) -> Option<String> {
    let mut wanted = root.value();
    let mut pieces = Vec::with_capacity(parts.len());
    let mut end = text.len();
    for part in parts {
        remove(&mut wanted, part)?;
        let range = ranges(text, root, part).into_iter().next().filter(|one| one.end <= end)?;
        pieces.push(&text[range.end..end]);
        end = range.start;
    }
    let mut left = text[..end].to_owned();
    left.extend(pieces.into_iter().rev());
    read(&left).is_ok_and(|after| after.value() == wanted).then_some(left)
}

fn read(text: &str) -> Result<Node, Refused> {
    tree(&"file".into(), text.as_bytes()).map_err(|_| Refused::NotKeys)
}

fn no_place(part: &[Way]) -> Refused {
    let words = part.iter().map(|step| match step {
        Way::Key(key) => (*key).to_owned(),
        Way::At(at) => format!("{}", at + 1),
    });
    Refused::NoWayOut(words.collect::<Vec<_>>().join(" "))
}

fn remove(value: &mut Value, part: &[Way]) -> Option<()> {
    let (last, before) = part.split_last()?;
    let mut value = value;
    for step in before {
        value = match step {
            Way::Key(key) => value.get_mut(*key)?,
            Way::At(at) => value.get_mut(*at)?,
        };
    }
    match (last, value) {
        (Way::Key(key), Value::Object(map)) => map.remove(*key).map(|_| ()),
        (Way::At(at), Value::Array(list)) if *at < list.len() => {
            list.remove(*at);
            Some(())
        }
        _ => None,
    }
}

/// The ranges whose removal may take a part out, the best first.
fn ranges(text: &str, root: &Node, part: &[Way]) -> Vec<Range<usize>> {
    let Some((last, before)) = part.split_last() else { return Vec::new() };
    let mut node = root;
    for step in before {
        let next = match (step, &node.kind) {
            (Way::Key(key), Kind::Map(map)) => {
                map.iter().find(|(_, known, _)| known == key).map(|(.., value)| value)
            }
            (Way::At(at), Kind::List(list)) => list.get(*at),
            _ => None,
        };
        let Some(next) = next else { return Vec::new() };
        node = next;
    }
    match (last, &node.kind) {
        (Way::At(at), Kind::List(list)) => {
            let Some(entry) = list.get(*at) else { return Vec::new() };
            let next = list.get(at + 1).map(|next| next.span.start);
            let previous = at.checked_sub(1).and_then(|at| list.get(at)).map(|one| one.span.end);
            within(text, &entry.span, next, previous)
        }
        (Way::Key(key), Kind::Map(map)) => {
            let Some(at) = map.iter().position(|(_, known, _)| known == key) else {
                return Vec::new();
            };
            let (place, _, value) = &map[at];
            let span = place.start..value.span.end.max(place.end);
            let next = map.get(at + 1).map(|(place, ..)| place.start);
            let previous = at.checked_sub(1).and_then(|at| map.get(at));
            within(text, &span, next, previous.map(|(.., value)| value.span.end))
        }
        _ => Vec::new(),
    }
}

/// An entry with its whole lines; or, inside of brackets, with the comma behind or before it.
fn within(
    text: &str,
    span: &Range<usize>,
    next: Option<usize>,
    previous: Option<usize>,
) -> Vec<Range<usize>> {
    let mut ranges = Vec::from_iter(lines(text, span));
    if let Some(next) = next {
        ranges.push(span.start..next);
    }
    if let Some(previous) = previous {
        ranges.push(previous..span.end);
    }
    ranges
}

/// The lines of an entry that begins its line: its own, and those that are indented deeper, with
/// the blank and comment lines between them.
fn lines(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[start..span.start].trim_start_matches('\u{feff}');
    let dash = before.trim_start_matches(' ');
    let indent = before.len() - dash.len();
    let is_list = dash.starts_with("- ");
    if !dash.chars().all(|c| c == '-' || c == ' ') || dash.matches('-').count() > 1 {
        return None;
    }
    let end_of_line = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let mut end = end_of_line(span.end.max(span.start));
    let mut at = end;
    while at < text.len() {
        let next = end_of_line(at);
        let line = text[at..next].trim_end();
        let bare = line.trim_start_matches(' ');
        let deep = line.len() - bare.len();
        // A list may stand as deep as its key.
        let own_list = !is_list && deep == indent && bare.starts_with("- ");
        if !bare.is_empty() && !bare.starts_with('#') {
            if deep <= indent && !own_list {
                break;
            }
            end = next;
        }
        at = next;
    }
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# asked for by payments
for: [fanlichun, liwei] # both
reason: \"PAY-1\"
servers:
  # the web servers
  - login: app
    assets:
      - pay-web-01 # the first
      # the second is old
      - pay-web-02
  - { login: root, assets: [pay-win-01, pay-win-02] }
databases:
  - instance:
    - orders-prod
    - billing-prod
    level: r
    tables: [orders.*, 'billing.cards(id, last4)']

# the end
";

    fn out(parts: &[&[Way]]) -> Result<String, Refused> {
        let parts: Vec<Vec<Way>> = parts.iter().map(|part| part.to_vec()).collect();
        take_out(FILE, &parts)
    }

    use Way::{At, Key};

    #[test]
    fn an_entry_goes_and_all_else_stays() {
        let without = |cut: &str| Ok(FILE.replace(cut, ""));
        for (part, cut) in [
            (&[Key("for"), At(0)][..], "fanlichun, "),
            (&[Key("for"), At(1)], ", liwei"),
            (&[Key("servers"), At(0), Key("assets"), At(0)], "      - pay-web-01 # the first\n"),
            (&[Key("servers"), At(0), Key("assets"), At(1)], "      - pay-web-02\n"),
            (&[Key("servers"), At(1), Key("assets"), At(0)], "pay-win-01, "),
            (&[Key("servers"), At(1)], "  - { login: root, assets: [pay-win-01, pay-win-02] }\n"),
            (&[Key("databases"), At(0), Key("instance"), At(1)], "    - billing-prod\n"),
            (&[Key("databases"), At(0), Key("tables"), At(1)], ", 'billing.cards(id, last4)'"),
        ] {
            assert_eq!(out(&[part]), without(cut), "{part:?}");
        }
    }

    #[test]
    fn blocks_go_with_all_their_lines() {
        let first = out(&[&[Key("servers"), At(0)]]).expect("it goes");
        assert!(first.contains("# the web servers\n  - { login: root"), "{first}");
        let servers = out(&[&[Key("servers")]]).expect("they go");
        assert!(servers.contains("reason: \"PAY-1\"\ndatabases:\n"), "{servers}");
        let databases = out(&[&[Key("databases")]]).expect("they go");
        assert!(databases.ends_with("pay-win-02] }\n\n# the end\n"), "{databases}");
    }

    #[test]
    fn several_go_at_once() {
        let left = out(&[
            &[Key("for"), At(0)],
            &[Key("servers"), At(0), Key("assets"), At(0)],
            &[Key("servers"), At(1)],
        ]);
        let left = left.expect("they go");
        assert!(left.contains("for: [liwei] # both"), "{left}");
        assert!(
            left.contains("      # the second is old\n      - pay-web-02\ndatabases:"),
            "{left}"
        );
    }

    #[test]
    fn line_ends_and_other_layouts_stay() {
        let windows = "for:\r\n  - a # him\r\n  - b\r\nreason: x\r\n";
        let one = [vec![Key("for"), At(0)]];
        assert_eq!(take_out(windows, &one).as_deref(), Ok("for:\r\n  - b\r\nreason: x\r\n"));
        let flow = "{for: [a, b], reason: x}";
        assert_eq!(take_out(flow, &one).as_deref(), Ok("{for: [b], reason: x}"));
        let long = "for: [\n  a,\n  b,\n]\nreason: x\n";
        assert_eq!(take_out(long, &one).as_deref(), Ok("for: [\n  b,\n]\nreason: x\n"));
    }

    #[test]
    fn what_cannot_go_safely_is_refused() {
        let key_on_the_dash = "servers:\n  - nodes: [/a]\n    login: app\n    assets: [b]\n";
        let part = [vec![Key("servers"), At(0), Key("nodes")]];
        match take_out(key_on_the_dash, &part) {
            Ok(text) => assert_eq!(text, "servers:\n  - login: app\n    assets: [b]\n"),
            Err(refused) => assert!(matches!(refused, Refused::NoWayOut(_))),
        }
        assert!(matches!(take_out("a: [b", &part), Err(Refused::NotKeys)));
        let none = [vec![Key("for"), At(7)]];
        assert!(matches!(take_out(FILE, &none), Err(Refused::NoWayOut(_))));
    }
}
