//! What can not be read off a recording: who sent it, what else there was, and which ones
//! are not sent again.

use std::collections::BTreeMap;

use base64::Engine as _;
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::{NewAsset, NewPermission, NewUser, Running, Version};
use serde_json::{Value, json};

use crate::recording::{Recording, send};

/// Recordings that are not sent again, and why.
pub(crate) const LEFT_OUT: &[(Version, &str, &str)] = &[
    (
        Version::V3,
        "accounts-paging-page2",
        "which rows a page holds is chance; odd_parts tests the loss",
    ),
    (Version::V3, "perms-options", "metadata for a browser; the sandbox gives a part of it"),
    (Version::V4, "perms-options", "metadata for a browser; the sandbox gives a part of it"),
    (
        Version::V3,
        "service-account-create",
        "components register with a bootstrap token; not served",
    ),
    (Version::V3, "version-settings-public", "the sandbox serves the settings that tell a version"),
    (
        Version::V3,
        "version-settings-public-open",
        "the sandbox serves the settings that tell a version",
    ),
    (Version::V4, "settings-public", "the sandbox serves the settings that tell a version"),
    (Version::V4, "settings-public-open", "the sandbox serves the settings that tell a version"),
    (Version::V4, "audit-operate-logs", "the sandbox keeps no audit log"),
    (Version::V4, "perms-csv", "the sandbox speaks JSON only"),
    (Version::V4, "rbac-plan-role", "the recorded answer was changed by hand"),
    (Version::V4, "rbac-role-permissions", "the sandbox knows the rights of its own views only"),
    (Version::V4, "throttle-429", "needs 2,048 requests; odd_parts tests the throttle"),
];

/// Builds the headers of a request, with credentials that the sandbox knows.
pub(crate) fn headers(sandbox: &Running, recording: &Recording) -> BTreeMap<String, String> {
    let mut headers = recording.headers.clone();
    let Some(recorded) = headers.get("Authorization").cloned() else {
        return headers;
    };
    let value = if recorded.starts_with("Signature") {
        signature(sandbox, recording, &recorded)
    } else if recorded.contains('<') {
        credentials(sandbox, recording, &recorded)
    } else {
        recorded
    };
    headers.insert("Authorization".to_owned(), value);
    headers
}

/// Rights of the roles that the recordings made.
const PLAN: &[&str] = &[
    "users.view_user",
    "users.view_usergroup",
    "assets.view_asset",
    "assets.view_node",
    "assets.view_platform",
    "accounts.view_account",
    "accounts.view_accounttemplate",
    "perms.view_assetpermission",
    "perms.view_userassets",
];
const APPLY: &[&str] = &[
    "users.add_user",
    "users.add_usergroup",
    "assets.add_asset",
    "assets.add_node",
    "accounts.add_account",
    "perms.add_assetpermission",
];
const FOUR: &[&str] = &[
    "perms.view_assetpermission",
    "perms.add_assetpermission",
    "perms.change_assetpermission",
    "perms.delete_assetpermission",
];

