//! Receivers that many people have: what to paste where, and the template that makes a body as each wants it.

mod guides;

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
            Self::HubSpot => guides::HUBSPOT,
            Self::Pipedrive => guides::PIPEDRIVE,
            Self::AmoCrm => guides::AMOCRM,
            Self::Bitrix24 => guides::BITRIX24,
            Self::Notion => guides::NOTION,
            Self::Slack => guides::SLACK,
            Self::Telegram => guides::TELEGRAM,
            Self::Make => guides::MAKE,
            Self::N8n => guides::N8N,
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
