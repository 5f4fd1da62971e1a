//! Phone numbers in E.164 form, and the region that decides what a national number means.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde::{Deserialize, Serialize};

use super::text::cut;

/// Digits of an E.164 number, without the `+`.
pub const PHONE_DIGITS_MIN: usize = 8;
/// Digits of an E.164 number, without the `+` (ITU-T E.164).
pub const PHONE_DIGITS_MAX: usize = 15;
/// Longest text that can be a phone number, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// A country or territory with its own telephone numbers, as ISO 3166 alpha-2 in capitals, such as `SG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region([u8; 2]);

/// The text is not a region: two letters such as `SG` are expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a region: give the two letters of a country, such as SG or DE")]
pub struct InvalidRegion(pub String);

impl Region {
    /// Singapore, the default region of a project.
    pub const SINGAPORE: Self = Self(*b"SG");

    /// Parses two letters in either case.
    pub fn parse(text: &str) -> Result<Self, InvalidRegion> {
        let invalid = || InvalidRegion(cut(text, 20).to_owned());
        let code: [u8; 2] = text.trim().to_ascii_uppercase().as_bytes().try_into().map_err(|_| invalid())?;
        let region = Self(code);
        if !code.iter().all(u8::is_ascii_uppercase)
            || region.library().is_none_or(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_none())
        {
            return Err(invalid());
        }
        Ok(region)
    }

    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are ever stored")
    }

    fn library(self) -> Option<rlibphonenumber::Region> {
        rlibphonenumber::Region::from_str(self.as_str()).ok()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, InvalidRegion> {
        Self::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

/// How well a number fits its country's numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plausibility {
    /// The country exists and the length fits, but no such range is assigned (`+1 555 000 9999`).
    Possible,
    /// The number is in an assigned range.
    Valid,
}

/// A phone number in E.164 form: `+` and 8 to 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// The text is not a phone number in the given region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number: 8 to 15 digits are expected, best with + and the country code, such as +65 9123 4567")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// Parses what a person typed. `region` decides what a national number means. A number that is not in the numbering
    /// plan is accepted if its country and length fit, since plans change faster than programs.
    pub fn parse(text: &str, region: Region) -> Result<Self, InvalidPhoneNumber> {
        Self::parse_graded(text, region).map(|(number, _)| number)
    }

    /// Like [`PhoneNumber::parse`], and returns how well the number fits the numbering plan.
    pub fn parse_graded(text: &str, region: Region) -> Result<(Self, Plausibility), InvalidPhoneNumber> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidPhoneNumber);
        }
        // 6591234567 and 0065… may have the region's own country code without its `+`. Another country's needs the `+`: a digit
        // too many would send a national number abroad.
        let digits = text.trim_start().trim_start_matches("00");
        let own = region.library().and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region));
        let has_own = own.is_some_and(|code| digits.starts_with(&code.to_string()));
        let international = has_own.then(|| graded(&format!("+{digits}"), region)).flatten();
        let national = graded(text, region);
        let is_valid = |found: &Option<(Self, Plausibility)>| matches!(found, Some((_, Plausibility::Valid)));
        if is_valid(&national) && !is_valid(&international) {
            return national.ok_or(InvalidPhoneNumber);
        }
        // A number of another country without its plus is no long one of this country.
        let is_bare = !has_own && !text.trim_start().starts_with(['+', '＋', '0']);
        if is_bare && international.is_none() && is_valid(&graded(&format!("+{digits}"), region)) {
            return Err(InvalidPhoneNumber);
        }
        international.or(national).ok_or(InvalidPhoneNumber)
    }

    /// Parses exactly `+` and 8 to 15 digits, as stored and as sent.
    pub fn from_e164(text: &str) -> Result<Self, InvalidPhoneNumber> {
        text.strip_prefix('+').ok_or(InvalidPhoneNumber).and_then(Self::from_digits)
    }

    /// Parses exactly 8 to 15 digits: the country code and the number, without `+`.
    pub fn from_digits(digits: &str) -> Result<Self, InvalidPhoneNumber> {
        let fits = (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits.len());
        if !fits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidPhoneNumber);
        }
        Ok(Self(format!("+{digits}")))
    }

    /// With the `+`, as in `+6512345678`.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// The country that the number belongs to (ISO 3166 alpha-2), where the numbering plans tell one.
    pub fn country(&self) -> Option<Region> {
        let number = PHONE_NUMBER_UTIL.parse(&self.0, None).ok()?;
        Region::parse(&PHONE_NUMBER_UTIL.get_region_for_number(&number)?.to_string()).ok()
    }

    /// Without the `+`, as in `6512345678`: the form of a WhatsApp id.
    pub fn bare(&self) -> &str {
        &self.0[1..]
    }
}

