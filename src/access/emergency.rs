//! `emergency:` of `policy.yaml` and of a request: access for hours, merged without the usual
//! approvals, and approved afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use super::files::{EmergencyPart, RequestFile, Text};
use super::limits::SENTENCE;
use super::load::Loader;
use super::model::{Emergency, EmergencyRule, Person, Policy, Team};
use crate::diagnostic::Code;
use crate::names::{PersonName, TeamName};
use crate::period::{Period, number};
use crate::yaml::{self, Spanned};

/// The longest emergency that a policy can allow, in hours.
const LONGEST: u32 = 72;

/// A number of hours, from a text such as `4h`; at most three days.
pub fn hours(text: &str) -> Option<u32> {
    let hours = number(text.strip_suffix('h')?, 2)?;
    (1..=LONGEST).contains(&hours).then_some(hours)
}

/// What an emergency's period and policy do not agree on, as what is wrong and what was
/// expected. The file alone bounds it: both ends are moments, so neither the time of the merge
/// nor that of a run makes it longer.
pub fn too_long(rule: &EmergencyRule, period: &Period) -> Option<String> {
    let (Some(from), Some(until)) = (&period.from, &period.until) else {
        return Some("an emergency has both ends: add `from:` and `until:`".to_owned());
    };
    let most = SignedDuration::from_hours(i64::from(rule.longest_hours));
    (until.at.duration_since(from.at) > most)
        .then(|| format!("policy allows at most {} hours for an emergency", rule.longest_hours))
}

impl Loader<'_> {
    /// The rule of policy, when it is right.
    pub(super) fn emergency_rule(
        &mut self,
        file: &Arc<str>,
        part: &Spanned<EmergencyPart>,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Option<EmergencyRule> {
        let EmergencyPart { mergers, longest } = &part.value;
        let mergers = self.owners(file, Some(mergers), people, teams);
        let Some(longest_hours) = hours(&longest.value) else {
            let message = "this is no length of an emergency".to_owned();
            let expected = format!("expected 1 to {LONGEST} hours, such as 4h");
            self.at(file, longest, Code::InvalidValue, message, expected);
            return None;
        };
        Some(EmergencyRule { site: yaml::site(file, part), mergers, longest_hours })
    }

    /// What a request says of an emergency. Of one that is `over` only the form counts: the
    /// policy and the people of its day may be gone.
    pub(super) fn emergency(
        &mut self,
        file: &Arc<str>,
        read: &RequestFile,
        period: &Period,
        (policy, people): (&Policy, &BTreeMap<PersonName, Person>),
        over: bool,
    ) -> Option<Emergency> {
        let Some(text) = &read.emergency else {
            if let Some(by) = &read.approved_afterwards {
                let message = "this request is no emergency".to_owned();
                let expected = "expected it only beside `emergency:`: other requests are approved \
                                before they are merged";
                self.at(file, by, Code::ApprovedAfterwards, message, expected.to_owned());
            }
            return None;
        };
        self.filled(file, text);
        self.short(file, text, SENTENCE);
        let ends = [("from", &read.from), ("until", &read.until)];
        let wrong = ends.map(|(key, end)| !self.moment(file, text, key, end.as_ref()));
        if !over {
            self.allowed(file, read, text, policy, period, wrong.contains(&true));
        }
        let approved = read.approved_afterwards.as_ref().and_then(|by| {
            if over { self.name(file, by) } else { self.known(file, by, "person", people) }
        });
        Some(Emergency { reason: text.value.clone(), approved })
    }

    /// Says when policy knows no emergencies, or this is longer than one may be; how long one is
    /// that has no moments, nobody asks.
    fn allowed(
        &mut self,
        file: &Arc<str>,
        read: &RequestFile,
        text: &Text,
        policy: &Policy,
        period: &Period,
        no_moments: bool,
    ) {
        if self.unsure.contains("environment") || self.unsure.contains("emergency") {
            // Policy could not be read: nobody knows what it says.
            return;
        }
        let Some(rule) = &policy.emergency else {
            let message = "policy.yaml does not say who may merge an emergency".to_owned();
            let expected = "expected `emergency:` there, with `mergers:` and `longest:`";
            let mut error = self.made(file, text, Code::NoEmergency, message, expected.to_owned());
            error.help = Some("without it a request waits for its approvals".to_owned());
            self.errors.push(error);
            return;
        };
        let until = read.until.as_ref().filter(|_| !no_moments && period.from.is_some());
        if let (Some(until), Some(wrong)) = (until, too_long(rule, period)) {
            let message = "this emergency is too long".to_owned();
            self.at(file, until, Code::EmergencyPeriod, message, format!("{wrong}: end it sooner"));
        }
    }

    /// Whether an end is there and a moment, and no day: hours begin and end at moments. Says
    /// when not.
    fn moment(&mut self, file: &Arc<str>, text: &Text, key: &str, end: Option<&Text>) -> bool {
        let expected = "expected a moment, such as 2026-12-01T18:00+08:00";
        let (at, message) = match end {
            None => (text, format!("an emergency needs `{key}:`")),
            Some(end) if end.value.len() == "2026-12-01".len() => {
                (end, "a day is no end of an emergency".to_owned())
            }
            Some(_) => return true,
        };
        let mut error = self.made(file, at, Code::EmergencyPeriod, message, expected.to_owned());
        error.help = Some("an emergency is for hours, and its file alone says which".to_owned());
        self.errors.push(error);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_few_and_whole() {
        for (text, expected) in [
            ("4h", Some(4)),
            ("72h", Some(72)),
            ("73h", None),
            ("0h", None),
            ("4", None),
            ("4d", None),
            ("-4h", None),
            ("+4h", None),
            ("04h", Some(4)),
            ("004h", None),
            ("h", None),
        ] {
            assert_eq!(hours(text), expected, "{text}");
        }
    }
}
