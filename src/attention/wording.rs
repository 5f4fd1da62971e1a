//! What is wrong, in words.

use crate::domain::attention::AttentionKind;
use crate::domain::ids::ProjectId;
use crate::domain::text::cut;
use crate::domain::time::Timestamp;
use crate::store::address_troubles::AddressTrouble;
use crate::store::attention::NewItem;
use crate::store::attention_ahead::{AgeingCertificate, FollowedLink};
use crate::store::attention_facts::{SilentWidget, TroubledChannel, TroubledWebhook, WaitingPeople};
use crate::store::channels::label;
use crate::store::disks::Disk;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;
/// Characters of a message.
const MESSAGE_CHARS_MAX: usize = 500;
/// Microseconds of a minute.
const MINUTE_US: i64 = 60_000_000;
/// Bytes of a gigabyte, as disks are sold.
const GB: i64 = 1_000_000_000;

/// Aurix turned a webhook off.
pub(super) fn webhook_off(webhook: TroubledWebhook) -> NewItem {
    let reason = webhook.reason.clone().unwrap_or_default();
    let message = format!("{reason} What happens meanwhile is not delivered to it.");
    of_webhook(AttentionKind::WebhookOff, &webhook, "was turned off", &message)
}

/// Every attempt of a webhook has failed for an hour.
pub(super) fn webhook_failing(webhook: TroubledWebhook) -> NewItem {
    let message = "Every attempt fails. Deliveries are tried again; after 5 days of this the webhook is turned off.";
    of_webhook(AttentionKind::WebhookFailing, &webhook, "has failed for an hour", message)
}

fn of_webhook(kind: AttentionKind, webhook: &TroubledWebhook, what: &str, message: &str) -> NewItem {
    NewItem {
        project: webhook.project,
        kind,
        subject_id: webhook.id.0,
        subject: webhook.public_id.clone(),
        title: format!("Webhook {} {what}", cut(&webhook.title, NAME_CHARS_MAX)),
        message: message.trim().to_owned(),
        since: webhook.since,
    }
}

/// A platform refuses what a channel sends.
pub(super) fn channel_fault(channel: TroubledChannel) -> NewItem {
    of_channel(AttentionKind::ChannelFault, channel, "cannot send", " Replies wait until it is mended.")
}

/// What people write to a channel does not arrive.
pub(super) fn channel_inbound(channel: TroubledChannel) -> NewItem {
    of_channel(AttentionKind::ChannelInbound, channel, "gets no messages", "")
}

/// A platform restricts a channel.
pub(super) fn channel_trouble(channel: TroubledChannel) -> NewItem {
    of_channel(AttentionKind::ChannelTrouble, channel, "is restricted", "")
}

fn of_channel(kind: AttentionKind, channel: TroubledChannel, what: &str, so: &str) -> NewItem {
    let name = label(channel.number.as_deref(), channel.handle.as_deref(), &channel.external_id);
    let reason = cut(&channel.reason, MESSAGE_CHARS_MAX);
    let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    NewItem {
        project: channel.project,
        kind,
        subject_id: channel.id.0,
        title: format!("{} {name} {what}", channel.kind.name()),
        message: format!("{reason}{end}{so}"),
        subject: channel.external_id,
        since: channel.since,
    }
}

/// Somebody waits for a person.
pub(super) fn people_waiting(people: &WaitingPeople) -> NewItem {
    let minutes = people.after_us / MINUTE_US;
    NewItem {
        project: people.project,
        kind: AttentionKind::PeopleWaiting,
        subject_id: 0,
        subject: String::new(),
        title: "People wait for a person".to_owned(),
        message: format!("Somebody has waited for longer than {minutes} {}. Answer in the inbox.", plural(minutes)),
        since: people.since,
    }
}

fn plural(minutes: i64) -> &'static str {
    if minutes == 1 { "minute" } else { "minutes" }
}

/// A widget has no clicks any more.
pub(super) fn widget_silent(widget: SilentWidget) -> NewItem {
    let name = if widget.name.is_empty() { &widget.public_id } else { &widget.name };
    NewItem {
        project: widget.project,
        kind: AttentionKind::WidgetSilent,
        subject_id: widget.id.0,
        title: format!("Widget {} has had no click for 24 hours", cut(name, NAME_CHARS_MAX)),
        message: "It had clicks before. Look whether its tag is still on the site, and whether the button is seen."
            .to_owned(),
        subject: widget.public_id.clone(),
        since: widget.since,
    }
}

/// People follow a link that was paused.
pub(super) fn link_paused(link: FollowedLink) -> NewItem {
    NewItem {
        project: link.project,
        kind: AttentionKind::LinkPaused,
        subject_id: link.id.0,
        title: format!("The link {} is paused, and followed", cut(&link.slug, NAME_CHARS_MAX)),
        message: format!(
            "{} people followed it since it was paused. They reach the chat, and where they came from is lost. Resume the link, or take it \
             off where it still stands: an ad, a profile, a poster.",
            link.people
        ),
        subject: link.id.to_string(),
        since: link.last_at,
    }
}

