//! Any signature beside a call: only the one that the secret makes is accepted.

use aurix::channels::whatsapp::verify::{challenge, signature, signature_ok};
use aurix::domain::signature::{hub_signature, standard_webhooks, verify_hub, verify_standard_webhooks};

const SECRET: &str = "app-secret";
const TIME_S: i64 = 1_790_000_000;

/// Panics where it does not hold for this input.
pub fn check(call: (&str, &[u8], Option<&str>)) {
    let (given, body, other) = call;
    let right = signature(SECRET.as_bytes(), body);
    assert!(signature_ok(SECRET.as_bytes(), body, Some(&right)));
    assert!(!signature_ok(b"", body, Some(given)));
    if signature_ok(SECRET.as_bytes(), body, Some(given)) {
        assert!(given.trim().eq_ignore_ascii_case(&right));
    }
    assert_eq!(verify_hub(SECRET, body, given), given == hub_signature(SECRET, body));
    let right = standard_webhooks(SECRET, "evt_1", TIME_S, body);
    let is_accepted = verify_standard_webhooks(SECRET, "evt_1", TIME_S, body, given);
    assert_eq!(is_accepted, given.split(' ').take(16).any(|given| given == right));
    if let Some(answer) = challenge(SECRET, other, Some(given), other) {
        assert_eq!((given, answer), (SECRET, other.unwrap_or_default()));
    }
}
