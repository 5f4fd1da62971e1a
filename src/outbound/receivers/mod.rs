//! Receivers that many people have: what to paste where, and the template that makes a body as each wants it.

use url::Url;

use crate::domain::closed_set::closed_set;

closed_set! {
    /// A receiver that many people have.
    pub enum Receiver {
        /// A CRM: makes a contact.
        HubSpot = "hubspot",
        /// A CRM: makes a person.
        Pipedrive = "pipedrive",
        /// A CRM: makes a lead with its contact.
        AmoCrm = "amocrm",
        /// A CRM: makes a lead.
        Bitrix24 = "bitrix24",
        /// A database of pages.
        Notion = "notion",
        /// A chat of a team.
        Slack = "slack",
        /// A chat with a bot.
        Telegram = "telegram",
        /// Takes events as they are.
        Make = "make",
        /// Takes events as they are.
        N8n = "n8n",
    }
}

/// What to paste where.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// As its makers call it.
    pub name: &'static str,
    /// What becomes of an event there.
    pub makes: &'static str,
    /// The URL, with words in capitals to be replaced.
    pub url: &'static str,
    /// What to do there first.
    pub steps: &'static [&'static str],
    /// Headers that it wants: the name, and what its value looks like.
    pub headers: &'static [(&'static str, &'static str)],
    /// The template; `None` where it takes events as they are.
    pub template: Option<&'static str>,
    /// Whether each event makes a record of its own, so that one event is enough.
    pub is_record: bool,
}

impl Receiver {
    /// What to paste where.
    pub fn guide(self) -> Guide {
        match self {
            Self::HubSpot => Guide {
                name: "HubSpot",
                makes: "a contact",
                url: "https://api.hubapi.com/crm/v3/objects/contacts",
                steps: &[
                    "Settings → Integrations → Private Apps → Create: give it the scope crm.objects.contacts.write and copy its access token.",
                    "A contact with the same e-mail address is refused with 409: it is there already.",
                ],
                headers: &[("Authorization", "Bearer TOKEN")],
                template: Some(include_str!("hubspot.jinja")),
                is_record: true,
            },
            Self::Pipedrive => Guide {
                name: "Pipedrive",
                makes: "a person",
                url: "https://api.pipedrive.com/api/v2/persons",
                steps: &["Settings → Personal preferences → API: copy your API token."],
                headers: &[("x-api-token", "TOKEN")],
                template: Some(include_str!("pipedrive.jinja")),
                is_record: true,
            },
            Self::AmoCrm => Guide {
                name: "amoCRM",
                makes: "a lead with its contact",
                url: "https://SUBDOMAIN.amocrm.ru/api/v4/leads/complex",
                steps: &[
                    "Settings → Integrations → Create integration: make a long-lived token under Keys and scopes.",
                ],
                headers: &[("Authorization", "Bearer TOKEN")],
                template: Some(include_str!("amocrm.jinja")),
                is_record: true,
            },
            Self::Bitrix24 => Guide {
                name: "Bitrix24",
                makes: "a lead",
                url: "https://DOMAIN/rest/USER/SECRET/crm.lead.add.json",
                steps: &[
                    "Developer resources → Other → Inbound webhook, with the permission CRM: copy its URL and put crm.lead.add.json behind it.",
                ],
                headers: &[],
                template: Some(include_str!("bitrix24.jinja")),
                is_record: true,
            },
            Self::Notion => Guide {
                name: "Notion",
                makes: "a page in a database",
                url: "https://api.notion.com/v1/pages",
                steps: &[
                    "Make an internal integration at notion.so/profile/integrations and copy its secret.",
                    "In the database: ••• → Connections, add the integration. Its id is the 32 characters of its address before the “?”: put it into the template.",
                ],
                headers: &[("Authorization", "Bearer SECRET"), ("Notion-Version", "2022-06-28")],
                template: Some(include_str!("notion.jinja")),
                is_record: true,
            },
            Self::Slack => Guide {
                name: "Slack",
                makes: "a message in a channel",
                url: "https://hooks.slack.com/services/T000/B000/SECRET",
                steps: &[
                    "api.slack.com/apps → Create New App → Incoming Webhooks: add one to the channel and copy its URL.",
                ],
                headers: &[],
                template: Some(include_str!("slack.jinja")),
                is_record: false,
            },
            Self::Telegram => Guide {
                name: "Telegram",
                makes: "a message from your bot",
                url: "https://api.telegram.org/botTOKEN/sendMessage",
                steps: &[
                    "Make a bot with @BotFather and copy its token.",
                    "Write to the bot, or add it to the group; the id of the chat is in the answer of getUpdates: put it into the template.",
                ],
                headers: &[],
                template: Some(include_str!("telegram.jinja")),
                is_record: false,
            },
            Self::Make => Guide {
                name: "Make",
                makes: "a run of a scenario",
                url: "https://hook.eu2.make.com/ID",
                steps: &["Make a scenario that begins with Webhooks → Custom webhook, and copy its URL."],
                headers: &[],
                template: None,
                is_record: false,
            },
            Self::N8n => Guide {
                name: "n8n",
                makes: "a run of a workflow",
                url: "https://n8n.example.com/webhook/ID",
                steps: &["Make a workflow that begins with a Webhook node for POST, and copy its production URL."],
                headers: &[],
                template: None,
                is_record: false,
            },
        }
    }

    /// The receiver that an address is known to be of.
    pub fn of_url(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let (host, path) = (url.host_str()?, url.path());
        let is_below =
            |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        match host {
            "api.hubapi.com" => Some(Self::HubSpot),
            "api.notion.com" => Some(Self::Notion),
            "hooks.slack.com" => Some(Self::Slack),
            "api.telegram.org" => Some(Self::Telegram),
            _ if is_below("pipedrive.com") && path.contains("/persons") => Some(Self::Pipedrive),
            _ if ["amocrm.ru", "amocrm.com", "kommo.com"].into_iter().any(is_below) => Some(Self::AmoCrm),
            _ if path.starts_with("/rest/") && path.contains("/crm.lead.add") => Some(Self::Bitrix24),
            _ if is_below("make.com") && host.starts_with("hook.") => Some(Self::Make),
            _ => None,
        }
    }

    /// The headers that it wants and that are not among `given`.
    pub fn missing_headers(self, given: &[&str]) -> Vec<(&'static str, &'static str)> {
        let is_missing = |name: &str| given.iter().all(|given| !given.eq_ignore_ascii_case(name));
        self.guide().headers.iter().filter(|(name, _)| is_missing(name)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_receiver() {
        for receiver in Receiver::ALL {
            // Where it runs, n8n has whatever address its owner gave it.
            let expected = Some(receiver).filter(|receiver| *receiver != Receiver::N8n);
            assert_eq!(Receiver::of_url(receiver.guide().url), expected, "{receiver:?}");
        }
        for other in ["https://crm.example.com/rest", "https://evilamocrm.ru/api", "https://www.make.com/", "x"] {
            assert_eq!(Receiver::of_url(other), None, "{other}");
        }
    }

    #[test]
    fn a_header_that_is_lacking_is_named_in_any_case() {
        assert_eq!(Receiver::Notion.missing_headers(&["authorization"]), [("Notion-Version", "2022-06-28")]);
        assert_eq!(Receiver::Slack.missing_headers(&[]), []);
    }
}
