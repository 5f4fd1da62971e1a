//! What needs a person, and who is told of it.

use super::account::Role;
use super::closed_set::closed_set;

closed_set! {
    /// A kind of what needs a person.
    pub enum AttentionKind {
        /// Aurix turned a webhook off.
        WebhookOff = "webhook.off",
        /// Every attempt of a webhook has failed for an hour.
        WebhookFailing = "webhook.failing",
        /// A platform refuses what we send: token, permission, billing or registration.
        ChannelFault = "channel.fault",
        /// A platform sends elsewhere what people write, or cannot deliver it here.
        ChannelInbound = "channel.inbound",
        /// A platform restricts the channel, or is about to: its account, its number.
        ChannelTrouble = "channel.restricted",
        /// Somebody has waited for a person for longer than the project allows.
        PeopleWaiting = "people.waiting",
        /// A widget that had clicks has none any more.
        WidgetSilent = "widget.silent",
        /// Ad platforms leave placeholders in the addresses of ads.
        AddressMacro = "address.macro",
        /// Visits begin on pages of the site that have no tag.
        AddressLost = "address.untagged_landing",
        /// People follow a link that was paused.
        LinkPaused = "link.paused",
        /// A platform's token expires soon.
        TokenAgeing = "channel.token_expires",
        /// Most of what a project lets a language model spend is spent.
        TokensLow = "llm.tokens_low",
        /// A disk is nearly full.
        DiskFull = "disk.full",
        /// The newest backup is older than a week.
        BackupOld = "backup.old",
        /// The certificate of TLS built in is not renewed, and ends soon.
        CertificateAgeing = "certificate.expires",
    }
}

impl AttentionKind {
    /// Those that a project may have.
    pub const OF_PROJECT: [Self; 12] = [
        Self::WebhookOff,
        Self::WebhookFailing,
        Self::ChannelFault,
        Self::ChannelInbound,
        Self::ChannelTrouble,
        Self::PeopleWaiting,
        Self::WidgetSilent,
        Self::AddressMacro,
        Self::AddressLost,
        Self::LinkPaused,
        Self::TokenAgeing,
        Self::TokensLow,
    ];

    /// The kind in words, as a choice.
    pub fn words(self) -> &'static str {
        match self {
            Self::WebhookOff => "A webhook was turned off",
            Self::WebhookFailing => "A webhook has failed for an hour",
            Self::ChannelFault => "A channel cannot send",
            Self::ChannelInbound => "A channel gets no messages",
            Self::ChannelTrouble => "A platform restricts a channel",
            Self::PeopleWaiting => "People wait for a person",
            Self::WidgetSilent => "A widget has had no click for 24 hours",
            Self::AddressMacro => "Ad platforms leave placeholders in addresses",
            Self::AddressLost => "Visits begin on pages without the tag",
            Self::LinkPaused => "People follow a link that was paused",
            Self::TokenAgeing => "A channel's token expires soon",
            Self::TokensLow => "Most tokens of the language model are spent",
            Self::DiskFull => "A disk is nearly full",
            Self::BackupOld => "The newest backup is older than a week",
            Self::CertificateAgeing => "The certificate of this server is not renewed",
        }
    }

    /// What it is about, as the operational events call it.
    pub fn subject_kind(self) -> &'static str {
        match self {
            Self::WebhookOff | Self::WebhookFailing => "webhook",
            Self::ChannelFault | Self::ChannelInbound | Self::ChannelTrouble | Self::TokenAgeing => "channel",
            Self::PeopleWaiting | Self::AddressMacro | Self::AddressLost | Self::TokensLow => "project",
            Self::WidgetSilent => "widget",
            Self::LinkPaused => "link",
            Self::DiskFull => "disk",
            Self::BackupOld => "instance",
            Self::CertificateAgeing => "certificate",
        }
    }

    /// The page where it is mended, behind `/p/{project}/`, or behind `/` for the instance.
    pub fn page(self, subject: &str) -> String {
        match self {
            Self::WebhookOff | Self::WebhookFailing => format!("integrations/webhook/{subject}"),
            Self::ChannelFault | Self::ChannelInbound | Self::ChannelTrouble | Self::TokenAgeing => {
                format!("channels/{subject}")
            }
            Self::PeopleWaiting => "inbox".to_owned(),
            Self::WidgetSilent => format!("widgets/{subject}"),
            Self::LinkPaused => format!("links/{subject}"),
            Self::AddressMacro | Self::AddressLost => "attribution".to_owned(),
            Self::TokensLow => "settings/agent".to_owned(),
            Self::DiskFull | Self::BackupOld | Self::CertificateAgeing => "instance".to_owned(),
        }
    }

    /// The button that leads there.
    pub fn button(self) -> &'static str {
        match self {
            Self::WebhookOff | Self::WebhookFailing => "Open webhook",
            Self::ChannelFault | Self::ChannelInbound | Self::ChannelTrouble | Self::TokenAgeing => "Open channel",
            Self::PeopleWaiting => "Open inbox",
            Self::WidgetSilent => "Open widget",
            Self::LinkPaused => "Open link",
            Self::AddressMacro | Self::AddressLost => "Open attribution",
            Self::TokensLow => "Open agent",
            Self::DiskFull | Self::BackupOld | Self::CertificateAgeing => "Open instance",
        }
    }
}

