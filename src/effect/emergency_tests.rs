//! What a pull request may do about emergencies.

use super::tests::{between, load, tree};
use super::*;
use crate::approval::{self, Need};

const POLICY: (&str, &str) = (
    "policy.yaml",
    "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, end: required, longest: 90d, approvals: 2 }\nemergency:\n  mergers: [liwei, team/oncall]\n  longest: 4h\n",
);
const ONCALL: (&str, &str) = ("teams/oncall.yaml", "members: [fanlichun]\n");
const PATH: &str = "requests/INC-77.yaml";
/// Noon of the tests is 12:00 in Shanghai.
const ASKED: &str = "for: fanlichun\nreason: INC-77\nemergency: payments are down\nfrom: 2026-12-01 11:50\nuntil: 2026-12-01 15:50\ndatabases:\n  - { instance: orders-prod, level: rw, tables: [billing.invoices] }\n";

fn approved(by: &str) -> String {
    ASKED.replace("from:", &format!("approved-afterwards: {by}\nfrom:"))
}

/// What the edits of a repo with emergencies change, and what they need.
fn found(base: &[(&str, &str)], head: &[(&str, &str)]) -> (Effect, Vec<String>) {
    let base = [&[POLICY, ONCALL], base].concat();
    let head = [&base, head].concat();
    let effect = between(&base, &head);
    let paths = Default::default();
    let (base, head) = (load(&tree(&base)), load(&tree(&head)));
    let inputs = approval::Inputs { base: &base, head: &head, effect: &effect, paths: &paths };
    let needs = approval::needs(&inputs).iter().map(Need::to_string).collect();
    (effect, needs)
}

fn told(effect: &Effect) -> Vec<String> {
    effect.findings.iter().map(|one| format!("{} {}", one.code, one.message)).collect()
}

fn refused(effect: &Effect) -> Vec<&str> {
    let all = effect.findings.iter().filter(|one| one.code == FindingKind::BeyondPolicy);
    all.map(|one| one.message.as_str()).collect()
}

#[test]
fn an_emergency_needs_a_merger_in_place_of_approvals_and_is_the_first_danger() {
    let (effect, needs) = found(&[], &[(PATH, ASKED)]);
    assert_eq!(needs, ["a merge by liwei or team/oncall for the emergency INC-77"]);
    assert_eq!(effect.rows[0].dangers.first(), Some(&Danger::Emergency));
    assert_eq!(
        told(&effect),
        ["JG254 EMERGENCY, without the usual approvals: payments are down. Only liwei or \
             team/oncall may merge it; it stays a finding until an owner approves it afterwards. \
             fanlichun may merge it and gets something by it: allowed, and then somebody else \
             approves it afterwards"]
    );
    // What comes beside it needs what it always needs.
    let beside = "for: fanlichun\nreason: x\nuntil: 2027-01-31\nservers:\n  - { login: app, nodes: [/Default/payments/prod] }\n";
    let (_, needs) = found(&[], &[(PATH, ASKED), ("requests/x.yaml", beside)]);
    assert_eq!(needs[0], "2 approvals of team/payments for /Default/payments/prod, pay-web-*");
}

/// What the person has beside it, as before, waits for nobody; what comes with it does.
#[test]
fn an_emergency_does_not_wait_for_what_was_there_before() {
    let later = "for: team/readers\nreason: x\nfrom: 2026-12-02\nuntil: 2027-01-31\ndatabases:\n  - { instance: orders-prod, level: rw, tables: [billing.invoices] }\n";
    let readers = ("teams/readers.yaml", "members: [fanlichun]\n");
    let base = [("requests/later.yaml", later), readers];
    let (effect, needs) = found(&base, &[(PATH, ASKED)]);
    assert_eq!(effect.rows[0].kind, Kind::Changed);
    assert_eq!(needs, ["a merge by liwei or team/oncall for the emergency INC-77"]);
    // A team's new member hides behind no emergency of his own.
    let base = [("requests/later.yaml", later), ("teams/readers.yaml", "members: [liwei]\n")];
    let (_, needs) = found(&base, &[(PATH, ASKED), readers]);
    assert_eq!(needs[0], "2 approvals of team/payments for orders-prod");
}

