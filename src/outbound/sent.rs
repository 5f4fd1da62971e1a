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
    /// The version of the webhook's template that made the body; `None` where the event went as it is.
    pub template: Option<u32>,
    /// Its two signatures; `None` where nothing was sent.
    pub signatures: Option<Signatures>,
    /// The names of the custom headers.
    pub custom: Vec<String>,
}

impl Sent {
    /// By this program, with these signatures and custom headers.
    pub fn new(signatures: Signatures, custom: &[(String, String)]) -> Self {
        let custom = custom.iter().map(|(name, _)| name.clone()).collect();
        Self { signatures: Some(signatures), custom, ..Self::nothing(None) }
    }

    /// Nothing: the template made no body.
    pub fn nothing(template: Option<u32>) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), template, signatures: None, custom: Vec::new() }
    }

    /// The headers, in their order, of an attempt that began at `started_at`. The values of custom ones are not kept.
    pub fn headers(&self, event_id: &str, started_at: Timestamp) -> Vec<(String, String)> {
        let mut headers = self.own(event_id, started_at);
        headers.extend(self.custom.iter().map(|name| (name.clone(), MASK.to_owned())));
        headers
    }

    /// Aurix's own headers: these come first. None where nothing was sent.
    pub(super) fn own(&self, event_id: &str, started_at: Timestamp) -> Vec<(String, String)> {
        let Some(signatures) = &self.signatures else { return Vec::new() };
        let own: [(&str, String); 7] = [
            ("content-type", "application/json".to_owned()),
            ("user-agent", format!(concat!(product!(), "{}"), self.version)),
            // Firewalls refuse a request without one.
            ("accept", "*/*".to_owned()),
            ("x-hub-signature", signatures.hub.clone()),
            ("webhook-id", event_id.to_owned()),
            ("webhook-timestamp", started_at.as_second().to_string()),
            ("webhook-signature", signatures.webhook.clone()),
        ];
        let mut headers = Vec::with_capacity(own.len() + self.custom.len());
        headers.extend(own.map(|(name, value)| (name.to_owned(), value)));
        headers
    }

    /// As it stands in the log: a line for the version, and behind a space that of the template; then a line for each signature
    /// and each custom name, none of which has a line break. The bytes of `x-hub-signature` are in base64, which is shorter than
    /// its hex.
    pub fn to_log(&self) -> String {
        let mut text = self.version.clone();
        if let Some(template) = self.template {
            text.push_str(&format!(" {template}"));
        }
        let Some(Signatures { hub, webhook }) = &self.signatures else { return text };
        let hub = STANDARD_NO_PAD.encode(hex::decode(hub).expect("it is made as hex"));
        text.push_str(&format!("\n{hub}\n{webhook}"));
        for name in &self.custom {
            text.push('\n');
            text.push_str(name);
        }
        text
    }

    /// From the log; `None` where it is not as [`Self::to_log`] writes it.
    pub fn from_log(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').map(str::to_owned);
        let first = lines.next().filter(|line| !line.is_empty())?;
        let (version, template) = match first.split_once(' ') {
            Some((version, template)) => (version.to_owned(), Some(template.parse().ok()?)),
            None => (first, None),
        };
        let signatures = match (lines.next(), lines.next()) {
            (None, _) => None,
            (Some(hub), Some(webhook)) => {
                Some(Signatures { hub: hex::encode(STANDARD_NO_PAD.decode(hub).ok()?), webhook })
            }
            _ => return None,
        };
        Some(Self { version, template, signatures, custom: lines.collect() })
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
            let templated = Sent { template: Some(12), ..sent.clone() };
            for sent in [sent, templated, Sent::nothing(Some(3))] {
                assert_eq!(Sent::from_log(&sent.to_log()), Some(sent));
            }
        }
        assert_eq!(Sent::nothing(None).headers("evt_1", began_at), []);
        assert_eq!(["", "0.1.0\n", "0.1.0 x"].map(Sent::from_log), [None, None, None]);
    }
}
