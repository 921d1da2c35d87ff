//! The known name that a person may have meant.

use std::mem::swap;

/// The most edits at which a name is near another.
const MOST: usize = 3;

/// The known name that a person may have meant.
///
/// A name that differs only by case wins; else the nearest one, when it is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let most = name.chars().count().div_ceil(3).min(MOST);
    let near = known.into_iter().filter_map(|candidate| {
        if candidate.chars().count().abs_diff(wanted.len()) > most {
            return None;
        }
        let lower: Vec<char> = candidate.to_lowercase().chars().collect();
        Some((distance(&wanted, &lower, most)?, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// How many characters differ, are missing, are too many or changed places between two texts,
/// when these are at most `most`. It takes time by the length and not its square: what is further
/// from the diagonal than `most` is never near.
fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let far = most + 1;
    let first = |at: usize| at.min(far);
    // Row `row`, column `at`: the first `row` characters of one, and `at` of the other.
    let mut last: Vec<usize> = (0..=other.len()).map(first).collect();
    let (mut before, mut now) = (vec![far; last.len()], vec![far; last.len()]);
    let mut least_before = 0;
    for row in 1..=one.len() {
        let (from, to) = (row.saturating_sub(most).max(1), (row + most).min(other.len()));
        now[from - 1] = if from == 1 { first(row) } else { far };
        let mut least = now[from - 1];
        for at in from..=to {
            let same = one[row - 1] == other[at - 1];
            let mut edits = (last[at - 1] + usize::from(!same)).min(last[at] + 1);
            edits = edits.min(now[at - 1] + 1).min(far);
            let swapped =
                row > 1 && at > 1 && one[row - 1] == other[at - 2] && one[row - 2] == other[at - 1];
            if swapped {
                edits = edits.min(before[at - 2] + 1);
            }
            now[at] = edits;
            least = least.min(edits);
        }
        if let Some(outside) = now.get_mut(to + 1) {
            *outside = far;
        }
        // Two characters that changed places reach two rows back.
        if least.min(least_before) > most {
            return None;
        }
        least_before = least;
        swap(&mut before, &mut last);
        swap(&mut last, &mut now);
    }
    last.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["reason", "servers", "databases", "until"];
        assert_eq!(nearest("Reason", known), Some("reason"));
        assert_eq!(nearest("server", known), Some("servers"));
        assert_eq!(nearest("untill", known), Some("until"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn names_as_long_as_can_be_take_no_time() {
        let known: Vec<String> =
            (0..3_000).map(|n| format!("{n:04}{}", "ab".repeat(145))).collect();
        let start = Instant::now();
        assert_eq!(
            nearest(&format!("x{}", "ba".repeat(146)), known.iter().map(String::as_str)),
            None
        );
        let near = format!("0007{}x", "ab".repeat(145));
        let found = nearest(&near, known.iter().map(String::as_str));
        assert_eq!(found, Some(known[7].as_str()));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn a_distance_is_exact_as_far_as_it_goes(one in "[abc]{0,9}", other in "[abc]{0,9}", most in 0..4_usize) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let exact = strsim::osa_distance(&one, &other);
            let found = distance(&chars(&one), &chars(&other), most);
            prop_assert_eq!(found, (exact <= most).then_some(exact));
        }
    }
}
