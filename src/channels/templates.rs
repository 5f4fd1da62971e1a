//! Messages that a platform has approved beforehand.

use super::whatsapp::templates::list;
use super::{Account, whatsapp};
use crate::domain::channel::Credentials;
use crate::net;

pub use super::whatsapp::templates::ApprovedTemplate;

/// The approved templates of a channel that can be sent as text with values; none where the platform has no such thing. Else why they
/// are not known, in an operator's words.
pub async fn approved(client: &net::Client, account: Account<'_>) -> Result<Vec<ApprovedTemplate>, String> {
    match account.credentials {
        Credentials::WhatsApp(credentials) => list(client, &whatsapp::api::Api::of(account), credentials).await,
        Credentials::Telegram(_) | Credentials::Web => Ok(Vec::new()),
    }
}
