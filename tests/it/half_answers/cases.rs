//! Half a JumpServer, and half a database server.

use serde_json::{Value, json};

use super::files::{commit, configured, edited};
use super::front::{Asked, Turn};
use super::{Case, WHOLE, both};
use crate::support::servers::{ADMIN, ADMIN_PASSWORD};

pub(super) const PERMISSIONS: &str = "perms/asset-permissions";
const ACCOUNTS: &str = "accounts/accounts";
const ASSETS: &str = "assets/assets";
const NODES: &str = "assets/nodes";
const USERS: &str = "users/users";

/// The lists of which every page is needed.
const LISTS: [&str; 5] = [PERMISSIONS, ACCOUNTS, ASSETS, NODES, USERS];

fn any_list(asked: &Asked) -> bool {
    LISTS.iter().any(|list| asked.list(list))
}

/// A page of the proxy in place of an answer.
fn page(status: u16) -> Turn {
    Turn::Answer(
        status,
        vec![("content-type", "text/html".to_owned())],
        "<!DOCTYPE html><html><h1>Welcome, please log in</h1></html>".to_owned(),
    )
}

/// A redirect of the address that was asked.
fn moved(asked: &Asked, status: u16, base: &str) -> Turn {
    let to = format!("{base}/api/v1/{}/", asked.place);
    Turn::Answer(status, vec![("location", to)], String::new())
}

/// A list of which nothing comes, and which says that this is all.
fn emptied(asked: &Asked, list: &str) -> Turn {
    if asked.reads && asked.place == list {
        Turn::Edit(|answer| *answer = json!({ "count": 0, "next": null, "results": [] }))
    } else {
        Turn::Pass
    }
}

pub(super) fn rows(answer: &mut Value) -> &mut Vec<Value> {
    answer["results"].as_array_mut().expect("a page")
}

