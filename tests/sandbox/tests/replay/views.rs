//! The permissions behind the recordings that show what somebody gets: they are told by
//! the recordings' names alone.

use jiff::Timestamp;
use jumpgate_sandbox::{NewAccount, NewPermission, NewUser, Running, Version};

use crate::dictionary::Kind;
use crate::recording::Recording;

const V3_CAROL: &str = "fe0c9799-93b6-4142-81d1-9ab89149871b";
const V3_ALICE: &str = "f9c9c90f-8a24-4704-addf-ae87f81afcce";
const V3_WEB01: &str = "6506d0e0-448f-4932-a887-2540e40d66a9";
const V3_WIN01: &str = "97a9751c-53cf-4df5-9048-ae8b199a8bf5";
const V4_GINA: &str = "dd5707b0-d072-4b17-8207-5cff38979998";
const V4_HUGO: &str = "28f0d298-3b99-4fca-b42b-60283b6eb8db";
const V4_ALICE: &str = "4c64c864-e2e5-4403-a1cf-5f868df27fb6";
const V4_WEB01: &str = "93b17715-9b76-41e9-8ab7-b1466b16475d";
const V4_DBA: &str = "f326dbb9-7505-440f-abc7-a8dcf1c87da7";

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a moment"))
}

fn connect(user: &str, asset: &str, accounts: &[&str]) -> NewPermission {
    NewPermission {
        name: "behind the view".to_owned(),
        users: vec![user.to_owned()],
        assets: vec![asset.to_owned()],
        accounts: accounts.iter().map(|text| (*text).to_owned()).collect(),
        actions: Some(vec!["connect".to_owned()]),
        ..NewPermission::default()
    }
}

/// The permissions that a recording needs, by its name.
fn permissions(recording: &Recording) -> Vec<NewPermission> {
    match recording.version {
        Version::V3 => v3(&recording.name),
        Version::V4 => v4(&recording.name),
    }
}

fn v3(name: &str) -> Vec<NewPermission> {
    let carol = |accounts: &[&str]| NewPermission {
        id: Some("084fae2a-cf7b-4f96-82d1-85d744317afd".parse().expect("a UUID")),
        ..connect(V3_CAROL, V3_WEB01, accounts)
    };
    vec![match name {
        "view-after"
        | "view-asset-accounts"
        | "perm-accounts"
        | "perm-assets-all"
        | "perm-users-all"
        | "super-connection-token"
        | "super-connection-token-denied" => carol(&["root"]),
        "view-asset-accounts-all" => carol(&["@ALL"]),
        "view-asset-accounts-nosuch" => carol(&["nosuch"]),
        "view-asset-accounts-spec" => carol(&["@SPEC", "app"]),
        "view-asset-accounts-special" => carol(&["@SPEC", "root", "@INPUT", "@USER"]),
        "view-no-actions" => NewPermission { actions: Some(Vec::new()), ..carol(&["root"]) },
        "view-inactive" => NewPermission { inactive: true, ..carol(&["root"]) },
        "view-expired" => {
            NewPermission { date_expired: at("2021-01-01T00:00:00Z"), ..carol(&["root"]) }
        }
        "view-not-started" => {
            NewPermission { date_start: at("2090-01-01T00:00:00Z"), ..carol(&["root"]) }
        }
        "rbac-plan-view-userassets" => connect(V3_ALICE, V3_WEB01, &["root"]),
        "super-connection-token-no-actions" => {
            NewPermission { actions: Some(Vec::new()), ..connect(V3_ALICE, V3_WIN01, &["deploy"]) }
        }
        _ => return Vec::new(),
    }]
}

