//! What is worth a word before a webhook is saved: the mistakes that people make most.

use url::{Host, Url};

use super::super::event_names::name_of;
use crate::net::guard::is_public;
use crate::net::{AddressPolicy, InvalidTarget, Target};
use crate::outbound::receivers::Receiver;
use crate::store::webhooks::Webhook;

/// Said of an address that the internet does not reach.
pub const PRIVATE: &str = "This address is only reachable inside your network. Use the public address of your CRM.";

/// Why a URL cannot be saved, in words for who pasted it.
pub fn mistake(url: &str, policy: &AddressPolicy) -> Option<String> {
    match Target::parse(url, policy) {
        Ok(_) => None,
        Err(InvalidTarget::AddressNotAllowed(_)) => Some(PRIVATE.to_owned()),
        Err(InvalidTarget::NotAUrl(_)) if url.is_empty() => Some("Paste the URL from your CRM.".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Something that can be saved and may be a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is of: saving again with the same warnings saves.
    pub key: String,
    /// What it means, and what to do.
    pub text: String,
}

/// What is worth a word of a webhook that goes to `url` with these events and headers, beside the project's other webhooks.
pub fn warnings(url: &str, events: &[String], headers: &[&str], others: &[Webhook]) -> Vec<Warning> {
    let Ok(parsed) = Url::parse(url) else { return Vec::new() };
    let mut found = Vec::new();
    let mut warn = |key: &str, text: String| found.push(Warning { key: key.to_owned(), text });
    if parsed.scheme() == "http" {
        let text = "With http: everybody on the way can read the leads. Use https: where your CRM has it.";
        warn("http", text.to_owned());
    }
    if is_private(&parsed) {
        warn("private", "This address is only reachable inside your network.".to_owned());
    }
    if is_page(&parsed) {
        let text = "This looks like the address of a web page. A webhook URL is made in the settings of your CRM.";
        warn("page", text.to_owned());
    }
    if parsed.path().contains("//") {
        warn("slashes", "The path has two slashes in a row: most receivers take that for another address.".to_owned());
    }
    if let Some(receiver) = Receiver::of_url(url) {
        let guide = receiver.guide();
        for (name, value) in receiver.missing_headers(headers) {
            warn(&format!("header-{name}"), format!("{} wants the header {name}: {value}. Add it below.", guide.name));
        }
        if guide.is_record && events.len() > 1 {
            let text = format!("{} makes {} of each event: choose New Lead alone.", guide.name, guide.makes);
            warn("records", text);
        }
    }
    for (other, both) in others.iter().filter_map(|other| Some((other, duplicates(other, url, events)?))) {
        let text = format!("“{}” sends {both} to the same URL already: each would arrive twice.", other.title(),);
        warn(&format!("twice-{}", other.public_id), text);
    }
    found
}

/// The events that a webhook that is on sends to the same URL; `None` where there are none.
pub fn duplicates(other: &Webhook, url: &str, events: &[String]) -> Option<String> {
    let normal = |url: &str| Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.to_string());
    if !other.is_active || normal(&other.url) != normal(url) {
        return None;
    }
    let both: Vec<String> =
        events.iter().filter(|event| other.events.contains(event)).map(|event| name_of(event)).collect();
    (!both.is_empty()).then(|| both.join(" and "))
}

fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
        None => false,
    }
}

/// Nothing takes events at the start page of a site, or at a file of one.
fn is_page(url: &Url) -> bool {
    let path = url.path();
    (path == "/" && url.query().is_none()) || path.ends_with(".html") || path.ends_with(".htm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(url: &str) -> Vec<String> {
        warnings(url, &[], &[], &[]).into_iter().map(|warning| warning.key).collect()
    }

    #[test]
    fn the_most_common_mistakes_are_said() {
        assert_eq!(keys("https://hook.make.example/x7k2"), Vec::<String>::new());
        assert_eq!(keys("http://hook.make.example/x7k2"), ["http"]);
        assert_eq!(keys("http://localhost:5678/webhook"), ["http", "private"]);
        assert_eq!(keys("https://192.168.1.7/webhook"), ["private"]);
        assert_eq!(keys("https://intranet/webhook"), ["private"]);
        assert_eq!(keys("https://www.example.com"), ["page"]);
        assert_eq!(keys("https://www.example.com/contact.html"), ["page"]);
        assert_eq!(keys("https://www.example.com/?hook=1"), Vec::<String>::new());
        assert_eq!(keys("https://www.example.com//hook"), ["slashes"]);
    }

    #[test]
    fn what_a_known_receiver_lacks_is_said() {
        let keys = |url: &str, events: &[&str], headers: &[&str]| {
            let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
            warnings(url, &events, headers, &[]).into_iter().map(|warning| warning.key).collect::<Vec<_>>()
        };
        let hubspot = "https://api.hubapi.com/crm/v3/objects/contacts";
        assert_eq!(keys(hubspot, &["lead.created"], &[]), ["header-Authorization"]);
        assert_eq!(keys(hubspot, &["lead.created"], &["authorization"]), Vec::<String>::new());
        assert_eq!(keys(hubspot, &["lead.created", "lead.complete"], &["Authorization"]), ["records"]);
        assert_eq!(keys("https://hooks.slack.com/services/T/B/X", &["a", "b"], &[]), Vec::<String>::new());
    }

    #[test]
    fn an_address_inside_a_network_is_named_as_that() {
        let policy = AddressPolicy::default();
        assert_eq!(mistake("https://localhost:5000/rest", &policy).as_deref(), Some(PRIVATE));
        assert_eq!(mistake("https://10.0.0.8/rest", &policy).as_deref(), Some(PRIVATE));
        assert_eq!(mistake("https://crm.example.com/rest", &policy), None);
        assert!(mistake("", &policy).is_some_and(|text| text.starts_with("Paste")));
        assert!(mistake("http://crm.example.com", &policy).is_some_and(|text| text.contains("https://")));
    }
}
