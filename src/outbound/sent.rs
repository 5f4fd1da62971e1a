//! The headers of a delivery, and what the log keeps of them: only what its event and its time do not tell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::domain::signature::Signatures;
use crate::domain::time::Timestamp;

macro_rules! product {
    () => {
        "Aurix-Webhooks/"
    };
}

/// How deliveries introduce themselves.
pub const USER_AGENT: &str = concat!(product!(), env!("CARGO_PKG_VERSION"));

/// What the log shows instead of the value of a custom header, which may be a secret.
const MASK: &str = "••••••";

/// What was sent of a delivery, besides its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Of the program that sent it.
    pub version: String,
    /// Its two signatures.
    pub signatures: Signatures,
    /// The names of the custom headers.
    pub custom: Vec<String>,
}

impl Sent {
    /// By this program, with these signatures and custom headers.
    pub fn new(signatures: Signatures, custom: &[(String, String)]) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, signatures, custom: custom.iter().map(|(name, _)| name.clone()).collect() }
    }

    /// The headers, in their order, of an attempt that began at `started_at`. The values of custom ones are not kept.
    pub fn headers(&self, event_id: &str, started_at: Timestamp) -> Vec<(String, String)> {
        let mut headers = self.own(event_id, started_at);
        headers.extend(self.custom.iter().map(|name| (name.clone(), MASK.to_owned())));
        headers
    }

    /// Aurix's own headers: these come first.
    pub(super) fn own(&self, event_id: &str, started_at: Timestamp) -> Vec<(String, String)> {
        let own: [(&str, String); 7] = [
            ("content-type", "application/json".to_owned()),
            ("user-agent", format!(concat!(product!(), "{}"), self.version)),
            // Firewalls refuse a request without one.
            ("accept", "*/*".to_owned()),
            ("x-hub-signature", self.signatures.hub.clone()),
            ("webhook-id", event_id.to_owned()),
            ("webhook-timestamp", started_at.as_second().to_string()),
            ("webhook-signature", self.signatures.webhook.clone()),
        ];
        let mut headers = Vec::with_capacity(own.len() + self.custom.len());
        headers.extend(own.map(|(name, value)| (name.to_owned(), value)));
        headers
    }

    /// As it stands in the log: a line for the version, each signature and each custom name, none of which has a line break.
    /// The bytes of `x-hub-signature` are in base64, which is shorter than its hex.
    pub fn to_log(&self) -> String {
        let Signatures { hub, webhook } = &self.signatures;
        let hub = STANDARD_NO_PAD.encode(hex::decode(hub).expect("it is made as hex"));
        let mut text = format!("{}\n{hub}\n{webhook}", self.version);
        for name in &self.custom {
            text.push('\n');
            text.push_str(name);
        }
        text
    }

    /// From the log; `None` where it is not as [`Self::to_log`] writes it.
    pub fn from_log(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').map(str::to_owned);
        let (version, hub, webhook) = (lines.next()?, lines.next()?, lines.next()?);
        let hub = hex::encode(STANDARD_NO_PAD.decode(hub).ok()?);
        Some(Self { version, signatures: Signatures { hub, webhook }, custom: lines.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_what_was_sent() {
        let signatures = Signatures::make("secret", Some("before"), "evt_1", 1_706_005_800, b"{}");
        let began_at = Timestamp::UNIX_EPOCH;
        assert_eq!(Sent::new(signatures.clone(), &[]).headers("evt_1", began_at)[1].1, USER_AGENT);
        for custom in
            [vec![], vec![("X-Tenant".to_owned(), "7".to_owned()), ("Authorization".to_owned(), "x".to_owned())]]
        {
            let sent = Sent::new(signatures.clone(), &custom);
            assert_eq!(Sent::from_log(&sent.to_log()), Some(sent));
        }
        assert_eq!(Sent::from_log(""), None);
    }
}
