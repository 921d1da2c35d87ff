//! Dates as JumpServer shows and takes them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};

/// How answers write a date, in the zone of the server or of the header `X-TZ`.
const SHOWN: &str = "%Y/%m/%d %H:%M:%S %z";

/// The moment of a date in an answer: `2027/01/02 11:04:05 +0800`, or RFC 3339. A date
/// without an offset gives nothing: whose zone it means is not known. One so far off that a
/// timestamp cannot hold it (the last two days of the year 9999) is the furthest that can be
/// held.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (wall, offset) = shown(text).or_else(|| standard(text))?;
    let furthest = if wall.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    Some(offset.to_timestamp(wall).unwrap_or(furthest))
}

/// The parts of a date as answers write it.
fn shown(text: &str) -> Option<(DateTime, Offset)> {
    let parts = strtime::parse(SHOWN, text).ok()?;
    Some((parts.to_datetime().ok()?, parts.offset()?))
}

/// The parts of a date in RFC 3339.
fn standard(text: &str) -> Option<(DateTime, Offset)> {
    let parts = Pieces::parse(text).ok()?;
    Some((parts.date().to_datetime(parts.time()?), parts.to_numeric_offset()?))
}

/// The form for requests: RFC 3339 in UTC, whole seconds.
pub(crate) fn write(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The moment that the server keeps: without parts of a second.
pub(crate) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// The moment of the `Date` header: `Wed, 25 Nov 2026 03:35:26 GMT`.
pub(crate) fn parse_http(text: &str) -> Option<Timestamp> {
    let text = text.trim().strip_suffix("GMT")?;
    Timestamp::strptime("%a, %d %b %Y %H:%M:%S %z", format!("{text}+0000")).ok()
}

/// The form of the `Date` header.
pub(crate) fn write_http(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_the_same_moment() {
        let expected: Timestamp = "2027-01-02T03:04:05Z".parse().expect("a moment");
        assert_eq!(parse("2027/01/02 11:04:05 +0800"), Some(expected));
        assert_eq!(parse("2027/01/02 03:04:05 +0000"), Some(expected));
        assert_eq!(parse("2027-01-02T03:04:05Z"), Some(expected));
        assert_eq!(write(expected), "2027-01-02T03:04:05Z");
    }

    #[test]
    fn a_date_without_an_offset_is_none() {
        assert_eq!(parse("2027/01/02 11:04:05"), None);
        assert_eq!(parse("2027-01-02"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_date_that_no_timestamp_holds_is_the_furthest_that_one_does() {
        for text in ["9999/12/31 15:59:59 +0000", "9999/12/31 23:59:59 +0800"] {
            assert_eq!(parse(text), Some(Timestamp::MAX), "{text}");
        }
        assert_eq!(parse("9999-12-31T15:59:59Z"), Some(Timestamp::MAX));
        assert_eq!(parse("-009999-01-01T00:00:00Z"), Some(Timestamp::MIN));
        assert_eq!(
            parse("9999/12/30 00:00:00 +0000").map(write).as_deref(),
            Some("9999-12-30T00:00:00Z")
        );
        assert_eq!(parse("9999/13/31 15:59:59 +0000"), None);
        assert_eq!(parse("10000/01/01 00:00:00 +0000"), None);
    }

    #[test]
    fn parts_of_a_second_are_cut() {
        let moment: Timestamp = "2027-01-02T03:04:05.999Z".parse().expect("a moment");
        assert_eq!(write(moment), "2027-01-02T03:04:05Z");
        assert_eq!(whole_seconds(moment).to_string(), "2027-01-02T03:04:05Z");
    }

    #[test]
    fn the_header_goes_both_ways() {
        let text = "Wed, 25 Nov 2026 03:35:26 GMT";
        let moment = parse_http(text).expect("a moment");
        assert_eq!(moment.to_string(), "2026-11-25T03:35:26Z");
        assert_eq!(write_http(moment), text);
    }
}
