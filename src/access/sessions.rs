//! `sessions:` of `policy.yaml`: what becomes of open sessions when access ends, for each
//! environment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::files::{SessionsPart, Text};
use super::load::Loader;
use crate::diagnostic::{Code, nearest};
use crate::names::Environment;
use crate::period;

/// The longest time for which sessions may be left: a day.
const LONGEST: u32 = 24 * 60;

/// What becomes of open sessions when the access behind them ends or is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OnEnd {
    /// They are left, counted, and told.
    Report,
    /// They are ended at once.
    #[default]
    Disconnect,
    /// They are left for so many minutes after the end, and then ended.
    After(u32),
}

impl OnEnd {
    /// The value of a setting: `report`, `disconnect`, or `disconnect after 30m` (also in
    /// hours: `2h`), 1 minute to 24 hours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let first = words.next()?;
        let (rest, last) = ((words.next(), words.next()), words.next());
        match (first, rest, last) {
            ("report", (None, None), None) => Some(Self::Report),
            ("disconnect", (None, None), None) => Some(Self::Disconnect),
            ("disconnect", (Some("after"), Some(time)), None) => {
                let (number, unit) = time.split_at_checked(time.len().checked_sub(1)?)?;
                let unit = match unit {
                    "m" => 1,
                    "h" => 60,
                    _ => return None,
                };
                let minutes = period::number(number, 4)?.checked_mul(unit)?;
                (1..=LONGEST).contains(&minutes).then_some(Self::After(minutes))
            }
            _ => None,
        }
    }

    /// When sessions of what ended at `end` are ended; `None` is never.
    pub fn due(self, end: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Report => None,
            Self::Disconnect => Some(end),
            Self::After(minutes) => {
                let later = end.checked_add(SignedDuration::from_mins(minutes.into()));
                Some(later.unwrap_or(Timestamp::MAX))
            }
        }
    }
}

/// As it is written in `policy.yaml`.
impl fmt::Display for OnEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report => f.write_str("report"),
            Self::Disconnect => f.write_str("disconnect"),
            Self::After(minutes) => write!(f, "disconnect after {minutes}m"),
        }
    }
}

impl serde::Serialize for OnEnd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Loader<'_> {
    /// The settings of the environments; those that are not named have the default.
    pub(super) fn sessions(
        &mut self,
        file: &Arc<str>,
        part: &SessionsPart,
        environments: &[Environment],
    ) -> BTreeMap<Environment, OnEnd> {
        let mut sessions = BTreeMap::new();
        for (name, text) in &part.0 {
            let name = self.known(file, name, "environment", environments);
            let on_end = OnEnd::parse(&text.value);
            if on_end.is_none() {
                self.no_setting(file, text);
            }
            if let (Some(name), Some(on_end)) = (name, on_end) {
                sessions.insert(name, on_end);
            }
        }
        sessions
    }

    fn no_setting(&mut self, file: &Arc<str>, text: &Text) {
        let known = ["report", "disconnect", "disconnect after 30m"];
        let expected = "expected `report`, `disconnect`, or `disconnect after 30m` (1m to 24h)";
        let message = "this is not what can become of sessions".to_owned();
        let mut error = self.made(file, text, Code::InvalidValue, message, expected.to_owned());
        error.help = nearest(&text.value, known).map(|near| format!("did you mean `{near}`?"));
        self.errors.push(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_written() {
        for (text, expected) in [
            ("report", Some(OnEnd::Report)),
            ("disconnect", Some(OnEnd::Disconnect)),
            ("disconnect after 30m", Some(OnEnd::After(30))),
            ("disconnect  after 2h", Some(OnEnd::After(120))),
            ("disconnect after 24h", Some(OnEnd::After(1_440))),
            ("disconnect after 25h", None),
            ("disconnect after 0m", None),
            ("disconnect after 30", None),
            ("disconnect after m", None),
            ("disconnect after 30 m", None),
            ("disconnect after -1m", None),
            ("disconnect after +30m", None),
            ("disconnect after 0030m", Some(OnEnd::After(30))),
            ("disconnect after 00030m", None),
            ("disconnect\tafter 30m", None),
            ("disconnect after 1\u{e9}", None),
            ("disconnect after", None),
            ("report after 30m", None),
            ("Disconnect", None),
            ("", None),
        ] {
            assert_eq!(OnEnd::parse(text), expected, "{text}");
            if let Some(on_end) = expected {
                assert_eq!(OnEnd::parse(&on_end.to_string()), Some(on_end));
            }
        }
    }

    #[test]
    fn sessions_are_due_as_set() {
        let end: Timestamp = "2027-02-28T16:00:00Z".parse().expect("a moment");
        assert_eq!(OnEnd::Report.due(end), None);
        assert_eq!(OnEnd::Disconnect.due(end), Some(end));
        let later = OnEnd::After(30).due(end).map(|due| due.to_string());
        assert_eq!(later.as_deref(), Some("2027-02-28T16:30:00Z"));
        assert_eq!(OnEnd::After(30).due(Timestamp::MAX), Some(Timestamp::MAX));
    }
}
