//! What a reply offers to answer it by, where the channel's platform shows such things: the options of a choice, yes and no, or a
//! button that shares the person's own number. Typed answers count as well, always.

use super::words::{self, Words};
use crate::agent::State;
use crate::domain::channel::Offers;
use crate::domain::form::{FieldKind, Form, PHONE};

/// Options that are offered; more are numbered in the question. A list at WhatsApp takes as many.
const CHOICES_MAX: usize = 10;
/// Characters of an option that is a button.
const CHOICE_CHARS_MAX: usize = 64;

/// What the reply after a turn offers; `before` and `after` are what the agent remembers. What an earlier question offered is taken
/// back once it is not open any more.
pub(super) fn of_turn(form: &Form, before: &State, after: &State) -> Option<Offers> {
    let open = |state: &State| match (state.paused, state.closed) {
        // What is asked is whether something is right, not the next field.
        (None, _) if !state.pending.is_empty() || state.asked_act.is_some() || state.reviewing => {
            Some(yes_no(words_of(form, state), ""))
        }
        (None, false) => state.asked.as_deref().and_then(|key| of_question(form, words_of(form, state), key)),
        _ => None,
    };
    open(after).or_else(|| open(before).map(|_| Offers::Nothing))
}

/// The words of the language that the conversation is in.
fn words_of(form: &Form, state: &State) -> &'static Words {
    words::of(state.language.as_deref().unwrap_or(&form.language))
}

/// Yes and no: to a field, or, without one, to whether something is right.
fn yes_no(words: &Words, key: &str) -> Offers {
    let options = words.yes_no.map(str::to_owned).to_vec();
    Offers::Choices { field: key.to_owned(), options, open: words.choose.to_owned() }
}

fn of_question(form: &Form, words: &Words, key: &str) -> Option<Offers> {
    let field = form.field(key)?;
    let choices =
        |options: Vec<String>| Offers::Choices { field: key.to_owned(), options, open: words.choose.to_owned() };
    match field.kind {
        FieldKind::Choice => {
            let is_short = |option: &String| option.chars().count() <= CHOICE_CHARS_MAX;
            let fits = (1..=CHOICES_MAX).contains(&field.options.len()) && field.options.iter().all(is_short);
            fits.then(|| choices(field.options.clone()))
        }
        FieldKind::YesNo => Some(yes_no(words, key)),
        FieldKind::Phone if key == PHONE => Some(Offers::OwnContact(words.share_number.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Pending;

    fn form() -> Form {
        let options: Vec<String> = (1..=11).map(|number| format!("\"Option {number}\"")).collect();
        let text = format!(
            r#"{{"fields":[{{"key":"service","type":"choice","question":"Which?","options":["A","B"]}},
                           {{"key":"many","type":"choice","question":"Which?","options":[{}]}},
                           {{"key":"first","type":"yes_no","question":"First time?"}}]}}"#,
            options.join(",")
        );
        Form::parse(&text).expect("a form")
    }

    fn asked(key: &str) -> State {
        State { asked: Some(key.to_owned()), ..State::default() }
    }

    #[test]
    fn a_question_offers_its_answers() {
        let form = form();
        let offered = |key| of_turn(&form, &State::default(), &asked(key));
        let choices = |field: &str, options: [&str; 2]| {
            let options = options.map(str::to_owned).to_vec();
            Some(Offers::Choices { field: field.to_owned(), options, open: "Choose".to_owned() })
        };
        assert_eq!(offered("service"), choices("service", ["A", "B"]));
        assert_eq!(offered("first"), choices("first", ["Yes", "No"]));
        assert_eq!(offered("phone"), Some(Offers::OwnContact("Share my phone number".to_owned())));
        assert_eq!(offered("many"), None, "they are numbered in the question");
        assert_eq!(offered("email"), None);
    }

    #[test]
    fn a_question_whether_something_is_right_offers_yes_and_no() {
        let pending = vec![Pending { key: "service".into(), words: "A".into(), value: "A".into(), old: None }];
        let options = vec!["Yes".to_owned(), "No".to_owned()];
        let yes_no = Some(Offers::Choices { field: String::new(), options, open: "Choose".to_owned() });
        assert_eq!(of_turn(&form(), &State::default(), &State { pending, ..asked("phone") }), yes_no);
        let act = State { asked_act: Some("human".to_owned()), ..asked("phone") };
        assert_eq!(of_turn(&form(), &State::default(), &act), yes_no);
        let review = State { reviewing: true, ..State::default() };
        assert_eq!(of_turn(&form(), &State::default(), &review), yes_no);
    }

    #[test]
    fn what_was_offered_is_taken_back_when_the_question_is_not_open_any_more() {
        let form = form();
        assert_eq!(of_turn(&form, &asked("phone"), &asked("email")), Some(Offers::Nothing));
        let closed = State { closed: true, ..asked("phone") };
        assert_eq!(of_turn(&form, &asked("phone"), &closed), Some(Offers::Nothing));
        assert_eq!(of_turn(&form, &asked("email"), &closed), None);
    }
}