#[test]
fn the_base_says_what_an_emergency_is() {
    let longer = POLICY.1.replace("4h", "8h");
    let eight = ASKED.replace("15:50", "19:50");
    let (effect, needs) = found(&[], &[("policy.yaml", &longer), (PATH, &eight)]);
    let most = "policy allows at most 4 hours for an emergency; policy.yaml:5 of the base";
    assert_eq!(refused(&effect), [most]);
    assert!(needs.contains(&"2 approvals of team/payments for orders-prod".to_owned()));
    let later = ASKED.replace("01 11:50", "01 12:30").replace("01 15:50", "01 16:01");
    let (effect, _) = found(&[], &[(PATH, &later)]);
    assert_eq!(refused(&effect).len(), 1, "{:?}", refused(&effect));
}

#[test]
fn a_merged_emergency_gives_nothing_more() {
    let merged = [(PATH, ASKED)];
    for (more, what) in [
        (ASKED.replace("[billing.invoices]", "[billing.invoices, a.b]"), "another table"),
        (ASKED.replace("11:50", "12:00").replace("15:50", "16:00"), "later hours"),
    ] {
        let (effect, _) = found(&merged, &[(PATH, &more)]);
        assert!(refused(&effect)[0].contains("gives nothing more"), "{what}");
    }
    // Another member of a team gets what an approval gives.
    let team = ASKED.replace("for: fanlichun", "for: team/payments");
    let joined = ("teams/payments.yaml", "members: [liwei, fanlichun]\n");
    let (effect, needs) = found(&[(PATH, &team)], &[joined]);
    assert_eq!(needs[0], "2 approvals of team/payments for orders-prod");
    assert!(effect.emergencies.is_empty());
}

/// More hours are another request, also while it runs.
#[test]
fn a_merged_emergency_is_in_nobodys_way() {
    let none = [""; 0];
    let ordinary = ASKED
        .replace("emergency: payments are down\nfrom: 2026-12-01 11:50\n", "")
        .replace("until: 2026-12-01 15:50", "until: 2027-01-31");
    let second = ASKED.replace("11:50", "11:55").replace("15:50", "15:55");
    for (more, need) in [
        (&ordinary, "2 approvals of team/payments for orders-prod"),
        (&second, "a merge by liwei or team/oncall for the emergency more"),
    ] {
        // As it is, or ending sooner.
        for first in [ASKED, &ASKED.replace("15:50", "14:00")] {
            let (effect, needs) =
                found(&[(PATH, ASKED)], &[(PATH, first), ("requests/more.yaml", more)]);
            assert_eq!((refused(&effect), needs), (none.to_vec(), vec![need.to_owned()]));
        }
    }
    // What makes it wider does not hide behind the other one.
    let wider = ASKED.replace("11:50", "11:58").replace("15:50", "15:55");
    let (effect, _) = found(&[(PATH, ASKED)], &[(PATH, &wider), ("requests/more.yaml", &ordinary)]);
    assert!(refused(&effect)[0].contains("gives nothing more"), "{:?}", refused(&effect));
}

#[test]
fn an_owner_approves_afterwards_and_nobody_for_himself() {
    let merged = [(PATH, ASKED)];
    let (effect, needs) = found(&merged, &[(PATH, &approved("liwei"))]);
    assert_eq!(refused(&effect), [""; 0]);
    assert_eq!(needs, ["1 approval of liwei for the emergency INC-77"]);
    let gainers: Vec<String> = approval::gainers(&effect).iter().map(ToString::to_string).collect();
    assert_eq!(gainers, ["fanlichun"]);
    let (effect, _) = found(&merged, &[(PATH, &approved("fanlichun"))]);
    assert_eq!(
        refused(&effect),
        ["fanlichun cannot approve this emergency: got something by it: nobody approves for \
             himself"]
    );
    let stranger = ("people/wangfang.yaml", "name: 王芳\n");
    let (effect, _) = found(&[merged[0], stranger], &[(PATH, &approved("wangfang"))]);
    assert!(refused(&effect)[0].contains("owns nothing of what it reached"));
    // It is not approved before it is merged.
    let (effect, _) = found(&[], &[(PATH, &approved("liwei"))]);
    assert!(refused(&effect)[0].contains("approved after it was merged"));
}

/// A finding does not go away with the file, or with the mark.
#[test]
fn what_nobody_approved_is_not_taken_away_without_an_owner() {
    let merged = [(PATH, ASKED), ("requests/.gitkeep", " ")];
    let plain = ASKED.replace("emergency: payments are down\n", "");
    for head in [[(PATH, "")], [(PATH, plain.as_str())]] {
        let (effect, needs) = found(&merged, &head);
        assert_eq!(needs, ["1 approval of team/payments for the emergency INC-77"]);
        assert!(told(&effect)[0].contains("takes away the emergency INC-77"));
    }
    let (_, needs) = found(&[(PATH, &approved("liwei"))], &[(PATH, "")]);
    assert_eq!(needs, [""; 0]);
}

