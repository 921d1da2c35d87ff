//! Dates as the server reads and writes them.

use jiff::civil::{Date, DateTime, Time, date};
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The default life of a permission or a user: 70 years of 365 days.
pub(crate) const FOREVER: SignedDuration = SignedDuration::from_hours(70 * 365 * 24);

/// The last second of the year 9999 in the zone of an ordinary installation, in UTC. The server
/// keeps such dates; a timestamp of this program ends a day before. So what lies beyond is kept
/// as [`Timestamp::MAX`] and shown as this.
const LAST: DateTime = date(9999, 12, 31).at(15, 59, 59, 0);

/// The text of an answer: whole seconds in the given zone, `2027/01/02 11:04:05 +0800`.
pub(crate) fn write(moment: Timestamp, zone: &TimeZone) -> String {
    let zoned = moment.to_zoned_datetime(zone.clone());
    if moment == Timestamp::MAX {
        let wall = LAST.checked_add(east(zoned.offset())).unwrap_or(DateTime::MAX);
        return format!("{} {}", wall.strftime("%Y/%m/%d %H:%M:%S"), zoned.strftime("%z"));
    }
    zoned.strftime("%Y/%m/%d %H:%M:%S %z").to_string()
}

/// Why a date of a request was refused: the text of the field error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadDate {
    /// No known format fits.
    Format,
    /// The date lies beyond the year 9999 in the zone of the request, or in UTC.
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
    let pieces = Pieces::parse(text).ok();
    let standard = pieces.and_then(|parts| {
        Some((parts.date().to_datetime(parts.time()?), parts.to_numeric_offset()?))
    });
    let formats = ["%Y/%m/%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z"];
    let mut others = formats.into_iter().filter_map(|format| {
        let parts = strtime::parse(format, text).ok()?;
        Some((parts.to_datetime().ok()?, parts.offset()?))
    });
    if let Some((wall, offset)) = standard.or_else(|| others.next()) {
        return within(wall, offset, zone);
    }
    let slashed = strtime::parse("%Y/%m/%d %H:%M:%S", text).and_then(|parts| parts.to_datetime());
    let wall = text
        .parse::<DateTime>()
        .or(slashed)
        .or_else(|_| text.parse::<Date>().map(|date| date.to_datetime(Time::midnight())))
        .map_err(|_| BadDate::Format)?;
    zone.to_timestamp(wall).or_else(|_| within(wall, zone.to_offset(Timestamp::MAX), zone))
}

/// The moment of a wall time, unless it is beyond the year 9999 in UTC or in `zone`.
fn within(wall: DateTime, offset: Offset, zone: &TimeZone) -> Result<Timestamp, BadDate> {
    offset.to_timestamp(wall).or_else(|_| {
        let utc = wall.checked_sub(east(offset));
        let there = utc.and_then(|utc| utc.checked_add(east(zone.to_offset(Timestamp::MAX))));
        there.map(|_| Timestamp::MAX).map_err(|_| BadDate::Range)
    })
}

/// By how much the clocks of an offset are ahead of UTC.
fn east(offset: Offset) -> SignedDuration {
    SignedDuration::from_secs(offset.seconds().into())
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
    fn refuses_words_and_what_overflows_in_the_zone() {
        assert_eq!(read("tomorrow", &shanghai()), Err(BadDate::Format));
        assert_eq!(read("9999-12-31T23:59:59Z", &shanghai()), Err(BadDate::Range));
        assert_eq!(read("9999-12-31T16:00:00Z", &shanghai()), Err(BadDate::Range));
    }

    #[test]
    fn keeps_the_last_day_of_its_zone() {
        for text in ["9999-12-31T15:59:59Z", "9999/12/31 23:59:59 +0800", "9999-12-31 23:59:59"] {
            let moment = read(text, &shanghai()).expect(text);
            assert_eq!(write(moment, &shanghai()), "9999/12/31 23:59:59 +0800", "{text}");
            assert_eq!(write(moment, &TimeZone::UTC), "9999/12/31 15:59:59 +0000", "{text}");
        }
    }
}
