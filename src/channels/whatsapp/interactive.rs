//! What a message offers to answer it by, as WhatsApp shows it: buttons, a list, or the platform's own question for the number.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::domain::channel::Offers;
use crate::domain::text::cut;

/// Characters of a message with buttons or a list.
const BODY_CHARS_MAX: usize = 1_024;
/// Buttons of a message.
const BUTTONS_MAX: usize = 3;
/// UTF-16 units of a button's title.
const BUTTON_UNITS_MAX: usize = 20;
/// Entries of a list.
const ROWS_MAX: usize = 10;
/// UTF-16 units of the title of a list's entry.
const ROW_UNITS_MAX: usize = 24;
/// Characters that are left of a longer one, with room for what counts twice.
const ROW_CHARS_CUT: usize = 18;
/// UTF-16 units of the description below a title.
const DESCRIPTION_UNITS_MAX: usize = 72;
/// UTF-16 units of the id of a list's entry; a button's may be longer.
const ID_UNITS_MAX: usize = 200;

/// What the ids of our own options begin with.
const MARK: &str = "field:";

/// A text with what it offers, as the platform's `interactive`; `None` where the platform cannot show it.
pub(super) fn of(text: &str, offers: &Offers) -> Option<Value> {
    if text.chars().count() > BODY_CHARS_MAX || text.trim().is_empty() {
        return None;
    }
    match offers {
        Offers::Choices { field, options, open } => {
            buttons(text, field, options).or_else(|| list(text, field, options, open))
        }
        // The words on the button are WhatsApp's.
        Offers::OwnContact(_) => Some(json!({
            "type": "request_contact_info",
            "body": {"text": text},
            "action": {"name": "request_contact_info"},
        })),
        Offers::Nothing => None,
    }
}

/// Whether WhatsApp shows what a text offers.
pub fn shows(text: &str, offers: &Offers) -> bool {
    of(text, offers).is_some()
}

/// The field and the option that an id stands for, where it is one of ours.
pub(super) fn offered(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix(MARK)?.split_once(':').filter(|(field, option)| !field.is_empty() && !option.is_empty())
}

fn id(field: &str, option: &str) -> String {
    format!("{MARK}{field}:{option}")
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn buttons(text: &str, field: &str, options: &[String]) -> Option<Value> {
    let fits = |option: &String| {
        units(option) <= BUTTON_UNITS_MAX && !option.contains('\n') && units(&id(field, option)) <= ID_UNITS_MAX
    };
    let differ: HashSet<&str> = options.iter().map(String::as_str).collect();
    let are_few = (1..=BUTTONS_MAX).contains(&options.len()) && differ.len() == options.len();
    let button = |option: &String| json!({"type": "reply", "reply": {"id": id(field, option), "title": option}});
    (are_few && options.iter().all(fits)).then(|| {
        json!({
            "type": "button",
            "body": {"text": text},
            "action": {"buttons": options.iter().map(button).collect::<Vec<_>>()},
        })
    })
}

fn list(text: &str, field: &str, options: &[String], open: &str) -> Option<Value> {
    let title = |option: &String| match units(option) <= ROW_UNITS_MAX {
        true => option.clone(),
        false => format!("{}…", cut(option, ROW_CHARS_CUT).trim_end()),
    };
    let titles: HashSet<String> = options.iter().map(title).collect();
    let fits = |option: &String| {
        let is_whole = units(option) <= ROW_UNITS_MAX;
        !option.contains('\n')
            && units(&id(field, option)) <= ID_UNITS_MAX
            && units(&title(option)) <= ROW_UNITS_MAX
            && (is_whole || units(option) <= DESCRIPTION_UNITS_MAX)
    };
    let row = |option: &String| {
        let (id, title) = (id(field, option), title(option));
        match title == *option {
            true => json!({"id": id, "title": title}),
            false => json!({"id": id, "title": title, "description": option}),
        }
    };
    let is_list = (1..=ROWS_MAX).contains(&options.len()) && titles.len() == options.len();
    (is_list && options.iter().all(fits)).then(|| {
        json!({
            "type": "list",
            "body": {"text": text},
            "action": {"button": open, "sections": [{"rows": options.iter().map(row).collect::<Vec<_>>()}]},
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(options: &[&str]) -> Offers {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Offers::Choices { field: "service".to_owned(), options, open: "Choose".to_owned() }
    }

    fn interactive(options: &[&str]) -> Value {
        of("Which one?", &choices(options)).expect("it is shown")
    }

    #[test]
    fn few_short_options_are_buttons() {
        let shown = interactive(&["Haircut", "Colour"]);
        assert_eq!(shown["type"], "button");
        let second = json!({"type": "reply", "reply": {"id": "field:service:Colour", "title": "Colour"}});
        assert_eq!(shown["action"]["buttons"][1], second);
    }

    #[test]
    fn more_or_longer_options_are_a_list_whose_cut_titles_are_whole_below() {
        let long = "A haircut with colour and a beard trim";
        let shown = interactive(&["Haircut", long]);
        assert_eq!(shown["type"], "list");
        let row = &shown["action"]["sections"][0]["rows"][1];
        assert_eq!(row["description"], long);
        assert!(units(row["title"].as_str().unwrap()) <= ROW_UNITS_MAX);
        assert_eq!(offered(row["id"].as_str().unwrap()), Some(("service", long)));
        assert_eq!(interactive(&["1", "2", "3", "4"])["type"], "list");
    }

    #[test]
    fn what_does_not_fit_stays_with_the_words() {
        let shows = |text: &str, options: &[&str]| shows(text, &choices(options));
        assert!(!shows("Which?", &["A very long option number one", "A very long option number two"]));
        let eleven: Vec<String> = (1..=11).map(|number| number.to_string()).collect();
        let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
        assert!(!shows("Which?", &eleven) && shows("Which?", &eleven[..10]));
        assert!(!shows(&"x".repeat(1_025), &["A", "B"]));
    }

    #[test]
    fn the_number_is_asked_for_with_whatsapps_own_button() {
        let asked = of("Your number?", &Offers::OwnContact("Share my number".to_owned())).expect("it is shown");
        assert_eq!(asked["action"]["name"], "request_contact_info");
        assert_eq!(of("Bye", &Offers::Nothing), None);
    }

    #[test]
    fn other_systems_ids_are_not_ours() {
        for id in ["yes", "field:", "field:service", "field::A", "3:1"] {
            assert_eq!(offered(id), None, "{id}");
        }
        assert_eq!(offered("field:when:Mon: 3 pm"), Some(("when", "Mon: 3 pm")));
    }
}
