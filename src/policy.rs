//! Policy, judged on grants: a grant keeps every limit whose `when` matches.

mod refused;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

pub use refused::refused;

use crate::access::emergency;
use crate::access::model::{Access, Limit, Policy, Site, When};
use crate::grants::{Grant, Want};
use crate::names::Environment;

/// A grant that breaks a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The limit.
    pub limit: Site,
    /// What is wrong, and what policy asks instead.
    pub message: String,
}

/// The limits of a repo that a grant breaks at `moment`.
///
/// `longest` is measured from the moment or the grant's start, whichever is later: it
/// says how far ahead access may be fixed, so renewing by a new `until` is possible.
pub fn judge(access: &Access, grant: &Grant<'_>, moment: Timestamp) -> Vec<Violation> {
    against(&access.policy, &access.config.zone, grant, moment)
}

/// The limits of a policy, whose days are those of `zone`, that a grant breaks at `moment`.
fn against(
    policy: &Policy,
    zone: &TimeZone,
    grant: &Grant<'_>,
    moment: Timestamp,
) -> Vec<Violation> {
    let limits = policy.limits.iter().filter(|limit| matches(&limit.when, &grant.want));
    let limits = limits.filter_map(|limit| {
        let message = broken(limit, zone, grant, moment)?;
        Some(Violation { limit: limit.site.clone(), message })
    });
    limits.chain(no_emergency(policy, grant, moment)).collect()
}

/// Whether a grant is of an emergency as policy allows it: merged without approvals, by those
/// whom policy names. Its limits hold all the same.
pub fn is_emergency(policy: &Policy, grant: &Grant<'_>, moment: Timestamp) -> bool {
    grant.because.emergency && no_emergency(policy, grant, moment).is_none()
}

/// What policy has against an emergency. One begins now: its end is no further ahead than the
/// longest emergency, so none is merged in store.
fn no_emergency(policy: &Policy, grant: &Grant<'_>, moment: Timestamp) -> Option<Violation> {
    if !grant.because.emergency {
        return None;
    }
    let Some(rule) = &policy.emergency else {
        let limit = Site { file: "policy.yaml".into(), line: 1, column: 1 };
        let message = "policy does not say who may merge an emergency".to_owned();
        return Some(Violation { limit, message });
    };
    let longest = SignedDuration::from_hours(i64::from(rule.longest_hours));
    let message = emergency::too_long(rule, &grant.period).or_else(|| {
        (grant.period.end().duration_since(moment) > longest).then(|| {
            format!("an emergency is for now: it ends at most {} hours ahead", rule.longest_hours)
        })
    })?;
    Some(Violation { limit: rule.site.clone(), message })
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

/// What policy asks of a thing, whoever asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Terms {
    /// Whether an end is required.
    pub end: bool,
    /// The longest period ahead, in days.
    pub longest_days: Option<u32>,
    /// How many approvals are needed.
    pub approvals: u32,
    /// Why it is refused altogether, with what to do instead; empty when it is not.
    pub denied: Vec<String>,
}

/// The terms of all limits together that match `want`.
pub fn terms(policy: &Policy, want: &Want<'_>) -> Terms {
    let mut terms = Terms::default();
    for limit in policy.limits.iter().filter(|limit| matches(&limit.when, want)) {
        terms.end |= limit.end_required || limit.longest_days.is_some();
        terms.longest_days = terms.longest_days.into_iter().chain(limit.longest_days).min();
        terms.approvals = terms.approvals.max(limit.approvals.unwrap_or(0));
        let deny = limit.deny.iter().filter(|deny| !terms.denied.contains(deny));
        let deny: Vec<String> = deny.cloned().collect();
        terms.denied.extend(deny);
    }
    terms
}

fn matches(when: &When, want: &Want<'_>) -> bool {
    let is_in = |environment: &Environment| want.environments().any(|one| one == environment);
    when.environment.as_ref().is_none_or(is_in)
        && when.login.as_ref().is_none_or(|login| want.login() == Some(login))
        && when.level.as_ref().is_none_or(|level| want.level() == Some(level))
        && when.scope.is_none_or(|scope| want.scope() == Some(scope))
}

