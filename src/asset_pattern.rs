//! Patterns for asset names: `*` stands for any characters, everything else for itself.

/// A pattern for asset names. Matching takes time by the length of the name and of the pattern,
/// whatever both hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetPattern {
    /// What the name begins with.
    first: String,
    /// What stands between two `*`, in this order.
    middle: Vec<String>,
    /// What it ends with; `None` when there is no `*`, and `first` is the whole name.
    last: Option<String>,
}

impl AssetPattern {
    /// Prepares a pattern.
    pub fn new(pattern: &str) -> Self {
        let mut parts = pattern.split('*').map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let mut middle: Vec<String> = parts.collect();
        let last = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self { first, middle, last }
    }

    /// Whether a name matches.
    pub fn is_match(&self, name: &str) -> bool {
        let Some(last) = &self.last else { return name == self.first };
        let Some(rest) = name.strip_prefix(&*self.first) else { return false };
        let Some(mut rest) = rest.strip_suffix(&**last) else { return false };
        // The first place of each part leaves most for those behind it.
        self.middle.iter().all(|part| match rest.split_once(&**part) {
            Some((_, behind)) => {
                rest = behind;
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a pattern means, one character after the other.
    fn means(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=name.len()).any(|from| means(rest, &name[from..])),
            ([c, rest @ ..], [other, name @ ..]) => c == other && means(rest, name),
            _ => false,
        }
    }

    #[test]
    fn only_a_star_stands_for_others() {
        let is = |pattern: &str, name: &str| AssetPattern::new(pattern).is_match(name);
        assert!(is("pay-*", "pay-web-01") && is("pay-*", "pay-") && !is("pay-*", "Pay-web"));
        assert!(is("*/数*", "a/数据\n") && is("*", "") && is("a.b", "a.b") && !is("a.b", "acb"));
        assert!(!is("ab*ba", "aba") && is("a[1]?{b}", "a[1]?{b}") && !is("a?", "ab"));
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_it_means(pattern in "[ab*数]{0,8}", name in "[ab数]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let wanted = means(&chars(&pattern), &chars(&name));
            prop_assert_eq!(AssetPattern::new(&pattern).is_match(&name), wanted);
        }
    }
}