/// The user of a recording that the administrator did not send: his name, his rights.
fn sender(
    recording: &Recording,
    recorded: &str,
) -> Option<(&'static str, &'static [&'static str])> {
    let name = recording.name.as_str();
    match (recording.version, name) {
        (Version::V3, _) if recorded.contains("svc-plan") => Some(("svc-plan", PLAN)),
        (Version::V3, _) if recorded.contains("svc-apply") => Some(("svc-apply", APPLY)),
        (Version::V3, _) if recorded.contains("svc-sys") => {
            Some(("svc-sys", &["users.delete_user"]))
        }
        (Version::V3, _) if recorded.contains("tk1") => Some(("tk1", &[])),
        (Version::V4, "rbac-plain-user-perms-list" | "rbac-plain-user-users-list") => {
            Some(("plain", &[]))
        }
        (
            Version::V4,
            "rbac-apply-create-perm" | "rbac-apply-patch-perm" | "rbac-apply-bulk-delete",
        ) => Some(("svc-plan2", FOUR)),
        (Version::V4, "rbac-view-only-post") => {
            Some(("svc-plan2", &["perms.view_assetpermission"]))
        }
        (
            Version::V4,
            "userview-self"
            | "connection-token-create"
            | "connection-token-by-name"
            | "connection-token-inactive"
            | "connection-token-not-permed",
        ) => Some(("hugo", &[])),
        (
            Version::V4,
            "auth-disabled-user-token"
            | "auth-expired-user-token"
            | "auth-disabled-user-bearer"
            | "auth-expired-user-bearer",
        ) => Some(("svc-plan2", &["users.view_user"])),
        (
            Version::V4,
            "rbac-plan-user-list"
            | "rbac-plan-userview"
            | "rbac-plan-userview-asset"
            | "rbac-plan-perm-accounts"
            | "rbac-plan-perm-users-all",
        ) => Some(("svc-plan2", PLAN)),
        _ => None,
    }
}

fn credentials(sandbox: &Running, recording: &Recording, recorded: &str) -> String {
    let bearer = recorded.starts_with("Bearer");
    let refused = recording.name.contains("private-token");
    let (username, rights) = sender(recording, recorded).unwrap_or(("admin", &[]));
    let known = sandbox.user_is_active(username).is_some();
    if username == "admin" {
        let token = sandbox.admin_token();
        return match (bearer, refused) {
            (true, true) => format!("Bearer {token}"),
            (true, false) => login(sandbox, "admin"),
            _ => format!("Token {token}"),
        };
    }
    let user = NewUser {
        rights: rights.iter().map(|right| (*right).to_owned()).collect(),
        password: Some("secret".to_owned()),
        id: known_id(recording, username),
        ..NewUser::named(username)
    };
    if !known || !rights.is_empty() {
        sandbox.add_user(user.clone());
    }
    let token = format!("Token {}", sandbox.token_of(username));
    let credentials = if bearer { login(sandbox, username) } else { token };
    let past = Timestamp::now() - SignedDuration::from_hours(1);
    if recording.name.contains("disabled") {
        sandbox.add_user(NewUser { disabled: true, ..user });
    } else if recording.name.contains("expired") {
        sandbox.add_user(NewUser { date_expired: Some(past), ..user });
    }
    credentials
}

fn known_id(recording: &Recording, username: &str) -> Option<uuid::Uuid> {
    (recording.version == Version::V4 && username == "hugo")
        .then(|| "28f0d298-3b99-4fca-b42b-60283b6eb8db".parse().expect("a UUID"))
}

/// Logs in; everybody's password is `secret`.
fn login(sandbox: &Running, username: &str) -> String {
    let headers = BTreeMap::from([("Content-Type".to_owned(), "application/json".to_owned())]);
    if username == "admin" {
        admin_password(sandbox, sandbox.version(), "secret");
    }
    let body = json!({"username": username, "password": "secret"});
    let answer =
        send(sandbox.port(), "POST", "/api/v1/authentication/auth/", &headers, Some(&body));
    format!("Bearer {}", answer.body()["token"].as_str().expect("a token"))
}

/// Signs a request anew with the recorded list of headers: the secret of the recorded key
/// is not known.
fn signature(sandbox: &Running, recording: &Recording, recorded: &str) -> String {
    let (id, secret) = sandbox.add_access_key("admin");
    let name = recording.name.as_str();
    let list = recorded
        .split_once("headers=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(list, _)| list);
    let lines: Vec<String> = list
        .split(' ')
        .map(|header| match header {
            "(request-target)" => format!("(request-target): get {}", recording.path),
            "accept" => format!("accept: {}", recording.headers["Accept"]),
            _ => format!("date: {}", recording.headers["Date"]),
        })
        .collect();
    let key = if name.contains("bad") { "another secret" } else { secret.as_str() };
    let mut mac =
        hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(lines.join("\n").as_bytes());
    let signed = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let id = match name {
        "auth-accesskey-unknown" => "11111111-1111-1111-1111-111111111111".to_owned(),
        "auth-accesskey-notuuid" => "nouuid".to_owned(),
        _ => id.to_string(),
    };
    format!(
        "Signature keyId=\"{id}\",algorithm=\"hmac-sha256\",headers=\"{list}\",signature=\"{signed}\""
    )
}

/// Puts in what the recording itself does not show.
pub(crate) fn prepare(sandbox: &Running, recording: &mut Recording) {
    let admin = |method: &str, path: &str, body: Option<Value>| {
        let headers = BTreeMap::from([
            ("Authorization".to_owned(), format!("Token {}", sandbox.admin_token())),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ]);
        send(sandbox.port(), method, path, &headers, body.as_ref())
    };
    crate::views::prepare(sandbox, recording);
    match (recording.version, recording.name.as_str()) {
        (_, "auth-login-bearer") => {
            let password = recording.body.as_ref().and_then(|body| body["password"].as_str());
            admin_password(sandbox, recording.version, password.expect("a password"));
        }
        (Version::V4, "access-keys-list") => {
            sandbox.add_access_key("admin");
        }
        (Version::V4, "labels-list") => {
            let labels = ["owner:gitops", "request:REQ-1"].map(str::to_owned).to_vec();
            sandbox.add_permission(NewPermission { labels, ..NewPermission::default() });
        }
        (Version::V3, "users-invite") => {
            let id =
                recording.body.as_ref().and_then(|body| body["users"][0].as_str()).expect("a user");
            admin("POST", &format!("/api/v1/users/users/{id}/remove/"), None);
        }
        (_, "nodes-delete-with-assets" | "nodes-delete-nonempty") => {
            let id = recording.path.trim_end_matches('/').rsplit('/').next().expect("an id");
            sandbox.add_asset(NewAsset::host("in the node", "192.0.2.1").below(id));
        }
        (Version::V3, "accounts-bulk") => {
            sandbox.add_account("web02", "deploy", Some("before"));
        }
        (Version::V3, "accounts-bulk-again-error" | "accounts-bulk-again-update") => {
            sandbox.add_account("web01", "deploy", Some("before"));
            sandbox.add_account("web02", "deploy", Some("before"));
        }
        (Version::V4, "groups-delete-only-row-no-filter") => {
            sandbox.add_group("only");
        }
        (Version::V4, "pagination-offset-no-limit") => {
            let name = "REQ-1 alice web01".to_owned();
            sandbox.add_permission(NewPermission { name, ..NewPermission::default() });
        }
        (Version::V4, "users-list-limit2-offset2") => {
            sandbox.add_user(NewUser::named("AAA"));
        }
        (Version::V4, "accounts-bulk-error") => {
            sandbox.add_account("web01", "bulk1", Some("before"));
        }
        _ => {}
    }
    others(sandbox, recording);
    // A process that answered one asset by id shows more fields afterwards.
    let rows = crate::dictionary::rows(&recording.answer);
    let asset = crate::dictionary::kind_of(&recording.path) == Some(crate::dictionary::Kind::Asset);
    let one = recording.path.matches('/').count() > 5 && recording.method == "GET";
    if asset && !one && rows.iter().any(|row| row.get("spec_info").is_some()) {
        let id = sandbox.add_asset(NewAsset::host("widener", "192.0.2.1"));
        admin("GET", &format!("/api/v1/assets/assets/{id}/"), None);
        sandbox.delete_asset("widener");
    }
    if let Some((before, name)) = recording.path.split_once("spm=")
        && uuid::Uuid::parse_str(&name[..36.min(name.len())]).is_ok()
    {
        let after = name[36..].to_owned();
        let ids = spm_ids(sandbox, recording);
        let answer =
            admin("POST", "/api/v1/common/resources/cache/", Some(json!({"resources": ids})));
        let spm = answer.body()["spm"].as_str().expect("a name of the list").to_owned();
        recording.path = format!("{before}spm={spm}{after}");
    }
}

/// The ids behind a recorded `spm`.
fn spm_ids(sandbox: &Running, recording: &Recording) -> Vec<String> {
    if recording.method == "DELETE" {
        let some = if recording.name.contains("all") { usize::MAX } else { 1 };
        return match crate::dictionary::kind_of(&recording.path) {
            Some(crate::dictionary::Kind::Group) => (0..2)
                .map(|number| sandbox.add_group(&format!("other-{number}")).to_string())
                .collect(),
            _ => sandbox.permissions().iter().take(some).map(|row| row.id.to_string()).collect(),
        };
    }
    let rows = crate::dictionary::rows(&recording.answer);
    rows.iter().filter_map(|row| crate::dictionary::id_of(row)).map(str::to_owned).collect()
}

/// A DELETE on a collection is judged by the rows that it leaves.
fn others(sandbox: &Running, recording: &Recording) {
    let name = recording.name.as_str();
    let alone = matches!(name, "groups-delete-only-row-no-filter" | "groups-delete-ids-all");
    if recording.method != "DELETE" || alone {
        return;
    }
    for number in 0..2 {
        let other = format!("other-{number}");
        let users = vec![other.clone()];
        sandbox.add_user(NewUser::named(&other));
        sandbox.add_group(&other);
        sandbox.add_user(NewUser { groups: vec![other.clone()], ..NewUser::named(&other) });
        sandbox.add_permission(NewPermission { name: other, users, ..NewPermission::default() });
    }
}

/// Gives the administrator a password, leaving the rest as a fresh installation has it.
fn admin_password(sandbox: &Running, version: Version, password: &str) {
    sandbox.add_user(NewUser {
        name: "Administrator".to_owned(),
        password: Some(password.to_owned()),
        comment: (version == Version::V3).then(String::new),
        ..NewUser::named("admin")
    });
}
