//! At apply: rules that say what nobody approved judge nothing.

use crate::comment::forge::{Api, Forge};
use crate::support::company::{Company, Done, folded};

use super::merged::{company, held, offer, request, run};
use super::moved::{Case, merge};

const SERVERS: &str = "inventory/servers.yaml";
const PAYMENTS: &str = "teams/payments.yaml";

/// A company whose servers are of a team with liwei alone, and where mallory is somebody.
async fn with_mallory() -> (Company, Forge) {
    with_mallory_and("forge").await
}

/// The same, where policy asks how something was merged in this way.
async fn with_mallory_and(how: &str) -> (Company, Forge) {
    let (company, forge) = (company(how).await, Forge::start(Api::Github).await);
    company.write("people/mallory.yaml", "name: mallory\nforge: Mallory\nemail: m@acme.example\n");
    company.write(PAYMENTS, "members: [liwei]\n");
    owned_by(&company, "liwei", "team/payments");
    company.merge("mallory joins");
    apply(&company, &forge).await.expect(0);
    (company, forge)
}

async fn apply(company: &Company, forge: &Forge) -> Done {
    run(company, Some(forge), &["apply", "--yes", "--provenance", "forge"]).await
}

/// What is told, without the breaks of its lines.
fn words(done: &Done) -> String {
    folded(&done.stdout)
}

fn owned_by(company: &Company, before: &str, after: &str) {
    let text = std::fs::read_to_string(company.dir().join(SERVERS)).expect("a file");
    company.write(SERVERS, &text.replace(&format!("[{before}]"), &format!("[{after}]")));
}

/// Merges a request that mallory approved.
fn ask(company: &Company, forge: &Forge) {
    company.write("requests/new.yaml", &request("pay-web-01"));
    let mut pull = merge(company, 12);
    pull.reviews[0].reviewer = "Mallory".to_owned();
    offer(forge, pull);
}

/// Merges a change of the rules that liwei approved.
fn change(company: &Company, forge: &Forge, number: u64) {
    offer(forge, merge(company, number));
}

