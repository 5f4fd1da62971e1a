//! What is done at a platform besides messages: it shows on a screen for seconds, and is lost without harm.

use super::{Account, telegram, whatsapp};
use crate::domain::channel::{Credentials, PersonIds, Route};
use crate::net;

/// Something that a platform shows or waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gesture {
    /// The person sees that an answer is being written.
    Typing {
        /// Who sees it.
        to: PersonIds,
        /// In which part of the chat.
        route: Route,
        /// The platform's id of the message that is going to be answered: it and those before it are read.
        message: String,
    },
    /// A press on a button has arrived: its message has no buttons any more.
    Acknowledge {
        /// The platform's id of the press.
        press: String,
        /// The platform's ids of the chat and the message that the button stands below.
        below: Option<(String, String)>,
    },
    /// A group is told something.
    SayInGroup {
        /// The platform's id of the group.
        group: String,
        /// The topic.
        thread: Option<String>,
        /// The words.
        text: String,
    },
    /// The channel leaves a group.
    LeaveGroup {
        /// The platform's id of the group.
        group: String,
        /// What it says before.
        text: Option<String>,
    },
}

/// Makes a gesture. One that the platform refuses is logged, and nothing depends on it.
pub async fn make(client: &net::Client, account: Account<'_>, gesture: &Gesture) {
    match account.credentials {
        Credentials::Telegram(credentials) => {
            telegram::gesture::make(client, telegram::api::Api::of(account, credentials), gesture).await;
        }
        Credentials::WhatsApp(credentials) => {
            whatsapp::gesture::make(client, &whatsapp::api::Api::of(account), credentials, gesture).await;
        }
        Credentials::Web => {}
    }
}
