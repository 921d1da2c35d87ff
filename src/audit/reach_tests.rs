//! Who opens what, by the rules of the server.

use super::*;
use crate::import::tests::world;
use crate::jumpserver::everything::Account;
use crate::jumpserver::spec::SeenAssetAccount;
use crate::plan::tests::world::{at, repo};

const NOW: &str = "2026-12-01T00:00:00Z";

/// JumpServer with the users fan and wei, and the host web with the accounts root, app and fan.
fn everything(excludes: bool) -> Everything {
    let mut found = Everything { excludes, ..Everything::default() };
    for (number, name) in ["fan", "wei"].into_iter().enumerate() {
        let mut user = world::user(name);
        user.seen.id = Uuid::from_u128(number as u128);
        found.users.push(user);
    }
    found.assets.push(asset(10, "web"));
    for name in ["root", "app", "fan"] {
        hold(&mut found, "web", name);
    }
    found
}

fn asset(id: u128, name: &str) -> SeenAsset {
    SeenAsset { id: Uuid::from_u128(id), ..world::host(name, "/Default") }
}

fn hold(everything: &mut Everything, asset: &str, name: &str) {
    let seen = SeenAssetAccount {
        id: Uuid::from_u128(100 + everything.accounts.len() as u128),
        asset: asset.to_owned(),
        asset_id: Uuid::nil(),
        name: name.to_owned(),
        username: name.to_owned(),
        secret_type: "password".to_owned(),
        has_secret: None,
        active: true,
        labelled: false,
        mark: None,
        comment: String::new(),
    };
    everything.accounts.push(Account { seen, saved: at(NOW) });
}

/// A permission on the host web.
fn permit(everything: &mut Everything, users: &[&str], accounts: &[&str], actions: &[&str]) {
    let spec = PermissionSpec {
        users: world::texts(users),
        assets: world::texts(&["web"]),
        nodes: BTreeSet::new(),
        accounts: world::texts(accounts),
        actions: world::texts(actions),
        ..world::permission(&format!("p{}", everything.permissions.len()))
    };
    everything.permissions.push(SeenPermission {
        id: Uuid::from_u128(1000 + everything.permissions.len() as u128),
        spec,
        user_ids: BTreeMap::new(),
        labelled: false,
        mark: None,
        comment: String::new(),
    });
}

/// Who opens an account on the host web.
fn who(everything: &Everything, account: &str) -> Vec<String> {
    let access = repo(&[], &[("requests/.keep", "")]);
    let reach = Reach::new(&access, everything, at(NOW));
    reach.users_of("web", account).iter().map(|user| (*user).to_owned()).collect()
}

#[test]
fn a_permission_that_only_excludes_shuts_in_all_others() {
    // As recorded: userview-exclusion-other-permission.
    for (excludes, roots) in [(true, &["wei"][..]), (false, &["fan", "wei"])] {
        let mut seen = everything(excludes);
        permit(&mut seen, &["fan", "wei"], &["@ALL"], &["connect"]);
        permit(&mut seen, &["fan"], &["!root"], &["connect"]);
        assert_eq!(who(&seen, "root"), roots, "{excludes}");
        assert_eq!(who(&seen, "app"), ["fan", "wei"]);
    }
    // It needs no protocol for that, and an account of the same permission is no other.
    let mut seen = everything(true);
    permit(&mut seen, &["fan"], &["@ALL"], &["connect"]);
    permit(&mut seen, &["fan"], &["!root", "app"], &["connect"]);
    seen.permissions[1].spec.protocols.clear();
    assert!(who(&seen, "root").is_empty());
    assert_eq!(who(&seen, "app"), ["fan"]);
}

#[test]
fn an_exclusion_takes_its_actions_away_as_a_number() {
    for (open, shut, opens) in [
        (&["connect", "upload"][..], &["connect"][..], true),
        (&["connect", "upload"], &["connect", "upload"], false),
        // 9 - 2 leaves 7: connect, and what nobody allowed.
        (&["connect", "copy"], &["upload"], true),
        // 3 - 64 leaves nothing.
        (&["connect", "upload"], &["share"], false),
        // What this version does not know is not taken for nothing.
        (&["fly"], &["share"], true),
    ] {
        let mut seen = everything(true);
        permit(&mut seen, &["fan"], &["root"], open);
        permit(&mut seen, &["fan"], &["!root"], shut);
        assert_eq!(!who(&seen, "root").is_empty(), opens, "{open:?} less {shut:?}");
    }
    // The actions of all permissions are added up before.
    let mut seen = everything(true);
    permit(&mut seen, &["fan"], &["@ALL", "!root"], &["connect"]);
    permit(&mut seen, &["fan"], &["root"], &["upload"]);
    assert_eq!(who(&seen, "root"), ["fan"]);
}

#[test]
fn a_user_of_the_name_of_an_account_opens_it_by_his_own_name() {
    let mut seen = everything(true);
    permit(&mut seen, &["fan", "wei"], &["@USER"], &["connect"]);
    assert_eq!(who(&seen, "fan"), ["fan"]);
    assert!(who(&seen, "root").is_empty());
    assert!(who(&seen, "wei").is_empty(), "JumpServer holds no such account");
    // Excluding the name leaves it, and excluding the text does not.
    permit(&mut seen, &["fan"], &["!fan"], &["connect"]);
    assert_eq!(who(&seen, "fan"), ["fan"]);
    permit(&mut seen, &["fan"], &["!@USER"], &["connect"]);
    assert!(who(&seen, "fan").is_empty());
}

#[test]
fn the_accounts_of_a_directory_service_open_what_joined_it() {
    let mut seen = everything(true);
    seen.assets.push(asset(11, "corp"));
    hold(&mut seen, "corp", "domain-admin");
    permit(&mut seen, &["fan"], &["domain-admin"], &["connect"]);
    assert!(who(&seen, "domain-admin").is_empty());
    seen.assets[0].directories.insert(Uuid::from_u128(11));
    assert_eq!(who(&seen, "domain-admin"), ["fan"]);
}
