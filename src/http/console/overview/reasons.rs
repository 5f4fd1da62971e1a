//! Why it is known or not known where a conversation came from, in words, and what helps.

use crate::domain::attributed::Attributed;

/// A reason in words.
pub struct Reason {
    /// In a few words.
    pub title: &'static str,
    /// What happened.
    pub what: &'static str,
    /// What the business can do; empty where there is nothing to do.
    pub advice: &'static str,
}

/// The words for a reason.
pub fn reason(attributed: Attributed) -> Reason {
    let (title, what, advice) = match attributed {
        Attributed::Reference => ("Reference in the message", "The message had the reference of a click.", ""),
        Attributed::Repaired => {
            ("Reference, mended", "The reference had letters that look alike, and only one click can be meant.", "")
        }
        Attributed::Referral => ("Ad inside the app", "The platform told which ad brought the person.", ""),
        Attributed::AdWithoutId => (
            "Ad without an id",
            "The platform told that an ad brought the person, and not which one.",
            "Nothing to change: platforms leave the id out where a person opted out of tracking, and on some numbers that are used in the phone app too.",
        ),
        Attributed::NoParameters => (
            "Page without parameters",
            "The click is known, but the page was opened without campaign parameters and from no other site.",
            "Use the address templates for ads, and addresses with parameters in mails, profiles and printed codes. What people type in by hand stays here.",
        ),
        Attributed::Macro => (
            "Placeholders not filled in",
            "The address still had a placeholder such as {{campaign.name}}, so the ad platform said nothing.",
            "Look at the URL parameters of the ads: each platform has placeholders of its own, and fills them only in its own field for them.",
        ),
        Attributed::UntaggedLanding => (
            "First page without the tag",
            "The visit began on another page of your site, where the tag is missing: its parameters were not seen.",
            "Put the tag on every page that ads lead to, best into the template of the whole site.",
        ),
        Attributed::UnknownReference => (
            "Unknown reference",
            "The message had a reference that no click of this project has.",
            "Mostly clicks that are older than what is kept, or another project's. If there are many, look whether two installations share one number.",
        ),
        Attributed::AnotherPerson => (
            "Reference of another person",
            "The message had the reference of somebody else's click: a forwarded message.",
            "Nothing to change: a link to share, with a source of its own, would tell these apart.",
        ),
        Attributed::Altered => (
            "Reference altered",
            "The words around the reference were there, and no reference that can be read.",
            "A shorter greeting leaves fewer words to change before sending.",
        ),
        Attributed::Removed => (
            "Reference deleted",
            "The message had your greeting, and the line with the reference was deleted.",
            "A greeting that says what the reference is for is deleted less often. A chat on the page and Telegram need no line to be sent.",
        ),
        Attributed::BeforeSetUp => (
            "Before the first click",
            "The person wrote before anybody had pressed a button of this project.",
            "Nothing to change: it ends by itself.",
        ),
        Attributed::NoReference => (
            "Wrote by themselves",
            "The message had no reference: the person has your number, or came by a link that does not lead through Aurix.",
            "Replace links to the number on your site, in profiles and on paper by links of Aurix.",
        ),
        Attributed::NotNoted => {
            ("Not noted", "The conversation is older than these reasons.", "Nothing to change: it ends by itself.")
        }
    };
    Reason { title, what, advice }
}
