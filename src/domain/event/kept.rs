//! A body as it is stored: without what its event's row tells, and a press without the names that all of them have.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Event, EventType};
use crate::domain::time::{Timestamp, from_microseconds, with_milliseconds};

const CORRELATION_ID: &str = r#""data":{"correlation_id":"#;
const DEVICE_ID: &str = r#","device_id":"#;
const CLICK_URL: &str = r#","click_url":"#;
const PARSED_PARAMS: &str = r#","parsed_params":"#;
const IP_ADDRESS: &str = r#","ip_address":"#;
const USER_AGENT: &str = r#","user_agent":"#;
const END: &str = "}}";

/// How a body begins, but for that of `lead.created`.
fn head(event_type: &str, event_id: &str, created_at: Timestamp) -> String {
    let timestamp = with_milliseconds(created_at);
    format!(r#"{{"event_type":"{event_type}","event_id":"{event_id}","timestamp":"{timestamp}","#)
}

/// What has to be kept of a body beside type, id and time of its event: of a press the values of its `data` as an array, of
/// others all behind these three; all of the body where it does not begin with them.
pub fn kept<'a>(event: &Event, body: &'a str) -> Cow<'a, str> {
    let Event { event_type, event_id, created_at, .. } = event;
    // As it will be read.
    let created_at = from_microseconds(created_at.as_microsecond());
    let Some(rest) = body.strip_prefix(&head(event_type.as_str(), event_id, created_at)) else { return body.into() };
    match event_type {
        EventType::WidgetClick => values_of_click(rest).map_or(rest.into(), Cow::Owned),
        _ => rest.into(),
    }
}

/// The body that [`kept`] was made of, byte for byte.
pub fn whole(event_type: &str, event_id: &str, created_at: Timestamp, kept: String) -> String {
    let head = || head(event_type, event_id, created_at);
    match kept.as_bytes().first() {
        // A JSON object begins with a brace, what stands in one does not.
        Some(b'{') => kept,
        Some(b'[') => data_of_click(&kept).map(|data| head() + &data).unwrap_or(kept),
        _ => head() + &kept,
    }
}

/// A quote within a text has a backslash before it, so a name stands between two values, or within the parameters: these are
/// what is left when the others were taken from both ends.
fn values_of_click(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix(CORRELATION_ID)?.strip_suffix(END)?;
    let (correlation_id, rest) = rest.split_once(DEVICE_ID)?;
    let (device_id, rest) = rest.split_once(CLICK_URL)?;
    let (click_url, rest) = rest.split_once(PARSED_PARAMS)?;
    let (rest, user_agent) = rest.rsplit_once(USER_AGENT)?;
    let (parsed_params, ip_address) = rest.rsplit_once(IP_ADDRESS)?;
    Some(format!("[{correlation_id},{device_id},{click_url},{parsed_params},{ip_address},{user_agent}]"))
}

fn data_of_click(values: &str) -> serde_json::Result<String> {
    let [correlation_id, device_id, click_url, parsed_params, ip_address, user_agent]: [&RawValue; 6] =
        serde_json::from_str(values)?;
    Ok([
        CORRELATION_ID,
        correlation_id.get(),
        DEVICE_ID,
        device_id.get(),
        CLICK_URL,
        click_url.get(),
        PARSED_PARAMS,
        parsed_params.get(),
        IP_ADDRESS,
        ip_address.get(),
        USER_AGENT,
        user_agent.get(),
        END,
    ]
    .concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ClickData, CreatedLead};
    use proptest::prelude::*;

    const NOW: &str = "2026-01-07T09:52:24.744999999Z";

    fn click(event_id: &str, text: Option<&str>, parsed_params: &str) -> Event {
        let data = ClickData {
            correlation_id: "O-xY123zQ",
            device_id: text,
            click_url: text,
            parsed_params: serde_json::from_str(parsed_params).expect("JSON"),
            ip_address: text,
            user_agent: text,
        };
        Event::widget_click(event_id.to_owned(), &data, NOW.parse().expect("a time"))
    }

    fn read_again(event: &Event) -> (String, String) {
        let kept = kept(event, &event.body).into_owned();
        let created_at = from_microseconds(event.created_at.as_microsecond());
        (kept.clone(), whole(event.event_type.as_str(), &event.event_id, created_at, kept))
    }

    #[test]
    fn a_press_is_kept_without_what_its_row_tells_and_without_names() {
        let event = click("evt_1", None, r#"{"gclid":"G"}"#);
        let (kept, whole) = read_again(&event);
        assert_eq!(kept, r#"["O-xY123zQ",null,null,{"gclid":"G"},null,null]"#);
        assert_eq!(whole, event.body);
    }

    #[test]
    fn a_body_with_another_beginning_is_kept_whole() {
        let lead = CreatedLead {
            name: None,
            phone: None,
            email: None,
            message: None,
            channel: "whatsapp",
            conversation_id: "c",
        };
        let created = Event::lead_created("evt_2".into(), "p", 1, lead, Timestamp::UNIX_EPOCH);
        // An id that JSON writes differently.
        for event in [created, click("evt_\"", None, "{}")] {
            assert_eq!(read_again(&event), (event.body.clone(), event.body));
        }
    }

    proptest! {
        #[test]
        fn a_press_is_read_as_it_was_made(text in r#"(\PC|","|device_id|click_url|parsed_params|":|\\|"|ip_address|user_agent){0,12}"#) {
            let params = serde_json::json!({ "ip_address": text, "x": text, "user_agent": null, "device_id": text });
            for params in [params.to_string(), r#"{"x":1,"ip_address":2,"user_agent":3,"click_url":4}"#.to_owned()] {
                let event = click("evt_1", Some(&text), &params);
                let (kept, whole) = read_again(&event);
                prop_assert!(kept.starts_with('['));
                prop_assert_eq!(whole, event.body);
            }
        }
    }
}
