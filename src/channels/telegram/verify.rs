//! Whether a request to the webhook comes from the platform.

use subtle::ConstantTimeEq as _;

/// The header in which Telegram returns the `secret_token` of `setWebhook`.
pub const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// Whether `header` is the webhook's secret. Takes the same time wherever a wrong one differs. An empty secret admits nobody.
pub fn secret_ok(secret: &str, header: Option<&[u8]>) -> bool {
    let Some(given) = header else { return false };
    !secret.is_empty() && bool::from(given.ct_eq(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_admits() {
        assert!(secret_ok("a-secret_1", Some(b"a-secret_1")));
        for wrong in [&b""[..], b"a-secret_2", b"a-secret_", b"a-secret_1 ", b"A-SECRET_1"] {
            assert!(!secret_ok("a-secret_1", Some(wrong)), "{wrong:?}");
        }
        assert!(!secret_ok("a-secret_1", None) && !secret_ok("", Some(b"")) && !secret_ok("", None));
    }
}
