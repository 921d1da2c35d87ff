//! The text of `from`, `until` and `left`: a day, a wall time in the repo's zone, or a
//! moment of RFC 3339; in whole minutes.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::period::Edge;

/// Which end of a period a text is: a day begins for one and is over for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `from`: a day counts from its first instant.
    From,
    /// `until` and `left`: a day counts up to its last instant.
    Until,
}

impl End {
    /// It in words.
    pub fn what(self) -> &'static str {
        match self {
            Self::From => "beginning of a period",
            Self::Until => "end of a period",
        }
    }
}

/// Why a text is no end of a period, and what to do, for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidInstant(pub String);

/// What can be written, for messages.
const FORMS: &str = "a day (2027-02-28), a wall time in the repo's zone (2027-02-28 18:30), or a \
                     moment with its offset (2027-02-28T18:30:00+08:00)";

/// Reads one end of a period. The result is the same on every machine: the zone comes
/// from the repo or from the text.
///
/// # Errors
/// An [`InvalidInstant`] for other forms, for days that do not exist, for seconds, and for
/// wall times that the zone skips or repeats.
pub fn parse(text: &str, end: End, zone: &TimeZone) -> Result<Edge, InvalidInstant> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let edge = match shape.as_str() {
        "0000-00-00" => {
            let day: Date = text.parse().map_err(|_| no_such(text, "day"))?;
            match end {
                End::From => Edge::first_of(day, zone),
                End::Until => Edge::last_of(day, zone),
            }
        }
        "0000-00-00 00:00" => {
            // 24:00 is how the end of a day is shown, so it can be written too.
            if let (Some(day), End::Until) = (text.strip_suffix(" 24:00"), end) {
                return parse(day, end, zone);
            }
            let time: DateTime =
                text.replace(' ', "T").parse().map_err(|_| no_such(text, "time"))?;
            wall(text, time, zone).map(|at| Edge::moment(at, zone)).map(Ok)?
        }
        "0000-00-00T00:00Z"
        | "0000-00-00T00:00:00Z"
        | "0000-00-00T00:00+00:00"
        | "0000-00-00T00:00:00+00:00"
        | "0000-00-00T00:00-00:00"
        | "0000-00-00T00:00:00-00:00" => {
            let at: Timestamp = text.parse().map_err(|_| no_such(text, "moment"))?;
            if at.as_second() % 60 != 0 {
                return Err(InvalidInstant(format!("{text} has seconds: write whole minutes")));
            }
            Ok(Edge::moment(at, zone))
        }
        _ => return Err(InvalidInstant(format!("expected {FORMS}"))),
    };
    let edge = edge.map_err(|_| no_such(text, "day"))?;
    // Beyond the constants that stand for "no beginning" and "no end".
    let years = Timestamp::constant(946_684_800, 0)..Timestamp::constant(4_102_358_400, 0);
    if years.contains(&edge.at) {
        Ok(edge)
    } else {
        let text = edge.text;
        Err(InvalidInstant(format!(
            "{text} is before 2000-01-01 00:00 UTC, or not before 2099-12-31 00:00 UTC"
        )))
    }
}

fn no_such(text: &str, what: &str) -> InvalidInstant {
    InvalidInstant(format!("there is no {what} {text}"))
}

