//! What events are called on pages: a marketer's words first.

use crate::domain::event::EventType;

/// In the order in which they are offered: the word of the event, its name, and when it happens.
const NAMES: &[(EventType, &str, &str)] = &[
    (EventType::LeadCreated, "New Lead", "The person has left their details. Once per lead."),
    (EventType::WidgetClick, "Widget click", "Somebody pressed the button on your site."),
    (EventType::LeadCorrelated, "Lead correlated", "A chat was linked to its ad click."),
    (EventType::LeadComplete, "Lead complete", "Everything the form requires is known."),
    (EventType::LeadAbandoned, "Lead abandoned", "The person went silent before that. Once per lead."),
    (EventType::LeadUpdated, "Lead updated", "A detail changed after New Lead."),
    (EventType::LeadStageChanged, "Stage changed", "The lead was called qualified, won or lost."),
    (
        EventType::AttentionOpened,
        "Attention opened",
        "A webhook fails, a channel is refused, people wait: something needs you.",
    ),
    (EventType::AttentionClosed, "Attention closed", "It does not any more."),
];

/// An event as it is offered.
#[derive(Clone, Copy, Debug)]
pub struct EventName {
    /// The event.
    pub event: EventType,
    /// `lead.created`
    pub word: &'static str,
    /// `New Lead`
    pub name: &'static str,
    /// When it happens.
    pub when: &'static str,
}

impl EventName {
    fn of(event: EventType) -> Self {
        let known = NAMES.iter().find(|(one, ..)| *one == event);
        let (name, when) = known.map_or((event.as_str(), ""), |(_, name, when)| (*name, *when));
        Self { event, word: event.as_str(), name, when }
    }
}

/// All events, New Lead first.
pub fn all() -> Vec<EventName> {
    let named = NAMES.iter().map(|(event, ..)| *event);
    let others = EventType::ALL.into_iter().filter(|event| NAMES.iter().all(|(one, ..)| one != event));
    named.chain(others).map(EventName::of).collect()
}

/// Those that a webhook chooses among: of visitors and their leads, or of what needs attention.
pub fn family(is_operational: bool) -> Vec<EventName> {
    all().into_iter().filter(|name| name.event.is_operational() == is_operational).collect()
}

/// Whether a webhook with these events is told of what needs attention.
pub fn is_operational(words: &[String]) -> bool {
    words.iter().any(|word| EventType::parse(word).is_some_and(EventType::is_operational))
}

/// What an event is called, by its word in the database.
pub fn name_of(word: &str) -> String {
    EventType::parse(word).map_or_else(|| word.to_owned(), |event| EventName::of(event).name.to_owned())
}

/// The names of a webhook's events: `All events` of visitors, or a list in the order in which they are offered.
pub fn list_of(words: &[String]) -> String {
    let is_operational = is_operational(words);
    let all = family(is_operational);
    let names: Vec<&str> =
        all.iter().filter(|event| words.iter().any(|word| word == event.word)).map(|event| event.name).collect();
    if names.len() == all.len() && !is_operational { "All events".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_offered_and_new_lead_first() {
        assert_eq!(all().len(), EventType::ALL.len());
        assert_eq!((all()[0].name, all()[0].word), ("New Lead", "lead.created"));
        assert_eq!(list_of(&["lead.complete".to_owned(), "lead.created".to_owned()]), "New Lead, Lead complete");
        let words = |events: Vec<EventName>| events.iter().map(|event| event.word.to_owned()).collect::<Vec<_>>();
        assert_eq!(list_of(&words(family(false))), "All events");
        assert_eq!(list_of(&words(family(true))), "Attention opened, Attention closed");
        assert_eq!(family(false).len() + family(true).len(), EventType::ALL.len());
        assert_eq!((name_of("widget.click").as_str(), name_of("of.later").as_str()), ("Widget click", "of.later"));
    }
}
