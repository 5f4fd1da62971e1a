//! The mail server, where there is one.

use super::{InvalidSetting, Settings, checked, credential, given};
use crate::smtp::{MailServer, Sender};

/// The mail server, where both of its settings are given.
pub(super) fn mail_server(settings: &Settings) -> Result<Option<MailServer>, InvalidSetting> {
    let missing = |setting, beside: &str| InvalidSetting { setting, problem: format!("has to be set beside {beside}") };
    let from = checked("AURIX_MAIL_FROM", settings.mail_from.as_deref(), sender)?;
    let url = given(settings.smtp_url.as_deref());
    let from = match (url, from) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(missing("AURIX_SMTP_URL", "AURIX_MAIL_FROM")),
        (Some(_), None) => return Err(missing("AURIX_MAIL_FROM", "AURIX_SMTP_URL")),
        (Some(_), Some(from)) => from,
    };
    checked("AURIX_SMTP_URL", url, |text| {
        MailServer::parse(credential(text)?.trim(), from).map_err(|error| error.to_string())
    })
}

fn sender(text: &str) -> Result<Sender, String> {
    Sender::parse(text).ok_or_else(|| format!("{text:?} is no address: write Aurix <aurix@example.com>, for example"))
}
