//! The demo's shop: its project, channel, widget, link, webhook and key, created once and found again at the next start.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use super::past::{self, Place};
use super::playground::{
    BOT_API_PATH, BOT_CHAT_PATH, BotStage, ChatStage, GRAPH_PATH, LISTENER_PATH, PHONE_PATH, Stage,
};
use crate::accounts::Accounts;
use crate::accounts::create_user::{NewUser, UserRefused};
use crate::core::Core;
use crate::domain::account::{Email, Role};
use crate::domain::actor::Actor;
use crate::domain::channel::ChannelKind;
use crate::domain::form::Form;
use crate::domain::ids::ProjectId;
use crate::domain::lead::CreatedWhen;
use crate::domain::link::Campaign;
use crate::domain::phone::PhoneNumber;
use crate::domain::visitor::IpPolicy;
use crate::domain::widget::Look;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::add_telegram::{KnownBot, store_bot};
use crate::projects::add_web::{WebChannel, add_web_channel};
use crate::projects::add_webhook::{NewWebhook, add_webhook};
use crate::projects::create_key::{self, create_key};
use crate::projects::create_project::{NewProject, create_project};
use crate::projects::create_widget::{NewWidget, create_widget};
use crate::projects::links::{LinkRefused, NewLink, Opens, create_link};
use crate::projects::remove_webhook::remove_webhook;
use crate::projects::set_form::set_form;
use crate::projects::set_webhook_active::set_webhook_active;
use crate::serve;
use crate::store::channels::Channel;
use crate::store::{channels, keys, users, webhooks, widgets};

/// The shop's name, as its pages have it.
const BUSINESS_NAME: &str = "Juniper Cycles";
/// The shop's number: nobody's.
const NUMBER: &str = "+6580001234";
/// The number's id at the simulated platform; finds the demo again at the next start.
const PHONE_NUMBER_ID: &str = "100000000000001";
/// The bot's id at the simulated platform.
const BOT_ID: &str = "1000000002";
/// Its username: nobody's.
const BOT: &str = "juniper_cycles_demo_bot";
/// What the prefilled text begins with.
const GREETING: &str = "Hello Juniper Cycles, I have a question.";
/// Widgets among which the demo's are found.
const WIDGETS_MAX: u32 = 200;
/// Characters of the channel's credentials.
const CREDENTIAL_CHARS: usize = 40;
/// The lead form of the shop.
const FORM: &str = include_str!("form.json");
/// The service of the key that is printed.
const SERVICE_NAME: &str = "external";

/// Creates what the demo needs, or finds it, and points it to where the server is this time.
pub async fn set_stage(core: &Core, actor: &Actor, inside_url: String, is_empty: bool) -> anyhow::Result<Stage> {
    let base_url = core.config.base_url.clone();
    let (project, is_new) = project(core, actor).await?;
    let channel = channel(core, actor, project, &base_url, &inside_url).await?;
    let widget_id = widget_id(core, actor, project, &channel).await?;
    link(core, actor, project, &widget_id).await?;
    if is_new && !is_empty {
        serve::say("Inventing four weeks of a shop's business ...");
        let phone_number_id = &channel.external_id;
        let place = Place { project, widget_id: &widget_id, phone_number_id, greeting: GREETING };
        past::invent(core, actor, &place).await.context("inventing the shop's past")?;
    }
    Ok(Stage {
        project,
        business_name: BUSINESS_NAME.to_owned(),
        widget_id,
        bot: bot(core, actor, project, &base_url, &inside_url).await?,
        chat: chat(core, actor, project).await?,
        channel: channel.id,
        phone_number_id: channel.external_id,
        number: PhoneNumber::from_e164(NUMBER)?,
        webhook: webhook(core, actor, project, format!("{inside_url}{LISTENER_PATH}")).await?,
        base_url,
        inside_url,
    })
}

/// The account that everybody on this machine has: it owns the project, and looks after the instance.
pub async fn visitor(accounts: &Accounts, actor: &Actor, email: &str, project: ProjectId) -> anyhow::Result<()> {
    let email = Email::parse(email)?;
    let known = email.clone();
    if accounts.core.db.read(async move |conn| Ok(users::find_by_email(conn, &known).await?)).await?.is_some() {
        return Ok(());
    }
    let member = Some((project, Role::Owner));
    let new = NewUser { email, name: "You".to_owned(), password: None, is_operator: true, member };
    match accounts.create_user(actor, new).await {
        Ok(_) | Err(UserRefused::Exists(_)) => Ok(()),
        Err(UserRefused::Failed(error)) => Err(error),
    }
}

/// The project that has the demo's channel, or a new one, and whether it is new.
async fn project(core: &Core, actor: &Actor) -> anyhow::Result<(ProjectId, bool)> {
    let known =
        core.db.read(async |conn| Ok(channels::find(conn, ChannelKind::WhatsApp, PHONE_NUMBER_ID).await?)).await?;
    if let Some(channel) = known {
        return Ok((channel.project, false));
    }
    let project = create_project(
        core,
        actor,
        NewProject {
            name: "Aurix demo".to_owned(),
            region: "SG".to_owned(),
            time_zone: "Asia/Singapore".to_owned(),
            ip_policy: IpPolicy::Full,
            lead_created: CreatedWhen::Details,
        },
    )
    .await?;
    set_form(core, actor, project.id, &Form::parse(FORM)?).await?;
    Ok((project.id, true))
}