/// A channel's token expires soon, or has just expired.
pub(super) fn token_ageing(channel: TroubledChannel, now: Timestamp) -> NewItem {
    let name = label(channel.number.as_deref(), channel.handle.as_deref(), &channel.external_id);
    let (day, end) = (channel.since.strftime("%-d %b %Y"), if channel.since <= now { "expired" } else { "expires" });
    NewItem {
        project: channel.project,
        kind: AttentionKind::TokenAgeing,
        subject_id: channel.id.0,
        title: format!("The token of {} {name} {end} on {day}", channel.kind.name()),
        message: "Nothing can be sent after that. Make a token of a system user with \u{201c}never\u{201d} as its expiry, and enter it on the \
                  channel's page."
            .to_owned(),
        subject: channel.external_id,
        since: now,
    }
}

/// Most of the tokens that a project lets a language model spend in a `day` or a `month` are spent. Each limit has an item of its own.
pub(super) fn tokens_low(project: ProjectId, (of, spent, most): (&str, i64, i64), now: Timestamp) -> NewItem {
    NewItem {
        project,
        kind: AttentionKind::TokensLow,
        subject_id: i64::from(of == "month"),
        subject: of.to_owned(),
        title: format!("Most of the tokens of this {of} are spent"),
        message: format!(
            "The language model spent {spent} of the {most} tokens that it may spend in a {of}. Once they are spent the built-in agent \
             answers alone until the {of} is over. Raise the limit if the conversations need it."
        ),
        since: now,
    }
}

/// The certificate of TLS built in is not renewed.
pub(super) fn certificate_ageing(certificate: &AgeingCertificate, now: Timestamp) -> NewItem {
    let names = certificate.names.replace(',', ", ");
    let names = cut(&names, NAME_CHARS_MAX);
    let title = match certificate.expires_at {
        None => format!("There is no certificate for {names}"),
        Some(at) if at <= now => format!("The certificate for {names} has expired"),
        Some(at) => format!("The certificate for {names} expires on {}", at.strftime("%-d %b %Y")),
    };
    NewItem {
        project: ProjectId::INSTANCE,
        kind: AttentionKind::CertificateAgeing,
        subject_id: 0,
        subject: certificate.names.clone(),
        title,
        message: cut(&certificate.fault, MESSAGE_CHARS_MAX).to_owned(),
        since: now,
    }
}

/// Addresses tell less of where visits come from than they could.
pub(super) fn address(kind: AttentionKind, trouble: &AddressTrouble, now: Timestamp) -> NewItem {
    let page = if trouble.landing.is_empty() { String::new() } else { format!(", such as to {}", trouble.landing) };
    let (title, message) = match kind {
        AttentionKind::AddressMacro => (
            "Ad platforms leave placeholders in addresses",
            format!(
                "{} clicks since yesterday{page} came with a placeholder such as {{{{campaign.name}}}} in their address. Look at the \
                 URL parameters of the ads: each platform has placeholders of its own.",
                trouble.clicks
            ),
        ),
        _ => (
            "Visits begin on pages without the tag",
            format!(
                "{} clicks since yesterday{page} were of visits that began on another page of the site, where the tag is missing: \
                 their campaign is lost. Put the tag on every page that ads lead to.",
                trouble.clicks
            ),
        ),
    };
    NewItem {
        project: trouble.project,
        kind,
        subject_id: 0,
        subject: String::new(),
        title: title.to_owned(),
        message,
        since: now,
    }
}

/// A disk is nearly full.
pub(super) fn disk_full(disk: &Disk) -> NewItem {
    NewItem {
        project: ProjectId::INSTANCE,
        kind: AttentionKind::DiskFull,
        subject_id: 0,
        subject: format!("{} {}", disk.host, disk.path),
        title: format!("The disk of {} is nearly full", cut(&disk.host, NAME_CHARS_MAX)),
        message: format!(
            "{} GB of {} GB are free at {}. Once it is full nothing can be stored: make room, or keep less (retention).",
            gigabytes(disk.free_bytes),
            gigabytes(disk.total_bytes),
            disk.path
        ),
        since: disk.seen_at,
    }
}

/// The newest backup is old.
pub(super) fn backup_old(made_at: Timestamp) -> NewItem {
    NewItem {
        project: ProjectId::INSTANCE,
        kind: AttentionKind::BackupOld,
        subject_id: 0,
        subject: String::new(),
        title: "The newest backup is older than a week".to_owned(),
        message: format!(
            "It was made on {}, by aurix backup. Look why none was made since.",
            made_at.strftime("%-d %b %Y")
        ),
        since: made_at,
    }
}

/// With one digit behind the point.
fn gigabytes(bytes: i64) -> String {
    let tenths = bytes / (GB / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_in_gigabytes() {
        assert_eq!([0, 99_999_999, 3_140_000_000, 40_000_000_000].map(gigabytes), ["0.0", "0.0", "3.1", "40.0"]);
    }
}