fn v4(name: &str) -> Vec<NewPermission> {
    let gina = |accounts: &[&str]| NewPermission {
        date_start: at("2026-11-01T00:00:00Z"),
        date_expired: at("2028-11-02T00:00:00Z"),
        ..connect(V4_GINA, V4_WEB01, accounts)
    };
    let asked = |users: &[&str], accounts: &[&str]| NewPermission {
        id: Some("9eadf5b4-f3f2-40b1-80cf-42a0efe7caf1".parse().expect("a UUID")),
        name: "REQ-1 alice web01".to_owned(),
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        user_groups: vec![V4_DBA.to_owned()],
        ..connect(V4_ALICE, V4_WEB01, accounts)
    };
    let part = name
        .trim_start_matches("userview-")
        .trim_end_matches("-asset-accounts")
        .trim_end_matches("-assets");
    vec![match (name.starts_with("userview-"), part) {
        (true, "right-after-create") => {
            NewPermission { date_expired: at("2096-11-07T03:49:06Z"), ..gina(&["root", "@INPUT"]) }
        }
        (true, "accounts-empty") => gina(&[]),
        (true, "all-accounts") => gina(&["@ALL"]),
        (true, "exclusion") => gina(&["!root", "@ALL"]),
        (true, "disabled-user") => gina(&["root"]),
        (true, "protocols-empty") => {
            NewPermission { protocols: Some(Vec::new()), ..gina(&["root"]) }
        }
        (true, "no-actions") => NewPermission { actions: Some(Vec::new()), ..gina(&["root"]) },
        (true, "by-group") => NewPermission {
            users: Vec::new(),
            user_groups: vec!["people of gina".to_owned()],
            ..gina(&["root"])
        },
        (true, "by-node") => NewPermission {
            assets: Vec::new(),
            nodes: vec!["/DEFAULT".to_owned()],
            ..gina(&["root"])
        },
        (true, "inactive") => NewPermission { inactive: true, ..gina(&["root"]) },
        (true, "expired") => {
            NewPermission { date_expired: at("2026-11-02T00:00:00Z"), ..gina(&["root"]) }
        }
        (true, "future") => {
            NewPermission { date_start: at("2028-11-01T00:00:00Z"), ..gina(&["root"]) }
        }
        (true, "self") => connect(V4_HUGO, V4_WEB01, &["root"]),
        (true, "exclusion-same-name") => connect(V4_HUGO, V4_WEB01, &["root", "!root"]),
        (true, "exclusion-other-permission") => {
            let end = at("2096-11-07T03:49:54Z");
            let all = NewPermission { date_expired: end, ..connect(V4_HUGO, V4_WEB01, &["@ALL"]) };
            let not_root = NewPermission {
                name: "another".to_owned(),
                ..connect(V4_HUGO, V4_WEB01, &["!root"])
            };
            return vec![all, not_root];
        }
        (false, "rbac-plan-userview" | "rbac-plan-userview-asset") => {
            connect(V4_ALICE, V4_WEB01, &[])
        }
        (
            false,
            "connection-token-create" | "connection-token-by-name" | "connection-token-not-permed",
        ) => connect(V4_HUGO, V4_WEB01, &["root"]),
        (false, "connection-token-inactive") => {
            NewPermission { inactive: true, ..connect(V4_HUGO, V4_WEB01, &["root"]) }
        }
        (false, "perms-users-all" | "rbac-plan-perm-users-all") => {
            asked(&[V4_ALICE, "4ef4be9f-4e46-4011-8ea3-7cc5a335aca6"], &[])
        }
        (false, "perms-accounts" | "rbac-plan-perm-accounts" | "perms-assets-all") => {
            asked(&[V4_ALICE], &[])
        }
        _ => return Vec::new(),
    }]
}

/// The objects that those permissions name by their ids.
pub(crate) fn needs(recording: &Recording) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for permission in permissions(recording) {
        let lists = [
            (Kind::User, permission.users),
            (Kind::Group, permission.user_groups),
            (Kind::Asset, permission.assets),
        ];
        for (kind, ids) in lists {
            let ids = ids.into_iter().filter(|id| uuid::Uuid::parse_str(id).is_ok());
            found.extend(ids.map(|id| (kind, id)));
        }
    }
    if !found.is_empty() {
        let web01 = if recording.version == Version::V3 { V3_WEB01 } else { V4_WEB01 };
        found.push((Kind::Asset, web01.to_owned()));
    }
    found
}

/// Puts in what a view needs.
pub(crate) fn prepare(sandbox: &Running, recording: &Recording) {
    let permissions = permissions(recording);
    if permissions.is_empty() {
        return;
    }
    if recording.version == Version::V4 {
        for (id, username) in [(V4_HUGO, "hugo"), (V4_GINA, "gina")] {
            let group = recording.name.contains("by-group").then(|| "people of gina".to_owned());
            sandbox.delete_user(id);
            sandbox.add_user(NewUser {
                id: Some(id.parse().expect("a UUID")),
                groups: group.into_iter().collect(),
                disabled: recording.name.contains("disabled-user"),
                password: Some("secret".to_owned()),
                ..NewUser::named(username)
            });
        }
    }
    if recording.name.contains("perms-users-all") || recording.name.contains("perm-users-all") {
        for (id, username, name) in [
            ("af2281a9-4843-465d-ade2-2d054fb79cc3", "dave", "Dave"),
            ("7edadb48-98a3-42bf-bfb2-ec22f6bbffab", "frank", "frank"),
        ] {
            sandbox.add_user(NewUser {
                id: Some(id.parse().expect("a UUID")),
                name: name.to_owned(),
                groups: vec!["dba".to_owned()],
                ..NewUser::named(username)
            });
        }
    }
    // Accounts that must not be given, or the answer would prove nothing.
    let web01 = match recording.version {
        Version::V3 => [
            ("50e26515-56d2-4877-b8fa-5040a4e2104d", "root"),
            ("8fe84f5f-5278-4c31-a100-908f2e8855c0", "app"),
        ],
        Version::V4 => [
            ("74fa5432-96fe-49f7-ac6e-2ce9f8dab601", "root"),
            ("10231090-e630-44f6-bf5a-0472182a2c1e", "deploy"),
        ],
    };
    let there: Vec<String> =
        sandbox.accounts().iter().map(|account| account.id.to_string()).collect();
    for (id, username) in web01.into_iter().filter(|(id, _)| !there.iter().any(|known| known == id))
    {
        let asset = if recording.version == Version::V3 { V3_WEB01 } else { V4_WEB01 };
        sandbox.add_account_with(
            asset,
            NewAccount {
                id: Some(id.parse().expect("a UUID")),
                username: username.to_owned(),
                secret: Some("before".to_owned()),
                ..NewAccount::default()
            },
        );
    }
    for permission in permissions {
        sandbox.add_permission(permission);
    }
}
