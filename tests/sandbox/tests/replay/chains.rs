//! What a write changes elsewhere: one exchange shows only its own answer, so these send
//! several, and read the permission back.

use jumpgate_sandbox::{NewAccount, NewAsset, NewPermission, NewUser, Running, Sandbox, Version};
use serde_json::{Value, json};

use crate::odd_parts::{call, headers, start};
use crate::recording::send;

const PERMISSIONS: &str = "/api/v1/perms/asset-permissions/";

/// Makes an object over HTTP, and gives its id.
fn make(sandbox: &Running, path: &str, body: Value) -> String {
    let answer = call(sandbox, "POST", path, Some(body));
    assert_eq!(answer.status, 201, "{path}: {}", answer.text);
    answer.body()["id"].as_str().expect("an id").to_owned()
}

fn user(sandbox: &Running, name: &str) -> String {
    let email = format!("{name}@acme.example");
    let body = json!({"name": name, "username": name, "email": email});
    make(sandbox, "/api/v1/users/users/", body)
}

/// Everything that a permission can name, and a permission that names it.
struct Named {
    sandbox: Running,
    users: [String; 2],
    group: String,
    asset: String,
    node: String,
    permission: String,
}

impl Named {
    async fn new(version: Version) -> Named {
        let sandbox = start(version).await;
        let users = [user(&sandbox, "fan"), user(&sandbox, "wei")];
        let member = user(&sandbox, "zhou");
        let group = json!({"name": "dba", "users": [member]});
        let group = make(&sandbox, "/api/v1/users/groups/", group);
        let node = make(&sandbox, "/api/v1/assets/nodes/", json!({"value": "prod"}));
        let host = json!({"name": "web", "address": "192.0.2.1", "platform": 1});
        let asset = make(&sandbox, "/api/v1/assets/hosts/", host);
        let permission = json!({
            "name": "p", "users": users, "user_groups": [group], "assets": [asset],
            "nodes": [node], "accounts": ["root"], "actions": ["connect"], "protocols": ["ssh"],
            "is_active": false, "comment": "why",
        });
        let permission = make(&sandbox, PERMISSIONS, permission);
        Named { sandbox, users, group, asset, node, permission }
    }

    /// Carries out a write that says nothing.
    fn write(&self, method: &str, path: &str) {
        let answer = call(&self.sandbox, method, path, None);
        assert_eq!(answer.status, 204, "{method} {path}: {}", answer.text);
    }

    /// The permission as it is read by itself.
    fn read(&self) -> Value {
        let one = format!("{PERMISSIONS}{}/", self.permission);
        call(&self.sandbox, "GET", &one, None).body()
    }

