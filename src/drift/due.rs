//! Which differences time alone brought.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Inputs, Key, Object, by_object};
use crate::grants::Grant;
use crate::names::PersonName;
use crate::plan::Item;

/// So many earlier moments are looked at: more ends and starts than this between a commit and
/// now, without an apply of a newer one, are not told apart from what a hand did.
const MOMENTS: usize = 200;

/// Says of each object whether the same files asked for just what it is at an earlier moment
/// since the commit. An object that differs at all of them keeps the steps of the moment at
/// which it differs least: what time brought is no part of them.
pub(super) fn tell_apart(inputs: &Inputs<'_>, open: &mut BTreeMap<Key, Object>) {
    let mut left: BTreeSet<Key> = open.keys().cloned().collect();
    // What ended or began at `edge` is not there at the moment before it.
    let mut before = moments(inputs, open);
    before.truncate(MOMENTS);
    for (moment, edge) in before {
        if left.is_empty() {
            break;
        }
        let mut then = by_object(inputs.plan(moment).items);
        left.retain(|key| {
            let Some(object) = open.get_mut(key) else { return false };
            match then.remove(key) {
                None => {
                    object.due = Some(edge);
                    false
                }
                Some(items) => {
                    if size(&items) < size(&object.items) {
                        object.items = items;
                    }
                    true
                }
            }
        });
    }
}

/// The moments to look at, the latest first, each with the end or start that comes next. Only
/// those of people who have something that differs.
fn moments(inputs: &Inputs<'_>, open: &BTreeMap<Key, Object>) -> Vec<(Timestamp, Timestamp)> {
    let people: BTreeSet<&PersonName> =
        open.values().flat_map(|object| &object.items).filter_map(|i| i.person.as_ref()).collect();
    let grants = inputs.grants.iter().filter(|grant| people.contains(grant.person));
    let edges: BTreeSet<Timestamp> = grants
        .flat_map(edges)
        .filter(|edge| inputs.since < *edge && *edge <= inputs.moment)
        .collect();
    let starts = std::iter::once(inputs.since).chain(edges.iter().copied());
    let mut moments: Vec<_> = starts.zip(edges.iter().copied()).collect();
    moments.reverse();
    moments
}

fn edges(grant: &Grant<'_>) -> impl Iterator<Item = Timestamp> {
    let period = &grant.period;
    let edges = [period.from.as_ref(), period.until.as_ref()];
    edges.into_iter().flatten().map(|edge| edge.at).collect::<Vec<_>>().into_iter()
}

/// How much a step changes, as far as it can be counted.
fn size(items: &[Item]) -> usize {
    // Plain data with string keys always has a JSON form.
    items.iter().map(|item| serde_json::to_string(&item.what).unwrap_or_default().len()).sum()
}
