use proptest::prelude::*;

use super::*;
use crate::access::model::Access;
use crate::effect::tests::{between, load, noon, tree};
use crate::names::PersonName;

const POLICY: &str = "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, end: required, longest: 90d, approvals: 1 }\n  - { when: { environment: prod, login: root }, longest: 7d, approvals: 2 }\n";

/// Everybody has a name at the forge; payments owns orders-prod and the servers, liwei
/// orders-test.
fn base(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut files = vec![
        ("policy.yaml", POLICY),
        ("people/fanlichun.yaml", "name: 范立春\nforge: fanlc\nemail: fanlichun@acme.example\n"),
        ("people/liwei.yaml", "name: 李伟\nforge: LiWei\n"),
        ("people/wangfang.yaml", "name: 王芳\nforge: wangfang\n"),
        ("people/zhaomin.yaml", "name: 赵敏\nforge: zhaomin\n"),
        ("teams/payments.yaml", "members: [liwei, wangfang]\n"),
    ];
    files.extend_from_slice(more);
    files
}

const RENEWED: (&str, &str) = (
    "requests/PAY-1.yaml",
    "for: fanlichun\nreason: \"PAY-1: refunds\"\nuntil: 2027-02-15\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables: [billing.invoices, billing.cards]\n",
);

pub(super) struct World {
    base: Access,
    needs: Vec<Need>,
    gainers: std::collections::BTreeSet<PersonName>,
}

pub(super) fn world(
    more: &[(&'static str, &'static str)],
    edits: &[(&'static str, &'static str)],
    paths: &[&str],
) -> World {
    let base_files = base(more);
    let head_files = [&base_files, edits].concat();
    let effect = between(&base_files, &head_files);
    let (base, head) = (load(&tree(&base_files)), load(&tree(&head_files)));
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let needs = needs(&Inputs { base: &base, head: &head, effect: &effect, paths: &paths });
    World { gainers: gainers(&effect), base, needs }
}

impl World {
    pub(super) fn needs(&self) -> Vec<String> {
        self.needs.iter().map(Need::to_string).collect()
    }

    pub(super) fn judge(&self, pull: &Pull) -> Verdict {
        judge(&self.base, self.needs.clone(), &self.gainers, pull, noon())
    }
}

fn review(reviewer: &str, state: State, commit: &str) -> Review {
    let commit = Some(commit.to_owned()).filter(|commit| !commit.is_empty());
    Review { reviewer: reviewer.to_owned(), state, commit, at: None }
}

pub(super) fn pull(author: &str, reviews: &[(&str, State, &str)]) -> Pull {
    let reviews = reviews.iter().map(|(who, state, commit)| review(who, *state, commit));
    Pull {
        author: author.to_owned(),
        head: "head".to_owned(),
        reviews: reviews.collect(),
        ..Pull::default()
    }
}

fn passed_over(verdict: &Verdict) -> Vec<String> {
    let all = verdict.passed_over.iter();
    all.map(|passed| format!("{} {}", passed.login, passed.why)).collect()
}

use State::{Approved, ChangesRequested, Commented, Dismissed};

#[test]
fn a_request_needs_the_owners_as_often_as_policy_says() {
    assert_eq!(
        world(&[], &[RENEWED], &[]).needs(),
        ["1 approval of team/payments for orders-prod"]
    );
    let root = "for: fanlichun\nreason: logs\nuntil: 2026-12-05\nservers:\n  - login: root\n    nodes: [/Default/payments/prod]\n";
    assert_eq!(
        world(&[], &[("requests/root.yaml", root)], &[]).needs(),
        ["2 approvals of team/payments for /Default/payments/prod, pay-web-*"]
    );
    let test = "for: fanlichun\nreason: logs\ndatabases:\n  - { instance: orders-test, level: rw, tables: [a.b] }\n";
    assert_eq!(world(&[], &[("requests/test.yaml", test)], &[]).needs(), [""; 0]);
    // What is taken away needs nobody.
    let gone = [("requests/PAY-1.yaml", ""), ("requests/.gitkeep", " ")];
    assert_eq!(world(&[], &gone, &[]).needs(), [""; 0]);
}

