//! Templates that Meta has approved: which there are, what values they want, and how they are sent.

use serde_json::{Value, json};

use super::api::{Api, call, encoded};
use super::set_up::accounts_of;
use crate::channels::json::{items, text};
use crate::domain::channel::{Template, TemplateValue, WhatsAppCredentials};
use crate::net;

/// Templates that are read.
const TEMPLATES_MAX: usize = 200;

/// A template that can be sent as text with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedTemplate {
    /// Its name.
    pub name: String,
    /// Its language, as `en_US`.
    pub language: String,
    /// As what it is charged, such as `MARKETING`.
    pub category: String,
    /// The text at its top, with values as `{{1}}` or `{{name}}`.
    pub header: String,
    /// Its text, with values likewise.
    pub body: String,
}

impl ApprovedTemplate {
    /// The names of all its values, each once, in their order.
    pub fn values(&self) -> Vec<String> {
        let mut names = slots(&self.header);
        for name in slots(&self.body) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How it reads with values, and as it is sent; `value` gives one by its name.
    pub fn filled(&self, value: impl Fn(&str) -> String) -> (String, Template) {
        let fill = |text: &str| {
            let (first, rest) = text.split_once("{{").unwrap_or((text, ""));
            let rest = rest.split("{{").filter_map(|part| part.split_once("}}"));
            rest.fold(first.to_owned(), |filled, (name, after)| format!("{filled}{}{after}", value(name)))
        };
        let values =
            |text: &str| slots(text).into_iter().map(|name| TemplateValue { text: value(&name), name }).collect();
        let text = [fill(&self.header), fill(&self.body)].join("\n");
        let (name, language) = (self.name.clone(), self.language.clone());
        (text.trim().to_owned(), Template { name, language, header: values(&self.header), body: values(&self.body) })
    }
}

/// The approved templates of the account that the token tells, without those that want a picture, a file or a link of their own.
pub(in crate::channels) async fn list(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
) -> Result<Vec<ApprovedTemplate>, String> {
    let query = format!("debug_token?input_token={}", encoded(&credentials.access_token));
    let token = call(client, api, credentials, &query, None).await?;
    let accounts = accounts_of(&token["data"]);
    let [account] = accounts.as_slice() else {
        return Err("The access token does not tell which WhatsApp business account the number is of. Make one with \
                    whatsapp_business_management for that account only."
            .to_owned());
    };
    let query = format!(
        "{}/message_templates?status=APPROVED&limit={TEMPLATES_MAX}&fields=name,language,status,category,components",
        encoded(account)
    );
    let answer = call(client, api, credentials, &query, None).await?;
    Ok(items(&answer, &["data"]).iter().take(TEMPLATES_MAX).filter_map(read).collect())
}

fn read(template: &Value) -> Option<ApprovedTemplate> {
    let get = |key: &str| text(template, &[key]);
    if get("status").is_some_and(|status| status != "APPROVED") {
        return None;
    }
    let (mut header, mut body) = (String::new(), None);
    for component in items(template, &["components"]) {
        let words = text(component, &["text"]);
        match text(component, &["type"])?.to_uppercase().as_str() {
            "HEADER" if component["format"].as_str().is_none_or(|format| format.eq_ignore_ascii_case("TEXT")) => {
                header = words.unwrap_or_default();
            }
            "BODY" => body = words,
            "FOOTER" => {}
            "BUTTONS" if items(component, &["buttons"]).iter().all(is_fixed) => {}
            _ => return None,
        }
    }
    Some(ApprovedTemplate {
        name: get("name")?,
        language: get("language")?,
        category: get("category").unwrap_or_default(),
        header,
        body: body?,
    })
}

/// Whether a button wants no value: its answer comes back as a press, or its link has no part that differs.
fn is_fixed(button: &Value) -> bool {
    match text(button, &["type"]).unwrap_or_default().to_uppercase().as_str() {
        "QUICK_REPLY" | "PHONE_NUMBER" => true,
        "URL" => text(button, &["url"]).is_some_and(|url| !url.contains("{{")),
        _ => false,
    }
}

/// The names of the values in a text, each once.
fn slots(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        let Some((name, _)) = part.split_once("}}") else { continue };
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A template as the body of a message.
pub(super) fn message(template: &Template) -> Value {
    let parameter = |value: &TemplateValue| {
        let is_number = value.name.bytes().all(|byte| byte.is_ascii_digit());
        match is_number {
            true => json!({"type": "text", "text": value.text}),
            false => json!({"type": "text", "parameter_name": value.name, "text": value.text}),
        }
    };
    let component = |(kind, values): (&str, &Vec<TemplateValue>)| {
        let parameters: Vec<Value> = values.iter().map(parameter).collect();
        (!values.is_empty()).then(|| json!({"type": kind, "parameters": parameters}))
    };
    let components = [("header", &template.header), ("body", &template.body)];
    json!({
        "name": template.name,
        "language": {"code": template.language},
        "components": components.into_iter().filter_map(component).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(components: Value) -> Option<ApprovedTemplate> {
        read(
            &json!({"name": "follow_up", "language": "en_US", "status": "APPROVED", "category": "UTILITY", "components": components}),
        )
    }

    #[test]
    fn a_text_with_values_is_filled() {
        let body = json!({"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready. Bye {{1}}"});
        let found = template(json!([{"type": "HEADER", "format": "TEXT", "text": "News"}, body])).expect("usable");
        assert_eq!(found.values(), ["1", "2"]);
        let (text, sent) = found.filled(|name| if name == "1" { "Mei" } else { "bike" }.to_owned());
        assert_eq!(text, "News\nHello Mei, your bike is ready. Bye Mei");
        let (text, _) = found.filled(|_| "{{2}}".to_owned());
        assert_eq!(text, "News\nHello {{2}}, your {{2}} is ready. Bye {{2}}", "a value is no pattern");
        let parameters = json!([{"type": "text", "text": "Mei"}, {"type": "text", "text": "bike"}]);
        assert_eq!(message(&sent)["components"], json!([{"type": "body", "parameters": parameters}]));
    }

    #[test]
    fn named_values_are_sent_by_their_names() {
        let found = template(json!([{"type": "BODY", "text": "Hello {{first_name}}"}])).expect("usable");
        let sent = message(&found.filled(|_| "Mei".to_owned()).1);
        assert_eq!(sent["components"][0]["parameters"][0]["parameter_name"], "first_name");
        assert_eq!((&sent["name"], &sent["language"]["code"]), (&json!("follow_up"), &json!("en_US")));
    }

    #[test]
    fn what_wants_more_than_text_is_left_out() {
        let body = json!({"type": "BODY", "text": "Hello"});
        assert!(template(json!([body])).is_some());
        assert!(template(json!([{"type": "HEADER", "format": "IMAGE"}, body])).is_none());
        let link = |url: &str| json!({"type": "BUTTONS", "buttons": [{"type": "URL", "url": url}]});
        assert!(template(json!([body, link("https://a.example/{{1}}")])).is_none());
        assert!(template(json!([body, link("https://a.example/")])).is_some());
        assert!(template(json!([{"type": "CAROUSEL"}, body])).is_none());
    }
}
