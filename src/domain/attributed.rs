//! Whether a conversation's origin is known, and why not where it is not.

use super::closed_set::closed_set;
use super::source::{AD, DIRECT, Source, Trouble};

closed_set! {
    /// What a person's first message said of the correlation id. Decided once; a later message that brings one to light counts.
    pub enum Reference {
        /// It had the id of a click.
        Exact = "exact",
        /// It had one with letters that look alike, and only one click can be meant.
        Repaired = "repaired",
        /// It had what looks like an id, and no click has it.
        Unknown = "unknown",
        /// It had the id of somebody else's click: a forwarded message.
        AnotherPerson = "another_person",
        /// It had the words around the id, and no id that can be read.
        Altered = "altered",
        /// It had the widget's greeting, or the link's text, alone: the line with the id was deleted.
        Removed = "removed",
        /// Nobody had pressed a button of the project yet.
        BeforeSetUp = "before_set_up",
        /// It had none.
        None = "none",
    }
}

closed_set! {
    /// Where a conversation came from is known by what, or unknown why. Counts have its place here: new ones go to the end.
    pub enum Attributed {
        /// By the id in the message.
        Reference = "reference",
        /// By the id in the message, mended.
        Repaired = "repaired",
        /// By what the platform tells of an ad inside the app.
        Referral = "referral",
        /// The person came by an ad inside the app, which one was not told.
        AdWithoutId = "ad_without_id",
        /// The page was opened without campaign parameters, and from nowhere.
        NoParameters = "page_without_parameters",
        /// The ad platform did not fill its placeholders in.
        Macro = "unexpanded_macro",
        /// The first page of the visit was another of the site, without the tag.
        UntaggedLanding = "untagged_landing",
        /// As [`Reference::Unknown`].
        UnknownReference = "unknown_reference",
        /// As [`Reference::AnotherPerson`].
        AnotherPerson = "another_person",
        /// As [`Reference::Altered`].
        Altered = "altered_reference",
        /// As [`Reference::Removed`].
        Removed = "removed_reference",
        /// As [`Reference::BeforeSetUp`].
        BeforeSetUp = "before_set_up",
        /// The person wrote by themselves.
        NoReference = "no_reference",
        /// Older than what is noted.
        NotNoted = "not_noted",
    }
}

impl Attributed {
    /// Those by which it is known where the conversation came from.
    pub const KNOWN: [Self; 3] = [Self::Reference, Self::Repaired, Self::Referral];

    /// Of a conversation that a click led to: by the word of its source, what is wrong with the address, and what the first message said.
    pub fn of_click(source: &str, trouble: Trouble, reference: Option<Reference>) -> Self {
        match (source, trouble, reference) {
            (DIRECT, Trouble::None, _) => Self::NoParameters,
            (DIRECT, Trouble::Macro, _) => Self::Macro,
            (DIRECT, Trouble::UntaggedLanding, _) => Self::UntaggedLanding,
            (_, _, Some(Reference::Repaired)) => Self::Repaired,
            _ => Self::Reference,
        }
    }

    /// Of one that no click led to: whether an ad inside the app did, whether that is known, and what the first message said.
    pub fn without_click(source: &Source, has_ad: bool, reference: Option<Reference>) -> Self {
        match reference {
            _ if source.source == AD && has_ad => Self::Referral,
            _ if source.source == AD => Self::AdWithoutId,
            None => Self::NotNoted,
            Some(Reference::Unknown) => Self::UnknownReference,
            Some(Reference::AnotherPerson) => Self::AnotherPerson,
            Some(Reference::Altered) => Self::Altered,
            Some(Reference::Removed) => Self::Removed,
            Some(Reference::BeforeSetUp) => Self::BeforeSetUp,
            // A click whose rows are gone tells of nothing any more.
            Some(Reference::None | Reference::Exact | Reference::Repaired) => Self::NoReference,
        }
    }

    /// Whether it is known where the conversation came from.
    pub fn is_known(self) -> bool {
        Self::KNOWN.contains(&self)
    }

    /// The number that counts have for it, from 1.
    pub fn code(self) -> i64 {
        self as i64 + 1
    }

    /// The one of that number.
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ChannelId;

    #[test]
    fn what_a_click_tells_decides_before_the_message() {
        let of = |source, trouble, reference| Attributed::of_click(source, trouble, Some(reference));
        assert_eq!(of("google", Trouble::None, Reference::Exact), Attributed::Reference);
        assert_eq!(of("google", Trouble::Macro, Reference::Repaired), Attributed::Repaired, "something is told");
        assert_eq!(of(DIRECT, Trouble::None, Reference::Exact), Attributed::NoParameters);
        assert_eq!(of(DIRECT, Trouble::Macro, Reference::Exact), Attributed::Macro);
        assert_eq!(of(DIRECT, Trouble::UntaggedLanding, Reference::Exact), Attributed::UntaggedLanding);
        assert_eq!(of(AD, Trouble::None, Reference::Exact), Attributed::Reference, "an address may have any word");
    }

    #[test]
    fn without_a_click_an_ad_in_the_app_or_the_message_tells() {
        let of = |by_ad, has_ad, reference| {
            Attributed::without_click(&Source::without_click(ChannelId(1), by_ad), has_ad, reference)
        };
        assert_eq!(of(true, true, None), Attributed::Referral);
        assert_eq!(of(true, false, None), Attributed::AdWithoutId);
        assert_eq!(of(false, false, None), Attributed::NotNoted);
        assert_eq!(of(false, false, Some(Reference::Removed)), Attributed::Removed);
        assert_eq!(of(false, false, Some(Reference::Exact)), Attributed::NoReference);
    }

    #[test]
    fn the_numbers_of_counts_stay() {
        assert_eq!(Attributed::ALL.map(Attributed::code).to_vec(), (1..=14).collect::<Vec<_>>());
        assert_eq!((Attributed::Reference.code(), Attributed::NotNoted.code()), (1, 14));
        assert_eq!((Attributed::of_code(12), Attributed::of_code(0)), (Some(Attributed::BeforeSetUp), None));
    }
}
