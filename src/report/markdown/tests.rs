//! Comments as a Markdown parser with GitHub's extensions sees them.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};
use proptest::prelude::*;

use super::super::comparison::{Comparison, Live};
use super::*;
use crate::approval;
use crate::effect::tests::{effect, load, tree};
use crate::effect::{self, Effect};

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true;
    options
}

fn form(limit: usize) -> Form {
    let base = Some("https://forge.example/acme/access/blob/{commit}".to_owned());
    Form { limit, links: Links { base, folder: String::new() } }
}

fn report(effect: Effect) -> Comparison {
    let base = load(&tree(&[]));
    let live = Live::NotRead { why: "no credentials are set here".to_owned(), failed: false };
    let paths = std::collections::BTreeSet::new();
    let inputs = approval::Inputs { base: &base, head: &base, effect: &effect, paths: &paths };
    let needs = approval::needs(&inputs);
    Comparison::of(effect, needs, &base, ("b".repeat(40), Some("a".repeat(40))), live)
}

/// What is wrong in a comment: tags that stay open, links elsewhere, tables with other
/// columns, markup that is not ours.
pub(crate) fn wrong(text: &str) -> Vec<String> {
    let arena = Arena::new();
    let root = parse_document(&arena, text, &options());
    let mut wrong = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::HtmlInline(tag) => html(tag, &mut open, &mut wrong),
            NodeValue::HtmlBlock(block) => html(&block.literal, &mut open, &mut wrong),
            NodeValue::Link(link)
                if !link.url.starts_with("https://forge.example/acme/access/blob/") =>
            {
                wrong.push(format!("a link to {}", link.url));
            }
            NodeValue::Table(table) if ![4, 5].contains(&table.num_columns) => {
                wrong.push(format!("a table of {} columns", table.num_columns));
            }
            NodeValue::Text(text) => loose(node, text, &mut wrong),
            NodeValue::Image(_)
            | NodeValue::Math(_)
            | NodeValue::Emph
            | NodeValue::Strikethrough
            | NodeValue::FootnoteReference(_)
            | NodeValue::FootnoteDefinition(_)
            | NodeValue::TaskItem(_)
            | NodeValue::BlockQuote
            | NodeValue::CodeBlock(_)
            | NodeValue::ThematicBreak => wrong.push(format!("{:?}", node.data.borrow().value)),
            _ => {}
        }
    }
    wrong.extend(open.into_iter().map(|tag| format!("<{tag}> stays open")));
    wrong
}

/// Texts outside of code: nothing that a forge would turn into something.
fn loose<'a>(node: &'a AstNode<'a>, text: &str, wrong: &mut Vec<String>) {
    // Between <code> and </code> forges leave texts alone.
    let mut before = node.previous_sibling();
    while let Some(sibling) = before {
        if let NodeValue::HtmlInline(tag) = &sibling.data.borrow().value {
            if tag == "<code>" {
                return;
            }
            break;
        }
        before = sibling.previous_sibling();
    }
    if text.contains(['@', '#', '$', '~', '!', '<', '`']) || text.contains("://") {
        wrong.push(format!("loose text {text:?}"));
    }
}

/// Opens and closes tags, of which only ours may be there.
fn html(text: &str, open: &mut Vec<String>, wrong: &mut Vec<String>) {
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or((part, ""));
        match tag {
            "br" => {}
            "code" | "details" | "summary" | "sub" => open.push(tag.to_owned()),
            "/code" | "/details" | "/summary" | "/sub" => {
                let closed = open.pop();
                if closed.as_deref() != Some(&tag[1..]) {
                    wrong.push(format!("<{tag}> closes {closed:?}"));
                }
            }
            other => wrong.push(format!("a foreign tag <{other}")),
        }
    }
}

const ROOT: &str = "for: [team/payments, fanlichun]\nreason: \"OPS-9: logs\"\nuntil: 2027-02-01\nservers:\n  - login: root\n    assets: [pay-web-01]\n";

#[test]
fn a_comment_reads_well() {
    let request = effect::tests::FILES[8].1;
    let found = effect(&[
        ("requests/OPS-9.yaml", ROOT),
        ("requests/PAY-1.yaml", &request.replace("2027-01-31", "2027-02-20")),
        ("policy.yaml", "environments: [prod, test]\nlimits: []\n"),
    ]);
    let text = comparison(&report(found), &form(GITHUB_LIMIT));
    assert_eq!(wrong(&text), [""; 0]);
    insta::assert_snapshot!(text);
}

#[test]
fn the_json_form_keeps_its_schema() {
    let request = effect::tests::FILES[8].1.replace("level: r", "level: rw");
    let found = effect(&[("requests/OPS-9.yaml", ROOT), ("requests/PAY-1.yaml", &request)]);
    let json: serde_json::Value = serde_json::from_str(&report(found).json()).expect("JSON");
    let schema = schemars::schema_for!(Comparison).to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
    assert_eq!(json["rows"][0]["person"], "fanlichun");
}

#[test]
fn nothing_changed_is_said_in_words() {
    let text = comparison(&report(effect(&[])), &form(GITHUB_LIMIT));
    assert!(text.starts_with("**Nobody's access changes.**\n"), "{text}");
}

