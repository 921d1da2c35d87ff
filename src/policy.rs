//! Policy, judged on grants: a grant keeps every limit whose `when` matches.

use jiff::{SignedDuration, Timestamp};

use crate::access::model::{Limit, Policy, Site, When};
use crate::grants::{Grant, Want};

/// A grant that breaks a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The limit.
    pub limit: Site,
    /// What is wrong, and what policy asks instead.
    pub message: String,
}

/// The limits that a grant breaks at `moment`.
///
/// `longest` is measured from the moment or the grant's start, whichever is later: it
/// says how far ahead access may be fixed, so renewing by a new `until` is possible.
pub fn judge(policy: &Policy, grant: &Grant<'_>, moment: Timestamp) -> Vec<Violation> {
    policy
        .limits
        .iter()
        .filter(|limit| matches(&limit.when, &grant.want))
        .filter_map(|limit| {
            let message = broken(limit, grant, moment)?;
            Some(Violation { limit: limit.site.clone(), message })
        })
        .collect()
}

/// How many approvals a grant needs: the most that any limit asks.
pub fn approvals(policy: &Policy, grant: &Grant<'_>) -> u32 {
    policy
        .limits
        .iter()
        .filter(|limit| matches(&limit.when, &grant.want))
        .filter_map(|limit| limit.approvals)
        .max()
        .unwrap_or(0)
}

fn matches(when: &When, want: &Want<'_>) -> bool {
    when.environment.as_ref().is_none_or(|environment| environment == want.environment())
        && when.login.as_ref().is_none_or(|login| want.login() == Some(login))
        && when.level.as_ref().is_none_or(|level| want.level() == Some(level))
        && when.scope.is_none_or(|scope| want.scope() == Some(scope))
}

fn broken(limit: &Limit, grant: &Grant<'_>, moment: Timestamp) -> Option<String> {
    if let Some(instead) = &limit.deny {
        return Some(format!("policy does not allow this: {instead}"));
    }
    let Some(until) = &grant.period.until else {
        let longest = limit.longest_days;
        return (limit.end_required || longest.is_some()).then(|| match longest {
            Some(days) => {
                format!("policy wants an end here, at most {days} days ahead: add `until:`")
            }
            None => "policy wants an end here: add `until:`".to_owned(),
        });
    };
    let days = limit.longest_days?;
    let days_long = SignedDuration::from_hours(24 * i64::from(days));
    // Counted from today, the last day counts up to its midnight.
    let (start, most) = match &grant.period.from {
        Some(from) if from.at > moment => (from.at, days_long),
        _ => (moment, days_long + SignedDuration::from_hours(24)),
    };
    (until.at.duration_since(start) > most)
        .then(|| format!("policy allows at most {days} days here; this ends {}", until.text))
}
