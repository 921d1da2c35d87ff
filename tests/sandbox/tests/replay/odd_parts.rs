//! What single exchanges do not show: pages against each other, time, faults, the log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::{
    Fault, NewAsset, NewPermission, NewUser, Options, Rule, Running, Sandbox, Version,
};
use serde_json::{Value, json};

use crate::recording::{Answer, send};

pub(crate) async fn start(version: Version) -> Running {
    Sandbox::start(Options::new(version)).await.expect("a free port")
}

pub(crate) fn headers(token: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("Authorization".to_owned(), format!("Token {token}")),
        ("Accept-Language".to_owned(), "en".to_owned()),
        ("X-TZ".to_owned(), "UTC".to_owned()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ])
}

pub(crate) fn call(sandbox: &Running, method: &str, path: &str, body: Option<Value>) -> Answer {
    send(sandbox.port(), method, path, &headers(&sandbox.admin_token()), body.as_ref())
}

/// Reads a list page by page: how many rows came, and how many different ones.
fn pages(sandbox: &Running, path: &str, limit: usize) -> (usize, usize) {
    let (mut rows, mut ids) = (0, BTreeSet::new());
    loop {
        let page =
            call(sandbox, "GET", &format!("{path}&limit={limit}&offset={rows}"), None).body();
        let results = page["results"].as_array().expect("an envelope").clone();
        rows += results.len();
        ids.extend(results.iter().map(|row| row["id"].to_string()));
        if page["next"].is_null() || results.is_empty() {
            return (rows, ids.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unordered_pages_lose_rows() {
    let sandbox = start(Version::V4).await;
    sandbox.add_user(NewUser::named("fanlichun"));
    for number in 0..300 {
        let name = format!("web-{number:03}");
        sandbox.add_asset(NewAsset::host(&name, "192.0.2.1"));
        sandbox.add_account(&name, "root", None);
        sandbox.add_permission(NewPermission {
            users: vec!["fanlichun".to_owned()],
            name,
            ..NewPermission::default()
        });
    }
    let accounts = "/api/v1/accounts/accounts/?x=1";
    let (rows, different) = pages(&sandbox, accounts, 50);
    assert_eq!(rows, 300);
    assert!(different < 280, "{different} accounts are different");
    assert_eq!(pages(&sandbox, &format!("{accounts}&order=date_created"), 50), (300, 300));
    assert_eq!(pages(&sandbox, accounts, 1000), (300, 300));

    let relations = "/api/v1/perms/asset-permissions-users-relations/?x=1";
    let (rows, different) = pages(&sandbox, relations, 50);
    assert_eq!(rows, 300);
    assert!(different < 280, "{different} relations are different");
    assert_eq!(pages(&sandbox, &format!("{relations}&order=id"), 50), (300, 300));

    for number in 0..300 {
        let name = "Fan Lichun".to_owned();
        sandbox.add_user(NewUser { name, ..NewUser::named(&format!("fan-{number:03}")) });
    }
    let users = "/api/v1/users/users/?search=fan-";
    let (rows, different) = pages(&sandbox, users, 50);
    assert_eq!(rows, 300);
    assert!(different < 280, "{different} users are different");
    assert_eq!(pages(&sandbox, &format!("{users}&order=username"), 50), (300, 300));

    for path in ["perms/asset-permissions", "assets/assets", "assets/hosts"] {
        assert_eq!(pages(&sandbox, &format!("/api/v1/{path}/?x=1"), 50), (300, 300), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn version_4_cuts_without_a_word_where_version_3_does_not() {
    for (version, bare, most) in [(Version::V3, 1100, 1100), (Version::V4, 200, 1000)] {
        let sandbox = start(version).await;
        for number in 0..1100 {
            sandbox.add_permission(NewPermission {
                name: format!("p-{number:04}"),
                ..NewPermission::default()
            });
        }
        let path = "/api/v1/perms/asset-permissions/";
        let all = call(&sandbox, "GET", path, None).body();
        assert_eq!(all.as_array().map(Vec::len), Some(bare));
        let page = call(&sandbox, "GET", &format!("{path}?limit=5000"), None).body();
        assert_eq!(page["count"], json!(1100));
        assert_eq!(page["results"].as_array().map(Vec::len), Some(most));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_throttle_is_version_4s_alone() {
    for (version, status) in [(Version::V3, 200), (Version::V4, 429)] {
        let mut options = Options::new(version);
        options.throttle = Some(2);
        let sandbox = Sandbox::start(options).await.expect("a free port");
        let path = "/api/v1/settings/public/open/";
        let mut last = call(&sandbox, "GET", path, None);
        for _ in 0..3 {
            last = call(&sandbox, "GET", path, None);
        }
        // A minute that ends right now begins a new count.
        if last.status != status {
            for _ in 0..3 {
                last = call(&sandbox, "GET", path, None);
            }
        }
        assert_eq!(last.status, status);
        if status == 429 {
            let wait: u64 = last.headers["retry-after"].parse().expect("seconds");
            assert!((1..=60).contains(&wait));
            assert_eq!(last.body()["code"], json!("throttled"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_throttle_counts_a_user_and_not_his_tokens() {
    let mut options = Options::new(Version::V4);
    options.throttle = Some(4);
    let sandbox = Sandbox::start(options).await.expect("a free port");
    let other = headers(&sandbox.add_token("other", &["users.view_user"]));
    let tokens = [sandbox.admin_token(), sandbox.token_of("admin")].map(|token| headers(&token));
    let path = "/api/v1/users/profile/";
    let get = |headers| send(sandbox.port(), "GET", path, headers, None).status;
    // A minute that ends right now begins a new count.
    let hit = (0..3).any(|_| (0..3).flat_map(|_| tokens.iter().map(get)).any(|one| one == 429));
    assert!(hit, "six requests with two tokens are more than four");
    assert_eq!(get(&other), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn everything_follows_the_clock() {
    let sandbox = start(Version::V4).await;
    sandbox.add_user(NewUser::named("fanlichun"));
    sandbox.add_asset(NewAsset::host("web01", "192.0.2.1"));
    sandbox.add_account("web01", "root", Some("s"));
    sandbox.add_permission(NewPermission {
        name: "a day".to_owned(),
        users: vec!["fanlichun".to_owned()],
        assets: vec!["web01".to_owned()],
        accounts: vec!["root".to_owned()],
        date_expired: Some(Timestamp::now() + SignedDuration::from_hours(24)),
        ..NewPermission::default()
    });
    assert_eq!(sandbox.usable_accounts("fanlichun", "web01"), ["root"]);
    sandbox.set_clock_offset(SignedDuration::from_hours(25));
    assert!(sandbox.usable_accounts("fanlichun", "web01").is_empty());
    let row = call(&sandbox, "GET", "/api/v1/perms/asset-permissions/?limit=1", None);
    let moved = Timestamp::now() + SignedDuration::from_hours(25);
    let date = jiff::fmt::rfc2822::parse(&row.headers["date"]).expect("a date").timestamp();
    assert!(date.duration_since(moved).abs() < SignedDuration::from_secs(30));
    let row = &row.body()["results"][0];
    assert_eq!((&row["is_expired"], &row["is_valid"]), (&json!(true), &json!(false)));
    assert!(row["date_expired"].as_str().is_some_and(|date| date.ends_with("+0000")));
    sandbox.set_clock_offset(SignedDuration::from_hours(-1));
    assert!(sandbox.usable_accounts("fanlichun", "web01").is_empty(), "it has not begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn faults_come_before_or_after_the_work() {
    let sandbox = start(Version::V4).await;
    let path = "/api/v1/perms/asset-permissions/";
    let post = |name: &str| {
        let body = json!({"name": name}).to_string();
        let token = sandbox.admin_token();
        raw(
            sandbox.port(),
            &format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Token {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    };
    sandbox.fault(Rule::on("POST", "/asset-permissions/").skip(1).times(1), Fault::DropBefore);
    sandbox.fault(Rule::writes().skip(1).times(1), Fault::DropAfter);
    sandbox.fault(Rule::writes().skip(1).times(1), Fault::answer(503, json!({"error": "busy"})));
    assert!(post("one").starts_with("HTTP/1.1 201"));
    assert_eq!(post("two"), "");
    assert!(sandbox.permission("two").is_none());
    assert_eq!(post("three"), "");
    assert!(sandbox.permission("three").is_some());
    assert!(post("four").starts_with("HTTP/1.1 503"));
    assert!(sandbox.permission("four").is_none());
    sandbox.clear_faults();
    sandbox.on_request(|request| {
        (!request.is_read()).then_some(Fault::Delay(Duration::from_millis(120)))
    });
    let begun = Instant::now();
    assert!(post("five").starts_with("HTTP/1.1 201"));
    assert!(begun.elapsed() >= Duration::from_millis(120));
    let statuses: Vec<Option<u16>> =
        sandbox.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(201), None, None, Some(503), Some(201)]);
    sandbox.clear_requests();
    assert!(sandbox.requests().is_empty());
}

/// Sends bytes and reads what comes, which may be nothing.
fn raw(port: u16, text: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.write_all(text.as_bytes()).expect("a request that is sent");
    let mut bytes = Vec::new();
    // A connection that is cut may end in an error; what came before it counts.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_secret_goes_in_and_never_comes_out() {
    for version in [Version::V3, Version::V4] {
        let sandbox = start(version).await;
        let asset = sandbox.add_asset(NewAsset::mysql("orders", "192.0.2.1", 3306));
        let path = "/api/v1/accounts/accounts/";
        let id = "7f000000-0000-4000-8000-000000000001";
        let body = json!({"id": id, "asset": asset, "username": "jump_db_fanlichun_r", "secret": "S3cret-1"});
        assert_eq!(call(&sandbox, "POST", path, Some(body.clone())).status, 201);
        assert_eq!(call(&sandbox, "POST", path, Some(body)).status, 400);
        assert_eq!(sandbox.secret("orders", "jump_db_fanlichun_r").as_deref(), Some("S3cret-1"));
        let one = format!("{path}{id}/");
        let patch =
            call(&sandbox, "PATCH", &one, Some(json!({"secret": "S3cret-2", "comment": "c"})));
        assert_eq!(patch.status, 200);
        assert_eq!(sandbox.secret("orders", "jump_db_fanlichun_r").as_deref(), Some("S3cret-2"));
        for path in [one.as_str(), "/api/v1/accounts/accounts/?limit=10"] {
            assert!(!call(&sandbox, "GET", path, None).text.contains("S3cret"));
        }
        assert_eq!(
            call(&sandbox, "GET", &format!("/api/v1/accounts/account-secrets/{id}/"), None).status,
            412
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rights_are_kept_apart() {
    let sandbox = start(Version::V4).await;
    let reader = sandbox.add_token("reader", &["perms.view_assetpermission"]);
    let path = "/api/v1/perms/asset-permissions/";
    let body = json!({"name": "mine"});
    let get = send(sandbox.port(), "GET", path, &headers(&reader), None);
    let post = send(sandbox.port(), "POST", path, &headers(&reader), Some(&body));
    let users = send(sandbox.port(), "GET", "/api/v1/users/users/", &headers(&reader), None);
    assert_eq!((get.status, post.status, users.status), (200, 403, 403));
    assert!(sandbox.permission("mine").is_none());
    // An organisation's role can not delete users; a system role can.
    sandbox.add_user(NewUser::named("liwei"));
    let writer = sandbox.add_token("writer", &["users.view_user", "users.change_user"]);
    let cleaner = sandbox.add_token("cleaner", &["users.view_user", "users.delete_user"]);
    let id =
        call(&sandbox, "GET", "/api/v1/users/users/?username=liwei", None).body()[0]["id"].clone();
    let one = format!("/api/v1/users/users/{}/", id.as_str().expect("an id"));
    assert_eq!(send(sandbox.port(), "DELETE", &one, &headers(&writer), None).status, 403);
    assert_eq!(send(sandbox.port(), "DELETE", &one, &headers(&cleaner), None).status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_base_path_stands_before_everything() {
    let mut options = Options::new(Version::V3);
    options.base_path = "/jump/".to_owned();
    let sandbox = Sandbox::start(options).await.expect("a free port");
    assert!(sandbox.url().ends_with("/jump"));
    let list = call(&sandbox, "GET", "/jump/api/v1/users/groups/?limit=1", None);
    assert_eq!(list.status, 200);
    assert_eq!(call(&sandbox, "GET", "/api/v1/users/groups/", None).status, 404);
}
