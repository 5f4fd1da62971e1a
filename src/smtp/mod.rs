//! Layer 3: e-mail. A letter as plain text and HTML, and one attempt to hand it to the operator's mail server.

mod letter;
mod mailer;
mod server;

pub use letter::{Draft, Letter, one_line};
pub use mailer::{MailFailed, Mailer, Outgoing};
pub use server::{Encryption, InvalidMailServer, MailServer, Sender};
