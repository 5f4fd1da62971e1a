//! The signatures of a delivery: `x-hub-signature` of the partner documents, and that of Standard Webhooks.
//!
//! Both are made with HMAC-SHA256 under the bytes of the secret as it is shown (`aurix_…`, prefix included). Standard
//! Webhooks libraries take a secret as `whsec_` and the base64 of the key's bytes: a receiver that uses one passes
//! `"whsec_" + base64(secret)`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Signatures in one `webhook-signature` header that are checked.
const GIVEN_MAX: usize = 16;

/// The two header values that sign one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    /// Value of `x-hub-signature`: always by the current secret.
    pub hub: String,
    /// Value of `webhook-signature`: by the current secret, and for 24 hours after a rotation also by the previous one.
    pub webhook: String,
}

impl Signatures {
    /// Signs `body` for the attempt made at `timestamp_s` (Unix seconds, the value of `webhook-timestamp`) of the event
    /// `id` (the value of `webhook-id`).
    pub fn make(current: &str, previous: Option<&str>, id: &str, timestamp_s: i64, body: &[u8]) -> Self {
        let mut webhook = standard_webhooks(current, id, timestamp_s, body);
        if let Some(previous) = previous {
            webhook.push(' ');
            webhook.push_str(&standard_webhooks(previous, id, timestamp_s, body));
        }
        Self { hub: hub_signature(current, body), webhook }
    }
}

/// `x-hub-signature`: lower-case hex of HMAC-SHA256(secret, body), without a prefix.
pub fn hub_signature(secret: &str, body: &[u8]) -> String {
    hex::encode(mac(secret.as_bytes(), &[body]))
}

/// `webhook-signature` of Standard Webhooks: `v1,` and the base64 of HMAC-SHA256(secret, `id.timestamp.body`).
pub fn standard_webhooks(secret: &str, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    standard_with_key(secret.as_bytes(), id, timestamp_s, body)
}

fn standard_with_key(key: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signed = format!("{id}.{timestamp_s}.");
    format!("v1,{}", STANDARD.encode(mac(key, &[signed.as_bytes(), body])))
}

/// Whether `given` is the `x-hub-signature` of this body. Compares in constant time.
pub fn verify_hub(secret: &str, body: &[u8], given: &str) -> bool {
    equal(&hub_signature(secret, body), given)
}

/// Whether one of the signatures in a `webhook-signature` header is valid. The caller checks the age of the timestamp.
pub fn verify_standard_webhooks(secret: &str, id: &str, timestamp_s: i64, body: &[u8], given: &str) -> bool {
    let expected = standard_webhooks(secret, id, timestamp_s, body);
    given.split(' ').take(GIVEN_MAX).any(|given| equal(&expected, given))
}

fn equal(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_signatures_are_those_of_rfc_4231() {
        let check = |key: &str, data: &str, expected: &str| assert_eq!(hub_signature(key, data.as_bytes()), expected);
        let key_1 = "\u{b}".repeat(20);
        check(&key_1, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let wanted = "what do ya want for nothing?";
        check("Jefe", wanted, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_public_example_of_standard_webhooks_verifies() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = standard_with_key(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn after_a_rotation_both_secrets_sign_the_new_one_first() {
        let signed = Signatures::make("aurix_new", Some("aurix_old"), "evt_1", 1_700_000_000, b"{}");
        let by = |secret| standard_webhooks(secret, "evt_1", 1_700_000_000, b"{}");
        assert_eq!(signed.webhook, format!("{} {}", by("aurix_new"), by("aurix_old")));
        assert_eq!(signed.hub, hub_signature("aurix_new", b"{}"));
        for secret in ["aurix_new", "aurix_old"] {
            assert!(verify_standard_webhooks(secret, "evt_1", 1_700_000_000, b"{}", &signed.webhook));
        }
        assert!(!verify_standard_webhooks("aurix_older", "evt_1", 1_700_000_000, b"{}", &signed.webhook));
        assert!(!verify_standard_webhooks("aurix_new", "evt_1", 1_700_000_001, b"{}", &signed.webhook));
    }

    proptest::proptest! {
        #[test]
        fn a_changed_byte_breaks_both_signatures(secret: String, body: Vec<u8>, extra: u8, time: i64) {
            let signed = Signatures::make(&secret, None, "evt_1", time, &body);
            proptest::prop_assert!(verify_hub(&secret, &body, &signed.hub));
            let longer = [body.as_slice(), &[extra]].concat();
            proptest::prop_assert!(!verify_hub(&secret, &longer, &signed.hub));
            proptest::prop_assert!(!verify_standard_webhooks(&secret, "evt_1", time, &longer, &signed.webhook));
            proptest::prop_assert!(!verify_hub(&secret, &body, &signed.hub.to_uppercase()) || !signed.hub.contains(char::is_alphabetic));
        }
    }
}
