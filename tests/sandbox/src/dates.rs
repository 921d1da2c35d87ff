//! Dates as the server reads and writes them.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The default life of a permission or a user: 70 years of 365 days.
pub(crate) const FOREVER: SignedDuration = SignedDuration::from_hours(70 * 365 * 24);

/// The text of an answer: whole seconds in the given zone, `2027/01/02 11:04:05 +0800`.
pub(crate) fn write(moment: Timestamp, zone: &TimeZone) -> String {
    moment.to_zoned_datetime(zone.clone()).strftime("%Y/%m/%d %H:%M:%S %z").to_string()
}

/// Why a date of a request was refused: the text of the field error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadDate {
    /// No known format fits.
    Format,
    /// The date lies beyond the year 9999 in some zone.
    Range,
}

impl BadDate {
    /// The server's words.
    pub(crate) fn message(self) -> &'static str {
        match self {
            BadDate::Format => {
                "Datetime has wrong format. Use one of these formats instead: \
                 YYYY/MM/DD hh:mm:ss [+HHMM|-HHMM], YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z], \
                 YYYY-MM-DD hh:mm:ss [+HHMM|-HHMM]."
            }
            BadDate::Range => "Datetime value out of range.",
        }
    }
}

/// Reads a date of a request. One without an offset is in `zone`; a date alone is its
/// midnight.
pub(crate) fn read(text: &str, zone: &TimeZone) -> Result<Timestamp, BadDate> {
    let text = text.trim();
    if text.starts_with("9999-12-31") || text.starts_with("9999/12/31") {
        return Err(BadDate::Range);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    for format in ["%Y/%m/%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z"] {
        if let Ok(moment) = Timestamp::strptime(format, text) {
            return Ok(moment);
        }
    }
    let slashed = strtime::parse("%Y/%m/%d %H:%M:%S", text).and_then(|parts| parts.to_datetime());
    let wall = text
        .parse::<DateTime>()
        .or(slashed)
        .or_else(|_| {
            text.parse::<Date>().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
        })
        .map_err(|_| BadDate::Format)?;
    zone.to_timestamp(wall).map_err(|_| BadDate::Range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("a known zone")
    }

    #[test]
    fn reads_every_recorded_format() {
        for (text, shown) in [
            ("2027-01-02T03:04:05Z", "2027/01/02 11:04:05 +0800"),
            ("2027-01-02T03:04:05+03:00", "2027/01/02 08:04:05 +0800"),
            ("2027-01-02T03:04:05", "2027/01/02 03:04:05 +0800"),
            ("2027/01/02 03:04:05 +0800", "2027/01/02 03:04:05 +0800"),
            ("2027-01-02 03:04:05 +0000", "2027/01/02 11:04:05 +0800"),
            ("2027-01-02", "2027/01/02 00:00:00 +0800"),
            ("2027-01-02T03:04:05.123456Z", "2027/01/02 11:04:05 +0800"),
            ("2027-01-02 03:04:05", "2027/01/02 03:04:05 +0800"),
        ] {
            let moment = read(text, &shanghai()).expect(text);
            assert_eq!(write(moment, &shanghai()), shown, "{text}");
        }
    }

    #[test]
    fn refuses_words_and_the_last_day() {
        assert_eq!(read("tomorrow", &shanghai()), Err(BadDate::Format));
        assert_eq!(read("9999-12-31T23:59:59Z", &shanghai()), Err(BadDate::Range));
    }
}
