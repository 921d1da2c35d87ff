use std::collections::BTreeMap;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::access::{self, model::Access};
use crate::diagnostic::Code;
use crate::repo::Tree;

fn answers() -> Answers {
    Answers {
        owner: owner("acme").expect("a name"),
        url: url("https://jump.acme.example").expect("an address"),
        organization: organization("Default").expect("an organization"),
        time_zone: time_zone("Asia/Shanghai").expect("a zone"),
        environments: "prod, test".parse().expect("environments"),
        ci: Ci::None,
        requests: true,
    }
}

fn tree<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Tree {
    let files = files.into_iter();
    let files = files.map(|(path, text)| (Arc::from(path), Arc::from(text.into_bytes()))).collect();
    Tree { files, ..Tree::default() }
}

fn checked(tree: &Tree) -> Access {
    access::load(tree, Timestamp::UNIX_EPOCH).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The files that the pages show: each block of YAML begins with a line that names one.
fn shown(files: &BTreeMap<&'static str, String>) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for text in files.iter().filter(|(path, _)| path.ends_with(".md")).map(|(_, text)| text) {
        for block in text.split("```yaml\n").skip(1) {
            let (block, _) = block.split_once("```").expect("an end");
            let path = block.lines().next().and_then(|line| line.strip_prefix("# "));
            shown.push((path.expect("a path").to_owned(), block.to_owned()));
        }
    }
    shown
}

#[test]
fn the_settings_are_easy_to_read() {
    let files = files(&answers());
    insta::assert_snapshot!(format!("{}---\n{}", files["jumpgate.yaml"], files["policy.yaml"]));
}

#[test]
fn what_the_pages_show_passes_the_check_beside_the_files() {
    let files = files(&answers());
    let shown = shown(&files);
    assert_eq!(shown.len(), 6);
    let mut all = tree(files.clone());
    all.files.extend(
        shown.iter().map(|(path, text)| (Arc::from(path.as_str()), Arc::from(text.as_bytes()))),
    );
    let access = checked(&all);
    assert!(access.notices.is_empty(), "{:?}", access.notices);
    let counts = [
        access.people.len(),
        access.teams.len(),
        access.instances.len(),
        access.servers.len(),
        access.requests.len(),
    ];
    assert_eq!(counts, [2, 1, 1, 1, 1]);
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        assert!(!text.contains("{{"), "{path}");
    }
}

#[test]
fn what_stands_as_a_comment_is_what_holds_without_it() {
    let files = files(&answers());
    let defaults = checked(&tree(files.clone())).config;
    let jumpgate = &files["jumpgate.yaml"];
    let (head, comments) = jumpgate.split_once("# What follows").expect("the comments");
    let lines = comments.lines().skip(2).map(|line| line.trim_start_matches('#'));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let lines: Vec<&str> = lines.filter(|line| line.contains(':')).collect();
    let written = tree([
        ("jumpgate.yaml", format!("{head}{}\n", lines.join("\n"))),
        ("policy.yaml", files["policy.yaml"].clone()),
        ("requests/README.md", String::new()),
    ]);
    assert_eq!(lines.len(), 9);
    assert_eq!(format!("{:?}", checked(&written).config), format!("{defaults:?}"));
}

#[test]
fn production_asks_for_more_and_everything_ends() {
    let policy = |environments: &str| {
        let answers = Answers { environments: environments.parse().expect("names"), ..answers() };
        checked(&tree(files(&answers))).policy
    };
    assert_eq!(policy("prod-eu, test, live").limits.len(), 7);
    let loose = policy("test");
    assert_eq!(loose.limits.len(), 1);
    assert!(loose.limits[0].end_required);
}

#[test]
fn each_forge_gets_the_workflows_of_the_example() {
    for (ci, requests, count) in [
        (Ci::None, true, 0),
        (Ci::Github, true, 7),
        (Ci::Github, false, 5),
        (Ci::Gitlab, true, 1),
        (Ci::Gitlab, false, 1),
        (Ci::Gitea, true, 6),
        (Ci::Gitea, false, 4),
    ] {
        let files = files(&Answers { ci, requests, ..answers() });
        // Of what needs a bot's token nothing is left, the form neither.
        let asks =
            files.keys().any(|path| path.ends_with("/request.yml") || path.contains("ISSUE"));
        assert_eq!(asks, requests && matches!(ci, Ci::Github | Ci::Gitea), "{ci:?}");
        assert!(ALWAYS.iter().all(|path| files.contains_key(path)));
        assert_eq!(files.len(), ALWAYS.len() + count);
        let workflows = files.keys().filter(|path| path.ends_with(".yml"));
        assert_eq!(workflows.count(), count);
        checked(&tree(files));
    }
}

#[test]
fn a_wrong_answer_is_told_what_is_expected() {
    let cases = [
        (owner("ACME").map(|_| ()), "lower-case letters"),
        (url("jump.acme.example").map(|_| ()), "expected https://host"),
        (url("https://admin:secret@jump.acme.example").map(|_| ()), "without a user"),
        (url("").map(|_| ()), "expected https://host"),
        (organization(" ").map(|_| ()), "expected a text"),
        (time_zone("Shanghai").map(|_| ()), "such as Asia/Shanghai"),
        ("prod, Test".parse::<Environments>().map(|_| ()), "`Test`: expected a lower-case"),
        ("prod prod".parse::<Environments>().map(|_| ()), "`prod` is there twice"),
        (" , ".parse::<Environments>().map(|_| ()), "at least one"),
    ];
    for (answer, expected) in cases {
        let error = answer.expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

prop_compose! {
    fn any_answers()(
        name in "[a-z0-9-]{1,40}",
        host in "[a-z][a-z0-9-]{0,8}[a-z0-9](\\.example)?(:[1-9][0-9]{2})?(/[a-zA-Z0-9#?%{}\"' -]{0,6})?",
        secure in any::<bool>(),
        group in "\\PC{1,12}|[ -~]{1,12}|[\\x00-\\x20a]{1,4}",
        zone in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York", "Etc/GMT+8"]),
        names in prop::collection::btree_set("[a-z0-9][a-z0-9._-]{0,63}|prod|true|null|1e5", 1..5),
        ci in prop::sample::select(Ci::value_variants()),
        requests in any::<bool>(),
    ) -> Option<Answers> {
        let names: Vec<String> = names.into_iter().collect();
        Some(Answers {
            owner: owner(&name).ok()?,
            url: url(&format!("http{}://{host}", if secure { "s" } else { "" })).ok()?,
            organization: organization(&group).ok()?,
            time_zone: time_zone(zone).ok()?,
            environments: names.join(",").parse().ok()?,
            ci,
            requests,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn any_accepted_answers_pass_the_check_and_mean_what_was_said(answers in any_answers()) {
        prop_assume!(answers.is_some());
        let answers = answers.expect("accepted");
        let access = checked(&tree(files(&answers)));
        prop_assert_eq!(&access.config.owner, &answers.owner);
        prop_assert_eq!(&access.config.organization, &answers.organization);
        prop_assert_eq!(&access.config.url, &answers.url.parse::<url::Url>().expect("an address"));
        prop_assert_eq!(access.config.zone.iana_name(), Some(answers.time_zone.as_str()));
        prop_assert_eq!(&access.policy.environments, answers.environments.as_slice());
        // Of an address without encryption is warned, and of nothing else.
        let codes: Vec<Code> = access.notices.iter().map(|notice| notice.code).collect();
        let plain = access.config.url.scheme() == "http";
        prop_assert!(codes.is_empty() || (plain && codes == [Code::PlainHttp]), "{:?}", codes);
    }
}
