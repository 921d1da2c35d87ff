//! What a plan says of itself: what counts, in which order, why, and to whom.

use super::*;

const POLICY: &str = "environments: [prod]
limits:
  - { when: { environment: prod }, longest: 100d }
";

/// A plan narrowed to one person.
fn of(person: &str, plan: Plan) -> Plan {
    let people = [person.parse().expect("a person")].into();
    Focus { people, ..Focus::default() }.narrow(plan)
}

#[test]
fn what_is_taken_away_waits_for_nothing_that_is_somewhere_else() {
    let order = |plan: &Plan| -> Vec<(Phase, Vec<usize>)> {
        plan.items.iter().map(|item| (item.phase, item.needs.clone())).collect()
    };
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    let sooner = HOST.replace("2027-02-28", "2027-01-31");
    let other = sooner.replace("pay-web-01", "pay-web-02");
    let plan = world.plan(&repo(&[("s", &other)], &[]), NOW);
    assert_eq!(order(&plan), [(Phase::Ends, vec![]), (Phase::New, vec![])]);
    // The node that takes the place of the asset comes before it goes, and nothing else does.
    let node = sooner.replace("assets: [pay-web-01]", "nodes: [/Default/payments/prod]");
    let third = other.replace("2027-01-31", "2027-01-15");
    let plan = world.plan(&repo(&[("s", &node), ("t", &third)], &[]), NOW);
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(order(&plan)[2], (Phase::Replaced, vec![1]), "{names:?}");
    assert_eq!(names[1], "jump_app_fanlichun_20270131");
}

#[test]
fn an_end_that_has_passed_hides_no_other_removal() {
    let ended = TABLE.replace("2027-02-28", "2026-12-10").replace("invoices", "cards");
    let wide = TABLE.replace("[billing.invoices]", "['orders.*', 'billing.invoices']");
    let mut world = World::new();
    world.apply(&repo(&[("a", &ended), ("b", &wide)], &[]), NOW);
    let (over, narrow) = ("2026-12-10T16:00:00Z", repo(&[("a", &ended), ("b", TABLE)], &[]));
    assert_eq!(world.plan(&narrow, NOW).removals.counted, 1);
    assert_eq!(world.plan(&narrow, over).removals.counted, 1);
    // Nobody can tell any more what the one that ended gave.
    assert_eq!(world.plan(&repo(&[("b", TABLE)], &[]), over).removals.counted, 1);
    let same = repo(&[("a", &ended), ("b", &wide)], &[]);
    assert_eq!(world.plan(&same, over).removals.counted, 0);
}

#[test]
fn a_request_that_is_refused_is_no_reason() {
    let long = TABLE.replace("2027-02-28", "2028-02-28").replace("invoices", "cards");
    let world = World::new();
    let access = repo(&[("a", TABLE), ("b", &long)], &[("policy.yaml", POLICY)]);
    let plan = world.plan(&access, NOW);
    assert!(plan.breaks_policy() && !plan.items.is_empty());
    for item in &plan.items {
        let reasons: Vec<&str> =
            item.because.iter().map(|reason| reason.request.as_str()).collect();
        assert_eq!(reasons, ["a"], "{}", item.name);
    }
}

#[test]
fn what_becomes_of_open_sessions_is_in_the_checksum() {
    // A permission on a host; an account on a database, and the permission that opens it.
    for request in [HOST, TABLE] {
        let mut world = World::new();
        world.apply(&repo(&[("r", request)], &[]), NOW);
        let checksum = |setting: &str| {
            let policy =
                format!("environments: [prod]\nlimits: []\nsessions: {{ prod: {setting} }}\n");
            let liwei = request.replace("fanlichun", "liwei");
            world.plan(&repo(&[("s", &liwei)], &[("policy.yaml", &policy)]), NOW).checksum()
        };
        let settings = ["report", "disconnect", "disconnect after 30m", "disconnect after 2h"];
        let all: BTreeSet<String> = settings.into_iter().map(checksum).collect();
        assert_eq!(all.len(), settings.len());
    }
}

#[test]
fn each_member_of_a_team_is_told_why_he_gets_nothing() {
    let team = HOST.replace("for: fanlichun", "for: team/payments");
    let team = team.replace("2027-02-28", "2028-02-28");
    let files = [("policy.yaml", POLICY), ("teams/payments.yaml", "members: [fanlichun, liwei]\n")];
    let access = repo(&[("r", &team)], &files);
    let plan = World::new().plan(&access, NOW);
    let against = |plan: &Plan| kinds(plan).iter().filter(|k| **k == Kind::AgainstPolicy).count();
    assert_eq!(against(&plan), 1, "once in the whole plan");
    for person in ["fanlichun", "liwei"] {
        let plan = of(person, plan.clone());
        assert!(against(&plan) == 1 && plan.breaks_policy(), "{person}");
    }
}

#[test]
fn a_narrowed_plan_says_that_the_guard_looks_at_the_whole_one() {
    let requests: Vec<(String, String)> = (1..=14)
        .map(|day| (format!("r{day}"), HOST.replace("02-28", &format!("02-{day:02}"))))
        .collect();
    let requests: Vec<(&str, &str)> =
        requests.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut world = World::new();
    world.apply(&repo(&requests, &[]), NOW);
    let access = repo(&[("x", &HOST.replace("fanlichun", "liwei"))], &[]);
    let plan = world.plan(&access, NOW);
    let says = |plan: &Plan| {
        let text = text(plan, &access, &world, NOW);
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains("of the whole plan")
    };
    assert!(plan.stop.is_some() && !says(&plan));
    let narrow = of("liwei", plan);
    assert_eq!((narrow.items.len(), narrow.removals.counted), (1, 14));
    assert!(says(&narrow));
}