#[test]
fn a_shared_file_needs_the_owners_of_every_target_that_it_reaches() {
    let asked = "for: team/readers\nreason: logs\nuntil: 2027-01-31\ndatabases:\n  - { instance: [orders-prod, orders-test], level: r, tables: [a.b] }\n";
    let old = [("teams/readers.yaml", "members: [zhaomin]\n"), ("requests/team.yaml", asked)];
    let new = [("teams/readers.yaml", "members: [zhaomin, fanlichun]\n")];
    assert_eq!(
        world(&old, &new, &[]).needs(),
        ["1 approval of team/payments for orders-prod", "1 approval of liwei for orders-test"]
    );
    let wider = "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: https://jump.acme.example }\nlevels: { r: [SELECT, SHOW VIEW], rw: [SELECT, INSERT, UPDATE, DELETE] }\n";
    let both = world(&old, &[("jumpgate.yaml", wider)], &[]).needs();
    assert_eq!(both.len(), 3, "{both:?}");
    assert_eq!(
        both[2],
        "2 approvals of anybody in people/ with a name at the forge for the rules in jumpgate.yaml"
    );
}

#[test]
fn edits_of_rules_need_as_many_as_the_strictest_limit() {
    const OWNED: &str = "environments: [prod, test]\nowners: [zhaomin, forge/acme/dba]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n";
    let looser = [("policy.yaml", "environments: [prod, test]\nowners: [fanlichun]\n")];
    assert_eq!(
        world(&[("policy.yaml", OWNED)], &looser, &[]).needs(),
        ["1 approval of zhaomin or forge/acme/dba for the rules in policy.yaml"]
    );
    for (edit, file) in [
        (("people/fanlichun.yaml", "name: 范立春\nforge: liwei2\n"), "people/fanlichun.yaml"),
        (("teams/payments.yaml", "members: [liwei, wangfang, fanlichun]\n"), "teams/payments.yaml"),
        (
            (
                "inventory/databases/orders-prod.yaml",
                "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: test\nowners: [team/payments]\naccount-host: 10.8.0.%\n",
            ),
            "inventory/databases/orders-prod.yaml",
        ),
    ] {
        let needs = world(&[("policy.yaml", OWNED)], &[edit], &[]).needs();
        let wanted = format!("1 approval of zhaomin or forge/acme/dba for the rules in {file}");
        assert!(needs.contains(&wanted), "{needs:?}");
    }
    // Who may merge an emergency, and who git takes somebody for.
    const ONCALL: &str = "environments: [prod, test]\nowners: [zhaomin]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\nemergency: { mergers: [team/oncall], longest: 4h }\n";
    let base = [("policy.yaml", ONCALL), ("teams/oncall.yaml", "members: [liwei]\n")];
    for (edit, needed) in [
        (("teams/oncall.yaml", "members: [liwei, fanlichun]\n"), true),
        (("teams/oncall.yaml", "members: [wangfang]\n"), true),
        (("people/liwei.yaml", "name: 李伟\nforge: LiWei\nemail: fan@acme.example\n"), true),
        // Without them nobody knows any more what somebody wrote, or gets.
        (("people/fanlichun.yaml", "name: 范立春\nforge: fanlc\n"), true),
        (("people/liwei.yaml", "name: 李伟\n"), true),
        (("people/liwei.yaml", "name: 李卫\nforge: LiWei\n"), false),
    ] {
        let needs = world(&base, &[edit], &[]).needs();
        let wanted = format!("1 approval of zhaomin for the rules in {}", edit.0);
        assert_eq!(needs.contains(&wanted), needed, "{needs:?}");
    }
    // Without owners of the rules those of the target count, and else everybody.
    let paths = [".github/workflows/apply.yml", "README.md", "src/CODEOWNERS"];
    assert_eq!(
        world(&[], &[], &paths).needs(),
        [
            "2 approvals of anybody in people/ with a name at the forge for the rules in .github/workflows/apply.yml"
        ]
    );
    // Nobody ever has to approve: then not here either.
    let free = [("policy.yaml", "environments: [prod, test]\n")];
    let needs = world(&free, &[("policy.yaml", POLICY)], &["CODEOWNERS"]).needs();
    assert_eq!(needs, [""; 0]);
}

