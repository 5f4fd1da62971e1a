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

    /// The time of day.
    pub fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    /// The day, as people say it: `Today`, `Wednesday, 18 November`, with the year where it is another.
    pub fn day(&self, at: Timestamp) -> String {
        let (at, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        if at.date() == now.date() {
            return "Today".to_owned();
        }
        let format = if at.year() == now.year() { "%A, %-d %B" } else { "%A, %-d %B %Y" };
        at.strftime(format).to_string()
    }

    /// How long it is until then: `23 h 18 min`; `None` where it is past.
    pub fn left(&self, until: Timestamp) -> Option<String> {
        let minutes = until.duration_since(self.now).as_secs() / 60;
        match minutes {
            ..0 => None,
            _ if until <= self.now => None,
            0..60 => Some(format!("{minutes} min")),
            _ => Some(format!("{} h {} min", minutes / 60, minutes % 60)),
        }
    }

    /// How long it has lasted: `42 min`.
    pub fn since(&self, at: Timestamp) -> String {
        let seconds = self.now.duration_since(at).as_secs().max(0);
        match seconds {
            ..3_600 => format!("{} min", (seconds / 60).max(1)),
            3_600..86_400 => format!("{} h", seconds / 3_600),
            _ => format!("{} d", seconds / 86_400),
        }
    }

    /// In RFC 3339 with the zone's offset, to the second: for files.
    pub fn with_offset(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The zone's name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The time of day to the second; with the date where that is not today.
    pub fn seconds(&self, at: Timestamp) -> String {
        let (at, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let format = match (at.date() == now.date(), at.year() == now.year()) {
            (true, _) => "%H:%M:%S",
            (false, true) => "%-d %b, %H:%M:%S",
            (false, false) => "%-d %b %Y, %H:%M:%S",
        };
        at.strftime(format).to_string()
    }

    /// How long it is until then: "23 h 10 min".
    pub fn until(&self, at: Timestamp) -> String {
        let minutes = at.duration_since(self.now).as_secs().max(0) / 60;
        if minutes >= 60 { format!("{} h {} min", minutes / 60, minutes % 60) } else { format!("{minutes} min") }
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
        assert_eq!(times.seconds(time("2026-11-21T14:29:30Z")), "22:29:30");
        assert_eq!(times.seconds(time("2026-11-20T10:40:03Z")), "20 Nov, 18:40:03");
        assert_eq!(times.until(time("2026-11-22T13:40:03Z")), "23 h 10 min");
        assert_eq!(times.until(time("2026-11-21T14:31:00Z")), "1 min");
        let nowhere = Times::new(time("2026-11-21T14:30:00Z"), "Nowhere/At_all");
        assert_eq!(nowhere.date(time("2026-11-21T14:30:00Z")), "21 Nov, 14:30");
    }
}
