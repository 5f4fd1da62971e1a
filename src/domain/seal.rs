//! Encryption at rest: webhook secrets, channel credentials and header values are sealed before they are stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use sha2::{Digest as _, Sha256};

use super::channel::ChannelKind;
use super::ids::ProjectId;
use super::random::Random;

/// Where a sealed value is stored. It can be opened there and nowhere else, so that who can write to the database cannot
/// have the value of one row used as that of another.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The secret of a webhook, or the one before: its project and its UUID.
    WebhookSecret(ProjectId, &'a str),
    /// The custom headers of a webhook: its project and its UUID.
    WebhookHeaders(ProjectId, &'a str),
    /// The credentials of a channel: its project, its platform, and its id there.
    ChannelCredentials(ProjectId, ChannelKind, &'a str),
    /// The secret of a person's second factor: their UUID.
    SecondFactor(&'a str),
    /// What a browser keeps after its person signed in there: their UUID.
    KnownBrowser(&'a str),
    /// Whose password was right, until the code of their second factor comes.
    SignInTicket,
    /// What a browser keeps while its person is at the OpenID Connect provider.
    OidcAttempt,
    /// A letter that waits to be sent: its UUID.
    Letter(&'a str),
    /// What a call of the management API was answered: the row key of its token, and its idempotency key.
    Answer(i64, &'a str),
    /// The account at a certificate authority: its directory.
    AcmeAccount(&'a str),
    /// The private key of a certificate: its names.
    CertificateKey(&'a str),
    /// The text by which a database knows its key.
    Canary,
}

impl Place<'_> {
    /// The text that is sealed along with the value (associated data).
    fn to_text(self) -> String {
        match self {
            Self::WebhookSecret(project, id) => format!("webhook secret {}/{id}", project.0),
            Self::WebhookHeaders(project, id) => format!("webhook headers {}/{id}", project.0),
            Self::ChannelCredentials(project, kind, id) => format!("channel {}/{}/{id}", project.0, kind.as_str()),
            Self::SecondFactor(user) => format!("second factor {user}"),
            Self::KnownBrowser(user) => format!("known browser {user}"),
            Self::SignInTicket => "sign-in ticket".to_owned(),
            Self::OidcAttempt => "oidc attempt".to_owned(),
            Self::Letter(id) => format!("letter {id}"),
            Self::Answer(token, name) => format!("answer {token}/{name}"),
            Self::AcmeAccount(directory) => format!("acme account {directory}"),
            Self::CertificateKey(names) => format!("certificate key {names}"),
            Self::Canary => "canary".to_owned(),
        }
    }
}

/// The operator's key, which seals and opens secrets.
#[derive(Clone)]
pub struct SealKey {
    cipher: ChaCha20Poly1305,
    random: Random,
}

/// The text was sealed with another key, or for another place.
#[derive(Debug, thiserror::Error)]
#[error("a stored secret cannot be opened: it was sealed with another AURIX_SECRET_KEY, or for another row")]
pub struct WrongKey;

impl SealKey {
    /// A key from any text: its SHA-256.
    pub fn new(secret: &str, random: Random) -> Self {
        let key: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        Self { cipher: ChaCha20Poly1305::new(&key.into()), random }
    }

    /// Seals a text for its place with ChaCha20-Poly1305. Returns base64 of the random nonce and the ciphertext.
    pub fn seal(&self, place: Place<'_>, text: &str) -> String {
        let nonce: [u8; 12] = self.random.bytes();
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: text.as_bytes(), aad: place.to_text().as_bytes() })
            .expect("ChaCha20-Poly1305 seals any text below 256 GiB");
        STANDARD.encode([&nonce[..], &sealed[..]].concat())
    }

    /// Opens the output of [`SealKey::seal`] for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<String, WrongKey> {
        let bytes = STANDARD.decode(sealed).map_err(|_| WrongKey)?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(WrongKey)?;
        let place = place.to_text();
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let text = self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| WrongKey)?;
        String::from_utf8(text).map_err(|_| WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_a_sealed_text() {
        let key = SealKey::new("one", Random::seeded(1));
        let sealed = key.seal(Place::Canary, "aurix_secret");
        assert_ne!(sealed, key.seal(Place::Canary, "aurix_secret"));
        assert_eq!(key.open(Place::Canary, &sealed).expect("the same key"), "aurix_secret");
        assert!(SealKey::new("two", Random::seeded(1)).open(Place::Canary, &sealed).is_err());
        assert!(key.open(Place::Canary, "nonsense").is_err());
    }

    #[test]
    fn a_sealed_text_opens_in_its_place_alone() {
        let key = SealKey::new("one", Random::seeded(1));
        let places = [
            Place::WebhookSecret(ProjectId(1), "a"),
            Place::WebhookSecret(ProjectId(1), "b"),
            Place::WebhookSecret(ProjectId(2), "a"),
            Place::WebhookHeaders(ProjectId(1), "a"),
            Place::ChannelCredentials(ProjectId(1), ChannelKind::WhatsApp, "a"),
            Place::ChannelCredentials(ProjectId(2), ChannelKind::WhatsApp, "a"),
            Place::Canary,
        ];
        for (nth, place) in places.into_iter().enumerate() {
            let sealed = key.seal(place, "text");
            let opened: Vec<_> = places.iter().map(|other| key.open(*other, &sealed).is_ok()).collect();
            assert!(
                opened.iter().enumerate().all(|(other, is_open)| *is_open == (other == nth)),
                "{place:?}: {opened:?}"
            );
        }
    }
}
