//! A write whose answer is right, while the server keeps something else: what needs it is not
//! begun.

use jumpgate_sandbox::Version;
use serde_json::{Value, json};

use super::front::{Asked, Front, Turn, Twist};
use crate::support::company::Company;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1: look at the logs\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01], nodes: [ROOT/payments/prod] }]
";

/// The permission that goes when the new one stands.
const OLD: &str = "jump_app_fanlichun_20270228";
/// The one that comes in its place.
const NEW: &str = "jump_app_fanlichun_20270331";

/// Changes the new permission where it is read by itself.
fn edited(asked: &Asked, edit: fn(&mut Value)) -> Turn {
    let one = asked.place.strip_prefix("perms/asset-permissions/");
    match asked.reads && one.is_some_and(|id| !id.is_empty()) {
        true => Turn::Edit(edit),
        false => Turn::Pass,
    }
}

/// What is kept otherwise, by the name of the field in the error, and how.
const KEPT: [(&str, Twist); 10] = [
    ("name", |asked| edited(asked, |row| put(row, "name", json!("another")))),
    ("users", |asked| edited(asked, |row| put(row, "users", json!([])))),
    ("assets", |asked| edited(asked, |row| put(row, "assets", json!([])))),
    ("nodes", |asked| edited(asked, |row| put(row, "nodes", json!([])))),
    ("accounts", |asked| edited(asked, |row| put(row, "accounts", json!(["@ALL"])))),
    ("protocols", |asked| edited(asked, |row| put(row, "protocols", json!(["all"])))),
    ("actions", |asked| edited(asked, |row| put(row, "actions", json!([])))),
    ("start", |asked| edited(asked, |row| put(row, "date_start", json!(LATER)))),
    ("end", |asked| edited(asked, |row| put(row, "date_expired", json!(LATER)))),
    ("active", |asked| edited(asked, |row| put(row, "is_active", json!(false)))),
];

const LATER: &str = "2030-01-01T00:00:00Z";

fn put(row: &mut Value, field: &str, value: Value) {
    if row["name"] == NEW {
        row[field] = value;
    }
}

/// A company whose JumpServer stands behind a proxy, with a request that is applied.
async fn applied(version: Version) -> (Company, Front, String) {
    let company = Company::with_hosts(version).await;
    let front = Front::start(company.jumpserver.port()).await;
    let settings = std::fs::read_to_string(company.dir().join("jumpgate.yaml"));
    let settings = settings.expect("the settings");
    let port = company.jumpserver.port().to_string();
    company.write("jumpgate.yaml", &settings.replace(&port, &front.port.to_string()));
    let request = REQUEST.replace("ROOT", company.root);
    company.write("requests/PAY-1.yaml", &request);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    (company, front, request)
}

/// Nothing but the whole of what was written stands.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_otherwise_replaces_nothing() {
    for version in [Version::V3, Version::V4] {
        let (company, front, request) = applied(version).await;
        company.write("requests/PAY-1.yaml", &request.replace("2027-02-28", "2027-03-31"));
        company.merge("a month longer");
        for (field, twist) in KEPT {
            let before = company.jumpserver.keep();
            front.begin(Some(twist));
            let done = company.run(&["apply", "--yes"]).await.expect(5);
            let told = format!("JumpServer took it, and keeps something else: {field}\n");
            assert!(done.stdout.contains(&told), "{field}: {}", done.stdout);
            assert!(company.jumpserver.permission(NEW).is_some(), "{field}");
            assert!(company.jumpserver.permission(OLD).is_some(), "{field}: it is not replaced");
            front.begin(None);
            company.jumpserver.put_back(&before);
        }
        company.run(&["apply", "--yes"]).await.expect(0);
        assert!(company.jumpserver.permission(OLD).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_only_when_it_is_kept() {
    for version in [Version::V3, Version::V4] {
        let (company, front, request) = applied(version).await;
        company.write("requests/PAY-1.yaml", &request.replace("web-01]", "web-01, pay-web-02]"));
        company.merge("another host");
        front.begin(Some(|asked| {
            edited(asked, |row| {
                if row["name"] == OLD {
                    row["accounts"] = json!([]);
                }
            })
        }));
        let done = company.run(&["apply", "--yes"]).await.expect(5);
        let told = "JumpServer took it, and keeps something else: accounts\n";
        assert!(done.stdout.contains(told), "{}", done.stdout);
        front.begin(None);
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    }
}