/// The cases of JumpServer and what stands before it.
pub(super) const JUMPSERVER: &[Case] = &[
    Case {
        name: "a proxy's login page with status 200",
        twist: Some(|_| page(200)),
        codes: [1, 1],
        says: both(&["the login page of a proxy", "let the proxy pass requests with a token"]),
        ..WHOLE
    },
    Case {
        name: "a proxy's login page in the middle of a run",
        twist: Some(|asked| if asked.list(ACCOUNTS) { page(200) } else { Turn::Pass }),
        codes: [1, 1],
        says: both(&["the login page of a proxy"]),
        ..WHOLE
    },
    Case {
        name: "a proxy sends to a login",
        twist: Some(|_| {
            let to = "https://sso.acme.example/login?state=hidden".to_owned();
            Turn::Answer(302, vec![("location", to)], String::new())
        }),
        codes: [1, 1],
        says: both(&["https://sso.acme.example/login", "no proxy asks for a login"]),
        ..WHOLE
    },
    Case {
        name: "http where https is spoken",
        twist: Some(|asked| moved(asked, 301, "https://jump.acme.example")),
        codes: [1, 1],
        says: both(&["set jumpserver.url to https://jump.acme.example"]),
        ..WHOLE
    },
    Case {
        name: "http on a port that wants https",
        twist: Some(|_| {
            let page = "<html>400 The plain HTTP request was sent to HTTPS port</html>";
            Turn::Answer(400, vec![("content-type", "text/html".to_owned())], page.to_owned())
        }),
        codes: [1, 1],
        says: both(&["http was spoken to a port that wants https", "with https://"]),
        ..WHOLE
    },
    Case {
        name: "https where http is spoken",
        folder: Some(|place| configured(place, "url: http:", "url: https:")),
        codes: [1, 1],
        says: both(&["speaks no TLS", "set jumpserver.url to the port that speaks https"]),
        ..WHOLE
    },
    Case {
        name: "a path where JumpServer is not",
        twist: Some(|asked| if asked.reads { page(404) } else { Turn::Pass }),
        folder: Some(|place| configured(place, "\n  organization", "/jump/\n  organization")),
        codes: [1, 1],
        says: both(&["check jumpserver.url", "a path prefix"]),
        ..WHOLE
    },
    Case {
        name: "the whole site has moved below a path",
        twist: Some(|asked| moved(asked, 308, "/jump")),
        codes: [1, 1],
        says: both(&["set jumpserver.url to http://127.0.0.1:", "/jump"]),
        ..WHOLE
    },
    Case {
        name: "lists come in short pages",
        // The proxy gives two rows at once, whatever is asked for.
        twist: Some(|_| Turn::Pass),
        codes: [0, 0],
        ..WHOLE
    },
    Case {
        name: "a page is missing",
        twist: Some(|asked| match any_list(asked) && asked.number("offset") > 0 {
            true => Turn::Edit(|answer| rows(answer).clear()),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["did not come completely", "run again"]),
        ..WHOLE
    },
    Case {
        name: "the last row of every page is missing",
        twist: Some(|asked| match any_list(asked) {
            true => Turn::Edit(|answer| drop(rows(answer).pop())),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["did not come completely", "run again"]),
        ..WHOLE
    },
    Case {
        name: "the list of permissions leaves some out, and counts what came",
        twist: Some(|asked| match asked.list(PERMISSIONS) {
            true => Turn::Edit(|answer| {
                rows(answer).retain(|row| !row["name"].to_string().contains("anchor"));
                answer["count"] = json!(rows(answer).len());
            }),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["came without the anchor", "run again"]),
        ..WHOLE
    },
    Case {
        name: "a page is repeated",
        twist: Some(|asked| match any_list(asked) && asked.number("offset") > 0 {
            true => Turn::Offset(0),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["did not come completely", "run again"]),
        ..WHOLE
    },
    Case {
        name: "rows move between pages, once",
        twist: Some(|asked| match any_list(asked) && asked.number("offset") > 0 {
            true if asked.before == 0 => Turn::Offset(asked.number("offset") - 1),
            _ => Turn::Pass,
        }),
        codes: [0, 0],
        ..WHOLE
    },
    Case {
        name: "rows move between pages all the time",
        twist: Some(|asked| match any_list(asked) && asked.number("offset") > 0 {
            true => Turn::Offset(asked.number("offset") - 1),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["did not come completely", "run again when fewer changes are made"]),
        ..WHOLE
    },
    Case {
        name: "the count changes from page to page",
        twist: Some(|asked| match any_list(asked) && asked.number("offset") > 0 {
            true => Turn::Edit(|answer| answer["count"] = json!(99)),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["did not come completely"]),
        ..WHOLE
    },
    Case {
        name: "pages without a count",
        twist: Some(|asked| match any_list(asked) {
            true => Turn::Edit(|answer| *answer = answer["results"].take()),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["not as expected", "JumpServer 3.10 or 4.10"]),
        ..WHOLE
    },
    Case {
        name: "no permissions at all",
        twist: Some(|asked| emptied(asked, PERMISSIONS)),
        codes: [1, 1],
        says: both(&["came without the anchor", "run again"]),
        ..WHOLE
    },
    Case {
        name: "permissions without their labels",
        twist: Some(|asked| match asked.place.starts_with(PERMISSIONS) && asked.reads {
            true => Turn::Edit(|answer| match answer.get("results") {
                Some(_) => rows(answer).iter_mut().for_each(|row| row["labels"] = json!([])),
                None => answer["labels"] = json!([]),
            }),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["has lost its label", "give it the label again"]),
        ..WHOLE
    },
    Case {
        name: "no users at all",
        twist: Some(|asked| emptied(asked, USERS)),
        codes: [5, 5],
        says: both(&["JG205"]),
        ..WHOLE
    },
    Case {
        name: "no assets at all",
        twist: Some(|asked| emptied(asked, ASSETS)),
        codes: [1, 1],
        says: both(&["the list assets/assets does not have it", "run again; when it stays"]),
        ..WHOLE
    },
    Case {
        name: "no nodes at all",
        twist: Some(|asked| emptied(asked, NODES)),
        codes: [1, 1],
        says: both(&["the list assets/nodes does not have it", "run again; when it stays"]),
        ..WHOLE
    },
    Case {
        name: "the label finds no accounts",
        twist: Some(|asked| match asked.query.iter().any(|(name, _)| name == "labels") {
            true => emptied(asked, ACCOUNTS),
            false => Turn::Pass,
        }),
        codes: [0, 0],
        ..WHOLE
    },
];

/// Every right of `plan` but one.
pub(super) const TOKENS: &[Case] = &[
    Case {
        name: "a token that is not known",
        env: &[("JUMPGATE_JUMPSERVER_TOKEN", "0123456789012345678901234567890123456789")],
        codes: [1, 1],
        says: both(&["does not accept the credentials", "check the token"]),
        ..WHOLE
    },
    Case {
        name: "no token at all",
        env: &[("JUMPGATE_JUMPSERVER_TOKEN", "")],
        codes: [1, 1],
        says: both(&["JUMPGATE_JUMPSERVER_TOKEN"]),
        ..WHOLE
    },
    Case {
        name: "a token that may read everything",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
        ]),
        codes: [0, 0],
        ..WHOLE
    },
    Case {
        name: "a token without the right to read permissions",
        rights: Some(&[
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
        ]),
        codes: [1, 1],
        says: both(&["needs the right perms.view_assetpermission", "jumpgate roles-needed"]),
        ..WHOLE
    },
    Case {
        name: "a token without the right to read users",
        rights: Some(&[
            "perms.view_assetpermission",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
        ]),
        codes: [1, 1],
        says: both(&["needs the right users.view_user", "jumpgate roles-needed"]),
        ..WHOLE
    },
    Case {
        name: "a token without the right to read assets",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_node",
            "accounts.view_account",
        ]),
        codes: [1, 1],
        says: both(&["needs the right assets.view_asset", "jumpgate roles-needed"]),
        ..WHOLE
    },
    Case {
        name: "a token without the right to read nodes",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "accounts.view_account",
        ]),
        codes: [1, 1],
        says: both(&["needs the right assets.view_node", "jumpgate roles-needed"]),
        ..WHOLE
    },
    Case {
        name: "a token without the right to read accounts",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
        ]),
        codes: [1, 1],
        says: both(&["needs the right accounts.view_account", "jumpgate roles-needed"]),
        ..WHOLE
    },
];

