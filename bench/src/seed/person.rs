//! Who writes.

use super::draw::{Draw, scattered};
use super::words::name;

/// Numbers of a country that differ.
const NUMBERS: u64 = 10_000_000;

/// Somebody.
pub struct Person {
    /// As they say it.
    pub name: String,
    /// Their address.
    pub email: String,
    /// E.164.
    pub phone: String,
    /// What they are called at the platform, where they say so.
    pub profile_name: Option<String>,
    /// Their handle there.
    pub username: Option<String>,
    /// The platform's own id of them, where it tells it.
    pub external_user_id: Option<String>,
}

impl Person {
    /// The person of a lead. Nobody else has their number.
    pub fn new(lead: u64, draw: &mut Draw) -> Self {
        let (name, handle) = name(draw);
        let number = scattered(lead % NUMBERS, NUMBERS);
        let phone = match draw.below(10) {
            0..=5 => format!("+659{number:07}"),
            6 | 7 => format!("+6011{:08}", number + NUMBERS),
            8 => format!("+49151{:08}", number + 2 * NUMBERS),
            _ => format!("+62812{:08}", number + 3 * NUMBERS),
        };
        let place = lead % 9_973;
        let profile = match draw.below(10) {
            0 => None,
            1..=3 => Some(handle.split('.').next().unwrap_or_default().to_owned()),
            _ => Some(name.clone()),
        };
        Self {
            email: format!("{handle}{place}@example.com"),
            profile_name: profile,
            username: draw.is_one_of_thousand(50).then(|| format!("{handle}{place}")),
            external_user_id: draw.is_one_of_thousand(100).then(|| format!("SG.{:020}", lead + 10_u64.pow(18))),
            name,
            phone,
        }
    }

    /// The digits of the number: the platform's id of them.
    pub fn digits(&self) -> &str {
        self.phone.trim_start_matches('+')
    }
}
