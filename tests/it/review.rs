//! `jumpgate review`: a list, its answers, and what becomes of them.

use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::Version;

use crate::support::company::Company;
use crate::unused::REQUEST;

async fn company() -> Company {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/2026/PAY-1234.yaml", REQUEST);
    company.write("teams/payments.yaml", "members: [fanlichun]\n");
    company.merge("logs (#12)");
    company
}

/// The list with answers; `remove` says which lines are not kept.
fn answered(list: &str, remove: impl Fn(&str) -> bool) -> String {
    let lines = list.lines().map(|line| {
        let by = if line.contains("who: liwei") { "fanlichun" } else { "liwei" };
        let answer = if remove(line) { "remove" } else { "keep" };
        line.replace("answer: \"?\"", &format!("answer: {answer}"))
            .replace("by: \"?\"", &format!("by: {by}"))
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_written_answered_and_taken_as_a_branch() {
    let company = company().await;
    let begun = Timestamp::now() - SignedDuration::from_hours(48);
    company.jumpserver.add_session("liwei", "pay-web-01", "app", "ssh", begun);
    let written = company.run(&["review", "--live", "--output", "review.yaml"]).await.expect(0);
    assert_eq!(written.stderr, "4 accesses to be answered\n");
    let list = std::fs::read_to_string(company.dir().join("review.yaml")).expect("the list");
    assert_eq!(list.matches("used: \"last used ").count(), 1, "{list}");
    assert_eq!(list.matches("used: \"no session on record\"").count(), 3, "{list}");
    assert_eq!(list.matches("merged by liwei <liwei@acme.example>, #12").count(), 4, "{list}");
    let again = company.run(&["review", "--output", "review.yaml"]).await.expect(1);
    assert!(again.stderr.contains("it may hold answers"), "{}", again.stderr);

    let bare = company.run(&["review", "--answers", "review.yaml"]).await.expect(3);
    assert!(bare.stderr.contains("review.yaml:11:15"), "{}", bare.stderr);
    assert!(bare.stderr.contains("this line has no answer yet"), "{}", bare.stderr);

    company.write("review.yaml", &answered(&list, |line| line.contains("pay-web-02")));
    let args = ["review", "--answers", "review.yaml", "--branch=reviewed"];
    let taken = company.run(&args).await.expect(0);
    assert!(taken.stderr.contains("2 kept, 2 to remove"), "{}", taken.stderr);
    let text = company.git(&["show", "reviewed:requests/2026/PAY-1234.yaml"]);
    assert_eq!(text, REQUEST.replace("      - pay-web-02 # the second\n", ""));
    let here = std::fs::read_to_string(company.dir().join("requests/2026/PAY-1234.yaml"));
    assert_eq!(here.expect("the file"), REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_by_a_team_was_approved_with_its_file_where_that_is_later() {
    let company = company().await;
    let request = REQUEST.replace("for: [fanlichun, liwei]", "for: [fanlichun, team/payments]");
    company.write("requests/2026/PAY-1234.yaml", &request);
    company.merge("logs for the team (#12)");
    company.write("teams/payments.yaml", "members: [fanlichun, wangfang]\n");
    company.write("people/wangfang.yaml", "name: 王芳\n");
    let later = Timestamp::now() + SignedDuration::from_hours(48);
    company.merge_at("on call (#13)", later);
    let list = company.run(&["review"]).await.expect(0).stdout;
    let day = later.to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"));
    let since = format!("since: \"{}\"", day.strftime("%Y-%m-%d"));
    for line in list.lines().filter(|line| line.contains("who: ")) {
        let by_team = line.contains("who: wangfang");
        let team =
            "approved: \"merged by liwei <liwei@acme.example>, #13 (the file of team payments)\"";
        assert_eq!(line.contains(team) && line.contains(&since), by_team, "{line}");
        assert_eq!(line.contains("#12\""), !by_team, "{line}");
    }
    assert!(list.contains("who: wangfang"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_half_done() {
    let company = company().await;
    let list = company.run(&["review"]).await.expect(0).stdout;
    // No part of the file gives one person one of two hosts.
    let one = |line: &str| {
        line.contains("who: liwei") && (line.contains("pay-web-02"))
            || line.contains("who: fanlichun") && line.contains("pay-web-01")
    };
    company.write("review.yaml", &answered(&list, one));
    let refused = company.run(&["review", "--answers", "review.yaml"]).await.expect(4);
    assert!(refused.stderr.contains("change it by hand"), "{}", refused.stderr);
    assert!(refused.stderr.ends_with("nothing was written\n"), "{}", refused.stderr);

    // All of it: the file goes. The access of the list is gone then, and that is said.
    company.write("review.yaml", &answered(&list, |_| true));
    let gone = company.run(&["review", "--answers", "review.yaml"]).await.expect(0);
    assert!(gone.stdout.contains("removed: requests/2026/PAY-1234.yaml"), "{}", gone.stdout);
    let twice = company.run(&["review", "--answers", "review.yaml"]).await.expect(0);
    assert!(twice.stderr.contains("gone since the list was written: liwei"), "{}", twice.stderr);
    let none = company.run(&["review"]).await.expect(1);
    assert!(none.stderr.contains("there is no access now"), "{}", none.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_repo_does_not_have_is_an_error() {
    let company = company().await;
    let team = company.run(&["review", "--team", "payments"]).await.expect(0);
    assert_eq!(team.stderr, "2 accesses to be answered\n");
    let owner = company.run(&["review", "--owner", "liwei", "--person", "liwei"]).await.expect(0);
    assert_eq!(owner.stderr, "2 accesses to be answered\n");
    let nobody = company.run(&["review", "--owner", "team/nosuch"]).await.expect(1);
    assert!(nobody.stderr.contains("has no owner team/nosuch; "), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("liwei"), "{}", nobody.stderr);
    let unknown = company.run(&["review", "--team", "payment"]).await.expect(1);
    assert!(unknown.stderr.contains("did you mean payments?"), "{}", unknown.stderr);
    let unknown = company.run(&["review", "--environment", "production"]).await.expect(1);
    assert!(unknown.stderr.contains("no environment production"), "{}", unknown.stderr);
}
