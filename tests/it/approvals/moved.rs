//! At apply: how something new was merged that moved, was copied, or lies behind a link.

use std::fs;
use std::os::unix::fs::symlink;

use jumpgate_sandbox::Version;

use super::merged::{company, head, offer, request, run};
use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};
use crate::support::company::Company;

const NEW: &str = "requests/new.yaml";
const OTHER: &str = "requests/2026/other.yaml";

/// What is done, in words and in git.
pub(super) type Case = (&'static str, fn(&Company));

fn ask() -> String {
    request("pay-web-01")
}

/// For both hosts.
fn both() -> String {
    request("pay-web-01, pay-web-02")
}

/// For both hosts, a day shorter.
fn shorter() -> String {
    both().replace("2027-02-28", "2027-02-27")
}

/// Whether fanlichun holds anything.
fn holds(company: &Company) -> bool {
    let names = ["jump_app_fanlichun_20270228", "jump_app_fanlichun_20270227"];
    names.iter().any(|name| company.jumpserver.permission(name).is_some())
}

fn link(company: &Company, path: &str, to: &str) {
    let path = company.dir().join(path);
    let _ = fs::remove_file(&path);
    symlink(to, path).expect("a link");
}

fn push(company: &Company, path: &str, text: &str) {
    company.write(path, text);
    company.merge("pushed");
}

/// Pushes of something that nobody approved, and of what hides it.
const ATTACKS: [Case; 8] = [
    ("pushed alone", |company| push(company, NEW, &ask())),
    ("moved", |company| {
        push(company, NEW, &ask());
        company.remove(NEW);
        push(company, OTHER, &ask());
    }),
    ("copied", |company| {
        push(company, NEW, &ask());
        push(company, OTHER, &ask());
    }),
    ("moved and shortened", |company| {
        push(company, NEW, &ask());
        company.remove(NEW);
        push(company, OTHER, &shorter());
    }),
    ("behind a link", |company| {
        company.write("drafts/new.yaml", &request("pay-web-01").replace("fanlichun", "liwei"));
        link(company, NEW, "../drafts/new.yaml");
        merge(company, 12);
        push(company, "drafts/new.yaml", &ask());
    }),
    ("in a folder behind a link", |company| {
        company.git(&["mv", "requests", "r"]);
        link(company, "requests", "r");
        company.merge("a link");
        push(company, "r/new.yaml", &ask());
    }),
    ("with rules behind a link", |company| {
        fs::create_dir(company.dir().join("rules")).expect("a folder");
        company.git(&["mv", "policy.yaml", "rules/policy.yaml"]);
        link(company, "policy.yaml", "rules/policy.yaml");
        company.merge("a link");
        push(company, "rules/policy.yaml", "environments: [prod]\nlimits: []\n");
        push(company, NEW, &ask());
    }),
    ("by a team in a file that moved", |company| {
        company.write("teams/logs.yaml", "members: [liwei]\n");
        company.write(NEW, &ask().replace("fanlichun", "team/logs"));
        merge(company, 12);
        push(company, "teams/logs.yaml", "members: [liwei, fanlichun]\n");
        company.git(&["mv", "teams/logs.yaml", "teams/logs.yml"]);
        company.merge("another name");
    }),
];

/// Merges what is in the work tree as an approved pull request does.
pub(super) fn merge(company: &Company, number: u64) -> PullRequest {
    let branch = format!("branch-{number}");
    company.git(&["checkout", "--quiet", "-b", &branch]);
    company.merge("on a branch");
    let reviewed = head(company);
    company.git(&["checkout", "--quiet", "main"]);
    let message = format!("Merge pull request #{number}");
    company.git(&["merge", "--quiet", "--no-ff", "-m", &message, &branch]);
    let pull = PullRequest::new(number, "zhaomin", &reviewed).review("LiWei", Said::Yes);
    pull.merged(&[&head(company)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_approved_gets_nothing_wherever_it_goes() {
    for how in ["git", "forge"] {
        for (name, attack) in ATTACKS {
            let (company, forge) = (company(how).await, Forge::start(Api::Github).await);
            attack(&company);
            let args = ["apply", "--yes", "--provenance", how];
            let done = run(&company, Some(&forge), &args).await;
            assert_eq!(done.code, 4, "{how}: {name}\n{}\n{}", done.stdout, done.stderr);
            assert!(done.stdout.contains("JG260"), "{how}: {name}\n{}", done.stdout);
            assert!(!holds(&company), "{how}: {name}\n{}", done.stdout);
        }
    }
}

/// What honest people do with what was approved.
const HONEST: [Case; 7] = [
    ("as it is", |_| {}),
    ("moved", |company| {
        company.remove(NEW);
        push(company, OTHER, &both());
        push(company, OTHER, &both().replace("logs", "the logs"));
    }),
    ("moved and shortened", |company| {
        company.remove(NEW);
        push(company, OTHER, &shorter());
    }),
    ("split", |company| {
        company.write(NEW, &ask());
        push(company, OTHER, &request("pay-web-02"));
    }),
    ("copied, and the first one taken away", |company| {
        push(company, OTHER, &both());
        company.remove(NEW);
        company.merge("taken away");
    }),
    ("behind a link", |company| {
        company.git(&["mv", "requests", "r"]);
        link(company, "requests", "r");
        company.merge("a link");
    }),
    ("an owner has another name, and his file another end", |company| {
        company.remove("people/liwei.yaml");
        push(company, "people/liwei.yml", "name: 李伟伟\nforge: LiWei\n");
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_is_granted_wherever_it_goes() {
    for how in ["git", "forge"] {
        for (name, edit) in HONEST {
            let (company, forge) = (company(how).await, Forge::start(Api::Github).await);
            company.write(NEW, &both());
            offer(&forge, merge(&company, 12));
            edit(&company);
            let done = run(&company, Some(&forge), &["apply", "--yes"]).await;
            assert_eq!(done.code, 0, "{how}: {name}\n{}\n{}", done.stdout, done.stderr);
            assert!(holds(&company), "{how}: {name}\n{}", done.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_that_become_one_are_granted_when_both_were_approved() {
    for approved in [true, false] {
        let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
        company.write(NEW, &ask());
        offer(&forge, merge(&company, 12));
        company.write("requests/two.yaml", &request("pay-web-02"));
        let second = merge(&company, 13);
        if approved {
            offer(&forge, second);
        }
        company.remove(NEW);
        company.remove("requests/two.yaml");
        push(&company, OTHER, &request("pay-web-01, pay-web-02"));
        let code = if approved { 0 } else { 4 };
        run(&company, Some(&forge), &["apply", "--yes"]).await.expect(code);
        assert_eq!(holds(&company), approved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_beginning_gave_is_granted_wherever_it_goes() {
    for how in ["git", "forge"] {
        let company = Company::with_hosts(Version::V4).await;
        company.write(NEW, &ask());
        company.write(
            "policy.yaml",
            &format!(
                "environments: [prod]\nprovenance: {how}\nlimits:\n  - {{ when: {{ environment: prod }}, approvals: 1 }}\n"
            ),
        );
        company.git(&["add", "--all"]);
        company.git(&["commit", "--quiet", "--amend", "--message", "imported"]);
        fs::create_dir_all(company.dir().join("requests/2026")).expect("a folder");
        company.git(&["mv", NEW, OTHER]);
        company.merge("a folder for the year");
        run(&company, None, &["apply", "--yes"]).await.expect(0);
        assert!(holds(&company), "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_without_its_beginning_tells_what_it_holds() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    company.write(NEW, &ask());
    offer(&forge, merge(&company, 12));
    let merged = head(&company);
    company.remove(NEW);
    push(&company, OTHER, &ask());
    // As `git clone --depth` leaves it.
    let ends_at = |commits: &str| {
        fs::write(company.dir().join(".git/shallow"), format!("{commits}\n")).expect("a file");
    };
    ends_at(&merged);
    let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(5);
    assert!(done.stdout.contains("JG261"), "{}", done.stdout);
    assert!(!holds(&company));
    fs::remove_file(company.dir().join(".git/shallow")).expect("it is there");
    let before = company.git(&["rev-parse", "HEAD~2"]);
    ends_at(before.trim());
    run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
    assert!(holds(&company));
}
