//! What WhatsApp tells of templates, the number and the account, in the operator's words: what happened, and what to do.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::channels::json::{at, integer, items, made_id, text, time};
use crate::channels::{Inbound, Preference, Told, Trouble};
use crate::domain::channel::PersonIds;
use crate::domain::text::cut;

/// Characters of a name or a reason that are kept.
const WORDS_CHARS_MAX: usize = 120;
/// The code for a history that the business does not share.
const HISTORY_DECLINED: i64 = 2_593_109;
/// Preferences of one call that are read.
const PREFERENCES_MAX: usize = 1_000;

/// What a change of that field tells; `None` where it is another field, or says nothing that is known.
pub(super) fn read(field: &str, value: &Value, entry_time: &str, raw: &RawValue) -> Option<Vec<Inbound>> {
    if field == "user_preferences" {
        return Some(read_preferences(value, raw));
    }
    let (words, trouble) = match field {
        "message_template_status_update" => (template_status(value)?, Trouble::None),
        "template_category_update" => (template_category(value)?, Trouble::None),
        "phone_number_quality_update" => quality(value)?,
        "account_update" => account(value)?,
        "history" => (history(value)?, Trouble::None),
        "business_capability_update" => (capability(value)?, Trouble::None),
        _ => return None,
    };
    Some(vec![Inbound::Told(Box::new(Told {
        // The platform has no id of it: what is sent again has the time of its call.
        external_id: made_id(entry_time, raw.get()),
        kind: field.to_owned(),
        words,
        trouble,
        raw: raw.get().to_owned(),
    }))])
}

fn short(value: &Value, path: &[&str]) -> Option<String> {
    text(value, path).map(|text| cut(&text, WORDS_CHARS_MAX).to_owned())
}

fn template_status(value: &Value) -> Option<String> {
    let name = short(value, &["message_template_name"])?;
    let language = short(value, &["message_template_language"]).unwrap_or_default();
    let reason = short(value, &["rejection_info", "reason"]).or_else(|| short(value, &["reason"]));
    let reason = reason.filter(|reason| reason != "NONE").map_or_else(String::new, |reason| format!(" ({reason})"));
    let what = match text(value, &["event"])?.as_str() {
        "APPROVED" | "REINSTATED" => "is approved and can be sent.",
        "REJECTED" => "was rejected{} and is not offered. Change it in WhatsApp Manager, or appeal there.",
        "PAUSED" => {
            "is paused{} and is not offered, since people reject it. Meta lets it go on by itself; change its text if this comes again."
        }
        "DISABLED" => "was disabled{} and is not offered any more, since people reject it. Write another one.",
        "FLAGGED" => "is about to be disabled{}: people reject it. Change its text in WhatsApp Manager.",
        "PENDING_DELETION" | "DELETED" => "is being deleted and is not offered any more.",
        "IN_APPEAL" => "is being looked at again by Meta.",
        "LIMIT_EXCEEDED" => {
            "was not taken: the account has as many templates as it may. Delete some in WhatsApp Manager."
        }
        _ => return None,
    };
    Some(format!("The template {name} ({language}) {}", what.replace("{}", &reason)))
}

fn template_category(value: &Value) -> Option<String> {
    let name = short(value, &["message_template_name"])?;
    let now = short(value, &["correct_category"]).or_else(|| short(value, &["new_category"]))?.to_lowercase();
    let is_due = text(value, &["correct_category"]).is_some();
    let when = if is_due { "will count" } else { "counts" };
    Some(format!(
        "The template {name} {when} as {now} now, as Meta decided: that changes what it costs, and who may get it. Appeal in WhatsApp Manager if it is wrong."
    ))
}

fn quality(value: &Value) -> Option<(String, Trouble)> {
    let number = short(value, &["display_phone_number"]).unwrap_or_default();
    let limit = short(value, &["current_limit"]).map_or_else(String::new, |limit| {
        format!(" It may begin conversations with {} people a day.", limit.trim_start_matches("TIER_").to_lowercase())
    });
    let subject = "quality".to_owned();
    Some(match text(value, &["event"])?.as_str() {
        "FLAGGED" => {
            let words = format!(
                "The quality of {number} is low (red): people block or report it. Send fewer templates, and only to who asked for them, else its limit falls.{limit}"
            );
            (words, Trouble::Begins { subject, until: None })
        }
        "UNFLAGGED" => (format!("The quality of {number} is good again.{limit}"), Trouble::Ends { subject }),
        "DOWNGRADE" => (format!("The limit of {number} fell, as its quality was low.{limit}"), Trouble::None),
        "UPGRADE" => (format!("The limit of {number} rose.{limit}"), Trouble::None),
        "ONBOARDING" => (format!("The number {number} is ready.{limit}"), Trouble::None),
        "THROUGHPUT_UPGRADE" => {
            let words = format!(
                "The number {number} may send up to 1,000 messages a second now. Enter it as the channel's pace to use it."
            );
            (words, Trouble::None)
        }
        _ => return None,
    })
}

