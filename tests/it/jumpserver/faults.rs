//! Answers that say that something is wrong, or say nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use jumpgate::jumpserver::{Ask, Error, ErrorKind, Limits, PermissionPatch, Reader, Settings};
use jumpgate_sandbox::{Fault, Rule, Version};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::target::{Target, limits, sandboxes};
use super::writing::permission;

const PERMISSIONS: &str = "perms/asset-permissions/";

async fn observe(target: &Target, reader: &Reader) -> Result<(), Error> {
    reader.observe(&Ask::new(target.owner())).await.map(drop)
}

/// The error of a read whose list of permissions is `fault`.
async fn read_fails(target: &Target, reader: &Reader, fault: Fault) -> (ErrorKind, String) {
    target.running().fault(Rule::on("GET", "perms/asset-permissions/?"), fault);
    let error = observe(target, reader).await.expect_err("it is no answer to plan from");
    target.running().clear_faults();
    (error.kind, error.to_string())
}

#[tokio::test]
async fn every_refusal_has_its_words() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let denied = json!({ "detail": "No.", "code": "permission_denied" });
        let confirm = json!({ "type": "user_confirm_required", "code": "mfa" });
        let throttled = json!({ "detail": "Request was throttled.", "code": "throttled" });
        let page = json!("<!DOCTYPE html><html><h1>Not found</h1></html>");
        let cases = [
            (400, json!({ "limit": ["Too many."] }), ErrorKind::Refused, "limit: Too many."),
            (401, json!({ "detail": "Bad." }), ErrorKind::Unauthorized, "check the token"),
            (403, denied, ErrorKind::Forbidden, "the right perms.view_assetpermission"),
            (404, page.clone(), ErrorKind::NotFound, "check jumpserver.url"),
            (412, confirm, ErrorKind::Confirm, "wants a person to confirm"),
            (429, throttled, ErrorKind::Throttled, "too many requests"),
            (500, page.clone(), ErrorKind::Server, "failed with status 500"),
            (502, page, ErrorKind::Server, "the proxy before it"),
            (
                200,
                json!("<html>Log in</html>"),
                ErrorKind::NotJumpServer,
                "the login page of a proxy",
            ),
            (200, json!("{\"count\": 3, \"resul"), ErrorKind::Unexpected, "not as expected"),
            (200, json!(""), ErrorKind::Unexpected, "not as expected"),
            (200, Value::Null, ErrorKind::Unexpected, "not as expected"),
            (200, json!([]), ErrorKind::Unexpected, "not as expected"),
            (200, json!({ "count": 1 }), ErrorKind::Unexpected, "not as expected"),
        ];
        for (status, body, kind, words) in cases {
            let told = read_fails(&target, &reader, Fault::answer(status, body.clone())).await;
            assert_eq!(told.0, kind, "{status} {body}: {}", told.1);
            assert!(told.1.contains(words), "{status} {body}: {}", told.1);
            assert!(told.1.contains("GET /api/v1/perms/asset-permissions/"), "{}", told.1);
            assert!(!told.1.contains('<'), "{}", told.1);
        }
    }
}

#[tokio::test]
async fn a_list_that_stays_incomplete_is_an_error() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let body = json!({ "count": 3, "next": null, "previous": null, "results": [] });
        let (kind, text) = read_fails(&target, &reader, Fault::answer(200, body)).await;
        assert_eq!(kind, ErrorKind::Incomplete, "{text}");
        assert!(text.contains("did not come completely: 3 rows differ"), "{text}");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let soon = vec![("Retry-After".to_owned(), "1".to_owned())];
        let throttled = Fault::Answer { status: 429, body: json!({}), headers: soon };
        let faults = [
            throttled,
            Fault::answer(500, json!({})),
            Fault::answer(503, json!({})),
            Fault::DropBefore,
        ];
        for fault in faults {
            target.running().fault(Rule::on("GET", PERMISSIONS).times(1), fault.clone());
            let asked = std::time::Instant::now();
            observe(&target, &reader).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            // Not before the server says so; without a word the pauses are short.
            let waits = matches!(fault, Fault::Answer { status: 429, .. });
            assert!(!waits || asked.elapsed() >= Duration::from_secs(1), "{fault:?}");
            target.running().clear_faults();
        }
        // A server that wants an hour gets no second request.
        let later = vec![("Retry-After".to_owned(), "3600".to_owned())];
        let throttled = Fault::Answer { status: 429, body: json!({}), headers: later };
        target.running().clear_requests();
        let (kind, _) = read_fails(&target, &reader, throttled).await;
        assert_eq!(kind, ErrorKind::Throttled);
        let asked = target.running().requests();
        let refused = asked.iter().filter(|request| request.status == Some(429)).count();
        assert!(refused <= 2, "{refused} requests");
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_an_error() {
    for target in sandboxes().await {
        let limits = Limits { read: Duration::from_millis(200), attempts: 2, ..limits() };
        let settings = Settings { limits, ..target.settings() };
        let reader = Reader::connect(&settings, target.credentials()).await.expect("a connection");
        let slow = Fault::Delay(Duration::from_secs(30));
        let (kind, text) = read_fails(&target, &reader, slow).await;
        assert_eq!(kind, ErrorKind::Unreachable, "{text}");
        assert!(text.contains("did not answer within 0.2 s"), "{text}");
    }
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                        Content-Length: 900\r\n\r\n{\"id\": \"";
            let _ = stream.write_all(half.as_bytes()).await;
        }
    });
    let target = Target::sandbox(Version::V4).await;
    let url = format!("http://127.0.0.1:{port}/").parse().expect("an address");
    let settings = Settings { url, ..target.settings() };
    let error = Reader::connect(&settings, target.credentials()).await.err().expect("no answer");
    server.abort();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("broke"), "{error}");
}

