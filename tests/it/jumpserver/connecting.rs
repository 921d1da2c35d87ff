//! Credentials, the address, the clock, and rights.

use jiff::SignedDuration;
use jumpgate::jumpserver::rights::Purpose;
use jumpgate::jumpserver::{Ask, Credentials, ErrorKind, Reader, Settings};
use jumpgate_sandbox::{NewUser, Version};
use secrecy::SecretString;

use super::target::{Target, sandboxes};
use super::writing::permission;

fn token(text: &str) -> Credentials {
    Credentials::Token(SecretString::from(text.to_owned()))
}

/// The kind and words of a connection that fails.
async fn refused(settings: &Settings, credentials: Credentials) -> (ErrorKind, String) {
    let error = Reader::connect(settings, credentials).await.err().expect("it cannot work");
    (error.kind, error.to_string())
}

#[tokio::test]
async fn a_token_tells_who_asks() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        assert!(!reader.identity().username.is_empty());
        assert!(!reader.organization().name.is_empty());
        let (kind, text) = refused(&target.settings(), token(&"0".repeat(40))).await;
        assert_eq!(kind, ErrorKind::Unauthorized);
        assert!(text.contains("check the token"), "{text}");
        assert!(!text.contains("0000000"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn an_access_key_signs_reads_and_writes() {
    let mut targets = sandboxes().await;
    targets.push(Target::sandbox_at(Version::V4, "/jump").await);
    for target in targets {
        let (id, secret) = target.running().add_access_key("admin");
        let key = |secret: &str| Credentials::Key {
            id: id.to_string(),
            secret: SecretString::from(secret.to_owned()),
        };
        let settings = target.settings();
        let reader = Reader::connect(&settings, key(&secret)).await.expect("it is accepted");
        let mut ask = Ask::new(target.owner());
        ask.users = [target.name("a name&with=signs?/+%20 数")].into();
        reader.observe(&ask).await.expect("queries are signed as they are sent");
        let lease = target.lease(&reader).await;
        let id = uuid::Uuid::new_v4();
        let new = permission(&target, id, &target.name("p"));
        lease.writer().create_permission(id, &new).await.expect("writes are signed");
        lease.release().await.expect("it ends");

        let (kind, text) = refused(&settings, key("another-secret")).await;
        assert_eq!(kind, ErrorKind::Unauthorized);
        assert!(!text.contains("another-secret"), "{text}");
    }
}

#[tokio::test]
async fn o21_the_address_may_end_in_a_slash_and_have_a_path() {
    for (base, given) in [("", ""), ("", "/"), ("/jump", ""), ("/jump", "/")] {
        let target = Target::sandbox_at(Version::V3, base).await;
        let url = format!("{}{given}", target.running().url());
        let settings = Settings { url: url.parse().expect("an address"), ..target.settings() };
        let reader = Reader::connect(&settings, target.credentials()).await.expect("it answers");
        let lease = target.lease(&reader).await;
        lease.release().await.expect("it ends");
        let requests = target.running().requests();
        let paths = requests.iter().map(|request| request.path.split('?').next().unwrap_or(""));
        for path in paths {
            assert!(path.starts_with(&format!("{base}/api/v1/")), "{path}");
            assert!(path.ends_with('/') && !path.contains("//"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_path_is_told() {
    let target = Target::sandbox_at(Version::V4, "/jump").await;
    let url = target.running().url().replace("/jump", "/elsewhere");
    let settings = Settings { url: url.parse().expect("an address"), ..target.settings() };
    let (kind, text) = refused(&settings, target.credentials()).await;
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(text.contains("check jumpserver.url"), "{text}");
}

#[tokio::test]
async fn what_can_never_work_is_refused_before_a_request() {
    let target = Target::sandbox(Version::V4).await;
    for url in ["ftp://jump.acme.example", "https://me:hidden@jump.acme.example"] {
        let settings = Settings { url: url.parse().expect("an address"), ..target.settings() };
        let (kind, text) = refused(&settings, target.credentials()).await;
        assert_eq!(kind, ErrorKind::Settings, "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }
    let (kind, _) = refused(&target.settings(), token("two words")).await;
    assert_eq!(kind, ErrorKind::Settings);
    assert!(target.running().requests().is_empty());
}

#[tokio::test]
async fn nobody_listens_there() {
    let target = Target::sandbox(Version::V4).await;
    // A port that was just free.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let settings = Settings { url: url.parse().expect("an address"), ..target.settings() };
    let (kind, text) = refused(&settings, target.credentials()).await;
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.contains(&format!("cannot connect to JumpServer at 127.0.0.1:{port}")), "{text}");
}

#[tokio::test]
async fn the_clock_of_the_server_is_known() {
    for target in sandboxes().await {
        for seconds in [0, 90, -3600] {
            target.running().set_clock_offset(SignedDuration::from_secs(seconds));
            let reader = target.reader().await;
            let skew = reader.skew().expect("a date came").as_secs();
            assert!((skew - seconds).abs() <= 2, "{skew} in place of {seconds}");
            let clock = reader.clock().expect("a date came");
            let apart = clock.duration_since(target.running().now()).as_secs();
            assert!(apart.abs() <= 2, "{apart}");
        }
    }
}

#[tokio::test]
async fn disabled_and_lawless_users_are_told_apart() {
    for target in sandboxes().await {
        let running = target.running();
        running.add_user(NewUser { disabled: true, ..NewUser::named("gone") });
        let (kind, text) = refused(&target.settings(), token(&running.token_of("gone"))).await;
        assert_eq!(kind, ErrorKind::Unauthorized);
        assert!(text.contains("its user is active"), "{text}");

        let poor = running.add_token("poor", &["users.view_user"]);
        let reader = Reader::connect(&target.settings(), token(&poor)).await.expect("he may enter");
        let ask = Ask::new(target.owner());
        let error = reader.observe(&ask).await.expect_err("rights are missing");
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert!(error.to_string().contains("perms.view_assetpermission"), "{error}");
    }
}

#[tokio::test]
async fn the_rights_that_a_user_lacks_are_listed() {
    let all = [Purpose::Plan, Purpose::Apply, Purpose::People];
    for target in sandboxes().await {
        let running = target.running();
        let admin = target.reader().await.lacking(&all).await.expect("a list");
        assert!(admin.missing.is_empty() && admin.unknown.is_empty(), "{admin:?}");

        let codes: Vec<&str> = jumpgate::jumpserver::rights::RIGHTS
            .iter()
            .filter(|right| right.purpose == Purpose::Plan && right.code != "assets.view_node")
            .map(|right| right.code)
            .collect();
        let planner = running.add_token("planner", &codes);
        running.clear_requests();
        let reader = Reader::connect(&target.settings(), token(&planner)).await.expect("enters");
        let lacking = reader.lacking(&all).await.expect("a list");
        let missing: Vec<&str> = lacking.missing.iter().map(|right| right.code).collect();
        assert!(missing.contains(&"assets.view_node"), "{missing:?}");
        assert!(missing.contains(&"perms.add_assetpermission"), "{missing:?}");
        assert!(missing.contains(&"users.add_user"), "{missing:?}");
        assert!(!missing.contains(&"users.view_user"), "{missing:?}");
        assert_eq!(missing.len(), 1 + 9 + 2, "{missing:?}");
        assert!(lacking.unknown.is_empty(), "{lacking:?}");
        assert!(running.requests().iter().all(|request| request.is_read()));
    }
}

#[tokio::test]
async fn the_rights_to_plan_and_to_apply_are_enough() {
    for target in sandboxes().await {
        let running = target.running();
        let codes = |purposes: &[Purpose]| -> Vec<&str> {
            jumpgate::jumpserver::rights::RIGHTS
                .iter()
                .filter(|right| purposes.contains(&right.purpose))
                .map(|right| right.code)
                .collect()
        };
        let planner = running.add_token("planner", &codes(&[Purpose::Plan]));
        let writer = running.add_token("writer", &codes(&[Purpose::Plan, Purpose::Apply]));
        let ask = Ask::new(target.owner());
        let reader = Reader::connect(&target.settings(), token(&planner)).await.expect("enters");
        reader.observe(&ask).await.expect("the rights to plan are enough");
        reader.users(&target.owner(), None).await.expect("these too");
        let reader = Reader::connect(&target.settings(), token(&writer)).await.expect("enters");
        let lease = target.lease(&reader).await;
        lease.writer().put_anchor(&Default::default()).await.expect("the rights are enough");
        let id = uuid::Uuid::new_v4();
        let new = permission(&target, id, &target.name("p"));
        lease.writer().create_permission(id, &new).await.expect("the rights are enough");
        lease.writer().delete_permission(id).await.expect("the rights are enough");
        lease.release().await.expect("it ends");
    }
}
