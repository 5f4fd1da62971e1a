//! Calls that are signed: whose they are, that nobody changed them, and that none comes twice.

#![expect(clippy::result_large_err, reason = "a refusal is the answer itself, made once for a call")]

use axum::body::Bytes;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Shared;

/// The public key of an account, on the curve P-256.
#[derive(Clone)]
pub(super) struct Key {
    x: String,
    y: String,
}

impl Key {
    fn of(jwk: &Value) -> Self {
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&"EC".into(), &"P-256".into()));
        let text = |name: &str| jwk[name].as_str().expect("a coordinate").to_owned();
        Self { x: text("x"), y: text("y") }
    }

    fn verify(&self, signed: &str, signature: &[u8]) -> bool {
        let point = [vec![4], bytes(&self.x.clone().into()), bytes(&self.y.clone().into())].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), signature).is_ok()
    }

    /// The SHA-256 of what an account answers a token with (RFC 8555, section 8.1).
    pub(super) fn key_authorization(&self, token: &str) -> [u8; 32] {
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk));
        Sha256::digest(format!("{token}.{thumbprint}")).into()
    }
}

/// A call that was checked.
pub(super) struct Call {
    pub(super) account: usize,
    pub(super) key: Key,
    pub(super) payload: Value,
}

impl Call {
    /// A call by an account that is known.
    pub(super) fn read(shared: &Shared, path: &str, body: &Bytes) -> Result<Self, Response> {
        let (protected, _) = parts(body);
        let kid = protected["kid"].as_str().expect("an account");
        let number: usize = kid.rsplit('/').next().and_then(|number| number.parse().ok()).expect("a number");
        let known = shared.book().accounts.get(number).cloned();
        let key = known.ok_or_else(|| shared.problem(400, "accountDoesNotExist", "No such account"))?;
        Self::checked(shared, path, body, (number, key))
    }

    /// The call that makes an account.
    pub(super) fn read_new(shared: &Shared, path: &str, body: &Bytes) -> Result<Self, Response> {
        let (protected, _) = parts(body);
        Self::checked(shared, path, body, (usize::MAX, Key::of(&protected["jwk"])))
    }

    fn checked(shared: &Shared, path: &str, body: &Bytes, (account, key): (usize, Key)) -> Result<Self, Response> {
        let (protected, payload) = parts(body);
        assert_eq!(protected["alg"], "ES256");
        assert_eq!(protected["url"], format!("{}{path}", shared.url), "a call is signed for its address");
        let whole: Value = serde_json::from_slice(body).expect("JSON");
        let signed = [&whole["protected"], &whole["payload"]].map(|part| part.as_str().expect("text")).join(".");
        assert!(key.verify(&signed, &bytes(&whole["signature"])), "the signature is the account's");
        let nonce = protected["nonce"].as_str().expect("a nonce");
        if !shared.book().nonces.remove(nonce) {
            return Err(shared.problem(400, "badNonce", "Used before"));
        }
        Ok(Self { account, key, payload })
    }
}

/// The header and the payload, unchecked.
fn parts(body: &Bytes) -> (Value, Value) {
    let whole: Value = serde_json::from_slice(body).expect("JSON");
    let part = |name: &str| {
        let decoded = bytes(&whole[name]);
        if decoded.is_empty() { json!("") } else { serde_json::from_slice(&decoded).expect("JSON") }
    };
    (part("protected"), part("payload"))
}

/// Bytes in base64url.
pub(super) fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().expect("text")).expect("base64url")
}