/// With nobody named, who is in people/ may approve: another one of these is a rule.
#[test]
fn a_new_approver_needs_an_approval() {
    let new = [("people/sock.yaml", "name: sock\nforge: sock\n")];
    let needs = world(&[], &new, &[]).needs();
    assert_eq!(
        needs,
        [
            "1 approval of anybody in people/ with a name at the forge for the rules in people/sock.yaml"
        ]
    );
    let world = world(&[], &new, &[]);
    assert!(!world.judge(&pull("fanlc", &[("sock", Approved, "head")])).is_satisfied());
    assert!(world.judge(&pull("fanlc", &[("zhaomin", Approved, "head")])).is_satisfied());
}

#[test]
fn an_owner_approves_and_nobody_else() {
    let world = world(&[], &[RENEWED], &[]);
    assert!(world.judge(&pull("fanlc", &[("liwei", Approved, "head")])).is_satisfied());
    let verdict = world.judge(&pull("fanlc", &[("zhaomin", Approved, "head")]));
    assert_eq!(verdict.missing().as_deref(), Some("1 approval of team/payments for orders-prod"));
    assert_eq!(passed_over(&verdict), ["zhaomin is none of those who are asked"]);
    let verdict = world.judge(&pull("fanlc", &[("stranger", Approved, "head")]));
    assert!(!verdict.is_satisfied() && !verdict.is_hopeless());
}

#[test]
fn nobody_approves_for_himself() {
    let world = world(&[], &[RENEWED], &[]);
    let own = world.judge(&pull("LIWEI", &[("liwei", Approved, "head")]));
    assert_eq!(passed_over(&own), ["liwei opened it"]);
    let mut wrote = pull("zhaomin", &[("liwei", Approved, "head"), ("wangfang", Approved, "head")]);
    wrote.writers.insert("Liwei".to_owned());
    let verdict = world.judge(&wrote);
    assert!(verdict.is_satisfied());
    assert_eq!(passed_over(&verdict), ["liwei wrote a part of it"]);
    // Who gets it cannot approve it, whoever wrote it, not even as an owner.
    let for_owner = [(
        "requests/own.yaml",
        "for: [liwei, fanlichun]\nreason: logs\nuntil: 2027-01-31\ndatabases:\n  - { instance: orders-prod, level: r, tables: [a.b] }\n",
    )];
    let verdict = self::world(&[], &for_owner, &[])
        .judge(&pull("zhaomin", &[("liwei", Approved, "head"), ("fanlc", Approved, "head")]));
    assert_eq!(passed_over(&verdict), ["fanlc gets something by it", "liwei gets something by it"]);
    let mut addressed = pull("zhaomin", &[("fanlc", Approved, "head")]);
    addressed.addresses.insert("FanLichun@acme.example".to_owned());
    let rules = self::world(&[], &[], &["CODEOWNERS"]);
    assert_eq!(passed_over(&rules.judge(&addressed)), ["fanlc wrote a part of it"]);
}

#[test]
fn when_too_few_owners_may_approve_the_owners_of_the_rules_step_in() {
    let everybody = [(
        "requests/team.yaml",
        "for: team/payments\nreason: logs\nuntil: 2027-01-31\ndatabases:\n  - { instance: orders-prod, level: r, tables: [a.b] }\n",
    )];
    let verdict = world(&[], &everybody, &[]).judge(&pull("liwei", &[]));
    assert!(verdict.is_hopeless());
    let policy = "environments: [prod, test]\nowners: [zhaomin]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n";
    let with_owners = world(&[("policy.yaml", policy)], &everybody, &[]);
    let verdict = with_owners.judge(&pull("liwei", &[]));
    assert!(verdict.needs[0].stepped_in && !verdict.is_hopeless());
    assert!(with_owners.judge(&pull("liwei", &[("zhaomin", Approved, "head")])).is_satisfied());
}

