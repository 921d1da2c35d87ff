//! What policy has against the requests of a repo, at their lines. All of it is a warning: a
//! request that was merged stays valid when policy is tightened, and the plan decides.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::judge;
use crate::access::model::Access;
use crate::access::span;
use crate::diagnostic::{Code, Diagnostic};
use crate::grants;
use crate::repo::Tree;

/// So many are told.
const MOST: usize = 1_000;

/// The lines of requests that policy refuses, each with what it asks instead. Requests that are
/// over or given back are left out.
pub fn refused(tree: &Tree, access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    if access.policy.limits.is_empty() {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let grants = grants::of(access);
    let live = grants.iter().filter(|one| !one.period.is_over(now) && !one.because.released);
    for grant in live {
        for violation in judge(access, grant, now) {
            if seen.len() < MOST {
                seen.insert((grant.because.site, violation.limit, violation.message));
            }
        }
    }
    let told = seen.into_iter().map(|(site, limit, message)| Diagnostic {
        code: Code::PolicyRefuses,
        span: span(tree, site),
        site: site.clone(),
        message,
        expected: format!("expected what {}:{} allows", limit.file, limit.line),
        help: Some("as it is, `plan` refuses it and nothing new is granted".to_owned()),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::access::load;

    /// What is told of the example with this in place of its request, by line.
    fn told(request: &str) -> Vec<(u32, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
        let mut tree = Tree::folder(&folder).expect("the example");
        let path = "requests/2026/PAY-1234-refunds.yaml";
        tree.files.insert(path.into(), request.as_bytes().into());
        let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
        let access = load(&tree, now).expect("no error");
        let refused = refused(&tree, &access, now).into_iter();
        refused.map(|one| (one.site.line, one.message)).collect()
    }

    #[test]
    fn what_policy_refuses_is_told_once_for_all_people_at_its_line() {
        let asks = "databases:\n  - instance: orders-prod\n    level: rw\n    tables:\n      \
                    - orders.*\n      - billing.invoices\n";
        let ask = |rest: &str| format!("for: team/payments\nreason: x\n{rest}{asks}");
        let deny = (8, "policy does not allow this: name the tables".to_owned());
        assert_eq!(told(&ask("until: 2027-02-28\n")), [deny]);
        let end = "policy wants an end here, at most 90 days ahead: add `until:`".to_owned();
        let without = told(&ask("")).into_iter().collect::<BTreeSet<_>>();
        assert!(without.contains(&(7, end.clone())) && without.contains(&(8, end)), "{without:?}");
        assert_eq!(told(&ask("until: 2026-12-01\n")), []);
        assert_eq!(told(&ask("until: 2027-02-28\nrelease: true\n")), []);
    }
}