fn account(value: &Value) -> Option<(String, Trouble)> {
    let begins =
        |subject: &str, words: &str| (words.to_owned(), Trouble::Begins { subject: subject.to_owned(), until: None });
    let ends = |subject: &str, words: &str| (words.to_owned(), Trouble::Ends { subject: subject.to_owned() });
    Some(match text(value, &["event"])?.as_str() {
        "DISABLED_UPDATE" => ban(value)?,
        "ACCOUNT_RESTRICTION" => restriction(value),
        "ACCOUNT_VIOLATION" => {
            let kind = lowered(value, &["violation_info", "violation_type"]);
            let words = format!(
                "WhatsApp says that the account broke a policy ({kind}). Mend it, or appeal in Meta Business Support Home: else it gets restricted."
            );
            (words, Trouble::None)
        }
        "ACCOUNT_DELETED" => begins(
            DISABLED,
            "The WhatsApp business account was deleted: nothing can be sent. Add the number under another account.",
        ),
        "ACCOUNT_OFFBOARDED" | "PARTNER_REMOVED" => begins(
            "removed",
            "The business took the number away from this Meta app: connect it again in the phone app, or at Meta.",
        ),
        "ACCOUNT_RECONNECTED" | "PARTNER_ADDED" => ends("removed", "The number is connected to this Meta app."),
        "VERIFIED_ACCOUNT" => ("Meta verified the account.".to_owned(), Trouble::None),
        _ => return None,
    })
}

/// What is wrong with an account that cannot send.
const DISABLED: &str = "disabled";

fn ban(value: &Value) -> Option<(String, Trouble)> {
    let date = short(value, &["ban_info", "waba_ban_date"]).map_or_else(String::new, |date| format!(" from {date}"));
    let state =
        text(value, &["ban_info", "waba_ban_state"]).or_else(|| first(value, &["ban_info", "waba_ban_state"]))?;
    let subject = DISABLED.to_owned();
    let words = match state.as_str() {
        "REINSTATE" => return Some(("WhatsApp lets the account go on.".to_owned(), Trouble::Ends { subject })),
        "SCHEDULE_FOR_DISABLE" => format!(
            "WhatsApp is going to disable the account{date}, for breaking its policies. Appeal in Meta Business Support Home before that."
        ),
        _ => format!(
            "WhatsApp disabled the account{date}, for breaking its policies: nothing can be sent. Appeal in Meta Business Support Home."
        ),
    };
    Some((words, Trouble::Begins { subject, until: None }))
}

fn restriction(value: &Value) -> (String, Trouble) {
    let (subject, restrictions) = ("restricted".to_owned(), items(value, &["restriction_info"]));
    let Some(first) = restrictions.first() else {
        return ("The account is not restricted any more.".to_owned(), Trouble::Ends { subject });
    };
    let kind = lowered(first, &["restriction_type"]);
    let until = restrictions.iter().filter_map(|one| time(one, &["expiration"])).max();
    let words = format!(
        "WhatsApp restricts the account ({kind}), for breaking its policies. See the account's page in Meta Business Support Home; it can be appealed there."
    );
    (words, Trouble::Begins { subject, until })
}

fn lowered(value: &Value, path: &[&str]) -> String {
    short(value, path).unwrap_or_default().to_lowercase().replace('_', " ")
}

/// That the phone app's past messages do not come: the business said no when it linked the number.
fn history(value: &Value) -> Option<String> {
    let errors = items(value, &["history"]).iter().flat_map(|chunk| items(chunk, &["errors"]));
    let is_declined = |error: &Value| integer(error, &["code"]) == Some(HISTORY_DECLINED);
    errors.chain(items(value, &["errors"])).any(is_declined).then(|| {
        "The past messages of the phone app do not come: whoever linked the number chose not to share them. To share them, link it again."
            .to_owned()
    })
}

fn first(value: &Value, path: &[&str]) -> Option<String> {
    items(value, path).first()?.as_str().map(str::to_owned)
}

fn capability(value: &Value) -> Option<String> {
    let most = ["max_daily_conversations_per_business", "max_daily_conversation_per_phone"];
    let most = most.iter().find_map(|key| at(value, &[key]))?;
    let most = most.as_str().map_or_else(|| most.to_string(), |tier| tier.trim_start_matches("TIER_").to_lowercase());
    let most = if most == "-1" { "any number of".to_owned() } else { cut(&most, WORDS_CHARS_MAX).to_owned() };
    Some(format!("The business may begin conversations with {most} people a day, by templates."))
}