#[test]
fn a_stale_review_does_not_count_and_the_latest_wins() {
    let world = world(&[], &[RENEWED], &[]);
    let satisfied =
        |reviews: &[(&str, State, &str)]| world.judge(&pull("fanlc", reviews)).is_satisfied();
    assert!(!satisfied(&[("liwei", Approved, "older")]));
    assert!(!satisfied(&[("liwei", Approved, "")]));
    assert!(satisfied(&[("liwei", Approved, "older"), ("liwei", Approved, "head")]));
    assert!(!satisfied(&[("liwei", Approved, "head"), ("LiWei", ChangesRequested, "head")]));
    assert!(!satisfied(&[("liwei", Approved, "head"), ("liwei", Dismissed, "head")]));
    assert!(satisfied(&[("liwei", Approved, "head"), ("liwei", Commented, "head")]));
    assert!(satisfied(&[("liwei", ChangesRequested, "older"), ("liwei", Approved, "head")]));
    // What is said after the merge comes too late.
    let mut late = pull("fanlc", &[("liwei", Approved, "head")]);
    late.merged = "2026-11-30T00:00:00Z".parse().ok();
    late.reviews[0].at = "2026-11-30T00:00:01Z".parse().ok();
    assert!(!world.judge(&late).is_satisfied());
}

#[test]
fn a_group_of_the_forge_counts_when_its_members_are_known() {
    let instance = "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\nowners: [forge/acme/dba]\naccount-host: 10.8.0.%\n";
    let world = world(&[("inventory/databases/orders-prod.yaml", instance)], &[RENEWED], &[]);
    assert_eq!(world.needs(), ["1 approval of forge/acme/dba for orders-prod"]);
    let group = || "acme/dba".parse().expect("a group");
    let mut known = pull("fanlc", &[("DBA-1", Approved, "head")]);
    known.groups.insert(group(), Ok(["dba-1".to_owned()].into()));
    assert!(world.judge(&known).is_satisfied());
    known.groups.insert(group(), Ok(["other".to_owned()].into()));
    assert!(!world.judge(&known).is_satisfied());
    known.groups.insert(group(), Err("the token may not read it".to_owned()));
    let verdict = world.judge(&known);
    assert!(!verdict.is_satisfied() && !verdict.is_hopeless());
    assert_eq!(verdict.needs[0].unknown, ["forge/acme/dba: the token may not read it"]);
}

fn anybody() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("fanlc"), Just("liwei"), Just("wangfang"), Just("zhaomin"), Just("stranger")]
}

static ONCE: std::sync::LazyLock<World> = std::sync::LazyLock::new(|| world(&[], &[RENEWED], &[]));

proptest! {
    /// Whatever is said: never satisfied without a fresh yes of an owner who neither wrote it
    /// nor gets it; and another yes never makes it worse.
    #[test]
    fn only_a_fresh_yes_of_another_owner_satisfies(
        author in anybody(),
        reviews in proptest::collection::vec(
            (anybody(), prop_oneof![
                Just(Approved), Just(ChangesRequested), Just(Dismissed), Just(Commented)
            ], prop_oneof![Just("head"), Just("older"), Just("")]),
            0..8,
        ),
        more in anybody(),
    ) {
        let world = &*ONCE;
        let verdict = world.judge(&pull(author, &reviews));
        let proper = reviews.iter().any(|(who, state, commit)| {
            *state == Approved && *commit == "head" && *who != author
                && ["liwei", "wangfang"].contains(who)
        });
        prop_assert!(proper || !verdict.is_satisfied());
        let mut with = reviews.clone();
        with.push((more, Approved, "head"));
        prop_assert!(!verdict.is_satisfied() || world.judge(&pull(author, &with)).is_satisfied());
    }
}
