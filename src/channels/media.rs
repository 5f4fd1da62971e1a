//! Fetches what people sent besides words, over the network, from the platform that the credentials are of.

use super::{Account, FetchOutcome, Wanted, telegram, whatsapp};
use crate::domain::channel::Credentials;
use crate::net;

/// Fetches a medium.
pub async fn fetch(client: &net::Client, account: Account<'_>, wanted: Wanted<'_>) -> FetchOutcome {
    match account.credentials {
        Credentials::WhatsApp(credentials) => {
            whatsapp::media::fetch(client, &whatsapp::api::Api::of(account), credentials, wanted).await
        }
        Credentials::Telegram(credentials) => {
            telegram::media::fetch(client, telegram::api::Api::of(account, credentials), wanted).await
        }
        Credentials::Web => FetchOutcome::GiveUp("The chat on the page takes no files.".to_owned()),
    }
}
