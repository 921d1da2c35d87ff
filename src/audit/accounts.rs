//! Accounts that JumpServer holds for assets of the access repo: shared ones, and ones whose
//! secret nobody changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ours::Ours;
use super::reach::Reach;
use super::{Door, DoorKind, Fault, Kind, Next, Risk, Terms, count, day, listed_of, who, worst};
use crate::access::model::Access;
use crate::jumpserver::everything::{Account, Everything};

/// Finds them. The accounts of the configured logins on hosts are meant to be shared: every
/// session is recorded, and git says whose it may be.
pub(super) fn find(
    access: &Access,
    reach: &Reach<'_>,
    everything: &Everything,
    ours: &Ours<'_>,
    terms: &Terms,
    moment: Timestamp,
) -> Vec<Door> {
    let logins: BTreeSet<&str> = access
        .config
        .logins
        .values()
        .flat_map(|login| login.accounts.iter().map(String::as_str))
        .collect();
    let foreign = everything
        .accounts
        .iter()
        .filter(|account| account.seen.active && !ours.asset_account(&account.seen));
    foreign
        .filter_map(|account| {
            let asset = account.seen.asset.as_str();
            let site = reach.site(asset)?;
            let database = reach.asset(asset).is_some_and(|asset| asset.category == "database");
            let meant = !database && logins.contains(account.seen.username.as_str());
            // An instance is asked about by its own name.
            let instance = access.instances.iter().find(|(_, one)| one.asset == asset);
            let target = instance.map_or(asset, |(name, _)| name.as_str());
            let mut door = door(reach, terms, moment, account, meant, target)?;
            door.site = Some(site.clone());
            Some(door)
        })
        .collect()
}

fn door(
    reach: &Reach<'_>,
    terms: &Terms,
    moment: Timestamp,
    account: &Account,
    meant: bool,
    target: &str,
) -> Option<Door> {
    let seen = &account.seen;
    let users = reach.users_of(&seen.asset, &seen.username);
    let mut faults = Vec::new();
    if !meant && users.len() > 1 {
        let what = format!(
            "is open to {} ({})",
            count(users.len(), "user"),
            listed_of(users.iter().copied(), users.len())
        );
        faults.push(Fault::new(Kind::Shared, Risk::Medium, what));
    }
    let age = moment.duration_since(account.saved);
    if age > terms.secret {
        let what = format!(
            "was last saved {2} ago, on {0}, and its {1} is at least as old",
            day(account.saved),
            seen.secret_type.replace('_', " "),
            count(usize::try_from(age.as_hours() / 24).unwrap_or(0), "day"),
        );
        faults.push(Fault::new(Kind::StaleSecret, Risk::Low, what));
    }
    if faults.is_empty() {
        return None;
    }
    let (people, people_count) = who(reach, &users);
    Some(Door {
        risk: worst(&faults),
        target: "jumpserver".into(),
        kind: DoorKind::AssetAccount,
        name: format!("{} on {}", seen.username, seen.asset),
        id: Some(seen.id),
        opens: format!("{} as {}", seen.asset, seen.username),
        people,
        people_count,
        faults,
        next: Next::jumpgate(
            "see who uses it, then give each of them access by a request and change the secret on \
             the asset and in JumpServer together",
            &format!("who {} --live", shell_word(target)),
        ),
        site: None,
    })
}

/// A name as one word of a shell.
fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}
