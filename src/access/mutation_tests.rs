//! Good files changed at random, of every kind: no panic, and every error points into
//! its file.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::load;
use crate::diagnostic::{Code, Diagnostic, render};
use crate::repo::Tree;

/// A repo that uses every key of every kind of file.
const FILES: [(&str, &str); 9] = [
    (
        "jumpgate.yaml",
        "version: 1
owner: acme
time-zone: Asia/Shanghai
jumpserver:
  url: https://jump.acme.example/path
  organization: Default
people: { source: repo }
logins:
  app: { accounts: [app], protocols: [ssh, sftp], actions: [connect, upload] }
  root:
    accounts: [root, Administrator]
    protocols: [ssh]
    actions: [connect]
levels:
  r: [SELECT]
  ddl: [SELECT, \"CREATE VIEW\"] # flagged
prefix: jump
guard: { removals: 10, percent: 20 }
",
    ),
    (
        "policy.yaml",
        "environments: [prod, test]
limits:
  - { when: { environment: prod }, end: required, longest: 90d, approvals: 1 }
  - when: { environment: prod, level: ddl, scope: database }
    deny: name the tables
exposed-accounts: refuse
sessions: { prod: disconnect, test: disconnect after 30m }
",
    ),
    (
        "inventory/databases/orders-prod.yaml",
        "address: orders-prod.db.acme.example:3306
asset: orders-prod
environment: prod
owners: [team/payments, liwei]
account-host: 10.8.0.%
levels: [r, ddl]
databases: [orders, 数据]
tls: { mode: require, ca: inventory/ca.pem }
",
    ),
    (
        "inventory/databases/orders-replica.yaml",
        "address: 10.0.0.1
asset: orders-replica
environment: prod
account-host: '%'
same-accounts-as: orders-prod
state: retired
",
    ),
    (
        "inventory/servers.yaml",
        "servers:
  - environment: prod
    owners: [team/payments]
    logins: [app, root]
    nodes: [/Default/payments/prod]
    assets: [pay-web-*, pay-win-01]
",
    ),
    (
        "people/fanlichun.yaml",
        "name: 范立春
email: fanlichun@acme.example
jumpserver: fanlichun@acme.example
jumpserver-id: 4c64c864-e2e5-4403-a1cf-5f868df27fb6
forge: fanlc
",
    ),
    (
        "people/liwei.yaml",
        "name: 李伟\nemail: liwei@acme.example\nforge: LiWei\nleft: 2027-01-31\n",
    ),
    ("teams/payments.yaml", "members: [fanlichun, liwei]\n"),
    (
        "requests/2026/PAY-1234.yaml",
        "for: [fanlichun, team/payments]
reason: \"PAY-1234: reconcile refunds\"
from: 2026-12-01 18:00
until: 2027-02-28T18:30:00+08:00
servers:
  - login: app
    nodes: [/Default/payments/prod/web]
    assets:
      - pay-web-01
databases:
  - instance: [orders-prod, orders-replica]
    level: r
    tables:
      - orders.*
      - orders.cards(id, last4)
      - '`数据`.`t`'
",
    ),
];

/// A change of one file.
#[derive(Debug, Clone)]
enum Change {
    DeleteLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
    MoveIn(Index, usize),
    SwapTokens(Index, Index),
    Token(Index, String),
    Cut(Index),
    Insert(Index, String),
    LineEnds,
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        index().prop_map(Change::DeleteLine),
        index().prop_map(Change::RepeatLine),
        (index(), index()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (index(), 0..6_usize).prop_map(|(a, n)| Change::MoveIn(a, n)),
        (index(), index()).prop_map(|(a, b)| Change::SwapTokens(a, b)),
        (index(), token()).prop_map(|(a, text)| Change::Token(a, text)),
        index().prop_map(Change::Cut),
        (index(), token()).prop_map(|(a, text)| Change::Insert(a, text)),
        Just(Change::LineEnds),
    ]
}

/// Pieces that are awkward in YAML, or in these files.
fn token() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "",
        "~",
        "null",
        "yes",
        "true",
        "on",
        "007",
        "1e3",
        "-1",
        "99999999999999999999",
        "[]",
        "{}",
        "[",
        "}",
        "&a",
        "*a",
        "!x",
        "<<: *a",
        "---",
        "...",
        "# x",
        "x # y",
        "|",
        ">-",
        "? ",
        "'",
        "\"",
        "\t",
        "\u{feff}",
        "\u{2028}",
        "\0",
        "数",
        "😀",
        "%",
        "@ALL",
        "*.*",
        "a.b(c",
        "team/x",
        "/",
        "2026-02-30",
        "2026-12-01",
        "\"\\ud800\"",
        "- - -",
        ": ",
        "\n",
        "\r\n",
    ]);
    prop_oneof![awkward.prop_map(str::to_owned), "[-:\\[\\]{}#'\"`.,*a-z0-9 ]{0,12}"]
}

