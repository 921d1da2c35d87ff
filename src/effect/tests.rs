//! Two revisions of a small repo, and what differs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::access;

pub(crate) const FILES: [(&str, &str); 9] = [
    (
        "jumpgate.yaml",
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: https://jump.acme.example }\n",
    ),
    (
        "policy.yaml",
        "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, end: required, longest: 90d, approvals: 1 }\n  - { when: { environment: prod, login: root }, longest: 7d, approvals: 2 }\n  - { when: { environment: prod, level: rw, scope: database }, deny: name the tables }\n",
    ),
    ("people/fanlichun.yaml", "name: 范立春\n"),
    ("people/liwei.yaml", "name: 李伟\n"),
    ("teams/payments.yaml", "members: [liwei]\n"),
    (
        "inventory/databases/orders-prod.yaml",
        "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\nowners: [team/payments]\naccount-host: 10.8.0.%\n",
    ),
    (
        "inventory/databases/orders-test.yaml",
        "address: orders-test.db.acme.example:3306\nasset: orders-test\nenvironment: test\nowners: [liwei]\naccount-host: 10.8.0.%\n",
    ),
    (
        "inventory/servers.yaml",
        "servers:\n  - environment: prod\n    owners: [team/payments]\n    logins: [app, root]\n    nodes: [/Default/payments/prod]\n    assets: [pay-web-*]\n",
    ),
    (
        "requests/PAY-1.yaml",
        "for: fanlichun\nreason: \"PAY-1: refunds\"\nuntil: 2027-01-31\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables: [billing.invoices, billing.cards]\n",
    ),
];

/// The files above with some replaced, added, or (empty) removed.
pub(crate) fn tree(edits: &[(&str, &str)]) -> Tree {
    let mut files: BTreeMap<Arc<str>, Arc<[u8]>> =
        FILES.iter().map(|(path, text)| ((*path).into(), text.as_bytes().into())).collect();
    for (path, text) in edits {
        match text.is_empty() {
            true => files.remove(*path),
            false => files.insert((*path).into(), text.as_bytes().into()),
        };
    }
    Tree { files, ..Tree::default() }
}

pub(crate) fn noon() -> Timestamp {
    "2026-12-01T04:00:00Z".parse().expect("a moment")
}