/// Who wants marketing messages, and who does not.
fn read_preferences(value: &Value, raw: &RawValue) -> Vec<Inbound> {
    let channel = text(value, &["metadata", "phone_number_id"]);
    let read = |one: &Value| {
        let takes_marketing = match text(one, &["value"])?.as_str() {
            "stop" => false,
            "resume" => true,
            _ => return None,
        };
        let person = PersonIds { external_user_id: text(one, &["user_id"]), external_phone_id: text(one, &["wa_id"]) };
        let told_at: Option<Timestamp> = time(one, &["timestamp"]);
        let (channel, raw) = (channel.clone(), one.to_string());
        Some(Inbound::Preference(Box::new(Preference { channel, person, takes_marketing, told_at, raw })))
    };
    let found: Vec<Inbound> =
        items(value, &["user_preferences"]).iter().take(PREFERENCES_MAX).filter_map(read).collect();
    if found.is_empty() {
        let kind = "user_preferences".to_owned();
        return vec![Inbound::Other { external_id: None, kind, raw: raw.get().to_owned() }];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(field: &str, value: &Value) -> Option<(String, Trouble)> {
        let raw = RawValue::from_string(value.to_string()).expect("JSON");
        match read(field, value, "1", &raw)?.remove(0) {
            Inbound::Told(told) => Some((told.words, told.trouble)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_says_what_became_of_it_and_what_to_do() {
        let of = |event: &str, reason: &str| {
            let value = json!({"event": event, "message_template_id": 1, "message_template_name": "pick_up",
                               "message_template_language": "en_US", "reason": reason});
            told("message_template_status_update", &value).map(|(words, _)| words)
        };
        assert_eq!(
            of("APPROVED", "NONE").as_deref(),
            Some("The template pick_up (en_US) is approved and can be sent.")
        );
        let rejected = of("REJECTED", "INVALID_FORMAT").expect("known");
        assert!(rejected.contains("was rejected (INVALID_FORMAT) and is not offered"), "{rejected}");
        for event in ["PAUSED", "DISABLED"] {
            assert!(of(event, "NONE").expect("known").contains("is not offered"), "{event}");
        }
        assert_eq!(of("OF_LATER", "NONE"), None);
    }

    #[test]
    fn what_is_serious_begins_and_ends() {
        let begins = |subject: &str| Trouble::Begins { subject: subject.to_owned(), until: None };
        let ends = |subject: &str| Trouble::Ends { subject: subject.to_owned() };
        let quality = |event: &str| {
            told(
                "phone_number_quality_update",
                &json!({"display_phone_number": "16505551111", "event": event, "current_limit": "TIER_1K"}),
            )
            .expect("known")
        };
        assert_eq!((quality("FLAGGED").1, quality("UNFLAGGED").1), (begins("quality"), ends("quality")));
        assert!(quality("FLAGGED").0.contains("1k people a day"));
        let account = |value: Value| told("account_update", &value).expect("known").1;
        let banned = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": "2026-11-30"}});
        assert_eq!((account(banned("DISABLE")), account(banned("REINSTATE"))), (begins("disabled"), ends("disabled")));
        assert_eq!(account(json!({"event": "ACCOUNT_RESTRICTION"})), ends("restricted"));
        let until = json!({"event": "ACCOUNT_RESTRICTION",
                           "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1767348000}]});
        assert!(matches!(account(until), Trouble::Begins { until: Some(_), .. }));
        assert_eq!(told("account_update", &json!({"event": "OF_LATER"})), None);
    }

    #[test]
    fn a_history_that_is_not_shared_is_said_in_words() {
        let of = |code: i64| told("history", &json!({"history": [{"errors": [{"code": code, "title": "declined"}]}]}));
        assert!(of(2_593_109).expect("known").0.contains("chose not to share"));
        assert_eq!((of(1), told("history", &json!({"history": [{"threads": []}]}))), (None, None));
    }

    #[test]
    fn a_preference_names_its_person() {
        let value = json!({"metadata": {"phone_number_id": "1"}, "user_preferences": [
            {"wa_id": "65", "category": "marketing_messages", "value": "stop", "timestamp": 1767348000}, {"value": "odd"}]});
        let raw = RawValue::from_string(value.to_string()).expect("JSON");
        let found = read("user_preferences", &value, "1", &raw).expect("known");
        let [Inbound::Preference(preference)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((preference.takes_marketing, preference.person.external_phone_id.as_deref()), (false, Some("65")));
    }
}
