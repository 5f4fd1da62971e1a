//! What an attempt came to, as a number that lists are searched by: the status of the response, or why there was none.

/// Why an attempt has no response that counts. Kept as a number below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoResponse {
    /// The name is not found, or stands for no public address: which of both is not told.
    NoAddress,
    /// Nobody takes connections there.
    NotConnected,
    /// No secure connection, or a certificate that is not valid.
    NotSecure,
    /// It took longer than allowed.
    TooSlow,
    /// The connection ended before the response did.
    BrokenOff,
    /// The response is no HTTP.
    NotHttp,
    /// The URL or the headers cannot be sent.
    NotSendable,
    /// The template made no body of the event: nothing was sent.
    NotRendered,
}

impl NoResponse {
    const ALL: [(Self, i64); 8] = [
        (Self::NoAddress, -1),
        (Self::NotConnected, -2),
        (Self::NotSecure, -3),
        (Self::TooSlow, -4),
        (Self::BrokenOff, -5),
        (Self::NotHttp, -6),
        (Self::NotSendable, -7),
        (Self::NotRendered, -8),
    ];
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// A response with this status.
    Status(u16),
    /// No response that counts.
    None(NoResponse),
}

impl AttemptResult {
    /// As the database has it: the status, or a number below 0.
    pub fn code(self) -> i64 {
        match self {
            Self::Status(status) => status.into(),
            Self::None(why) => NoResponse::ALL.iter().find(|(one, _)| *one == why).map_or(-1, |(_, code)| *code),
        }
    }

    /// From the database; `None` where no attempt has ended yet.
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => None,
            1.. => u16::try_from(code).ok().map(Self::Status),
            _ => NoResponse::ALL.iter().find(|(_, known)| *known == code).map(|(why, _)| Self::None(*why)),
        }
    }
}

/// Results from one number to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultRange {
    /// The lowest.
    pub least: i64,
    /// The highest.
    pub most: i64,
}

impl ResultRange {
    /// Whatever it is, or none yet.
    pub const ANY: Self = Self { least: i32::MIN as i64, most: i32::MAX as i64 };

    /// Whether one of the numbers from `least` to `most` is in it.
    pub fn overlaps(self, least: i64, most: i64) -> bool {
        self.least <= most && least <= self.most
    }

    /// Reads `2xx`, `none`, or one result by its number.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "2xx" => Some(Self { least: 200, most: 299 }),
            "3xx" => Some(Self { least: 300, most: 399 }),
            "4xx" => Some(Self { least: 400, most: 499 }),
            "5xx" => Some(Self { least: 500, most: 599 }),
            "none" => Some(Self { least: -99, most: -1 }),
            _ => {
                let code = word.parse().ok().filter(|code| AttemptResult::from_code(*code).is_some())?;
                Some(Self { least: code, most: code })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_as_it_is_written() {
        let all = NoResponse::ALL.map(|(why, _)| AttemptResult::None(why));
        for result in all.into_iter().chain([AttemptResult::Status(200), AttemptResult::Status(599)]) {
            assert_eq!(AttemptResult::from_code(result.code()), Some(result));
        }
        assert_eq!([0, -9, 70_000].map(AttemptResult::from_code), [None, None, None]);
    }

    #[test]
    fn classes_are_ranges() {
        assert_eq!(ResultRange::parse("4xx"), Some(ResultRange { least: 400, most: 499 }));
        assert_eq!(ResultRange::parse("401"), Some(ResultRange { least: 401, most: 401 }));
        assert_eq!(ResultRange::parse("-4"), Some(ResultRange { least: -4, most: -4 }));
        assert_eq!(["", "0", "6xx", "-9", "x"].map(ResultRange::parse), [None; 5]);
        let overlaps = |word, least, most| ResultRange::parse(word).is_some_and(|range| range.overlaps(least, most));
        assert!(
            overlaps("2xx", 299, 400) && overlaps("-4", -4, 0) && !overlaps("4xx", 200, 399) && !overlaps("none", 0, 0)
        );
        assert!(ResultRange::ANY.overlaps(0, 0));
    }
}