const HOSTILE: [&str; 12] = [
    "</code></details><script>alert(1)</script>",
    "`` ` ``` | a | b |\n|---|",
    "@liwei @acme/ops #1 !2 GH-3 ~bug %4 &5 $6",
    "<!-- jumpgate:comment plan acme -->",
    "[x](https://evil.example) ![y](//evil.example/z.png)",
    "https://evil.example www.evil.example a@evil.example",
    "\\| \\\\| \\` &#96; &lt;b&gt;",
    "\u{202e}gnirts\u{200b}\u{2028}x\u{0}",
    "退款 🙂 👩\u{200d}👩\u{200d}👧 è́́́́",
    "# h\n> q\n- [ ] t\n***\n$$x$$ [^1]: y",
    ":smile: ~~x~~ **y** _z_ /approve",
    "fbe8d2c1a0fbe8d2c1a0fbe8d2c1a0fbe8d2c1a0",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "\\PC{0,60}",
        "[@#|`<>&\\\\\\[\\]()!*_~$:/. a-z0-9-]{0,80}",
        any::<String>(),
    ]
}

/// A report in which every text from outside is the one given.
fn filled(texts: &[String]) -> Comparison {
    let mut found = effect(&[
        ("requests/OPS-9.yaml", ROOT),
        ("policy.yaml", "environments: [prod, test]\nlimits: []\n"),
    ]);
    let mut texts = texts.iter().cycle().cloned();
    let mut next = || texts.next().unwrap_or_default();
    for row in &mut found.rows {
        row.name = next();
        for source in &mut row.because {
            source.reason = next();
            source.site.file = next().into();
        }
        row.by = [next(), next()].into();
        for side in [&mut row.before, &mut row.after].into_iter().flatten() {
            side.user = next();
            side.environment = next();
            match &mut side.thing {
                effect::Thing::Servers { nodes, assets, accounts, .. } => {
                    *nodes = [next(), next()].into();
                    *assets = [next()].into();
                    *accounts = vec![next()];
                }
                effect::Thing::Database { scopes, server, .. } => {
                    *scopes = [next(), next()].into();
                    *server = next();
                }
            }
        }
    }
    for setting in &mut found.settings {
        (setting.file, setting.name) = (next(), next());
        (setting.before, setting.after) = (Some(next()), Some(next()));
    }
    for finding in &mut found.findings {
        finding.message = next();
        finding.help = Some(next());
    }
    found.owners = [next(), next()].into();
    let mut report = report(found);
    report.live = Live::NotRead { why: next(), failed: true };
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Nothing that an author wrote becomes markup, a mention, a link or a marker.
    #[test]
    fn no_text_breaks_out(texts in proptest::collection::vec(hostile(), 1..9)) {
        let text = comparison(&filled(&texts), &form(GITHUB_LIMIT));
        prop_assert_eq!(wrong(&text), [""; 0], "{}", text);
        prop_assert!(!text.contains("<!--"), "{}", text);
    }

    #[test]
    fn no_comment_is_longer_than_its_limit(
        texts in proptest::collection::vec(hostile(), 1..9),
        limit in LEAST..20_000,
    ) {
        let text = comparison(&filled(&texts), &form(limit));
        prop_assert!(page::length(&text) <= limit);
        prop_assert_eq!(wrong(&text), [""; 0], "{}", text);
    }
}

/// 3,000 changes for 600 people, with every hostile text.
fn many() -> Comparison {
    let mut rows = Vec::new();
    let pattern = filled(&HOSTILE.map(str::to_owned)).rows;
    for number in 0..3000_usize {
        let mut row = pattern[number % pattern.len()].clone();
        row.person = format!("person{:03}", number % 600).parse().expect("a name");
        row.name = HOSTILE[number % HOSTILE.len()].to_owned();
        rows.push(row);
    }
    report(Effect { rows, ..Effect::default() })
}

#[test]
fn three_thousand_hostile_changes_stay_within_the_limit() {
    let report = many();
    for limit in [LEAST, 20_000, GITHUB_LIMIT, 1_000_000] {
        let text = comparison(&report, &form(limit));
        assert!(page::length(&text) <= limit, "{} of {limit}", page::length(&text));
        assert_eq!(wrong(&text), [""; 0]);
        assert_eq!(text, comparison(&report, &form(limit)), "the same bytes");
        assert!(text.contains("**600 people**: "), "{}", &text[..2000.min(text.len())]);
        assert!(text.contains("Not shown, since a comment has a limit: "), "limit {limit}");
    }
}

#[test]
fn errors_in_files_are_a_comment_too() {
    let broken = tree(&[("requests/x.yaml", "for: nobody\nreason: '@liwei <b>'\n")]);
    let moment = effect::tests::noon();
    let errors = crate::access::load(&broken, moment).expect_err("errors");
    let text = invalid(&errors, Some("abc"), &form(GITHUB_LIMIT));
    assert!(text.starts_with("**The files have 2 errors"), "{text}");
    assert_eq!(wrong(&text), [""; 0]);
}
