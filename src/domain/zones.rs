//! In which time zone somebody lives, as far as their phone number tells.

use jiff::tz::TimeZone;

use super::phone::PhoneNumber;

/// Countries of which nearly all have the same time, one a line.
const ZONES: &str = include_str!("../../packs/zones.txt");

/// The time zone of a number's country, where the country has one, or one that nearly all of it keeps.
pub fn zone_of(phone: &PhoneNumber) -> Option<TimeZone> {
    let country = phone.country()?;
    let lines = ZONES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let (_, name) = lines.into_iter().find(|(code, _)| *code == country.as_str())?;
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_the_zone_of_a_country_that_has_one() {
        let check = |phone: &str, expected: Option<&str>| {
            let zone = zone_of(&PhoneNumber::from_e164(phone).expect("a number"));
            assert_eq!(zone.as_ref().and_then(TimeZone::iana_name), expected, "{phone}");
        };
        check("+6587654321", Some("Asia/Singapore"));
        check("+4915112345678", Some("Europe/Berlin"));
        check("+8613812345678", Some("Asia/Shanghai"));
        // Several zones, none of them clear.
        check("+12125550123", None);
        check("+79161234567", None);
        check("+6281234567890", None);
        // No country at all.
        check("+99912345678", None);
    }

    #[test]
    fn every_zone_of_the_list_is_one() {
        for line in ZONES.lines().filter(|line| !line.starts_with('#')) {
            let (country, name) = line.split_once(' ').expect("a country and a zone");
            assert!(country.len() == 2 && TimeZone::get(name).is_ok(), "{line}");
        }
    }
}
