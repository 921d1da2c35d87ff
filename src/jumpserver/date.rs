//! Dates as JumpServer shows and takes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How answers write a date, in the zone of the server or of the header `X-TZ`.
const SHOWN: &str = "%Y/%m/%d %H:%M:%S %z";

/// The moment of a date in an answer: `2027/01/02 11:04:05 +0800`, or RFC 3339. A date
/// without an offset gives nothing: whose zone it means is not known.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::strptime(SHOWN, text).ok().or_else(|| text.parse().ok())
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