/// The instant of a wall time, when the zone has it exactly once.
fn wall(text: &str, time: DateTime, zone: &TimeZone) -> Result<Timestamp, InvalidInstant> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    let problem = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some("the clocks skip it"),
        AmbiguousOffset::Fold { .. } => Some("the clocks show it twice"),
    };
    if let Some(problem) = problem {
        let message = format!(
            "{text} is not one moment in the repo's zone, since {problem}: write it with an \
             offset, as in 2027-02-28T18:30:00+08:00"
        );
        return Err(InvalidInstant(message));
    }
    ambiguous.unambiguous().map_err(|_| no_such(text, "time"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a known zone")
    }

    fn until(text: &str, zone_name: &str) -> Result<String, String> {
        parse(text, End::Until, &zone(zone_name))
            .map(|edge| format!("{} | {} | {}", edge.at, edge.tag, edge.text))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn o26_date_without_zone() {
        let shanghai = |text| until(text, "Asia/Shanghai");
        let expected = "2026-03-31T16:00:00Z | 20260331 | 2026-03-31 24:00 +08:00";
        assert_eq!(shanghai("2026-03-31").as_deref(), Ok(expected));
        assert_eq!(shanghai("2026-03-31 24:00").as_deref(), Ok(expected));
        let expected = "2026-03-31T10:00:00Z | 20260331T1000Z | 2026-03-31 18:00 +08:00";
        assert_eq!(shanghai("2026-03-31 18:00").as_deref(), Ok(expected));
        assert_eq!(shanghai("2026-03-31T18:00:00+08:00").as_deref(), Ok(expected));
        assert_eq!(shanghai("2026-03-31T10:00Z").as_deref(), Ok(expected));
        assert_eq!(shanghai("2026-02-30"), Err("there is no day 2026-02-30".to_owned()));
        assert!(shanghai("2026-03-31 25:00").is_err());
    }

    #[test]
    fn a_day_begins_and_ends_by_its_place() {
        let first = parse("2026-12-01", End::From, &zone("Asia/Shanghai")).expect("an edge");
        assert_eq!(first.at.to_string(), "2026-11-30T16:00:00Z");
        assert_eq!(first.text, "2026-12-01 00:00 +08:00");
    }

    #[test]
    fn a_wall_time_that_is_not_there_once_is_an_error() {
        let skipped = until("2026-03-29 02:30", "Europe/Berlin").expect_err("skipped");
        assert!(skipped.contains("skip"), "{skipped}");
        let twice = until("2026-10-25 02:30", "Europe/Berlin").expect_err("twice");
        assert!(twice.contains("twice"), "{twice}");
        assert!(until("2026-10-25 03:30", "Europe/Berlin").is_ok());
    }

    #[test]
    fn other_forms_are_errors() {
        for text in [
            "",
            "tomorrow",
            "2026-3-1",
            "2026-03-31T18:00:00",
            "2026-03-31T18:00:30Z",
            "2026/03/31",
            "31.03.2026",
            " 2026-03-31",
            "2026-03-31 18:00:00",
            "1999-01-01",
            "2100-01-01",
            "２０２６-03-31",
        ] {
            assert!(until(text, "UTC").is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_out_of_the_years_is_told_with_its_offset() {
        let error = parse("2000-01-01", End::From, &zone("Asia/Shanghai")).expect_err("before");
        assert_eq!(
            error.to_string(),
            "2000-01-01 00:00 +08:00 is before 2000-01-01 00:00 UTC, or not before 2099-12-31 00:00 UTC"
        );
        assert!(parse("2000-01-01", End::From, &TimeZone::UTC).is_ok());
        let error = until("2099-12-30", "UTC").expect_err("the end of that day");
        assert!(error.starts_with("2099-12-30 24:00 +00:00 is "), "{error}");
        assert!(until("2099-12-30", "Asia/Shanghai").is_ok());
    }

    proptest! {
        #[test]
        fn any_text_gives_an_edge_or_an_error(text in "[0-9T:Z+ -]{0,26}|\\PC{0,20}") {
            for end in [End::From, End::Until] {
                if let Ok(edge) = parse(&text, end, &zone("America/New_York")) {
                    prop_assert_eq!(edge.at.as_second() % 60, 0);
                }
            }
        }

        #[test]
        fn an_edge_reads_back_as_itself(minute in 15_778_080..68_000_000_i64) {
            let zone = zone("Asia/Shanghai");
            let at = Timestamp::from_second(minute * 60).expect("a moment");
            let edge = Edge::moment(at, &zone);
            let text = edge.text.trim_end_matches(" +08:00");
            prop_assert_eq!(parse(text, End::Until, &zone), Ok(edge.clone()));
        }
    }
}
