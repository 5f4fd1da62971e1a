//! Channels: where a platform is reached, and what it trusts us by.

use serde::{Deserialize, Serialize};

/// Where the link behind a WhatsApp widget leads, unless the channel says otherwise.
pub const WHATSAPP_LINK_BASE: &str = "https://wa.me";

/// What a platform gave the operator. Sealed wherever it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Lets us send.
    pub access_token: String,
    /// The platform signs what it sends with it.
    pub app_secret: String,
    /// The platform shows it once, when the webhook is registered.
    pub verify_token: String,
}
