//! Any text as a phone number, in several regions: refused, or E.164 that is parsed again as itself.

use aurix::domain::phone::{PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, PhoneNumber, Region};

/// Panics where it does not hold for this input.
pub fn check(text: &str) {
    for region in ["SG", "DE", "US", "BR"] {
        let region = Region::parse(region).expect("a region");
        let Ok((phone, _)) = PhoneNumber::parse_graded(text, region) else { continue };
        assert!((PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&phone.bare().len()));
        assert!(phone.bare().bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(PhoneNumber::from_e164(phone.as_e164()).as_ref(), Ok(&phone));
        assert_eq!(PhoneNumber::from_digits(phone.bare()).as_ref(), Ok(&phone));
    }
}
