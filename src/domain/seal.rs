//! Encryption at rest: webhook secrets, channel credentials and header values are sealed before they are stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use sha2::{Digest as _, Sha256};

use super::random::Random;

/// The operator's key, which seals and opens secrets.
#[derive(Clone)]
pub struct SealKey {
    cipher: ChaCha20Poly1305,
    random: Random,
}

/// The text was sealed with another key.
#[derive(Debug, thiserror::Error)]
#[error("a stored secret cannot be opened: AURIX_SECRET_KEY is not the key that it was sealed with")]
pub struct WrongKey;

impl SealKey {
    /// A key from any text: its SHA-256.
    pub fn new(secret: &str, random: Random) -> Self {
        let key: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        Self { cipher: ChaCha20Poly1305::new(&key.into()), random }
    }

    /// Seals a text with ChaCha20-Poly1305. Returns base64 of the random nonce and the ciphertext.
    pub fn seal(&self, text: &str) -> String {
        let nonce: [u8; 12] = self.random.bytes();
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), text.as_bytes())
            .expect("ChaCha20-Poly1305 seals any text below 256 GiB");
        STANDARD.encode([&nonce[..], &sealed[..]].concat())
    }

    /// Opens the output of [`SealKey::seal`].
    pub fn open(&self, sealed: &str) -> Result<String, WrongKey> {
        let bytes = STANDARD.decode(sealed).map_err(|_| WrongKey)?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(WrongKey)?;
        let text = self.cipher.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| WrongKey)?;
        String::from_utf8(text).map_err(|_| WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_a_sealed_text() {
        let key = SealKey::new("one", Random::seeded(1));
        let sealed = key.seal("aurix_secret");
        assert_ne!(sealed, key.seal("aurix_secret"));
        assert_eq!(key.open(&sealed).expect("the same key"), "aurix_secret");
        assert!(SealKey::new("two", Random::seeded(1)).open(&sealed).is_err());
        assert!(key.open("nonsense").is_err());
    }
}