fn broken(limit: &Limit, zone: &TimeZone, grant: &Grant<'_>, moment: Timestamp) -> Option<String> {
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
    // Counted from today, the last day counts up to its midnight.
    let (start, most) = match &grant.period.from {
        Some(from) if from.at > moment => (from.at, i64::from(days)),
        _ => (moment, i64::from(days) + 1),
    };
    // Days of the calendar: one has 23 or 25 hours where the clocks change.
    let latest = start.to_zoned_datetime(zone.clone()).checked_add(Span::new().days(most)).ok()?;
    (until.at > latest.timestamp())
        .then(|| format!("policy allows at most {days} days here; this ends {}", until.text))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::tz::TimeZone;

    use super::*;
    use crate::access::model::{EmergencyRule, ExposedAccounts, Provenance, Scope, ScopeKind};
    use crate::grants::Because;
    use crate::period::{Edge, Period};

    fn site() -> Site {
        Site { file: "policy.yaml".into(), line: 1, column: 1 }
    }

    fn limit(when: When) -> Limit {
        Limit {
            site: site(),
            when,
            end_required: false,
            longest_days: None,
            approvals: None,
            deny: None,
        }
    }

    fn policy(limits: Vec<Limit>) -> Policy {
        Policy {
            environments: Vec::new(),
            limits,
            exposed_accounts: ExposedAccounts::Refuse,
            owners: Vec::new(),
            provenance: Provenance::Off,
            sessions: BTreeMap::new(),
            emergency: None,
        }
    }

    fn period(from: Option<&str>, until: Option<&str>) -> Period {
        period_in("Asia/Shanghai", from, until)
    }

    fn period_in(zone: &str, from: Option<&str>, until: Option<&str>) -> Period {
        let zone = TimeZone::get(zone).expect("a known zone");
        let day = |text: &str| text.parse().expect("a day");
        Period {
            from: from.map(|text| Edge::first_of(day(text), &zone).expect("an edge")),
            until: until.map(|text| Edge::last_of(day(text), &zone).expect("an edge")),
        }
    }

    /// The messages for a grant on a database in prod, judged at noon of 2026-12-01.
    fn judged(policy: &Policy, scope: &Scope, period: Period) -> Vec<String> {
        judged_as(false, policy, scope, period)
    }

    fn judged_as(emergency: bool, policy: &Policy, scope: &Scope, period: Period) -> Vec<String> {
        let moment = "2026-12-01T04:00:00Z";
        judged_in("Asia/Shanghai", moment, emergency, policy, scope, period)
    }

    fn judged_in(
        zone: &str,
        moment: &str,
        emergency: bool,
        policy: &Policy,
        scope: &Scope,
        period: Period,
    ) -> Vec<String> {
        let (person, request) = ("fanlichun".parse(), "r".parse());
        let (instance, level, prod) = ("orders-prod".parse(), "rw".parse(), "prod".parse());
        let site = site();
        let grant = Grant {
            person: person.as_ref().expect("a person"),
            want: Want::Database {
                instance: instance.as_ref().expect("an instance"),
                level: level.as_ref().expect("a level"),
                scope,
                environment: prod.as_ref().expect("an environment"),
                holder: prod.as_ref().expect("an environment"),
            },
            period: Cow::Owned(period),
            because: Because {
                request: request.as_ref().expect("a request"),
                site: &site,
                reason: "reconcile refunds",
                team: None,
                emergency,
                released: false,
            },
        };
        let zone = TimeZone::get(zone).expect("a known zone");
        let moment = moment.parse().expect("a moment");
        against(policy, &zone, &grant, moment)
            .into_iter()
            .map(|violation| violation.message)
            .collect()
    }

    fn table() -> Scope {
        Scope::Table("billing".into(), "invoices".into())
    }

    #[test]
    fn an_end_is_required_where_policy_says_so() {
        let policy = policy(vec![Limit { end_required: true, ..limit(When::default()) }]);
        assert_eq!(judged(&policy, &table(), period(None, None)).len(), 1);
        assert!(judged(&policy, &table(), period(None, Some("2030-01-01"))).is_empty());
    }

    #[test]
    fn the_longest_period_counts_whole_days() {
        let policy = policy(vec![Limit { longest_days: Some(90), ..limit(When::default()) }]);
        for (from, until, kept) in [
            (Some("2026-12-02"), Some("2027-03-01"), true), // 90 days exactly
            (Some("2026-12-02"), Some("2027-03-02"), false),
            (None, Some("2027-03-01"), true),
            (None, Some("2027-03-03"), false),
            // Begun long ago: renewed by a new end, which counts from today.
            (Some("2025-01-01"), Some("2027-02-28"), true),
            (None, None, false),
        ] {
            let broken = judged(&policy, &table(), period(from, until));
            assert_eq!(broken.is_empty(), kept, "{from:?} {until:?}: {broken:?}");
        }
    }

    /// Clocks go back on 2027-10-31 and forward on 2027-03-28.
    #[test]
    fn the_longest_period_counts_the_days_of_the_calendar() {
        let berlin = "Europe/Berlin";
        for (days, now, from, until, kept) in [
            (90, "2027-08-01T10:00:00Z", Some("2027-09-01"), "2027-11-29", true),
            (90, "2027-08-01T10:00:00Z", Some("2027-09-01"), "2027-11-30", false),
            (1, "2027-10-01T10:00:00Z", Some("2027-10-31"), "2027-10-31", true),
            (1, "2027-10-01T10:00:00Z", Some("2027-10-30"), "2027-10-31", false),
            (1, "2027-03-01T10:00:00Z", Some("2027-03-28"), "2027-03-28", true),
            (1, "2027-03-01T10:00:00Z", Some("2027-03-28"), "2027-03-29", false),
            // Half past midnight of the day before, and of the day after.
            (1, "2027-10-29T22:30:00Z", None, "2027-10-31", true),
            (1, "2027-10-29T22:30:00Z", None, "2027-11-01", false),
        ] {
            let policy = policy(vec![Limit { longest_days: Some(days), ..limit(When::default()) }]);
            let period = period_in(berlin, from, Some(until));
            let broken = judged_in(berlin, now, false, &policy, &table(), period);
            assert_eq!(broken.is_empty(), kept, "{days} {from:?} {until}: {broken:?}");
        }
        // A moment is a day later at the same time of the day.
        let zone = TimeZone::get(berlin).expect("a known zone");
        let edge = |text: &str| Some(Edge::moment(text.parse().expect("a moment"), &zone));
        let policy = policy(vec![Limit { longest_days: Some(1), ..limit(When::default()) }]);
        for (until, kept) in [("2027-03-28T11:00:00Z", true), ("2027-03-28T11:01:00Z", false)] {
            let period = Period { from: edge("2027-03-27T12:00:00Z"), until: edge(until) };
            let now = "2027-03-01T10:00:00Z";
            let broken = judged_in(berlin, now, false, &policy, &table(), period);
            assert_eq!(broken.is_empty(), kept, "{until}: {broken:?}");
        }
    }

    #[test]
    fn an_emergency_is_for_hours_from_now_and_keeps_every_limit() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a known zone");
        let edge = |text: &str| Some(Edge::moment(text.parse().expect("a moment"), &zone));
        let hours = |from: &str, until: &str| Period { from: edge(from), until: edge(until) };
        let rule = EmergencyRule { site: site(), mergers: Vec::new(), longest_hours: 4 };
        let with = |limits| Policy { emergency: Some(rule.clone()), ..policy(limits) };
        let judged = |policy: &Policy, period| judged_as(true, policy, &table(), period).join("; ");
        let four = || hours("2026-12-01T04:00:00Z", "2026-12-01T08:00:00Z");
        assert_eq!(judged(&with(Vec::new()), four()), "");
        assert_eq!(
            judged(&policy(Vec::new()), four()),
            "policy does not say who may merge an emergency"
        );
        let longer = hours("2026-12-01T03:00:00Z", "2026-12-01T07:01:00Z");
        assert_eq!(
            judged(&with(Vec::new()), longer),
            "policy allows at most 4 hours for an emergency"
        );
        let later = hours("2026-12-01T05:00:00Z", "2026-12-01T08:01:00Z");
        assert_eq!(
            judged(&with(Vec::new()), later),
            "an emergency is for now: it ends at most 4 hours ahead"
        );
        let last = "9999-12-30T21:59:59Z";
        let late = judged_in("Asia/Shanghai", last, true, &with(Vec::new()), &table(), four());
        assert_eq!(late, [""; 0], "a plan at the end of time ends by no panic");
        let open = judged(&with(Vec::new()), Period { from: None, ..four() });
        assert_eq!(open, "an emergency has both ends: add `from:` and `until:`");
        let deny = Limit { deny: Some("ask the DBA".into()), ..limit(When::default()) };
        let denied = judged(&with(vec![deny]), four());
        assert_eq!(denied, "policy does not allow this: ask the DBA");
    }

    #[test]
    fn a_limit_holds_where_every_part_of_when_matches() {
        let database_rw = When {
            environment: "prod".parse().ok(),
            level: "rw".parse().ok(),
            scope: Some(ScopeKind::Database),
            login: None,
        };
        let deny =
            |when| policy(vec![Limit { deny: Some("name the tables".into()), ..limit(when) }]);
        let whole = Scope::Database("billing".into());
        let columns =
            Scope::Columns("billing".into(), "cards".into(), BTreeSet::from(["id".into()]));
        let open = || period(None, None);
        assert_eq!(
            judged(&deny(database_rw.clone()), &whole, open()),
            ["policy does not allow this: name the tables"]
        );
        assert!(judged(&deny(database_rw.clone()), &table(), open()).is_empty());
        assert!(judged(&deny(database_rw.clone()), &columns, open()).is_empty());
        let login = When { login: "root".parse().ok(), ..database_rw };
        assert!(judged(&deny(login), &whole, open()).is_empty());
    }
}
