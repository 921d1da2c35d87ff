//! Permissions of other hands that reach an asset of the access repo, or one of its people.

use jiff::Timestamp;

use super::ours::Ours;
use super::reach::{ACTIONS, Reach, VIRTUAL, Way};
use super::{
    Door, DoorKind, Fault, Kind, LISTED, Next, Risk, Terms, count, day, listed, who, worst,
};
use crate::access::model::Access;
use crate::jumpserver::spec::ALL;

/// Finds them.
pub(super) fn find(
    access: &Access,
    reach: &Reach<'_>,
    ours: &Ours<'_>,
    terms: &Terms,
    moment: Timestamp,
) -> Vec<Door> {
    let near = |way: &&Way<'_>| {
        !way.assets.is_empty() || way.users.iter().any(|user| reach.person(user).is_some())
    };
    let foreign = reach.ways.iter().filter(|way| !ours.permission(way.seen));
    foreign.filter(near).map(|way| door(access, reach, ours, terms, moment, way)).collect()
}

fn door(
    access: &Access,
    reach: &Reach<'_>,
    ours: &Ours<'_>,
    terms: &Terms,
    moment: Timestamp,
    way: &Way<'_>,
) -> Door {
    let spec = &way.seen.spec;
    let opens = format!(
        "{} on {} for {}{}",
        accounts(way),
        assets(reach, way),
        count(way.users.len(), "user"),
        if spec.start > moment { format!(", from {}", day(spec.start)) } else { String::new() }
    );
    let groups = match spec.groups.len() {
        0 => String::new(),
        1 => format!(", through the group {}", listed(spec.groups.iter().map(String::as_str))),
        _ => format!(", through the groups {}", listed(spec.groups.iter().map(String::as_str))),
    };
    let mut faults = vec![Fault::new(
        Kind::Permission,
        Risk::Medium,
        format!("lets {} in{groups}", listed(way.users.iter().copied())),
    )];
    let mut add = |kind, risk, what: String| faults.push(Fault::new(kind, risk, what));
    if spec.accounts.contains(ALL) {
        add(Kind::AllAccounts, Risk::High, format!("names {ALL}"));
    }
    let outside: Vec<&str> =
        VIRTUAL.into_iter().filter(|text| spec.accounts.contains(*text)).collect();
    if !outside.is_empty() {
        add(Kind::AnyAccount, Risk::Medium, format!("names {}", outside.join(", ")));
    }
    if spec.end.duration_since(moment) > terms.end {
        add(Kind::NoEnd, Risk::Medium, format!("ends on {}", day(spec.end)));
    }
    if ACTIONS.iter().all(|action| spec.actions.contains(*action)) {
        add(Kind::AllActions, Risk::Low, format!("allows all {} actions", ACTIONS.len()));
    }
    if !spec.nodes.is_empty() {
        // The path of the root has no other slash than its first.
        let root = spec.nodes.iter().any(|node| !node.trim_start_matches('/').contains('/'));
        let risk = if root { Risk::High } else { Risk::Medium };
        let nodes = spec
            .nodes
            .iter()
            .map(|node| format!("{node} ({} today)", count(reach.assets_below(node), "asset")));
        let nodes: Vec<String> = nodes.collect();
        let what = format!("names {}", listed(nodes.iter().map(String::as_str)));
        add(Kind::WholeNode, risk, what);
    }
    if let Some(opened) = opened(reach, ours, way) {
        add(Kind::OpensOurs, Risk::High, format!("opens {opened}"));
    }
    let marked = way.seen.mark.as_ref().is_some_and(|mark| mark.owner == access.config.owner);
    if way.seen.labelled || marked {
        let what = match (way.seen.labelled, marked) {
            (true, true) => "its mark names another object",
            (true, false) => "it has the label and no mark",
            _ => "it has a mark and no label",
        };
        add(Kind::Copy, Risk::Medium, what.into());
    }
    let (people, people_count) = who(reach, &way.users);
    Door {
        risk: worst(&faults),
        target: "jumpserver".into(),
        kind: DoorKind::Permission,
        name: spec.name.clone(),
        id: Some(way.seen.id),
        opens,
        people,
        people_count,
        faults,
        next: Next::switch_off(
            "write a request for whoever still needs it, then switch it off (the same with true \
             switches it on again)",
            access,
            reach.organization,
            "perms/asset-permissions",
            way.seen.id,
        ),
        site: way.assets.first().and_then(|asset| reach.site(asset)).cloned(),
    }
}

