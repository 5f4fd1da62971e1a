//! What a message offers to answer it by, as Telegram's `reply_markup`. A press on a reply keyboard arrives as plain text.

use serde_json::{Value, json};

use crate::domain::channel::{Offers, Route};

/// Columns of a keyboard of choices.
const COLUMNS: usize = 2;

/// The markup of a message that goes by `route`; `None` where it has none.
pub(super) fn of(offers: &Offers, route: &Route) -> Option<Value> {
    match offers {
        Offers::Choices { options, .. } => {
            let rows: Vec<Value> =
                options.chunks(COLUMNS).map(|row| row.iter().map(|text| json!({"text": text})).collect()).collect();
            Some(keyboard(&rows))
        }
        // Telegram has this button in a chat with the bot itself only.
        Offers::OwnContact(_) if route.account.is_some() => None,
        Offers::OwnContact(words) => Some(keyboard(&[json!([{"text": words, "request_contact": true}])])),
        Offers::Nothing => Some(json!({"remove_keyboard": true})),
    }
}

fn keyboard(rows: &[Value]) -> Value {
    json!({"keyboard": rows, "resize_keyboard": true, "one_time_keyboard": true, "is_persistent": false})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_stand_in_two_columns() {
        let options = ["Tune-up", "Wheel truing", "Bike fitting"].map(str::to_owned).to_vec();
        let offers = Offers::Choices { field: "service".to_owned(), options, open: "Choose".to_owned() };
        let markup = of(&offers, &Route::default()).expect("a keyboard");
        let expected = json!([[{"text": "Tune-up"}, {"text": "Wheel truing"}], [{"text": "Bike fitting"}]]);
        assert_eq!(markup["keyboard"], expected);
        assert!(markup["one_time_keyboard"] == true && markup["resize_keyboard"] == true);
    }

    #[test]
    fn the_own_number_is_asked_for_in_the_bots_own_chat_only() {
        let offers = Offers::OwnContact("Share my number".to_owned());
        let markup = of(&offers, &Route::default()).expect("a keyboard");
        assert_eq!(markup["keyboard"], json!([[{"text": "Share my number", "request_contact": true}]]));
        assert_eq!(of(&offers, &Route { account: Some("b1".to_owned()), thread: None }), None);
        assert_eq!(of(&Offers::Nothing, &Route::default()), Some(json!({"remove_keyboard": true})));
    }
}
