//! A company of any size, made up: its access repo, and a JumpServer that only ever grew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jumpgate::access::{self, model::Access};
use jumpgate::audit::Observed;
use jumpgate::jumpserver::everything::{Account, Everything, User};
use jumpgate::jumpserver::spec::{
    PermissionSpec, SeenAsset, SeenAssetAccount, SeenPermission, SeenUser,
};
use jumpgate::repo::Tree;
use uuid::Uuid;

const FAMILIES: [(&str, &str); 25] = [
    ("范", "fan"),
    ("李", "li"),
    ("王", "wang"),
    ("张", "zhang"),
    ("刘", "liu"),
    ("陈", "chen"),
    ("杨", "yang"),
    ("赵", "zhao"),
    ("黄", "huang"),
    ("周", "zhou"),
    ("吴", "wu"),
    ("徐", "xu"),
    ("孙", "sun"),
    ("胡", "hu"),
    ("朱", "zhu"),
    ("高", "gao"),
    ("林", "lin"),
    ("何", "he"),
    ("郭", "guo"),
    ("马", "ma"),
    ("罗", "luo"),
    ("梁", "liang"),
    ("宋", "song"),
    ("郑", "zheng"),
    ("谢", "xie"),
];
const GIVEN: [(&str, &str); 10] = [
    ("立春", "lichun"),
    ("伟", "wei"),
    ("芳", "fang"),
    ("强", "qiang"),
    ("敏", "min"),
    ("静", "jing"),
    ("磊", "lei"),
    ("洋", "yang"),
    ("雪梅", "xuemei"),
    ("建国", "jianguo"),
];
const SYSTEMS: [&str; 14] = [
    "orders", "billing", "payments", "stock", "shipping", "catalog", "accounts", "reports",
    "search", "messages", "coupons", "ledger", "risk", "partners",
];
const REASONS: [&str; 6] = [
    "reconcile refunds",
    "look into slow queries",
    "月末对账",
    "on call this quarter",
    "move old rows",
    "排查告警",
];

/// A company.
pub(crate) struct Crowd {
    /// Its access repo.
    pub(crate) access: Access,
    /// What its servers let in; no database server was read.
    pub(crate) observed: Observed,
}

/// The name of a person, and the one for people.
fn person(number: usize) -> (String, String) {
    let (family, pinyin) = FAMILIES[number % FAMILIES.len()];
    let (given, latin) = GIVEN[number / FAMILIES.len() % GIVEN.len()];
    match number / (FAMILIES.len() * GIVEN.len()) {
        0 => (format!("{pinyin}{latin}"), format!("{family}{given}")),
        more => (format!("{pinyin}{latin}{}", more + 1), format!("{family}{given}")),
    }
}

fn system(number: usize) -> String {
    match number / SYSTEMS.len() {
        0 => SYSTEMS[number % SYSTEMS.len()].to_owned(),
        more => format!("{}{}", SYSTEMS[number % SYSTEMS.len()], more + 1),
    }
}

const PLACES: [&str; 2] = ["prod", "test"];

/// The name of a target: of four in a row one system has a database and a node in both
/// environments.
fn target(number: usize) -> (bool, String, &'static str) {
    let (system, place) = (system(number / 4), PLACES[number % 2]);
    match number % 4 < 2 {
        true => (true, format!("{system}-{place}"), place),
        false => (false, format!("/Default/{system}/{place}"), place),
    }
}

impl Crowd {
    /// So many people and targets at a moment; everybody has a request of his own, and teams
    /// of ten have one together.
    pub(crate) fn new(people: usize, targets: usize, now: Timestamp) -> Self {
        let tree = Tree { files: files(people, targets, now), ..Tree::default() };
        let access = access::load(&tree, now).expect("the files are good");
        let observed =
            Observed { jumpserver: jumpserver(people, targets, now), instances: BTreeMap::new() };
        Self { access, observed }
    }
}