/// The kinds that somebody is told of by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerts(Vec<AttentionKind>);

impl Alerts {
    /// These of a project.
    pub fn new(kinds: impl Fn(AttentionKind) -> bool) -> Self {
        Self(AttentionKind::OF_PROJECT.into_iter().filter(|kind| kinds(*kind)).collect())
    }

    /// What somebody with that role is told of unless they choose: those who can mend something, of what is broken. That people
    /// wait is seen in the inbox, and a quiet day is no fault.
    pub fn of_role(role: Role) -> Self {
        let is_fault = |kind| {
            !matches!(
                kind,
                AttentionKind::PeopleWaiting
                    | AttentionKind::WidgetSilent
                    | AttentionKind::AddressMacro
                    | AttentionKind::AddressLost
                    | AttentionKind::LinkPaused
                    | AttentionKind::TokensLow
            )
        };
        Self::new(|kind| matches!(role, Role::Owner | Role::Admin) && is_fault(kind))
    }

    /// What a member chose, or what their role is told of. A word that this program does not know is left out.
    pub fn of_member(role: Role, chosen: Option<&str>) -> Self {
        match chosen {
            Some(words) => Self::new(|kind| words.split(' ').any(|word| word == kind.as_str())),
            None => Self::of_role(role),
        }
    }

    /// As it is stored.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether that kind is among them.
    pub fn has(&self, kind: AttentionKind) -> bool {
        self.0.contains(&kind)
    }

    /// The kinds.
    pub fn kinds(&self) -> &[AttentionKind] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_choose_is_told_of_what_they_can_mend() {
        let of = |role| Alerts::of_member(role, None).to_text();
        assert_eq!(
            of(Role::Owner),
            "webhook.off webhook.failing channel.fault channel.inbound channel.restricted channel.token_expires"
        );
        assert_eq!(
            [of(Role::Admin), of(Role::Member), of(Role::Viewer)],
            [of(Role::Owner), String::new(), String::new()]
        );
    }

    #[test]
    fn a_choice_is_read_as_it_is_stored() {
        let chosen = Alerts::new(|kind| kind == AttentionKind::PeopleWaiting || kind == AttentionKind::WebhookOff);
        assert_eq!(chosen.to_text(), "webhook.off people.waiting");
        assert_eq!(Alerts::of_member(Role::Viewer, Some(&chosen.to_text())), chosen);
        assert_eq!(Alerts::of_member(Role::Owner, Some("")).kinds(), []);
        assert_eq!(Alerts::of_member(Role::Owner, Some("disk.full of.later webhook.off")).to_text(), "webhook.off");
    }
}
