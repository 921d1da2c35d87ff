//! From when until when: the two ends of a request, as instants.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One end of a period: the instant, and how people wrote it.
///
/// The end of a period is exclusive: a request `until` a day ends at the first instant
/// of the next day in the zone of the repo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edge {
    /// The instant.
    pub at: Timestamp,
    /// The form in the names of permissions: `20270228`, or `20270228T1830Z`.
    pub tag: String,
    /// The form for people, with its offset: `2027-02-28 18:30 +08:00`; the end of a
    /// whole day is `2027-02-28 24:00 +08:00`.
    pub text: String,
}

impl Edge {
    /// The first instant of a day in `zone`.
    ///
    /// # Errors
    /// When the day cannot be placed in time (beyond the years that are known).
    pub fn first_of(day: Date, zone: &TimeZone) -> Result<Self, jiff::Error> {
        let start = day.to_zoned_datetime(zone.clone())?.start_of_day()?;
        Ok(Self {
            at: start.timestamp(),
            tag: day.strftime("%Y%m%d").to_string(),
            // Some zones skip midnight: their day begins at 01:00.
            text: format!("{} {}", start.strftime("%Y-%m-%d %H:%M"), offset(start.offset())),
        })
    }

    /// The instant at which a day of `zone` is over.
    ///
    /// # Errors
    /// When the day cannot be placed in time (beyond the years that are known).
    pub fn last_of(day: Date, zone: &TimeZone) -> Result<Self, jiff::Error> {
        let next = day.tomorrow()?.to_zoned_datetime(zone.clone())?.start_of_day()?;
        let before = next.timestamp().checked_sub(SignedDuration::from_secs(1))?;
        let before = zone.to_offset(before);
        Ok(Self {
            at: next.timestamp(),
            tag: day.strftime("%Y%m%d").to_string(),
            text: format!("{day} 24:00 {}", offset(before)),
        })
    }

    /// An end as people wrote it, as far as the instant tells: midnight is the end of the
    /// day before.
    pub fn end(at: Timestamp, zone: &TimeZone) -> Self {
        let before = at.checked_sub(SignedDuration::from_secs(1)).ok();
        let day = before.map(|before| before.to_zoned_datetime(zone.clone()).date());
        let edge = day.and_then(|day| Self::last_of(day, zone).ok());
        edge.filter(|edge| edge.at == at).unwrap_or_else(|| Self::moment(at, zone))
    }

    /// The text of [`Self::end`].
    pub fn end_text(at: Timestamp, zone: &TimeZone) -> String {
        Self::end(at, zone).text
    }

    /// The instant at which a period starts whose start has this tag.
    pub(crate) fn start_of(tag: &str, zone: &TimeZone) -> Option<Timestamp> {
        if let Ok(day) = Date::strptime("%Y%m%d", tag) {
            return Some(Self::first_of(day, zone).ok()?.at);
        }
        let moment = DateTime::strptime("%Y%m%dT%H%MZ", tag).ok()?;
        Some(moment.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    }

    /// A moment (whole minutes), shown in `zone`.
    pub fn moment(at: Timestamp, zone: &TimeZone) -> Self {
        let local = at.to_zoned_datetime(zone.clone());
        Self {
            at,
            tag: at.to_zoned_datetime(TimeZone::UTC).strftime("%Y%m%dT%H%MZ").to_string(),
            text: format!("{} {}", local.strftime("%Y-%m-%d %H:%M"), offset(local.offset())),
        }
    }
}

/// An offset as people write it: `+08:00`.
fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// From when until when something holds; either end may be open.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first instant, when there is one.
    pub from: Option<Edge>,
    /// The instant at which it is over, when there is one.
    pub until: Option<Edge>,
}

impl Period {
    /// The first instant; 2000-01-01Z when the period has no beginning.
    pub fn start(&self) -> Timestamp {
        // 2000-01-01T00:00:00Z: JumpServer would put the time of the request there.
        self.from.as_ref().map_or(Timestamp::constant(946_684_800, 0), |edge| edge.at)
    }

    /// The instant at which it is over; 2099-12-31Z when the period has no end.
    pub fn end(&self) -> Timestamp {
        // 2099-12-31T00:00:00Z: JumpServer would put 70 years from now there.
        self.until.as_ref().map_or(Timestamp::constant(4_102_358_400, 0), |edge| edge.at)
    }