/// Whoever got something by it, and whatever it reached, stands there until an owner approved it:
/// else a friend approves what is left, or somebody what he himself got.
#[test]
fn no_part_of_it_is_taken_away_before_it_is_approved() {
    let two = ASKED.replace("for: fanlichun", "for: [fanlichun, liwei]").replace(
        "databases:\n",
        "databases:\n  - { instance: orders-test, level: rw, tables: [a.b] }\n",
    );
    let merged = [(PATH, two.as_str())];
    for less in [
        two.replace("[fanlichun, liwei]", "fanlichun"),
        two.replace("  - { instance: orders-prod, level: rw, tables: [billing.invoices] }\n", ""),
    ] {
        let (effect, needs) = found(&merged, &[(PATH, &less)]);
        assert!(needs.contains(&"1 approval of team/payments for the emergency INC-77".to_owned()));
        assert!(told(&effect)[0].contains("takes away a part of the emergency INC-77"));
        let gainers = approval::gainers(&effect);
        assert_eq!(gainers.len(), 2, "{gainers:?}");
    }
    // Nor is a table of it, or a column.
    let read = ASKED.replace("level: rw", "level: r");
    let tables =
        read.replace("[billing.invoices]", "['billing.cards(id, last4)', billing.invoices]");
    for less in [read, tables.replace("id, last4", "id")] {
        let (effect, needs) = found(&[(PATH, &tables)], &[(PATH, &less)]);
        assert!(needs.contains(&"1 approval of team/payments for the emergency INC-77".to_owned()));
        let part = "takes away a part of the emergency INC-77";
        assert!(told(&effect).iter().any(|one| one.contains(part)), "{:?}", told(&effect));
    }
    // That it ends sooner is nobody's to approve.
    let (_, needs) = found(&merged, &[(PATH, &two.replace("15:50", "13:50"))]);
    assert_eq!(needs, [""; 0]);
    let approved = two.replace("from:", "approved-afterwards: liwei\nfrom:");
    let less = approved.replace("[fanlichun, liwei]", "fanlichun");
    let (_, needs) = found(&[(PATH, &approved)], &[(PATH, &less)]);
    assert_eq!(needs, [""; 0]);
}

/// What an emergency adopted would go with it after hours: an application's account, say.
#[test]
fn an_emergency_adopts_nothing_without_approvals() {
    let adopts =
        ASKED.replace("[billing.invoices] }", "[billing.invoices], adopts: { account: shop } }");
    let (_, needs) = found(&[], &[(PATH, &adopts)]);
    assert!(
        needs.contains(&"2 approvals of team/payments for orders-prod".to_owned()),
        "{needs:?}"
    );
    let (_, needs) = found(&[(PATH, ASKED)], &[(PATH, &adopts)]);
    assert!(
        needs.contains(&"2 approvals of team/payments for orders-prod".to_owned()),
        "{needs:?}"
    );
}

/// Most are approved when they are over: that edit alone is possible then.
#[test]
fn one_that_is_over_can_still_be_approved() {
    let over = |text: &str| text.replace("2026-12-01", "2026-11-01");
    let errors = |head: &str| {
        let (base, head) = (tree(&[POLICY, ONCALL, (PATH, &over(ASKED))]), over(head));
        let head_tree = tree(&[POLICY, ONCALL, (PATH, &head)]);
        ended(&base, &load(&head_tree), &head_tree, super::tests::noon()).len()
    };
    assert_eq!(errors(&approved("liwei")), 0);
    assert_eq!(errors(&approved("liwei").replace("payments", "all")), 1);
    let edits = [(PATH, over(&approved("liwei")))];
    let (_, needs) = found(&[(PATH, &over(ASKED))], &[(edits[0].0, &edits[0].1)]);
    assert_eq!(needs, ["1 approval of liwei for the emergency INC-77"]);
}

#[test]
fn it_stays_a_finding_until_it_is_approved() {
    let open = |text: &str| {
        let access = load(&tree(&[POLICY, ONCALL, (PATH, text)]));
        crate::emergency::open(&access, super::tests::noon())
    };
    let found = open(ASKED);
    assert_eq!(
        found[0].message,
        "an emergency is merged for fanlichun without the usual approvals (until 2026-12-01 15:50 \
         +08:00), and no owner has approved it yet: payments are down"
    );
    let over = open(&ASKED.replace("2026-12-01", "2026-11-01"));
    assert!(over[0].message.contains("was merged") && over[0].message.contains("(ended 2026-11"));
    assert!(open(&approved("liwei")).is_empty());
}