/// A login that sees only part of a database server.
pub(super) const MYSQL: &[Case] = &[
    Case {
        name: "MySQL shows no accounts",
        sql: [
            Some((
                "REVOKE SELECT ON mysql.user FROM gate@'%'",
                "GRANT SELECT ON mysql.user TO gate@'%'",
            )),
            Some((
                "REVOKE SELECT ON mysql.global_priv FROM gate@'%'",
                "GRANT SELECT ON mysql.global_priv TO gate@'%'",
            )),
        ],
        codes: [5, 5],
        says: both(&["JG201", "does not show its accounts to gate: run `GRANT SELECT ON mysql."]),
        ..WHOLE
    },
    Case {
        name: "no rights on databases are shown",
        sql: both(Some((
            "REVOKE SELECT ON mysql.db FROM gate@'%'",
            "GRANT SELECT ON mysql.db TO gate@'%'",
        ))),
        codes: [5, 5],
        says: both(&["JG201", "run `GRANT SELECT ON mysql.db TO `gate`@`%``"]),
        ..WHOLE
    },
    Case {
        name: "no rights on tables are shown",
        sql: both(Some((
            "REVOKE SELECT ON mysql.tables_priv FROM gate@'%'",
            "GRANT SELECT ON mysql.tables_priv TO gate@'%'",
        ))),
        codes: [5, 5],
        says: both(&["JG201", "run `GRANT SELECT ON mysql.tables_priv TO `gate`@`%``"]),
        ..WHOLE
    },
    Case {
        name: "only some columns of a grant table are shown",
        sql: both(Some((
            "REVOKE SELECT ON mysql.db FROM gate@'%';\nGRANT SELECT (Host, Db, User) ON mysql.db TO gate@'%'",
            "REVOKE SELECT (Host, Db, User) ON mysql.db FROM gate@'%';\nGRANT SELECT ON mysql.db TO gate@'%'",
        ))),
        codes: [5, 5],
        says: both(&["JG201", "run `GRANT SELECT ON mysql.db TO `gate`@`%``"]),
        ..WHOLE
    },
    Case {
        name: "from where the server replicates is not shown",
        sql: [
            Some((
                "REVOKE REPLICATION CLIENT ON *.* FROM gate@'%'",
                "GRANT REPLICATION CLIENT ON *.* TO gate@'%'",
            )),
            Some((
                "REVOKE SLAVE MONITOR ON *.* FROM gate@'%'",
                "GRANT SLAVE MONITOR ON *.* TO gate@'%'",
            )),
        ],
        codes: [5, 5],
        says: both(&["JG201", "run `GRANT "]),
        ..WHOLE
    },
    Case {
        name: "the databases are not shown",
        sql: [
            Some((
                "REVOKE ALL PRIVILEGES, GRANT OPTION FROM gate@'%';\n\
                 GRANT SELECT ON mysql.* TO gate@'%';\nGRANT REPLICATION CLIENT ON *.* TO gate@'%'",
                "GRANT ALL ON *.* TO gate@'%' WITH GRANT OPTION",
            )),
            Some((
                "REVOKE ALL PRIVILEGES, GRANT OPTION FROM gate@'%';\n\
                 GRANT SELECT ON mysql.* TO gate@'%';\nGRANT SLAVE MONITOR ON *.* TO gate@'%'",
                "GRANT ALL ON *.* TO gate@'%' WITH GRANT OPTION",
            )),
        ],
        codes: [0, 0],
        says: both(&["JG215"]),
        ..WHOLE
    },
    Case {
        name: "another server answers, on which nobody has anything",
        folder: Some(|place| {
            let (here, there) = (place.server().port, place.other.port);
            let file = "inventory/databases/orders-prod.yaml";
            let folder = edited(place, file, &here.to_string(), &there.to_string());
            let text = std::fs::read_to_string(folder.path().join(file)).expect("the file");
            let text = text.replace("mode: verify, ca: inventory/ca/db.pem", "mode: require");
            commit(folder.path(), file, &text);
            folder
        }),
        env: &[("JUMPGATE_MYSQL_USER", ADMIN), ("JUMPGATE_MYSQL_PASSWORD", ADMIN_PASSWORD)],
        // The commit is another one, and the anchor says so.
        writes: true,
        codes: [5, 5],
        says: both(&["JG202", "at the last apply it was", "--new-server orders-prod"]),
        ..WHOLE
    },
    Case {
        name: "a certificate that nobody vouches for",
        folder: Some(|place| {
            let (here, there) = (place.server().port, place.other.port);
            let file = "inventory/databases/orders-prod.yaml";
            edited(place, file, &here.to_string(), &there.to_string())
        }),
        // The commit is another one, and the anchor says so.
        writes: true,
        codes: [5, 5],
        says: both(&["JG201", "not signed by an authority that is trusted", "tls: { ca: ... }"]),
        ..WHOLE
    },
    Case {
        name: "the login is not let in",
        env: &[("JUMPGATE_MYSQL_PASSWORD", "Wrong-pass.1")],
        codes: [5, 5],
        says: both(&["JG201", "refuses the login of gate: check its user name, password and host"]),
        ..WHOLE
    },
    Case {
        name: "there is no login",
        env: &[("JUMPGATE_MYSQL_USER", "")],
        codes: [5, 5],
        says: both(&["JG201", "JUMPGATE_MYSQL_USER"]),
        ..WHOLE
    },
];

