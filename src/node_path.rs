//! Paths of JumpServer's nodes, such as `/Default/payments/prod`.

/// A node and the nodes above it, the nearest first.
pub(crate) fn with_parents(node: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(node), |path| match path.rfind('/') {
        Some(0) | None => None,
        Some(at) => Some(&path[..at]),
    })
}

/// Whether a node is `top` or lies below it.
pub(crate) fn is_in(node: &str, top: &str) -> bool {
    node.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stands_below_all_its_parents() {
        let found: Vec<&str> = with_parents("/Default/pay/prod").collect();
        assert_eq!(found, ["/Default/pay/prod", "/Default/pay", "/Default"]);
        assert!(found.iter().all(|top| is_in("/Default/pay/prod", top)));
        for other in ["/Default/pay/prod/eu", "/Default/pa", "/Other"] {
            assert!(!is_in("/Default/pay/prod", other), "{other}");
        }
    }

    #[test]
    fn below_is_by_whole_names() {
        assert!(is_in("/Default/prod", "/Default/prod"));
        assert!(is_in("/Default/prod/db", "/Default/prod"));
        assert!(!is_in("/Default/production", "/Default/prod"));
    }
}