#[tokio::test]
async fn o21_a_redirect_is_never_followed() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        let to = |location: &str, status| Fault::Answer {
            status,
            body: json!(""),
            headers: vec![("Location".to_owned(), location.to_owned())],
        };
        for status in [301, 302, 307, 308] {
            let aim = "https://jump.acme.example/api/v1/perms/asset-permissions/";
            target.running().fault(Rule::writes(), to(aim, status));
            target.running().clear_requests();
            let error = writer.create_permission(id, &new).await.expect_err("it points elsewhere");
            let text = error.to_string();
            assert_eq!(error.kind, ErrorKind::Redirect, "{text}");
            assert!(text.contains("nothing was written"), "{text}");
            assert!(text.contains("set jumpserver.url to https://jump.acme.example"), "{text}");
            let error = writer.delete_permission(id).await.expect_err("it points elsewhere");
            assert_eq!(error.kind, ErrorKind::Redirect);
            let requests = target.running().requests();
            assert_eq!(requests.len(), 2, "each is sent once: {requests:?}");
            target.running().clear_faults();
        }
        target.running().fault(Rule::any(), to("https://sso.acme.example/login?next=x", 302));
        let error =
            Reader::connect(&target.settings(), target.credentials()).await.err().expect("no");
        assert_eq!(error.kind, ErrorKind::Redirect);
        assert!(error.to_string().contains("no proxy asks for a login"), "{error}");
        target.running().clear_faults();
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn o21_a_create_counts_only_when_the_answer_shows_it() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        let list = json!({ "count": 0, "next": null, "previous": null, "results": [] });
        let mut other = target.permission_row(&new).await;
        other["id"] = json!(Uuid::new_v4());
        let mut wider = target.permission_row(&new).await;
        wider["id"] = json!(id);
        wider["accounts"] = json!(["@ALL"]);
        let answers = [
            (200, list.clone(), "the status is 200"),
            (204, Value::Null, "the status is 204"),
            (201, list, "not as expected"),
            (201, json!("<html></html>"), "a web page"),
            (201, other, "another id"),
            (201, wider, "another accounts"),
        ];
        for (status, body, words) in answers {
            target.running().fault(Rule::on("POST", PERMISSIONS), Fault::answer(status, body));
            let error = writer.create_permission(id, &new).await.expect_err("it was not made");
            assert!(error.to_string().contains(words), "{error}");
            target.running().clear_faults();
        }
        assert!(target.running().permission("p").is_none());
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_failed_write_is_told_and_not_repeated() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        writer.create_permission(id, &new).await.expect("it is made");
        let patch = PermissionPatch { active: Some(false), ..Default::default() };
        for (status, kind) in [
            (400, ErrorKind::Refused),
            (401, ErrorKind::Unauthorized),
            (403, ErrorKind::Forbidden),
            (412, ErrorKind::Confirm),
            (500, ErrorKind::Server),
        ] {
            target.running().fault(Rule::writes(), Fault::answer(status, json!({ "error": "no" })));
            target.running().clear_requests();
            let error = writer.patch_permission(id, &patch).await.expect_err("it failed");
            assert_eq!(error.kind, kind);
            let error = writer.delete_permission(id).await.expect_err("it failed");
            assert_eq!(error.kind, kind);
            assert_eq!(target.running().requests().len(), 2, "{status}");
            target.running().clear_faults();
        }
        // A page of a proxy says 404 too: that is no proof that it is gone.
        let page = Fault::answer(404, json!("<html>No such site</html>"));
        target.running().fault(Rule::writes(), page);
        let error = writer.delete_permission(id).await.expect_err("nobody says that it is gone");
        assert_eq!(error.kind, ErrorKind::NotFound);
        target.running().clear_faults();
        let error =
            writer.patch_permission(Uuid::new_v4(), &patch).await.expect_err("nothing there");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        let users = Some(BTreeSet::from([Uuid::new_v4()]));
        let nobody = PermissionPatch { users, ..Default::default() };
        let error = writer.patch_permission(id, &nobody).await.expect_err("there is no such user");
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_patch_counts_only_when_the_answer_shows_it() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        writer.create_permission(id, &new).await.expect("it is made");
        let unchanged = target.get(&format!("{PERMISSIONS}{id}/")).await;
        target.running().fault(Rule::on("PATCH", PERMISSIONS), Fault::answer(200, unchanged));
        let patch = PermissionPatch { active: Some(false), ..Default::default() };
        let error = writer.patch_permission(id, &patch).await.expect_err("it stays active");
        assert_eq!(error.kind, ErrorKind::Unexpected);
        assert!(error.to_string().contains("another active"), "{error}");
        target.running().clear_faults();
        lease.release().await.expect("it ends");
    }
}
