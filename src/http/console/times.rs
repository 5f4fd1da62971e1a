//! Times as people read them: in their zone, relative up to a day, exact on hover.

use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

/// Now, and the zone of the reader.
#[derive(Clone, Debug)]
pub struct Times {
    now: Timestamp,
    zone: TimeZone,
}

impl Times {
    /// In the zone of that IANA name.
    pub fn new(now: Timestamp, zone: &str) -> Self {
        Self { now, zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC) }
    }

    /// How long ago it was, up to a day; then the date, with the year where it is another.
    pub fn short(&self, at: Timestamp) -> String {
        let seconds = self.now.duration_since(at).as_secs();
        match seconds {
            ..-59 => self.date(at),
            -59..60 => "just now".to_owned(),
            60..3_600 => format!("{} min ago", seconds / 60),
            3_600..86_400 => format!("{} h ago", seconds / 3_600),
            _ => self.date(at),
        }
    }

    /// The date and the time of day.
    pub fn date(&self, at: Timestamp) -> String {
        let (at, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let format = if at.year() == now.year() { "%-d %b, %H:%M" } else { "%-d %b %Y, %H:%M" };
        at.strftime(format).to_string()
    }

    /// To the millisecond, with the zone.
    pub fn exact(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_for_its_reader() {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let times = Times::new(time("2026-11-21T14:30:00Z"), "Asia/Singapore");
        let check = |at: &str, short: &str| assert_eq!(times.short(time(at)), short, "{at}");
        check("2026-11-21T14:29:30Z", "just now");
        check("2026-11-21T14:27:00Z", "3 min ago");
        check("2026-11-21T12:10:00Z", "2 h ago");
        check("2026-11-20T10:40:03Z", "20 Nov, 18:40");
        check("2025-12-31T16:40:03Z", "1 Jan, 00:40");
        check("2025-12-31T15:40:03Z", "31 Dec 2025, 23:40");
        check("2026-11-21T15:00:00Z", "21 Nov, 23:00");
        assert_eq!(times.exact(time("2026-11-21T14:29:30.5Z")), "2026-11-21 22:29:30.500 +08");
        let nowhere = Times::new(time("2026-11-21T14:30:00Z"), "Nowhere/At_all");
        assert_eq!(nowhere.date(time("2026-11-21T14:30:00Z")), "21 Nov, 14:30");
    }
}
