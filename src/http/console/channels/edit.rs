//! `…/channels/new/whatsapp` and `…/channels/{channel}/edit`: the values of Meta's pages, in their order.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{bot, find, web};
use crate::conversations::open_channel::open;
use crate::domain::channel::ChannelKind;
use crate::domain::phone::PhoneNumber;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member};
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::store::channels::Channel;

/// Characters of a verify token that we make.
const VERIFY_TOKEN_CHARS: usize = 32;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/channels/new/whatsapp", show_new)
        .post("/p/{project}/channels/new/whatsapp", add)
        .get("/p/{project}/channels/{channel}/edit", show_edit)
        .post("/p/{project}/channels/{channel}/edit", edit)
}

#[derive(Template)]
#[template(path = "channels/edit.html")]
struct EditChannelPage {
    frame: Frame,
    mistakes: Mistakes,
    heading: &'static str,
    fixed_id: Option<String>,
    phone_number_id: String,
    number: String,
}

impl EditChannelPage {
    async fn new(engines: &Engines, member: &Member<Configure>, channel: Option<&Channel>) -> Result<Self> {
        Ok(Self {
            frame: Frame::of_member(&engines.core, member, "channels").await?,
            mistakes: Mistakes::default(),
            heading: if channel.is_some() { "Change token" } else { "Add WhatsApp number" },
            fixed_id: channel.map(|channel| channel.external_id.clone()),
            phone_number_id: String::new(),
            number: channel.map(Channel::label).unwrap_or_default(),
        })
    }
}

async fn show_new(State(engines): State<Engines>, member: Member<Configure>) -> Result<Response> {
    page(&EditChannelPage::new(&engines, &member, None).await?)
}

async fn show_edit(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    match channel.kind {
        ChannelKind::WhatsApp => page(&EditChannelPage::new(&engines, &member, Some(&channel)).await?),
        ChannelKind::Telegram => page(&bot::edit_page(&engines, &member, Some(&channel)).await?),
        ChannelKind::Web => page(&web::edit_page(&engines, &member, Some(&channel)).await?),
    }
}

async fn add(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let id = form.text("phone_number_id").to_owned();
    save(&engines, &member, None, id, &form).await
}

async fn edit(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    match channel.kind {
        ChannelKind::WhatsApp => {
            let id = channel.external_id.clone();
            save(&engines, &member, Some(channel), id, &form).await
        }
        ChannelKind::Telegram => bot::save(&engines, &member, Some(channel), &form).await,
        ChannelKind::Web => web::save(&engines, &member, Some(channel), &form).await,
    }
}

/// Saves what was entered. A new channel gets a verify token of ours; one that is there keeps its own, which Meta knows.
async fn save(
    engines: &Engines,
    member: &Member<Configure>,
    before: Option<Channel>,
    phone_number_id: String,
    form: &Form,
) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let mut mistakes = check(form, &phone_number_id);
    if mistakes.is_empty() {
        let new = WhatsAppChannel {
            phone_number_id: phone_number_id.clone(),
            number: form.text("number").to_owned(),
            access_token: form.text("access_token").to_owned(),
            app_secret: form.text("app_secret").to_owned(),
            verify_token: verify_token(engines, before.as_ref())?,
            api_base: before.as_ref().map(|channel| channel.api_base.clone()),
            link_base: before.as_ref().map(|channel| channel.link_base.clone()),
        };
        match add_whatsapp_channel(&engines.core, &member.actor(), member.project.id, new).await {
            Ok(channel) => return Ok(go(&format!("{}/channels/{}", member.path(), channel.external_id))),
            Err(error) if crate::db::Error::is_unavailable(&error) => return Err(error.into()),
            Err(error) => mistakes.add("phone_number_id", error),
        }
    }
    let number = form.text("number").to_owned();
    let shown = EditChannelPage::new(engines, member, before.as_ref()).await?;
    invalid(&EditChannelPage { mistakes, phone_number_id, number, ..shown })
}

fn check(form: &Form, phone_number_id: &str) -> Mistakes {
    let mut mistakes = Mistakes::default();
    let is_id = (1..=64).contains(&phone_number_id.len())
        && phone_number_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_id {
        mistakes.add("phone_number_id", "this is no phone number id: Meta shows it below “From”, as digits");
    }
    let digits = form.text("number").replace([' ', '-', '.', '(', ')', '\u{a0}'], "");
    if PhoneNumber::from_e164(&digits).is_err() {
        mistakes.add("number", "write it with + and the country code, for example +6512345678");
    }
    for (field, text) in [("app_secret", "paste the app secret"), ("access_token", "paste the access token")] {
        if form.text(field).is_empty() {
            mistakes.add(field, text);
        }
    }
    mistakes
}

fn verify_token(engines: &Engines, before: Option<&Channel>) -> Result<String> {
    let Some(channel) = before else { return Ok(engines.core.random.token("", VERIFY_TOKEN_CHARS)) };
    Ok(open(&engines.core, channel.clone().into())?.credentials.whatsapp()?.verify_token.clone())
}
