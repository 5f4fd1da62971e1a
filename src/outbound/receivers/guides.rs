//! What to paste where, of each receiver, as its own documentation has it.

use super::Guide;

pub(super) const HUBSPOT: Guide = Guide {
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
};

pub(super) const PIPEDRIVE: Guide = Guide {
    name: "Pipedrive",
    makes: "a person",
    url: "https://api.pipedrive.com/api/v2/persons",
    steps: &["Settings → Personal preferences → API: copy your API token."],
    headers: &[("x-api-token", "TOKEN")],
    template: Some(include_str!("pipedrive.jinja")),
    is_record: true,
};

pub(super) const AMOCRM: Guide = Guide {
    name: "amoCRM",
    makes: "a lead with its contact",
    url: "https://SUBDOMAIN.amocrm.ru/api/v4/leads/complex",
    steps: &["Settings → Integrations → Create integration: make a long-lived token under Keys and scopes."],
    headers: &[("Authorization", "Bearer TOKEN")],
    template: Some(include_str!("amocrm.jinja")),
    is_record: true,
};

pub(super) const BITRIX24: Guide = Guide {
    name: "Bitrix24",
    makes: "a lead",
    url: "https://DOMAIN/rest/USER/SECRET/crm.lead.add.json",
    steps: &[
        "Developer resources → Other → Inbound webhook, with the permission CRM: copy its URL and put crm.lead.add.json behind it.",
    ],
    headers: &[],
    template: Some(include_str!("bitrix24.jinja")),
    is_record: true,
};

pub(super) const NOTION: Guide = Guide {
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
};

pub(super) const SLACK: Guide = Guide {
    name: "Slack",
    makes: "a message in a channel",
    url: "https://hooks.slack.com/services/T000/B000/SECRET",
    steps: &["api.slack.com/apps → Create New App → Incoming Webhooks: add one to the channel and copy its URL."],
    headers: &[],
    template: Some(include_str!("slack.jinja")),
    is_record: false,
};

pub(super) const TELEGRAM: Guide = Guide {
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
};

pub(super) const MAKE: Guide = Guide {
    name: "Make",
    makes: "a run of a scenario",
    url: "https://hook.eu2.make.com/ID",
    steps: &["Make a scenario that begins with Webhooks → Custom webhook, and copy its URL."],
    headers: &[],
    template: None,
    is_record: false,
};

pub(super) const N8N: Guide = Guide {
    name: "n8n",
    makes: "a run of a workflow",
    url: "https://n8n.example.com/webhook/ID",
    steps: &["Make a workflow that begins with a Webhook node for POST, and copy its production URL."],
    headers: &[],
    template: None,
    is_record: false,
};
