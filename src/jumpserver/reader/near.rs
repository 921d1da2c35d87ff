//! Names that look like one that does not exist.

use std::collections::BTreeSet;

/// For how many missing names the server is asked.
pub(super) const MOST_NAMES: usize = 20;
/// How many rows of a search are read.
pub(super) const MOST_ROWS: usize = 20;
/// How many names are offered.
const OFFERED: usize = 5;

/// The candidates that differ from `name` by case or a few letters, or hold it.
pub(super) fn alike<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let folded = name.to_lowercase();
    let mut found: BTreeSet<(u32, &str)> = BTreeSet::new();
    for candidate in candidates {
        let other = candidate.to_lowercase();
        let ratio = similar::TextDiff::from_chars(folded.as_str(), other.as_str()).ratio();
        let holds = other.contains(&folded) || folded.contains(&other);
        if candidate != name && (holds || ratio >= 0.75) {
            // Nearest first; whole per mille, as the order must not hang on rounding.
            let distance = if other == folded { 0 } else { per_mille(1.0 - ratio).max(1) };
            found.insert((distance, candidate));
        }
    }
    found.into_iter().take(OFFERED).map(|(_, candidate)| candidate.to_owned()).collect()
}

fn per_mille(share: f32) -> u32 {
    (0..=1000).take_while(|step| f64::from(*step) <= f64::from(share) * 1000.0).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first() {
        let names = ["pay-web-10", "PAY-WEB-1", "db-1", "pay-wbe-1", "pay-web-1"];
        let found = alike("pay-web-1", names.into_iter());
        assert_eq!(found.first().map(String::as_str), Some("PAY-WEB-1"));
        assert!(found.contains(&"pay-web-10".to_owned()));
        assert!(found.contains(&"pay-wbe-1".to_owned()));
        assert!(!found.contains(&"db-1".to_owned()));
        assert!(!found.contains(&"pay-web-1".to_owned()));
    }
}