/// Pushes that make mallory one who approves.
const PUSHES: [Case; 4] = [
    ("another owner", |company| owned_by(company, "team/payments", "mallory")),
    ("one more owner", |company| owned_by(company, "team/payments", "team/payments, mallory")),
    ("a member", |company| company.write(PAYMENTS, "members: [liwei, mallory]\n")),
    ("a name", |company| {
        company.write("people/liwei.yaml", "name: liwei\nforge: Mallory\n");
        company.write("people/mallory.yaml", "name: mallory\nforge: other\n");
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn who_was_made_an_owner_by_a_push_approves_nothing() {
    for (name, push) in PUSHES {
        let (company, forge) = with_mallory().await;
        push(&company);
        company.merge("pushed");
        // Nothing is new yet, and it is not forgotten.
        for _ in 0..2 {
            apply(&company, &forge).await.expect(0);
            company.write("README.md", name);
            company.merge("nothing of this");
        }
        ask(&company, &forge);
        let done = apply(&company, &forge).await;
        assert_eq!(done.code, 4, "{name}\n{}", done.stdout);
        assert!(done.stdout.contains("the rules themselves"), "{name}\n{}", done.stdout);
        // An approved change beside it makes nothing good.
        company.write("teams/other.yaml", "members: [fanlichun]\n");
        change(&company, &forge, 13);
        apply(&company, &forge).await.expect(4);
        assert_eq!(held(&company), 0, "{name}");
    }
}

/// What is done at the forge too, in words and in git.
type Hidden = (&'static str, fn(&Company, &Forge));

/// Ways in which a push could stay unseen.
const HIDDEN: [Hidden; 5] = [
    ("beside an invalid file", |company, _| {
        owned_by(company, "team/payments", "mallory");
        company.write("requests/bad.yaml", "nothing: of this\n");
        company.merge("pushed");
        company.remove("requests/bad.yaml");
        company.merge("mended");
    }),
    ("between invalid files", |company, _| {
        company.write("requests/bad.yaml", "nothing: of this\n");
        company.merge("broken");
        owned_by(company, "team/payments", "mallory");
        company.merge("pushed");
        company.remove("requests/bad.yaml");
        company.merge("mended");
    }),
    ("into a team that came to own", |company, forge| {
        company.write("teams/ops.yaml", "members: [liwei]\n");
        owned_by(company, "team/payments", "team/ops");
        change(company, forge, 11);
        company.write("teams/ops.yaml", "members: [liwei, mallory]\n");
        company.merge("pushed");
    }),
    ("back to what was approved once", |company, forge| {
        owned_by(company, "team/payments", "mallory");
        change(company, forge, 11);
        company.write("requests/other.yaml", &request("pay-web-02").replace("02-28", "02-27"));
        let mut pull = merge(company, 13);
        pull.reviews[0].reviewer = "Mallory".to_owned();
        offer(forge, pull);
        owned_by(company, "mallory", "team/payments");
        let mut pull = merge(company, 14);
        pull.reviews[0].reviewer = "Mallory".to_owned();
        offer(forge, pull);
        owned_by(company, "team/payments", "mallory");
        company.merge("pushed");
    }),
    ("by an address", |company, _| {
        let file = "name: mallory\nforge: Mallory\nemail: other@acme.example\n";
        company.write("people/mallory.yaml", file);
        company.merge("pushed");
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_hides_a_push_hides_nothing() {
    for (name, push) in HIDDEN {
        let (company, forge) = with_mallory().await;
        push(&company, &forge);
        ask(&company, &forge);
        let done = apply(&company, &forge).await;
        assert!([4, 5].contains(&done.code), "{name}\n{}", done.stdout);
        assert!(words(&done).contains("the rules themselves"), "{name}\n{}", done.stdout);
        assert_eq!(held(&company), 0, "{name}");
    }
}

/// The rules that nobody had to approve at first are no less rules later.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_came_later_are_rules() {
    let (company, forge) = with_mallory().await;
    let policy = std::fs::read_to_string(company.dir().join("policy.yaml")).expect("a file");
    company.write("policy.yaml", "environments: [prod]\nprovenance: forge\n");
    company.merge("softer");
    let taken = ["apply", "--yes", "--allow-rollback"];
    run(&company, Some(&forge), &taken).await.expect(0);
    company.write("policy.yaml", &policy);
    company.merge("nobody has to approve this");
    owned_by(&company, "team/payments", "mallory");
    company.merge("pushed");
    ask(&company, &forge);
    apply(&company, &forge).await.expect(4);
    assert_eq!(held(&company), 0);
}

/// A run without the flag asks nothing, and makes nothing good for those that ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_ask_vouches_for_nothing() {
    let (company, forge) = with_mallory_and("off").await;
    owned_by(&company, "team/payments", "mallory");
    company.merge("pushed");
    company.write("requests/other.yaml", &request("pay-web-02").replace("02-28", "02-27"));
    company.merge("pushed");
    run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
    ask(&company, &forge);
    apply(&company, &forge).await.expect(4);
    assert_eq!(held(&company), 0);
}

/// What was taken back by an approved change is past, and so is what somebody took as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_slip_is_over_when_it_is_taken_back_or_taken_as_it_is() {
    for as_it_is in [false, true] {
        let (company, forge) = with_mallory().await;
        let policy = std::fs::read_to_string(company.dir().join("policy.yaml")).expect("a file");
        company.write("policy.yaml", &policy.replace("approvals: 1", "approvals: 2"));
        company.merge("pushed");
        apply(&company, &forge).await.expect(0);
        if as_it_is {
            run(&company, Some(&forge), &["apply", "--yes", "--allow-rollback"]).await.expect(0);
            // Two approvals are asked for now.
            company.write("requests/new.yaml", &request("pay-web-01"));
            offer(&forge, merge(&company, 12));
            let done = apply(&company, &forge).await.expect(4);
            assert!(done.stdout.contains("#12 was merged without"), "{}", done.stdout);
            continue;
        }
        company.write("policy.yaml", &policy);
        change(&company, &forge, 11);
        company.write("requests/new.yaml", &request("pay-web-01"));
        offer(&forge, merge(&company, 12));
        apply(&company, &forge).await.expect(0);
        assert_eq!(held(&company), 1);
        // It is not asked about again.
        let asked = forge.asked().len();
        company.write("requests/more.yaml", &request("pay-web-02").replace("02-28", "02-27"));
        offer(&forge, merge(&company, 15));
        apply(&company, &forge).await.expect(0);
        let about: Vec<String> = forge.asked().split_off(asked);
        assert!(about.iter().all(|path| !path.contains("/11")), "{about:?}");
    }
}

/// When the rules say again what they said, what came meanwhile has to come again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_judged_by_wrong_rules_stays_out_when_they_are_right_again() {
    let (company, forge) = with_mallory().await;
    owned_by(&company, "team/payments", "mallory");
    company.merge("pushed");
    ask(&company, &forge);
    apply(&company, &forge).await.expect(4);
    owned_by(&company, "mallory", "team/payments");
    company.merge("as it was");
    for _ in 0..2 {
        let done = apply(&company, &forge).await.expect(4);
        assert!(words(&done).contains("the rules said what nobody had approved"), "{done:?}");
        assert_eq!(held(&company), 0);
    }
    company.remove("requests/new.yaml");
    company.merge("gone");
    apply(&company, &forge).await.expect(0);
    company.write("requests/again.yaml", &request("pay-web-01"));
    offer(&forge, merge(&company, 14));
    apply(&company, &forge).await.expect(0);
    assert_eq!(held(&company), 1);
}

/// Policy that was softened for a moment lets no owner in.
#[tokio::test(flavor = "multi_thread")]
async fn softer_rules_of_a_moment_let_nobody_in() {
    let (company, forge) = with_mallory().await;
    let policy = std::fs::read_to_string(company.dir().join("policy.yaml")).expect("a file");
    company.write("policy.yaml", "environments: [prod]\nprovenance: forge\n");
    company.merge("softer");
    owned_by(&company, "team/payments", "mallory");
    company.merge("nobody has to approve this");
    company.write("policy.yaml", &policy);
    company.merge("as before");
    ask(&company, &forge);
    apply(&company, &forge).await.expect(4);
    assert_eq!(held(&company), 0);
}

/// What was approved counts, and is not asked about again.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_was_approved_approves() {
    let (company, forge) = with_mallory().await;
    owned_by(&company, "team/payments", "mallory");
    change(&company, &forge, 11);
    apply(&company, &forge).await.expect(0);
    ask(&company, &forge);
    apply(&company, &forge).await.expect(0);
    assert_eq!(held(&company), 1);
    let asked = forge.asked().len();
    company.write("requests/more.yaml", &request("pay-web-02").replace("02-28", "02-27"));
    let mut pull = merge(&company, 15);
    pull.reviews[0].reviewer = "Mallory".to_owned();
    offer(&forge, pull);
    apply(&company, &forge).await.expect(0);
    let about: Vec<String> = forge.asked().split_off(asked);
    assert!(about.iter().all(|path| !path.contains("/11")), "{about:?}");
}