fn accounts(way: &Way<'_>) -> String {
    let texts = way.seen.spec.accounts.iter().map(String::as_str);
    listed(texts.filter(|text| *text != "@SPEC"))
}

fn assets(reach: &Reach<'_>, way: &Way<'_>) -> String {
    if way.assets.is_empty() {
        let spec = &way.seen.spec;
        let below: usize = spec.nodes.iter().map(|node| reach.assets_below(node)).sum();
        let named = spec.assets.iter().filter(|asset| reach.asset(asset).is_some()).count();
        return format!("{} that no file names", count(below + named, "asset"));
    }
    listed(way.assets.iter().copied())
}

/// The first few of our database accounts that a permission opens, in words.
fn opened(reach: &Reach<'_>, ours: &Ours<'_>, way: &Way<'_>) -> Option<String> {
    let spec = &way.seen.spec;
    let mut found = Vec::new();
    for asset in way.assets.iter() {
        let all = ours.on_asset(asset).filter(|_| spec.accounts.contains(ALL));
        let named = spec.accounts.iter().map(String::as_str);
        let named = named.filter(|name| ours.has_on_asset(asset, name));
        for account in all.chain(named).filter(|account| reach.opens(way, account)) {
            found.push(format!("{account} on {asset}"));
            if found.len() > LISTED {
                return Some(format!("{} and more", found[..LISTED].join(", ")));
            }
        }
    }
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::audit::Observed;
    use crate::import::tests::world::{host, permission, texts, user};
    use crate::jumpserver::everything::{Account, Everything};
    use crate::jumpserver::spec::{PermissionSpec, SeenAsset, SeenAssetAccount, SeenPermission};
    use crate::mark::Mark;
    use crate::plan::tests::world::{at, repo};
    use uuid::Uuid;

    const NOW: &str = "2026-12-01T00:00:00Z";
    const OURS: &str = "jump_db_fanlichun_r";

    /// The codes of a permission that opens accounts of orders-prod, where one is git's.
    fn codes(accounts: &[&str], start: &str) -> BTreeSet<&'static str> {
        let id = Uuid::from_u128(7);
        let mark = Mark {
            owner: "acme".parse().expect("an owner"),
            id,
            user: None,
            requests: Default::default(),
            end: None,
            handover: None,
            left: None,
        };
        let seen = SeenAssetAccount {
            id,
            asset: "orders-prod".to_owned(),
            asset_id: Uuid::nil(),
            name: OURS.to_owned(),
            username: OURS.to_owned(),
            secret_type: "password".to_owned(),
            has_secret: None,
            active: true,
            labelled: true,
            mark: Some(mark),
            comment: String::new(),
        };
        let spec = PermissionSpec {
            users: texts(&["liwei"]),
            assets: texts(&["orders-prod"]),
            nodes: BTreeSet::new(),
            accounts: texts(accounts),
            start: at(start),
            ..permission("for the DBAs")
        };
        let jumpserver = Everything {
            excludes: true,
            users: vec![user("liwei")],
            assets: vec![SeenAsset {
                category: "database".to_owned(),
                kind: "mysql".to_owned(),
                ..host("orders-prod", "/Default")
            }],
            accounts: vec![Account { seen, saved: at(NOW) }],
            permissions: vec![SeenPermission {
                id: Uuid::from_u128(8),
                spec,
                user_ids: BTreeMap::new(),
                labelled: false,
                mark: None,
                comment: String::new(),
            }],
            ..Everything::default()
        };
        let observed = Observed { jumpserver, instances: Default::default() };
        let access = repo(&[], &[("requests/.keep", "")]);
        let found = crate::audit::find(&access, &observed, &Terms::default(), at(NOW), None);
        let door = found.doors.into_iter().find(|door| door.kind == DoorKind::Permission);
        let faults = door.expect("the permission").faults;
        faults.into_iter().map(|fault| fault.code.code()).collect()
    }

    #[test]
    fn what_will_open_an_account_of_git_is_told_before_it_begins() {
        for start in ["2026-01-01T00:00:00Z", "2026-12-02T00:00:00Z"] {
            assert!(codes(&["@ALL"], start).contains("JG306"), "{start}");
            assert!(codes(&[OURS], start).contains("JG306"), "{start}");
            let without = format!("!{OURS}");
            assert!(!codes(&["@ALL", &without], start).contains("JG306"), "{start}");
            assert!(!codes(&["other"], start).contains("JG306"), "{start}");
        }
    }
}