/// The pieces of a text: words, and what stands between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = false;
    for c in text.chars() {
        let is_word = c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@');
        match tokens.last_mut() {
            Some(last) if is_word && word => last.push(c),
            _ => tokens.push(c.to_string()),
        }
        word = is_word;
    }
    tokens
}

fn apply(text: &str, change: &Change) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut words = tokens(text);
    if lines.is_empty() || words.is_empty() {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let line = |index: &Index| index.index(text.split_inclusive('\n').count());
    match change {
        Change::DeleteLine(at) => drop(lines.remove(line(at))),
        Change::RepeatLine(at) => lines.insert(line(at), lines[line(at)].clone()),
        Change::SwapLines(a, b) => lines.swap(line(a), line(b)),
        Change::MoveIn(at, blanks) => lines[line(at)].insert_str(0, &" ".repeat(*blanks)),
        Change::SwapTokens(a, b) => {
            let (a, b) = (a.index(words.len()), b.index(words.len()));
            words.swap(a, b);
            return words.concat();
        }
        Change::Token(at, text) => {
            let at = at.index(words.len());
            words[at].clone_from(text);
            return words.concat();
        }
        Change::Cut(at) => return characters[..at.index(characters.len())].iter().collect(),
        Change::Insert(at, text) => {
            let (before, behind) = characters.split_at(at.index(characters.len()));
            return before.iter().collect::<String>() + text + &behind.iter().collect::<String>();
        }
        Change::LineEnds => return text.replace("\r\n", "\n").replace('\n', "\r\n"),
    }
    lines.concat()
}

fn tree(files: &BTreeMap<&str, Vec<u8>>) -> Tree {
    let files = files.iter().map(|(path, bytes)| ((*path).into(), bytes.as_slice().into()));
    Tree { files: files.collect(), ..Tree::default() }
}

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let mut files: BTreeMap<_, _> =
        FILES.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())).collect();
    let key = rcgen::generate_simple_self_signed(["db.acme.example".to_owned()]).expect("a key");
    files.insert("inventory/ca.pem", key.cert.pem().into_bytes());
    files
}

fn now() -> jiff::Timestamp {
    "2026-12-10T00:00:00Z".parse().expect("a moment")
}

/// Makes sure that an error can be shown: it lies in its file.
fn placed(error: &Diagnostic, tree: &Tree) -> Result<(), TestCaseError> {
    let Some(bytes) = tree.files.get(&error.site.file) else {
        // What is missing has no place.
        prop_assert_eq!(error.code, Code::File);
        return Ok(());
    };
    let text = String::from_utf8_lossy(bytes);
    prop_assert!(error.site.line >= 1 && error.site.column >= 1);
    let lines = text.split('\n').count();
    prop_assert!((error.site.line as usize) <= lines, "{error:?} of {lines} lines: {text:?}");
    prop_assert!(error.span.start <= error.span.end && error.span.end <= bytes.len(), "{error:?}");
    let words = [Some(&error.message), Some(&error.expected), error.help.as_ref()];
    for text in words.into_iter().flatten() {
        prop_assert!(!text.contains("serde") && !text.contains("Spanned"), "{text}");
        prop_assert!(text.chars().count() < 1_500, "{text}");
    }
    Ok(())
}

#[test]
fn the_whole_repo_is_right() {
    let access = load(&tree(&files()), now()).expect("no error");
    assert_eq!(access.notices.len(), 4);
}

proptest! {
    #![proptest_config(crate::fuzz::cases(256))]

    #[test]
    fn fuzz_a_changed_file_gives_a_repo_or_errors_in_it(
        which in any::<Index>(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let mut files = files();
        let (path, text) = FILES[which.index(FILES.len())];
        let text = changes.iter().fold(text.to_owned(), |text, change| apply(&text, change));
        files.insert(path, text.into_bytes());
        let tree = tree(&files);
        if let Err(errors) = load(&tree, now()) {
            prop_assert!(!errors.is_empty());
            for error in &errors {
                placed(error, &tree)?;
            }
            let text = String::from_utf8_lossy(&files[path]).into_owned();
            let source = |file: &str| (file == path).then_some(text.as_str());
            prop_assert!(render(&errors, source, false).contains("error[JG"));
        }
    }

    #[test]
    fn fuzz_any_bytes_as_a_file_give_errors_in_it(
        which in any::<Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut files = files();
        let path = *files.keys().nth(which.index(files.len())).expect("a file");
        files.insert(path, bytes);
        let tree = tree(&files);
        if let Err(errors) = load(&tree, now()) {
            for error in &errors {
                placed(error, &tree)?;
            }
        }
    }
}