    /// What it names: users, groups, assets, nodes. The list must count the same, and the
    /// tables must have the same rows.
    fn names(&self) -> [Vec<String>; 4] {
        let one = self.read();
        let list = call(&self.sandbox, "GET", &format!("{PERMISSIONS}?limit=10"), None).body();
        let fields = [("users", "user"), ("user_groups", "usergroup"), ("assets", "asset")];
        fields
            .into_iter()
            .chain([("nodes", "node")])
            .map(|(field, member)| {
                let ids = one[field].as_array().expect("a list").iter();
                let mut ids: Vec<String> =
                    ids.map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
                ids.sort();
                assert_eq!(
                    list["results"][0][format!("{field}_amount")],
                    json!(ids.len()),
                    "{field}"
                );
                let table = field.replace('_', "-");
                let table = format!("/api/v1/perms/asset-permissions-{table}-relations/?limit=10");
                let rows = call(&self.sandbox, "GET", &table, None).body();
                let rows = rows["results"].as_array().expect("rows").clone();
                let mut there: Vec<String> = rows
                    .iter()
                    .map(|row| row[member].as_str().expect("an id").to_owned())
                    .collect();
                there.sort();
                assert_eq!(there, ids, "{field}");
                ids
            })
            .collect::<Vec<_>>()
            .try_into()
            .expect("four lists")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_deleted_is_gone_from_permissions_which_stay() {
    for version in [Version::V3, Version::V4] {
        let named = Named::new(version).await;
        let [fan, wei] = named.users.clone();
        let mut users = vec![fan.clone(), wei.clone()];
        users.sort();
        let all =
            [users, vec![named.group.clone()], vec![named.asset.clone()], vec![named.node.clone()]];
        assert_eq!(named.names(), all);
        named.write("DELETE", &format!("/api/v1/users/users/{fan}/"));
        let mut left = all;
        left[0] = vec![wei.clone()];
        assert_eq!(named.names(), left);
        // The same user name again is another user.
        user(&named.sandbox, "fan");
        assert_eq!(named.names(), left);
        named.write("DELETE", &format!("/api/v1/users/groups/{}/", named.group));
        left[1].clear();
        assert_eq!(named.names(), left);
        named.write("DELETE", &format!("/api/v1/assets/hosts/{}/", named.asset));
        left[2].clear();
        assert_eq!(named.names(), left);
        named.write("DELETE", &format!("/api/v1/assets/nodes/{}/", named.node));
        left[3].clear();
        assert_eq!(named.names(), left);
        // Out of the organisation is out of its permissions; coming back is not.
        named.write("POST", &format!("/api/v1/users/users/{wei}/remove/"));
        left[0].clear();
        assert_eq!(named.names(), left);
        let one = named.read();
        assert_eq!((&one["name"], &one["comment"]), (&json!("p"), &json!("why")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_put_widens_what_it_leaves_out_and_keeps_whom_it_names() {
    for version in [Version::V3, Version::V4] {
        let named = Named::new(version).await;
        let before = named.names();
        let one = format!("{PERMISSIONS}{}/", named.permission);
        let put = call(&named.sandbox, "PUT", &one, Some(json!({"name": "q"})));
        assert_eq!(put.status, 200, "{}", put.text);
        assert_eq!(named.names(), before);
        let read = named.read();
        assert_eq!(read["actions"].as_array().map(Vec::len), Some(7));
        let kept = ["name", "accounts", "protocols", "is_active", "comment"];
        let kept: Vec<&Value> = kept.iter().map(|field| &read[*field]).collect();
        let wide = [json!("q"), json!([]), json!(["all"]), json!(true), json!("why")];
        assert_eq!(kept, wide.iter().collect::<Vec<_>>());
        // A PATCH changes what it names and nothing else.
        let patch = call(&named.sandbox, "PATCH", &one, Some(json!({"users": []})));
        assert_eq!(patch.status, 200, "{}", patch.text);
        let mut after = before;
        after[0].clear();
        assert_eq!(named.names(), after);
    }
}

/// What the user fan may do on the host web as root, through permissions with these accounts and
/// actions.
async fn as_root(version: Version, permissions: &[(&[&str], &[&str])]) -> Vec<String> {
    let sandbox = Sandbox::start(jumpgate_sandbox::Options::new(version)).await.expect("a port");
    let fan = sandbox.add_user(NewUser::named("fan"));
    let web = sandbox.add_asset(NewAsset::host("web", "192.0.2.1"));
    sandbox.add_account("web", "root", Some("s"));
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    for (number, (accounts, actions)) in permissions.iter().enumerate() {
        sandbox.add_permission(NewPermission {
            name: format!("p{number}"),
            users: texts(&["fan"]),
            assets: texts(&["web"]),
            accounts: texts(accounts),
            actions: Some(texts(actions)),
            ..NewPermission::default()
        });
    }
    let view = format!("/api/v1/perms/users/{fan}/assets/{web}/");
    let view = call(&sandbox, "GET", &view, None).body();
    let accounts = view["permed_accounts"].as_array().into_iter().flatten();
    accounts
        .filter(|account| account["username"] == "root")
        .flat_map(|account| account["actions"].as_array().cloned().unwrap_or_default())
        .filter_map(|action| action["value"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn version_4_subtracts_an_exclusion_as_a_number() {
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        (&["connect", "upload"], &["upload"], &["connect"]),
        // 9 - 2 = 7
        (&["connect", "copy"], &["upload"], &["connect", "upload", "download"]),
        // 3 - 64 < 0
        (&["connect", "upload"], &["share"], &[]),
        (&["connect"], &["connect"], &[]),
    ];
    for (open, shut, left) in cases {
        for named in ["root", "@ALL"] {
            let permissions = [(&[named][..], open), (&["!root"][..], shut)];
            assert_eq!(as_root(Version::V4, &permissions).await, left, "{open:?} {shut:?}");
            assert_eq!(as_root(Version::V3, &permissions).await, open, "a text like any other");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_users_own_name_is_the_account_that_is_held() {
    for version in [Version::V3, Version::V4] {
        let sandbox = start(version).await;
        sandbox.add_asset(NewAsset::host("web", "192.0.2.1"));
        let held = NewAccount { username: "fan".to_owned(), ..NewAccount::default() };
        let account = sandbox.add_account_with("web", held);
        sandbox.add_permission(NewPermission {
            name: "own".to_owned(),
            users: ["fan", "wei"]
                .map(|name| sandbox.add_user(NewUser::named(name)).to_string())
                .into(),
            assets: vec!["web".to_owned()],
            accounts: vec!["@USER".to_owned()],
            ..NewPermission::default()
        });
        let of = |name: &str| {
            let get = |path: &str| call(&sandbox, "GET", path, None).body();
            let user = get(&format!("/api/v1/users/users/?limit=1&username={name}"));
            let user = user["results"][0]["id"].as_str().expect("an id").to_owned();
            let web = get("/api/v1/assets/assets/?limit=1");
            let web = web["results"][0]["id"].as_str().expect("an id").to_owned();
            get(&format!("/api/v1/perms/users/{user}/assets/{web}/"))["permed_accounts"].clone()
        };
        let held = of("fan");
        assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
        assert_eq!(held[0]["id"], json!(account), "{held}");
        assert_eq!(of("wei")[0]["alias"], json!("@USER"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_accounts_of_a_directory_service_open_what_joined_it() {
    let sandbox = start(Version::V4).await;
    sandbox.add_asset(NewAsset::of("General", "corp", "192.0.2.2"));
    sandbox.add_account("corp", "domain-admin", Some("s"));
    let web = sandbox.add_asset(NewAsset::host("web", "192.0.2.1").joined("corp"));
    sandbox.add_account("web", "root", Some("s"));
    sandbox.add_user(NewUser::named("fan"));
    sandbox.add_permission(NewPermission {
        name: "p".to_owned(),
        users: vec!["fan".to_owned()],
        assets: vec!["web".to_owned()],
        accounts: vec!["@ALL".to_owned()],
        ..NewPermission::default()
    });
    assert_eq!(sandbox.usable_accounts("fan", "web"), ["domain-admin", "root"]);
    let list = format!("/api/v1/accounts/accounts/?limit=10&asset={web}");
    assert_eq!(call(&sandbox, "GET", &list, None).body()["count"], json!(2));
    let one = call(&sandbox, "GET", &format!("/api/v1/assets/assets/{web}/"), None).body();
    assert_eq!(one["directory_services"][0]["name"], json!("corp"));
    assert_eq!(one["accounts_amount"], json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_administrators_change_administrators() {
    for version in [Version::V3, Version::V4] {
        let sandbox = start(version).await;
        let rights = ["users.view_user", "users.change_user", "users.delete_user"];
        let writer = headers(&sandbox.add_token("writer", &rights));
        let id = sandbox.add_user(NewUser { admin: true, ..NewUser::named("fan") });
        let one = format!("/api/v1/users/users/{id}/");
        let off = json!({"is_active": false});
        let by = |method: &str, body| send(sandbox.port(), method, &one, &writer, body).status;
        assert_eq!(by("GET", None), 200);
        assert_eq!((by("PATCH", Some(&off)), by("DELETE", None)), (403, 403));
        assert_eq!(sandbox.user_is_active("fan"), Some(true));
        assert_eq!(call(&sandbox, "PATCH", &one, Some(off)).status, 200);
        assert_eq!(sandbox.user_is_active("fan"), Some(false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_gone_filters_nothing_or_is_no_choice() {
    for version in [Version::V3, Version::V4] {
        let named = Named::new(version).await;
        let gone = "7f000000-0000-4000-8000-000000000001";
        for (node, count) in [(named.node.as_str(), 0), (gone, 1)] {
            let path = format!("/api/v1/assets/assets/?limit=10&node_id={node}");
            assert_eq!(call(&named.sandbox, "GET", &path, None).body()["count"], json!(count));
        }
        let table = "/api/v1/perms/asset-permissions-assets-relations/?limit=10";
        for field in ["asset", "assetpermission"] {
            let answer = call(&named.sandbox, "GET", &format!("{table}&{field}={gone}"), None);
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(
                answer.body()[field][0].as_str().is_some_and(|text| text.starts_with("Select"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn version_3_cannot_filter_by_secrets() {
    let path = "/api/v1/accounts/accounts/?limit=10&has_secret=false";
    for (version, status) in [(Version::V3, 500), (Version::V4, 200)] {
        assert_eq!(call(&start(version).await, "GET", path, None).status, status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_nodes_may_have_one_path() {
    let sandbox = start(Version::V4).await;
    let (first, second) = (sandbox.add_node("/prod"), sandbox.add_twin_node("/prod"));
    let rows = call(&sandbox, "GET", "/api/v1/assets/nodes/?limit=10", None).body();
    let rows = rows["results"].as_array().expect("rows");
    let of = |field: &str| -> Vec<&Value> {
        let prod = rows.iter().filter(|row| row["value"] == "prod");
        prod.map(|row| &row[field]).collect()
    };
    let ids = of("id");
    assert!(ids.len() == 2 && [first, second].iter().all(|id| ids.contains(&&json!(id))));
    assert_eq!(of("full_value")[0], of("full_value")[1]);
    assert_ne!(of("key")[0], of("key")[1]);
    assert_eq!(sandbox.add_node("/prod"), first);
}