    /// Whether `moment` lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.has_started(moment) && !self.is_over(moment)
    }

    /// Whether it has begun at `moment`.
    pub fn has_started(&self, moment: Timestamp) -> bool {
        self.start() <= moment
    }

    /// Whether it is over at `moment`.
    pub fn is_over(&self, moment: Timestamp) -> bool {
        moment >= self.end()
    }

    /// Whether no moment lies in it: it is cut before it begins.
    pub fn is_empty(&self) -> bool {
        self.end() <= self.start()
    }

    /// The same period, over at `edge` at the latest.
    pub fn cut(&self, edge: &Edge) -> Self {
        if edge.at < self.end() {
            Self { from: self.from.clone(), until: Some(edge.clone()) }
        } else {
            self.clone()
        }
    }

    /// The end of a permission's name: empty, `_<until>`, `_<from>-<until>` or `_<from>-`.
    pub fn suffix(&self) -> String {
        match (&self.from, &self.until) {
            (None, None) => String::new(),
            (None, Some(until)) => ["_", &until.tag].concat(),
            (Some(from), Some(until)) => ["_", &from.tag, "-", &until.tag].concat(),
            (Some(from), None) => ["_", &from.tag, "-"].concat(),
        }
    }
}

/// A number of days, from a text such as `90d`; at most a century.
pub fn days(text: &str) -> Option<u32> {
    let days = number(text.strip_suffix('d')?, 5)?;
    (1..=36_500).contains(&days).then_some(days)
}

/// A number of so many digits at most, and nothing else: no sign, and no other digits than these
/// ten.
pub(crate) fn number(text: &str, most: usize) -> Option<u32> {
    let good = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("a known zone")
    }

    #[test]
    fn a_day_is_over_at_midnight_of_the_repos_zone() {
        let edge =
            Edge::last_of("2027-02-28".parse().expect("a day"), &shanghai()).expect("an edge");
        assert_eq!(edge.at.to_string(), "2027-02-28T16:00:00Z");
        assert_eq!(edge.text, "2027-02-28 24:00 +08:00");
        assert_eq!(edge.tag, "20270228");
    }

    #[test]
    fn a_day_that_begins_without_midnight_begins_when_it_does() {
        let zone = TimeZone::get("Africa/Cairo").expect("a known zone");
        let edge = Edge::first_of("2027-04-30".parse().expect("a day"), &zone).expect("an edge");
        assert_eq!(edge.at.to_string(), "2027-04-29T22:00:00Z");
        assert_eq!(edge.text, "2027-04-30 01:00 +03:00");
        assert_eq!(edge.tag, "20270430");
        let before = Edge::last_of("2027-04-29".parse().expect("a day"), &zone).expect("an edge");
        assert_eq!((before.at, &*before.text), (edge.at, "2027-04-29 24:00 +02:00"));
    }

    #[test]
    fn the_constants_are_what_they_say() {
        let open = Period::default();
        assert_eq!(open.start().to_string(), "2000-01-01T00:00:00Z");
        assert_eq!(open.end().to_string(), "2099-12-31T00:00:00Z");
        assert_eq!(open.suffix(), "");
    }

    #[test]
    fn the_suffix_holds_the_whole_period() {
        let zone = shanghai();
        let from = Edge::first_of("2026-12-01".parse().expect("a day"), &zone).expect("an edge");
        let until = Edge::moment("2027-02-28T18:30:00Z".parse().expect("a moment"), &zone);
        let period = Period { from: Some(from.clone()), until: Some(until) };
        assert_eq!(period.suffix(), "_20261201-20270228T1830Z");
        assert_eq!(Edge::start_of(&from.tag, &zone), Some(from.at));
        let moment = Edge::moment("2026-12-01T18:30:00Z".parse().expect("a moment"), &zone);
        assert_eq!(Edge::start_of(&moment.tag, &zone), Some(moment.at));
        assert_eq!(Period { from: Some(from), until: None }.suffix(), "_20261201-");
    }

    #[test]
    fn the_end_of_a_day_is_shown_as_that_day() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a known zone");
        let end = |text: &str| Edge::end_text(text.parse().expect("a moment"), &zone);
        assert_eq!(end("2027-02-28T16:00:00Z"), "2027-02-28 24:00 +08:00");
        assert_eq!(end("2027-02-28T10:30:00Z"), "2027-02-28 18:30 +08:00");
    }

    #[test]
    fn the_first_and_the_last_instant_have_a_text() {
        for zone in [shanghai(), TimeZone::UTC] {
            for at in [Timestamp::MIN, Timestamp::MAX] {
                assert_eq!(Edge::end(at, &zone), Edge::moment(at, &zone));
            }
        }
    }
}
