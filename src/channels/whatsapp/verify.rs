//! Whether a request to the webhook comes from the platform.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What `X-Hub-Signature-256` begins with.
const SCHEME: &str = "sha256=";

/// Whether `header` (`X-Hub-Signature-256`) signs the body's bytes as received under the app secret. Takes the same time
/// wherever a wrong signature differs. An empty secret signs nothing.
pub fn signature_ok(app_secret: &[u8], body: &[u8], header: Option<&str>) -> bool {
    let signature = header.and_then(|value| value.trim().strip_prefix(SCHEME)).and_then(|hex| hex::decode(hex).ok());
    let (Some(signature), false) = (signature, app_secret.is_empty()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

/// The header value that [`signature_ok`] accepts: for a simulated platform, as in the playground.
pub fn signature(app_secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("{SCHEME}{}", hex::encode(mac.finalize().into_bytes()))
}

/// The response to the platform's `GET`: `hub.challenge`, where `hub.verify_token` is the channel's. `None` is a 403.
/// `hub.mode` is `subscribe` wherever it is sent. The text comes from the request: send it as plain text.
pub fn challenge<'a>(
    verify_token: &str,
    hub_mode: Option<&str>,
    hub_verify_token: Option<&str>,
    hub_challenge: Option<&'a str>,
) -> Option<&'a str> {
    let subscribes = hub_mode.is_none_or(|mode| mode == "subscribe");
    let token = hub_verify_token.filter(|_| !verify_token.is_empty())?;
    let matches = bool::from(token.as_bytes().ct_eq(verify_token.as_bytes()));
    (subscribes && matches).then(|| hub_challenge.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_signature_is_accepted_and_no_other() {
        // HMAC-SHA256, test case 2 of RFC 4231.
        let (secret, body) = (b"Jefe".as_slice(), b"what do ya want for nothing?".as_slice());
        let good = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(secret, body), good);
        assert!(signature_ok(secret, body, Some(good)));
        assert!(signature_ok(secret, body, Some(&good.replace("5bdcc1", "5BDCC1"))));
        assert!(!signature_ok(secret, b"what do ya want for nothing!", Some(good)));
        assert!(!signature_ok(b"jefe", body, Some(good)));
        for wrong in
            [None, Some(""), Some("sha256="), Some(&good[7..]), Some(&good[..70]), Some("sha1=00"), Some("sha256=é")]
        {
            assert!(!signature_ok(secret, body, wrong), "{wrong:?}");
        }
        assert!(!signature_ok(b"", body, Some(&signature(b"", body))));
    }

    #[test]
    fn the_challenge_is_answered_where_the_token_matches() {
        let answer = |token| challenge("secret", Some("subscribe"), token, Some("1158201444"));
        assert_eq!(answer(Some("secret")), Some("1158201444"));
        assert_eq!(answer(Some("Secret")), None);
        assert_eq!(answer(Some("")), None);
        assert_eq!(answer(None), None);
        assert_eq!(challenge("secret", Some("unsubscribe"), Some("secret"), Some("1")), None);
        assert_eq!(challenge("secret", None, Some("secret"), None), Some(""));
        assert_eq!(challenge("", Some("subscribe"), Some(""), Some("1")), None);
    }
}