/// Checks a text against the numbering plans. An extension is dropped.
fn graded(text: &str, region: Region) -> Option<(PhoneNumber, Plausibility)> {
    let number = PHONE_NUMBER_UTIL.parse(text, region.library()).ok()?;
    let plausibility = if PHONE_NUMBER_UTIL.is_valid_number(&number) {
        Plausibility::Valid
    } else if matches!(
        PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number),
        Ok(rlibphonenumber::NumberLengthType::IsPossible)
    ) {
        Plausibility::Possible
    } else {
        return None;
    };
    let e164 = PHONE_NUMBER_UTIL.format(&number, rlibphonenumber::PhoneNumberFormat::E164);
    PhoneNumber::from_e164(&e164).ok().map(|phone| (phone, plausibility))
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        Self::from_e164(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(phone: PhoneNumber) -> Self {
        phone.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(region: &str, text: &str, expected: Option<&str>) {
        let region = Region::parse(region).unwrap();
        let parsed = PhoneNumber::parse(text, region).ok();
        assert_eq!(parsed.as_ref().map(PhoneNumber::as_e164), expected, "{text:?} in {region}");
    }

    #[test]
    fn national_forms_follow_the_region() {
        check("SG", "9123 4567", Some("+6591234567"));
        check("SG", "(65) 9123-4567", Some("+6591234567"));
        check("SG", "6591234567", Some("+6591234567"));
        check("SG", "+65 9123 4567", Some("+6591234567"));
        check("SG", "0065 9123 4567", Some("+6591234567"));
        check("DE", "0151 23456789", Some("+4915123456789"));
        check("US", "(415) 555-2671", Some("+14155552671"));
        check("GB", "07911 123456", Some("+447911123456"));
        check("MY", "012-345 6789", Some("+60123456789"));
        check("SG", "+1 555 000 9999", Some("+15550009999"));
        check("SG", "+49 151 23456789", Some("+4915123456789"));
        check("SG", "9123 4567", Some("+6591234567"));
    }

    #[test]
    fn only_the_regions_own_country_code_counts_without_its_plus() {
        check("ID", "62812345678", Some("+62812345678"));
        check("ID", "0812 3456 7890", Some("+6281234567890"));
        check("ID", "6281234567890", Some("+6281234567890"));
        check("SG", "14155552671", None);
        check("SG", "912345678", None);
        check("SG", "447911123456", None);
    }

    #[test]
    fn texts_that_are_not_numbers_are_refused() {
        for text in ["", "12", "12345", "call me", "+", "++65", "+0 123 456 789", "12345678901234567890", "O-aB3dE9z"] {
            check("SG", text, None);
        }
        check("SG", &"9".repeat(1000), None);
    }

    #[test]
    fn a_whatsapp_id_needs_no_numbering_plan() {
        let phone = PhoneNumber::from_digits("6512345678").unwrap();
        assert_eq!((phone.as_e164(), phone.bare()), ("+6512345678", "6512345678"));
        for text in ["", "1234567", "+6512345678", "1234567890123456", "65 1234 5678"] {
            assert_eq!(PhoneNumber::from_digits(text), Err(InvalidPhoneNumber), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_regions_round_trip_through_json() {
        let phone: PhoneNumber = serde_json::from_str(r#""+6591234567""#).unwrap();
        assert_eq!(serde_json::to_string(&phone).unwrap(), r#""+6591234567""#);
        assert!(serde_json::from_str::<PhoneNumber>(r#""91234567""#).is_err());
        let region: Region = serde_json::from_str(r#""sg""#).unwrap();
        assert_eq!((region, region.to_string().as_str()), (Region::SINGAPORE, "SG"));
        for text in ["", "S", "XX", "SGP", "65", "ß"] {
            assert!(Region::parse(text).is_err(), "{text:?}");
        }
    }
}
