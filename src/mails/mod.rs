//! Layer 4: e-mail to people. A mail is a row in the transaction of its cause; the worker claims it, hands it to the operator's mail
//! server, and settles the result. Without a mail server none is written.
//!
//! A mail about what needs attention collects: what happens within a minute comes in one letter, which is made when it is sent.

mod digest;
mod expire;
mod letters;
mod send;
mod send_test;
mod write;

pub use expire::remove_old_mails;
pub use letters::{invitation, new_password};
pub use send::{SettledMail, claim_mails, next_mail_due, send_mail, settle_mail};
pub use send_test::send_test_mail;
pub use write::{Addressee, tell, write_letter};