impl Crowd {
    /// So many people who all have all of so many targets, by requests of one team.
    pub(crate) fn everything(people: usize, targets: usize, now: Timestamp) -> Self {
        let mut files = files(people, targets, now);
        files.retain(|path, _| !path.starts_with("requests/") && !path.starts_with("teams/"));
        let members: Vec<String> = (0..people).map(|number| person(number).0).collect();
        let team = format!("members: [{}]\n", members.join(", "));
        files.insert("teams/all.yaml".into(), team.into_bytes().into());
        // One request may give no more than 100,000 things.
        let places: Vec<usize> = (0..targets).collect();
        for (number, some) in places.chunks(30).enumerate() {
            let text = request("team/all", 1, some, now);
            files.insert(format!("requests/ALL-{number}.yaml").into(), text.into_bytes().into());
        }
        let access =
            access::load(&Tree { files, ..Tree::default() }, now).expect("the files are good");
        Self {
            access,
            observed: Observed { jumpserver: Everything::default(), instances: BTreeMap::new() },
        }
    }
}

fn day(now: Timestamp, days: usize) -> String {
    let at = now + SignedDuration::from_hours(24 * days as i64);
    at.strftime("%Y-%m-%d").to_string()
}

fn files(people: usize, targets: usize, now: Timestamp) -> BTreeMap<Arc<str>, Arc<[u8]>> {
    let mut files: BTreeMap<Arc<str>, Arc<[u8]>> = BTreeMap::new();
    let mut put = |path: String, text: String| {
        files.insert(path.into(), text.into_bytes().into());
    };
    put(
        "jumpgate.yaml".into(),
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: 'https://jump.acme.example' }\n".into(),
    );
    put("policy.yaml".into(), "environments: [prod, test]\nlimits: []\n".into());
    for number in 0..people {
        let (name, display) = person(number);
        put(format!("people/{name}.yaml"), format!("name: {display}\n"));
    }
    for team in 0..people / 10 {
        let members: Vec<String> = (0..10).map(|one| person(team * 10 + one).0).collect();
        put(format!("teams/{}.yaml", system(team)), format!("members: [{}]\n", members.join(", ")));
    }
    let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for number in 0..targets {
        let (database, name, place) = target(number);
        let owner = person(0).0;
        if database {
            put(
                format!("inventory/databases/{name}.yaml"),
                format!(
                    "address: {name}.db.acme.example:3306\nasset: {name}\nenvironment: {place}\nowners: [{owner}]\n\
                     account-host: 10.8.0.%\n"
                ),
            );
        } else {
            nodes.entry(place).or_default().push(name);
        }
    }
    let mut servers = String::from("servers:\n");
    for (place, nodes) in nodes {
        let nodes = nodes.join(", ");
        let _ = writeln!(
            servers,
            "  - {{ environment: {place}, owners: [{}], logins: [app, root], nodes: [{nodes}] }}",
            person(0).0
        );
    }
    put("inventory/servers.yaml".into(), servers);
    for number in 0..people {
        // Some have nothing.
        if number % 11 != 10 {
            let places: Vec<usize> =
                (0..6).map(|one| (number * 7 + one * one * 5) % targets).collect();
            put(
                format!("requests/2026/OPS-{}.yaml", 1000 + number),
                request(&person(number).0, number, &places, now),
            );
        }
    }
    for team in 0..people / 10 {
        let places: Vec<usize> = (0..8).map(|one| (team * 8 + one) % targets).collect();
        let text = request(&format!("team/{}", system(team)), team * 3 + 2, &places, now);
        put(format!("requests/2026/TEAM-{team}.yaml"), text);
    }
    files
}

/// A request for some targets. The ends lie within half a year; some begin later, and some
/// have no end.
fn request(whom: &str, number: usize, places: &[usize], now: Timestamp) -> String {
    let reason = REASONS[number % REASONS.len()];
    let mut text = format!("for: {whom}\nreason: \"OPS-{number}: {reason}\"\n");
    if number % 13 == 5 {
        let _ = writeln!(text, "from: {}", day(now, 6));
    }
    if number % 17 != 8 {
        let _ = writeln!(
            text,
            "until: {}",
            day(now, 1 + (number * number * 3 + number) % 170 + number % 13)
        );
    }
    let (databases, nodes): (BTreeSet<_>, BTreeSet<_>) =
        places.iter().map(|place| target(*place)).partition(|(database, ..)| *database);
    if !nodes.is_empty() {
        let names: Vec<&str> = nodes.iter().map(|(_, name, _)| name.as_str()).collect();
        let login = if number % 9 == 4 { "root" } else { "app" };
        let _ = writeln!(text, "servers:\n  - login: {login}\n    nodes: [{}]", names.join(", "));
    }
    if !databases.is_empty() {
        text.push_str("databases:\n");
    }
    for (place, (_, name, _)) in databases.iter().enumerate() {
        // Columns cannot be deleted from.
        let (level, part) = match (number + place) % 4 {
            0 => ("rw", "main.refunds"),
            _ => ("r", "billing.cards(id, last4)"),
        };
        let _ = writeln!(
            text,
            "  - instance: {name}\n    level: {level}\n    tables:\n      - main.*\n      - {part}"
        );
    }
    text
}

fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Users, two hosts below every node, and permissions that nobody approved: one for a group on
/// everything, and some of one person each.
fn jumpserver(people: usize, targets: usize, now: Timestamp) -> Everything {
    let mut id = 0_u128;
    let mut next = || {
        id += 1;
        Uuid::from_u128(id)
    };
    let user = |id, number: usize, name: String| User {
        seen: SeenUser {
            id,
            username: name.clone(),
            name,
            email: String::new(),
            active: true,
            expired: false,
            administrator: false,
            groups: if number % 40 == 7 { texts(["dba"]) } else { BTreeSet::new() },
            labelled: false,
            mark: None,
            comment: String::new(),
        },
        organization_administrator: false,
        last_login: Some(now),
        key_used: None,
        joined: Some(now),
        service: false,
    };
    let mut users: Vec<User> =
        (0..people).map(|number| user(next(), number, person(number).0)).collect();
    users.push(user(next(), 7, "zhouqiang-old".to_owned()));
    let mut everything = Everything {
        organization: ("00000000-0000-0000-0000-000000000002".into(), "Default".into()),
        excludes: true,
        users,
        ..Everything::default()
    };
    let asset = |id, name: &str, category: &str, node: String| SeenAsset {
        id,
        name: name.to_owned(),
        address: String::new(),
        category: category.to_owned(),
        kind: if category == "host" { "linux".into() } else { "mysql".into() },
        protocols: BTreeMap::new(),
        nodes: BTreeSet::from([node]),
        active: true,
        directories: BTreeSet::new(),
    };
    let account = |id, asset: &SeenAsset, name: &str| Account {
        seen: SeenAssetAccount {
            id,
            asset: asset.name.clone(),
            asset_id: asset.id,
            name: name.to_owned(),
            username: name.to_owned(),
            secret_type: "password".into(),
            has_secret: Some(true),
            active: true,
            labelled: false,
            mark: None,
            comment: String::new(),
        },
        saved: now - SignedDuration::from_hours(24 * 300),
    };
    for number in 0..targets {
        let (database, name, place) = target(number);
        let found = match database {
            true => vec![asset(next(), &name, "database", format!("/Default/databases/{place}"))],
            false => (1..=2)
                .map(|one| {
                    let host = format!(
                        "{}-{one:02}",
                        name.trim_start_matches("/Default/").replace('/', "-")
                    );
                    asset(next(), &host, "host", name.clone())
                })
                .collect(),
        };
        for asset in found {
            everything.accounts.push(account(
                next(),
                &asset,
                if database { "shop_rw" } else { "root" },
            ));
            everything.assets.push(asset);
        }
    }
    let never = now + SignedDuration::from_hours(24 * 365 * 60);
    let mut permission =
        |name: String, users: BTreeSet<String>, groups, nodes: BTreeSet<String>, account: &str| {
            everything.permissions.push(SeenPermission {
                id: next(),
                spec: PermissionSpec {
                    name,
                    users,
                    groups,
                    assets: BTreeSet::new(),
                    nodes,
                    accounts: texts([account]),
                    protocols: texts(["ssh"]),
                    actions: texts(["connect", "upload", "download"]),
                    start: now - SignedDuration::from_hours(24),
                    end: never,
                    active: true,
                },
                user_ids: BTreeMap::new(),
                labelled: false,
                mark: None,
                comment: String::new(),
            });
        };
    permission(
        "dba everything".into(),
        BTreeSet::new(),
        texts(["dba"]),
        texts(["/Default/databases"]),
        "@ALL",
    );
    for number in (0..people).step_by(9) {
        let name = person(number).0;
        let (_, node, _) = target((number * 4 + 2) % targets.max(4));
        let node = if node.starts_with('/') { node } else { "/Default/orders/prod".into() };
        permission(
            format!("{name}-superuser"),
            texts([&name]),
            BTreeSet::new(),
            texts([&node]),
            "root",
        );
    }
    everything
}
