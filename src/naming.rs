//! The names and ids that jumpgate gives: the same for the same input, on every machine.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::names::{LevelName, LoginName, Owner, PersonName, Prefix};
use crate::period::Period;

/// The greatest length of a user name in MySQL; MariaDB takes longer ones, but the name
/// is the same on both.
pub const ACCOUNT_NAME_MAX: usize = 32;

/// The space of all ids that jumpgate chooses: any fixed random value would do.
const NAMESPACE: Uuid = Uuid::from_u128(0x6a75_6d70_6761_7465_8f3d_2c41_9b07_5ae6);

/// What stands behind the prefix in the names of database accounts and their permissions.
const DATABASES: &str = "_db_";

/// What a permission is for: it decides the middle of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A login on hosts.
    Login(&'a LoginName),
    /// A level on databases.
    Level(&'a LevelName),
    /// A level on databases by accounts that were adopted: the user name stands in the name,
    /// so that no permission holds two and opens each on the other's databases.
    Adopted(&'a LevelName, &'a str),
}

/// The name of a permission: `jump_app_fanlichun_20270228`, `jump_db_fanlichun_r`.
pub fn permission(prefix: &Prefix, kind: Kind<'_>, person: &PersonName, period: &Period) -> String {
    let (prefix, person, suffix) = (prefix.as_str(), person.as_str(), period.suffix());
    match kind {
        Kind::Login(login) => [prefix, "_", login.as_str(), "_", person, &suffix].concat(),
        Kind::Level(level) => [prefix, DATABASES, person, "_", level.as_str(), &suffix].concat(),
        Kind::Adopted(level, account) => {
            [prefix, DATABASES, person, "_", level.as_str(), "@", account, &suffix].concat()
        }
    }
}

/// The person in the name of a permission without its period, whatever its prefix: no prefix,
/// login and level holds a `_`, and no person an `@`.
pub fn person(name: &str) -> Option<&str> {
    let (prefix, _) = name.split_once('_')?;
    match name[prefix.len()..].strip_prefix(DATABASES) {
        Some(rest) => {
            let derived = rest.split_once('@').map_or(rest, |(derived, _)| derived);
            derived.rsplit_once('_').map(|(person, _)| person)
        }
        None => name[prefix.len() + 1..].split_once('_').map(|(_, person)| person),
    }
}

/// How the user names of all database accounts of a repo begin.
pub fn account_prefix(prefix: &Prefix) -> String {
    [prefix.as_str(), DATABASES].concat()
}

/// The user name of a database account: `jump_db_fanlichun_r`. One that is longer than
/// 32 is cut, and ends in eight base32 characters of a hash over owner, person and level.
pub fn account(owner: &Owner, prefix: &Prefix, person: &PersonName, level: &LevelName) -> String {
    let whole = [prefix.as_str(), DATABASES, person.as_str(), "_", level.as_str()].concat();
    if whole.len() <= ACCOUNT_NAME_MAX {
        return whole;
    }
    // No part can hold a line break, so the joined text is unambiguous.
    let hash = Sha256::digest(format!("{owner}\n{person}\n{level}"));
    let mut end = data_encoding::BASE32_NOPAD.encode(&hash[..5]);
    end.make_ascii_lowercase();
    // All parts are ASCII by their types.
    format!("{}_{end}", &whole[..ACCOUNT_NAME_MAX - 1 - end.len()])
}

/// The name of the anchor. No permission can have it: behind a prefix they go on with `_`.
pub fn anchor(prefix: &Prefix, owner: &Owner) -> String {
    format!("{prefix}-anchor-{owner}")
}

/// The name of the lease with this number.
pub fn lease(prefix: &Prefix, owner: &Owner, number: u64) -> String {
    format!("{prefix}{}{number}", lease_infix(owner))
}

/// The id of a permission: from the owner, the id of the organization, and its name.
pub fn permission_id(owner: &Owner, organization: &str, name: &str) -> Uuid {
    id(&["permission", owner.as_str(), organization, name])
}

/// The id of an account in JumpServer: from the owner, the id of the organization, the
/// id of the asset and the user name.
pub fn account_id(owner: &Owner, organization: &str, asset: Uuid, username: &str) -> Uuid {
    id(&["account", owner.as_str(), organization, &asset.to_string(), username])
}

/// The number in the name of a lease of this owner, whatever its prefix is.
pub fn lease_number(owner: &Owner, name: &str) -> Option<u64> {
    name.rsplit_once(&lease_infix(owner))?.1.parse().ok()
}

/// What stands in the names of all leases of an owner.
pub fn lease_infix(owner: &Owner) -> String {
    format!("-lease-{owner}-")
}

/// The id of the anchor. It does not depend on the prefix, so that the anchor is found
/// after the prefix was changed.
pub fn anchor_id(owner: &Owner, organization: &str) -> Uuid {
    id(&["anchor", owner.as_str(), organization])
}

/// The id of the lease with this number.
pub fn lease_id(owner: &Owner, organization: &str, number: u64) -> Uuid {
    id(&["lease", owner.as_str(), organization, &number.to_string()])
}

fn id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<T: std::str::FromStr<Err = crate::names::InvalidName>>(text: &str) -> T {
        text.parse().expect("a good name")
    }

    #[test]
    fn names_are_those_of_the_design() {
        let (prefix, person) = (name("jump"), name("fanlichun"));
        let open = Period::default();
        let level = name("r");
        assert_eq!(
            permission(&prefix, Kind::Login(&name("app")), &person, &open),
            "jump_app_fanlichun"
        );
        assert_eq!(permission(&prefix, Kind::Level(&level), &person, &open), "jump_db_fanlichun_r");
        assert_eq!(account(&name("acme"), &prefix, &person, &level), "jump_db_fanlichun_r");
    }

    #[test]
    fn a_name_without_its_period_tells_the_person() {
        let (prefix, level, open) = (name("jump"), name("r"), Period::default());
        for text in ["fanlichun", "li.wei_2", "db_x"] {
            let person: PersonName = name(text);
            for kind in
                [Kind::Login(&name("app")), Kind::Level(&level), Kind::Adopted(&level, "fan_ro@1")]
            {
                let permission = permission(&prefix, kind, &person, &open);
                assert_eq!(super::person(&permission), Some(text), "{permission}");
            }
        }
        for other in ["", "jump", "jump_app", "jump_db_r", "jump-anchor-acme"] {
            assert_eq!(super::person(other), None, "{other}");
        }
    }

    #[test]
    fn a_long_account_name_is_cut_and_stays_distinct() {
        let (owner, prefix, level) = (name("acme"), name("jump"), name("rw"));
        let long: PersonName = name("wilhelmina.van-der-bilt-01");
        let other: PersonName = name("wilhelmina.van-der-bilt-02");
        let cut = account(&owner, &prefix, &long, &level);
        assert_eq!(cut.len(), ACCOUNT_NAME_MAX);
        assert!(cut.starts_with("jump_db_wilhelmina.van-"), "{cut}");
        assert_ne!(cut, account(&owner, &prefix, &other, &level));
        assert_ne!(cut, account(&name("other"), &prefix, &long, &level));
        assert_eq!(cut, account(&owner, &prefix, &long, &level));
    }

    #[test]
    fn the_number_of_a_lease_stands_behind_its_owner() {
        let owner: Owner = name("acme");
        assert_eq!(lease_number(&owner, &lease(&name("jump"), &owner, 12)), Some(12));
        assert_eq!(lease_number(&owner, "other-lease-acme-3"), Some(3));
        assert_eq!(lease_number(&owner, "jump-lease-acme-2-12"), None);
        assert_eq!(lease_number(&owner, "jump-lease-other-12"), None);
        assert_eq!(lease_number(&owner, "jump-lease-acme-x"), None);
    }

    #[test]
    fn ids_differ_by_every_part() {
        let (a, b): (Owner, Owner) = (name("acme"), name("acme-2"));
        let ids = [
            permission_id(&a, "o", "n"),
            permission_id(&b, "o", "n"),
            permission_id(&a, "p", "n"),
            permission_id(&a, "o", "m"),
            anchor_id(&a, "o"),
            anchor_id(&b, "o"),
            lease_id(&a, "o", 1),
            lease_id(&a, "o", 2),
            account_id(&a, "o", Uuid::nil(), "n"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