pub(crate) fn load(tree: &Tree) -> Access {
    access::load(tree, noon()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// What the edits change.
pub(crate) fn effect(edits: &[(&str, &str)]) -> Effect {
    between(&[], edits)
}

pub(crate) fn between(base: &[(&str, &str)], head: &[(&str, &str)]) -> Effect {
    let (base_tree, head_tree) = (tree(base), tree(head));
    let (base, head) = (load(&base_tree), load(&head_tree));
    compare(&Inputs {
        base: &base,
        base_tree: &base_tree,
        head: &head,
        head_tree: &head_tree,
        moment: noon(),
    })
}

/// A row in a few words: kind, person, what with its end before and after, files.
fn words(effect: &Effect) -> Vec<String> {
    let side = |side: &Option<Side>| {
        let Some(side) = side else { return "nothing".to_owned() };
        let thing = match &side.thing {
            Thing::Servers { login, nodes, assets, .. } => {
                let places: Vec<&str> = nodes.iter().chain(assets).map(String::as_str).collect();
                format!("{login} on {}", places.join(" "))
            }
            Thing::Database { instance, level, scopes, .. } => {
                let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                format!("{level} on {instance} {}", scopes.join(" "))
            }
        };
        let ends = side.periods.iter().map(|span| span.until.as_deref().unwrap_or("no end"));
        let ends: Vec<&str> = ends.map(|end| end.get(..10).unwrap_or(end)).collect();
        format!("{thing} until {}", ends.join(" and "))
    };
    let rows = effect.rows.iter().map(|row| {
        let by: Vec<&str> = row.by.iter().map(String::as_str).collect();
        format!(
            "{:?} {}: {} -> {}{}{}",
            row.kind,
            row.person,
            side(&row.before),
            side(&row.after),
            if row.refused { ", refused" } else { "" },
            if by.is_empty() { String::new() } else { format!(", by {}", by.join(" ")) },
        )
    });
    rows.collect()
}

fn violations(effect: &Effect) -> usize {
    effect.findings.iter().filter(|finding| finding.code == FindingKind::BeyondPolicy).count()
}

const REQUEST: &str = FILES[8].1;

#[test]
fn nothing_edited_is_no_effect() {
    assert_eq!(effect(&[]), Effect::default());
}

#[test]
fn a_request_that_moves_changes_nothing() {
    let moved = effect(&[("requests/PAY-1.yaml", ""), ("requests/2026/PAY-1.yaml", REQUEST)]);
    assert_eq!(moved, Effect::default());
}

#[test]
fn what_comes_goes_and_is_renewed() {
    let new = "for: liwei\nreason: logs\nfrom: 2027-02-01\nuntil: 2027-02-28\nservers:\n  - login: app\n    nodes: [/Default/payments/prod]\n    assets: [pay-web-01]\n";
    let found = effect(&[("requests/new.yaml", new), ("requests/PAY-1.yaml", "")]);
    assert_eq!(
        words(&found),
        [
            "Removed fanlichun: r on orders-prod billing.cards billing.invoices until 2027-01-31 -> nothing",
            "Added liwei: nothing -> app on /Default/payments/prod pay-web-01 until 2027-02-28",
        ]
    );
    assert_eq!(found.approvals, 1);
    assert_eq!(found.owners, BTreeSet::from(["team/payments".to_owned()]));
    let source = &found.rows[1].because[0];
    assert_eq!((&*source.site.file, source.site.line), ("requests/new.yaml", 7));

    let longer = effect(&[("requests/PAY-1.yaml", &REQUEST.replace("2027-01-31", "2027-02-20"))]);
    assert_eq!(
        words(&longer),
        ["Renewed fanlichun: r on orders-prod billing.cards billing.invoices until 2027-01-31 \
             -> r on orders-prod billing.cards billing.invoices until 2027-02-20"]
    );
    let shorter = effect(&[("requests/PAY-1.yaml", &REQUEST.replace("2027-01-31", "2026-12-20"))]);
    assert_eq!(shorter.rows[0].kind, Kind::Narrowed);
    assert_eq!((shorter.approvals, shorter.rows[0].dangers.len()), (0, 0));
}

#[test]
fn who_has_it_sooner_or_again_gets_something() {
    let asks = |from: &str, until: &str| {
        REQUEST.replace("until: 2027-01-31", &format!("from: {from}\nuntil: {until}"))
    };
    let base = asks("2026-12-05", "2027-01-10");
    for (from, until, kind) in [
        ("2026-11-01", "2027-01-10", Kind::Changed),
        ("2026-12-05", "2027-01-20", Kind::Renewed),
        ("2027-02-01", "2027-02-10", Kind::Changed),
        ("2026-12-06", "2027-01-10", Kind::Narrowed),
    ] {
        let head = asks(from, until);
        let found = between(&[("requests/PAY-1.yaml", &base)], &[("requests/PAY-1.yaml", &head)]);
        let [row] = &found.rows[..] else { panic!("one row: {:?}", found.rows) };
        assert_eq!(row.kind, kind, "from {from} until {until}");
    }
}

#[test]
fn another_scope_or_level_in_its_place_is_a_change() {
    let wider = effect(&[(
        "requests/PAY-1.yaml",
        &REQUEST.replace("[billing.invoices, billing.cards]", "[billing.cards, billing.*]"),
    )]);
    assert_eq!(
        words(&wider),
        ["Changed fanlichun: r on orders-prod billing.invoices until 2027-01-31 \
             -> r on orders-prod billing.* until 2027-01-31"]
    );
    assert!(wider.rows[0].dangers.contains(&Danger::WholeDatabase));
    let level = effect(&[("requests/PAY-1.yaml", &REQUEST.replace("level: r", "level: rw"))]);
    assert_eq!(
        words(&level),
        ["Changed fanlichun: r on orders-prod billing.cards billing.invoices until 2027-01-31 \
             -> rw on orders-prod billing.cards billing.invoices until 2027-01-31"]
    );
    assert!(level.rows[0].dangers.contains(&Danger::Writes));
}

#[test]
fn access_that_another_request_still_gives_does_not_go() {
    let second = [("requests/PAY-2.yaml", REQUEST)];
    let found = between(&second, &[("requests/PAY-2.yaml", REQUEST), ("requests/PAY-1.yaml", "")]);
    assert_eq!(words(&found), [""; 0]);
}

#[test]
fn a_team_a_level_and_a_login_are_shown_as_the_grants_that_they_make() {
    let team = REQUEST.replace("for: fanlichun", "for: team/payments");
    let base = [("requests/PAY-1.yaml", team.as_str())];
    let joined =
        between(&base, &[base[0], ("teams/payments.yaml", "members: [liwei, fanlichun]\n")]);
    assert_eq!(
        words(&joined),
        ["Added fanlichun: nothing -> r on orders-prod billing.cards billing.invoices until \
             2027-01-31, by teams/payments.yaml"]
    );
    let config = format!("{}levels: {{ r: [SELECT, DELETE], rw: [SELECT, INSERT] }}\n", FILES[0].1);
    let level = effect(&[("jumpgate.yaml", &config)]);
    assert_eq!(level.rows.len(), 1);
    assert_eq!(level.rows[0].kind, Kind::Changed);
    assert_eq!(level.rows[0].by, BTreeSet::from(["jumpgate.yaml".to_owned()]));
    assert!(level.rows[0].dangers.contains(&Danger::Writes));
    let names: Vec<&str> = level.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names, ["levels.r", "levels.rw"]);
}

#[test]
fn another_user_of_jumpserver_is_a_danger() {
    let found = effect(&[("people/fanlichun.yaml", "name: 范立春\njumpserver: mallory\n")]);
    assert_eq!(found.rows[0].kind, Kind::Changed);
    assert!(found.rows[0].dangers.contains(&Danger::OtherUser));
    assert_eq!(found.rows[0].by, BTreeSet::from(["people/fanlichun.yaml".to_owned()]));
}

/// Mails with passwords go there, and by it git tells who merged.
#[test]
fn another_address_of_a_person_is_shown() {
    let with = |mail: &str| format!("name: 李伟\nemail: {mail}@acme.example\n");
    let path = "people/liwei.yaml";
    let found = between(&[(path, &with("liwei"))], &[(path, &with("mallory"))]);
    let [setting] = found.settings.as_slice() else { panic!("{:?}", found.settings) };
    assert_eq!((setting.file.as_str(), setting.name.as_str()), (path, "liwei: email"));
    assert_eq!(setting.before.as_deref(), Some("liwei@acme.example"));
    assert_eq!(setting.after.as_deref(), Some("mallory@acme.example"));
}

const ROOT: &str = "for: liwei\nreason: logs\nuntil: 2027-02-01\nservers:\n  - login: root\n    assets: [pay-web-01]\n";

#[test]
fn no_edit_of_the_branch_changes_the_judge() {
    // 62 days of root in production: the base allows seven.
    assert_eq!(violations(&effect(&[("requests/new.yaml", ROOT)])), 1);
    let open = "environments: [prod, test]\nlimits: []\n";
    let loose = effect(&[("requests/new.yaml", ROOT), ("policy.yaml", open)]);
    assert_eq!((violations(&loose), loose.rows[0].refused), (1, false));
    let test = FILES[7].1.replace("environment: prod", "environment: test");
    assert_eq!(
        violations(&effect(&[("requests/new.yaml", ROOT), ("inventory/servers.yaml", &test)])),
        1
    );
    // A new entry for the same asset, then a new login for the same account.
    let entry = format!(
        "{}  - environment: test\n    owners: [liwei]\n    logins: [root]\n    assets: [pay-web-01]\n",
        FILES[7].1
    );
    let twice = tree(&[("requests/new.yaml", ROOT), ("inventory/servers.yaml", &entry)]);
    assert!(access::load(&twice, noon()).is_err(), "an asset of two entries is refused");
    let login = format!(
        "{}logins:\n  app: {{ accounts: [app], protocols: [ssh], actions: [connect] }}\n  root: {{ accounts: [root], protocols: [ssh], actions: [connect] }}\n  ops: {{ accounts: [root], protocols: [ssh], actions: [connect] }}\n",
        FILES[0].1
    );
    let servers = FILES[7].1.replace("[app, root]", "[app, root, ops]");
    let found = effect(&[
        ("requests/new.yaml", &ROOT.replace("login: root", "login: ops")),
        ("jumpgate.yaml", &login),
        ("inventory/servers.yaml", &servers),
    ]);
    let new = found.rows.iter().find(|row| row.person.as_str() == "liwei").expect("a row");
    assert_eq!(violations(&found), 1);
    assert!(new.dangers.contains(&Danger::NewHere) && new.dangers.contains(&Danger::Superuser));
}

#[test]
fn an_alias_or_an_address_of_production_is_judged_as_production() {
    let request = |instance: &str| {
        format!(
            "for: liwei\nreason: logs\nuntil: 2027-02-01\ndatabases:\n  - instance: {instance}\n    level: rw\n    tables: [orders.*]\n"
        )
    };
    let alias = "address: alias.db.acme.example:3306\nasset: alias\nenvironment: test\nowners: [liwei]\naccount-host: 10.8.0.%\nsame-accounts-as: orders-prod\n";
    let found = effect(&[
        ("requests/new.yaml", &request("alias")),
        ("inventory/databases/alias.yaml", alias),
    ]);
    assert_eq!(violations(&found), 1, "{:?}", found.findings);
    assert!(found.findings.iter().any(|finding| finding.code == FindingKind::NewTarget));
    // The two swap addresses.
    let swap = |from: usize, to: &str| {
        FILES[from].1.replace("orders-prod.db", "x.db").replace("orders-test.db", to)
    };
    let found = effect(&[
        ("requests/new.yaml", &request("orders-test")),
        ("inventory/databases/orders-prod.yaml", &swap(5, "x.db")),
        ("inventory/databases/orders-test.yaml", &swap(6, "orders-prod.db")),
    ]);
    assert_eq!(violations(&found), 1, "{:?}", found.findings);
    // Asked for on the test server alone, it is fine.
    assert_eq!(violations(&effect(&[("requests/new.yaml", &request("orders-test"))])), 0);
}

#[test]
fn a_looser_policy_is_shown_as_what_it_gives() {
    let base = [("requests/new.yaml", ROOT)];
    let open = ("policy.yaml", "environments: [prod, test]\nlimits: []\n");
    let found = between(&base, &[base[0], open]);
    assert_eq!(
        words(&found),
        ["Added liwei: nothing -> root on pay-web-01 until 2027-02-01, by policy.yaml"]
    );
    assert_eq!(violations(&found), 1);
    let tighter = between(&[base[0], open], &base);
    assert_eq!(words(&tighter), [""; 0]);
    assert!(tighter.findings.iter().any(|finding| finding.code == FindingKind::HeldBack));
}

#[test]
fn what_is_contacted_before_the_merge_comes_from_the_base() {
    let moved =
        FILES[5].1.replace("orders-prod.db", "evil").replace("asset: orders-prod", "asset: x");
    let config = FILES[0].1.replace("jump.acme", "evil.acme");
    let tls = format!("{moved}tls: {{ mode: off }}\n");
    let head_tree = tree(&[
        ("inventory/databases/orders-prod.yaml", &tls),
        ("jumpgate.yaml", &config),
        ("policy.yaml", "environments: [prod, test]\nlimits: []\n"),
        ("requests/new.yaml", ROOT),
    ]);
    let (base, head) = (load(&tree(&[])), load(&head_tree));
    let contacted = contacted(&base, &head);
    assert_eq!(contacted.config.url, base.config.url);
    assert_eq!(contacted.policy.limits.len(), 3);
    let instance = contacted.instances.values().next().expect("an instance");
    assert_eq!(instance.host, "orders-prod.db.acme.example");
    assert_eq!(instance.tls.mode, crate::access::model::TlsMode::Verify);
    assert_eq!(contacted.requests.len(), 2);
}

#[test]
fn a_request_that_is_over_is_an_error_when_it_is_new_or_edited() {
    let over = REQUEST.replace("2027-01-31", "2026-11-30");
    let base = tree(&[]);
    let errors = |base: &Tree, edits: &[(&str, &str)]| {
        let head = tree(edits);
        ended(base, &load(&head), &head, noon())
    };
    let found = errors(&base, &[("requests/PAY-1.yaml", &over)]);
    assert_eq!((found.len(), found[0].site.line, found[0].code.as_str()), (1, 3, "JG030"));
    assert_eq!(errors(&base, &[("requests/new.yaml", &over)]).len(), 1);
    let base = tree(&[("requests/PAY-1.yaml", &over)]);
    assert_eq!(errors(&base, &[("requests/PAY-1.yaml", &over)]), []);
    let moved = [("requests/PAY-1.yaml", ""), ("requests/old/PAY-1.yaml", over.as_str())];
    assert_eq!(errors(&base, &moved), []);
}

#[test]
fn what_was_given_back_covers_nothing() {
    let (_, request) = FILES[8];
    let released = format!("{request}release: true\n");
    let base = [("requests/PAY-1.yaml", released.as_str())];
    // Looked after again, it is new.
    let again = between(&base, &[]);
    assert_eq!((again.approvals, again.rows.len()), (1, 1), "{:?}", words(&again));
    assert!(again.rows.iter().all(|row| row.kind == Kind::Added));
    // So is the same that another request asks for.
    let other = request.replace("PAY-1: refunds", "PAY-2");
    let copied = between(&base, &[base[0], ("requests/PAY-2.yaml", &other)]);
    assert_eq!((copied.approvals, copied.rows.len()), (1, 1), "{:?}", words(&copied));
    // A file that moves is as it was.
    let moved = [("requests/PAY-1.yaml", ""), ("requests/old/PAY-1.yaml", released.as_str())];
    let moved = between(&base, &moved);
    assert!(moved.rows.is_empty() && moved.approvals == 0, "{moved:#?}");
    // That its file goes takes nothing away.
    let gone = [("requests/PAY-1.yaml", ""), ("requests/.gitkeep", "x")];
    assert!(between(&base, &gone).rows.is_empty());
}

#[test]
fn what_is_adopted_and_given_back_is_told() {
    let (_, request) = FILES[8];
    let adopts = format!("{request}    adopts: {{ account: jump_md_fanlichun_r }}\n");
    let effect = effect(&[("requests/PAY-1.yaml", &adopts)]);
    assert_eq!(words(&effect), [""; 0], "nobody gains or loses anything");
    let [told] = effect.findings.as_slice() else { panic!("{:#?}", effect.findings) };
    assert_eq!(told.code, FindingKind::Adopts);
    assert!(told.message.contains("PAY-1 adopts jump_md_fanlichun_r"), "{}", told.message);
    // What is adopted goes with the request: a colleague's account, or an application's.
    assert_eq!((effect.approvals, effect.owners.len()), (1, 1));
    let again = between(&[("requests/PAY-1.yaml", &adopts)], &[("requests/PAY-1.yaml", &adopts)]);
    assert!(again.findings.is_empty() && again.approvals == 0);

    // What outlives its end is approved as if it were new.
    let released = format!("{request}release: true\n");
    let effect = between(&[], &[("requests/PAY-1.yaml", &released)]);
    assert_eq!(words(&effect), [""; 0]);
    let [told] = effect.findings.as_slice() else { panic!("{:#?}", effect.findings) };
    assert_eq!(told.code, FindingKind::Releases);
    assert_eq!((effect.approvals, effect.owners.len()), (1, 1));
    // Said once.
    let again =
        between(&[("requests/PAY-1.yaml", &released)], &[("requests/PAY-1.yaml", &released)]);
    assert!(again.findings.is_empty());
}
