//! Views, routines, triggers and events that use the rights of an account that is gone.

use super::databases::{Here, door};
use super::{Door, DoorKind, Fault, Kind, Next, Risk, count, listed};
use crate::mysql::rights::quoted;

/// Finds the accounts that are gone and still named as definers.
pub(super) fn find(here: &Here<'_>) -> Vec<Door> {
    let live = here.live;
    let dead = live.definers.iter().filter(|(name, _)| !live.accounts.contains_key(name));
    dead.map(|(name, objects)| {
        let what = format!("is the definer of {}", listed(objects.iter().map(String::as_str)));
        let faults = vec![Fault::new(Kind::DeadDefiner, Risk::Low, what)];
        let first = objects.first().map_or("", String::as_str);
        let next = Next::sql(
            "see what it does, then drop it or make it anew with a definer that exists",
            show(first),
        );
        let opens = count(objects.len(), "object");
        door(here, DoorKind::Definer, name.to_string(), opens, faults, next)
    })
    .collect()
}

/// The catalogue's row of an object: SHOW CREATE would need its kind of routine.
fn show(object: &str) -> String {
    let (kind, place) = object.split_once(' ').unwrap_or_default();
    let (database, name) = place.split_once('.').unwrap_or_default();
    let place = format!("{}.{}", quoted(database), quoted(name));
    match kind {
        "view" => format!("SHOW CREATE VIEW {place};"),
        "trigger" => format!("SHOW CREATE TRIGGER {place};"),
        "event" => format!("SHOW CREATE EVENT {place};"),
        _ => format!(
            "SELECT * FROM information_schema.ROUTINES WHERE CONCAT(ROUTINE_SCHEMA, '.', \
             ROUTINE_NAME) = {};",
            crate::mysql::literal(&format!("{database}.{name}"))
        ),
    }
}