/// The channel, with credentials that live as long as the process.
async fn channel(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    base_url: &str,
    inside_url: &str,
) -> anyhow::Result<Channel> {
    let secret = || core.random.token("", CREDENTIAL_CHARS);
    let channel = WhatsAppChannel {
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        number: NUMBER.to_owned(),
        access_token: secret(),
        app_secret: secret(),
        verify_token: secret(),
        api_base: Some(format!("{inside_url}{GRAPH_PATH}")),
        link_base: Some(format!("{base_url}{PHONE_PATH}")),
    };
    add_whatsapp_channel(core, actor, project, channel).await
}

/// A link as a poster of the shop has it.
async fn link(core: &Core, actor: &Actor, project: ProjectId, widget_id: &str) -> anyhow::Result<()> {
    let [source, medium, campaign] = ["poster", "print", "Spring"].map(str::to_owned);
    let text = "Hello Juniper Cycles, I saw your poster.".to_owned();
    let campaign = Campaign { source, medium, campaign, text };
    let new = NewLink { slug: Some("poster".to_owned()), opens: Opens::Widget(widget_id.to_owned()), campaign };
    match create_link(core, actor, project, new).await {
        Ok(_) | Err(LinkRefused::Taken(_)) => Ok(()),
        Err(LinkRefused::Failed(error)) => Err(error),
        Err(refused) => Err(refused.into()),
    }
}

/// The bot, with a token that lives as long as the process. The simulated platform is not asked: it is not there yet.
async fn bot(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    base_url: &str,
    inside_url: &str,
) -> anyhow::Result<BotStage> {
    let bot = KnownBot {
        id: BOT_ID.to_owned(),
        username: BOT.to_owned(),
        token: format!("{BOT_ID}:{}", core.random.token("", CREDENTIAL_CHARS)),
        api_base: format!("{inside_url}{BOT_API_PATH}"),
        link_base: format!("{base_url}{BOT_CHAT_PATH}"),
    };
    let channel = store_bot(core, actor, project, bot).await?;
    let widget_id = widget_id(core, actor, project, &channel).await?;
    Ok(BotStage { channel: channel.id, id: channel.external_id, username: BOT.to_owned(), widget_id })
}

/// The chat on the shop's pages, and its widget.
async fn chat(core: &Core, actor: &Actor, project: ProjectId) -> anyhow::Result<ChatStage> {
    let known = core.db.read(async move |conn| Ok(channels::list(conn, project, WIDGETS_MAX).await?)).await?;
    let channel = match known.into_iter().find(|channel| channel.kind == ChannelKind::Web) {
        Some(channel) => channel,
        None => {
            let new = WebChannel { title: Some(BUSINESS_NAME.to_owned()), greeting: None };
            add_web_channel(core, actor, project, new).await?
        }
    };
    Ok(ChatStage { channel: channel.id, widget_id: widget_id(core, actor, project, &channel).await? })
}

/// The widget of a channel, or a new one.
async fn widget_id(core: &Core, actor: &Actor, project: ProjectId, channel: &Channel) -> anyhow::Result<String> {
    let known = core.db.read(async move |conn| Ok(widgets::list(conn, project, WIDGETS_MAX).await?)).await?;
    if let Some(widget) = known.into_iter().find(|widget| widget.channel == channel.id) {
        return Ok(widget.public_id);
    }
    let widget = NewWidget {
        channel_id: channel.external_id.clone(),
        origins: Vec::new(),
        greeting: Some(GREETING.to_owned()),
        look: Look::default(),
    };
    Ok(create_widget(core, actor, project, widget).await?.public_id)
}

/// The webhook that leads to the listener at `url`. One that leads to where an earlier start had it is replaced.
async fn webhook(core: &Core, actor: &Actor, project: ProjectId, url: String) -> anyhow::Result<String> {
    let all = core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    for known in all.iter().filter(|known| known.key_id.is_none() && known.url.ends_with(LISTENER_PATH)) {
        if known.url == url {
            set_webhook_active(core, actor, project, known.id, true).await?;
            return Ok(known.public_id.clone());
        }
        remove_webhook(core, actor, project, known.id).await?;
    }
    let new = NewWebhook { url, ..NewWebhook::default() };
    Ok(add_webhook(core, actor, project, new).await?.public_id)
}

/// The key that is printed: the one in the file `path` while it is valid, else a new one.
pub async fn api_key(core: &Core, actor: &Actor, project: ProjectId, path: &Path) -> anyhow::Result<String> {
    if let Ok(key) = std::fs::read_to_string(path) {
        let hash = create_key::hash(&key);
        if core.db.read(async move |conn| Ok(keys::find_by_hash(conn, &hash).await?)).await?.is_some() {
            return Ok(key);
        }
    }
    let key = create_key(core, actor, project, SERVICE_NAME.to_owned()).await?.key;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes()).context("writing the demo's API key")?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_asks_what_the_shop_offers() {
        let form = Form::parse(FORM).unwrap();
        let shop = include_str!("../../assets/playground/shop.html");
        assert!(shop.contains(BUSINESS_NAME));
        let service = form.field("service").unwrap();
        assert!(service.options.iter().all(|option| shop.contains(option)), "{:?}", service.options);
        assert!(form.fields.iter().all(|field| field.has_own_question()));
    }
}