/// What shows only when something is written.
pub(super) const WRITES: &[Case] = &[
    Case {
        name: "writes are redirected",
        twist: Some(|asked| match asked.reads {
            true => Turn::Pass,
            false => moved(asked, 308, "https://jump.acme.example"),
        }),
        pending: true,
        codes: [0, 1],
        says: [&[], &["nothing was written; set jumpserver.url to https://jump.acme.example"]],
        ..WHOLE
    },
    Case {
        name: "writes meet a login page with status 200",
        twist: Some(|asked| if asked.reads { Turn::Pass } else { page(200) }),
        pending: true,
        codes: [0, 1],
        says: [&[], &["the status is 200"]],
        ..WHOLE
    },
    Case {
        name: "a token that may only read",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
        ]),
        pending: true,
        codes: [0, 1],
        says: [&[], &["needs the right perms.add_assetpermission", "jumpgate roles-needed"]],
        ..WHOLE
    },
    Case {
        name: "a token without the right to change permissions",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
            "perms.add_assetpermission",
            "perms.delete_assetpermission",
        ]),
        pending: true,
        writes: true,
        codes: [0, 1],
        says: [&[], &["needs the right perms.change_assetpermission", "jumpgate roles-needed"]],
        ..WHOLE
    },
    Case {
        name: "a token without the right to make accounts",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
            "perms.add_assetpermission",
            "perms.change_assetpermission",
            "perms.delete_assetpermission",
        ]),
        pending: true,
        writes: true,
        codes: [0, 5],
        says: [&[], &["needs the right accounts.add_account", "jumpgate roles-needed"]],
        ..WHOLE
    },
    Case {
        name: "a token without the right to change accounts",
        rights: Some(&[
            "perms.view_assetpermission",
            "users.view_user",
            "assets.view_asset",
            "assets.view_node",
            "accounts.view_account",
            "accounts.add_account",
            "perms.add_assetpermission",
            "perms.change_assetpermission",
            "perms.delete_assetpermission",
        ]),
        sql: both(Some(("DO 0", "DROP USER jump_db_liwei_r@'127.0.0.1'"))),
        pending: true,
        writes: true,
        codes: [0, 5],
        says: [&[], &["needs the right accounts.change_account", "jumpgate roles-needed"]],
        ..WHOLE
    },
    Case {
        name: "a login of MySQL that may not make accounts",
        sql: [
            Some((
                "REVOKE ALL PRIVILEGES, GRANT OPTION FROM gate@'%';\n\
                 GRANT SELECT, REFERENCES, PROCESS, REPLICATION CLIENT ON *.* TO gate@'%'",
                "GRANT ALL ON *.* TO gate@'%' WITH GRANT OPTION",
            )),
            Some((
                "REVOKE ALL PRIVILEGES, GRANT OPTION FROM gate@'%';\n\
                 GRANT SELECT, REFERENCES, PROCESS, SLAVE MONITOR ON *.* TO gate@'%'",
                "GRANT ALL ON *.* TO gate@'%' WITH GRANT OPTION",
            )),
        ],
        pending: true,
        writes: true,
        codes: [0, 5],
        says: [&[], &["CREATE USER"]],
        ..WHOLE
    },
];
