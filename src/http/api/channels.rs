//! `/api/v1/projects/{project}/channels`: where people write, and how each is set up.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Needs, Write};
use super::errors::{BodyErrors, Changed};
use super::etag::{IfMatch, Tagged};
use super::query::Page;
use super::words::present;
use crate::channels::Finding;
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::domain::channel::ChannelKind;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::add_telegram::{AddedBot, BotRefused, TelegramChannel, add_telegram_channel, set_channel_webhook};
use crate::projects::add_web::{WebChannel, WebRefused, add_web_channel};
use crate::projects::check_channel::{check_channel, webhook_url};
use crate::projects::connect_whatsapp::{NumberRefused, connect_whatsapp};
use crate::projects::set_channel::{ChannelSettings, RATE_MAX, set_channel};
use crate::store::channels::{self, Channel};
use crate::store::reply_pace;

/// Rows of a list: more than a project has.
const LISTED_MAX: u32 = 10_000;
/// Characters of a verify token that we make.
const VERIFY_TOKEN_CHARS: usize = 32;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(list, add))
        .routes(routes!(show, change))
        .routes(routes!(check))
        .routes(routes!(connect))
}

type ById = Path<(String, String)>;

/// Where people write.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelBody {
    #[schema(example = "106540352242922")]
    pub(crate) channel_id: String,
    /// `whatsapp`, `telegram` or `web`.
    #[schema(example = "whatsapp")]
    pub(crate) kind: Cow<'static, str>,
    /// What people call it by.
    #[schema(example = "+6512345678")]
    pub(crate) label: String,
    /// Where its platform has to send what people write; `null` where there is no platform.
    #[schema(required, example = "https://chat.example/channels/whatsapp/106540352242922/webhook")]
    pub(crate) webhook_url: Option<String>,
    /// What keeps replies from being sent.
    #[schema(required)]
    pub(crate) fault: Option<String>,
    /// Since when.
    #[schema(required)]
    pub(crate) fault_since: Option<UtcMicroseconds>,
    /// What keeps messages from arriving.
    #[schema(required)]
    pub(crate) inbound_fault: Option<String>,
    /// Since when.
    #[schema(required)]
    pub(crate) inbound_fault_since: Option<UtcMicroseconds>,
    /// WhatsApp: the number, in digits.
    #[schema(required, example = "6512345678")]
    pub(crate) number: Option<String>,
    /// Telegram: the bot's username.
    #[schema(required)]
    pub(crate) bot: Option<String>,
    /// Of a chat on your pages: what its panel calls you.
    #[schema(required)]
    pub(crate) title: Option<String>,
    /// The beginning of the addresses of the platform's API; empty where there is no platform.
    pub(crate) api_base: String,
}

pub(crate) fn shown(core: &Core, channel: Channel) -> ChannelBody {
    let has_platform = channel.kind != ChannelKind::Web;
    ChannelBody {
        label: channel.label(),
        webhook_url: has_platform.then(|| webhook_url(&core.config.base_url, &channel)),
        channel_id: channel.external_id,
        kind: channel.kind.as_str().into(),
        fault_since: channel.fault.as_ref().map(|fault| UtcMicroseconds(fault.since)),
        fault: channel.fault.map(|fault| fault.reason),
        inbound_fault_since: channel.inbound_fault.as_ref().map(|fault| UtcMicroseconds(fault.since)),
        inbound_fault: channel.inbound_fault.map(|fault| fault.reason),
        number: channel.number,
        bot: channel.handle,
        title: channel.title,
        api_base: channel.api_base,
    }
}

async fn find<N: Needs>(core: &Core, caller: &Caller<N>, id: String) -> Result<Option<Channel>> {
    let project = caller.id();
    Ok(core.db.read(async move |conn| Ok(channels::find_in(conn, project, &id).await?)).await?)
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: String) -> Result<Channel> {
    let found = find(core, caller, id).await?;
    found.ok_or_else(|| ApiError::NotFound("The project has no such channel.".to_owned()))
}

/// A channel that is there keeps its own, which Meta knows; another gets one of ours.
fn verify_token_of(core: &Core, before: Option<&Channel>) -> Result<String> {
    let Some(channel) = before.filter(|channel| channel.kind == ChannelKind::WhatsApp) else {
        return Ok(core.random.token("", VERIFY_TOKEN_CHARS));
    };
    Ok(open(core, channel.clone().into())?.credentials.whatsapp()?.verify_token.clone())
}

/// List channels
#[utoipa::path(get, path = "/channels", operation_id = "list_channels", tag = "Projects",
    responses((status = 200, description = "All channels.", body = Page<ChannelBody>)))]
async fn list(State(core): State<Core>, caller: Caller) -> Result<axum::Json<Page<ChannelBody>>> {
    let project = caller.id();
    let rows = core.db.read(async move |conn| Ok(channels::list(conn, project, LISTED_MAX).await?)).await?;
    Ok(axum::Json(Page::whole(rows.into_iter().map(|channel| shown(&core, channel)).collect())))
}

/// How a channel behaves.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ChannelDetails {
    #[serde(flatten)]
    pub(crate) channel: ChannelBody,
    /// Replies a second at most; `null` for what the platform allows by default.
    #[schema(required)]
    pub(crate) rate_per_second: Option<u32>,
    /// Telegram: whether the bot leaves groups that it is added to.
    pub(crate) leaves_groups: bool,
}

async fn details(core: &Core, channel: Channel) -> Result<ChannelDetails> {
    let (project, id, leaves_groups) = (channel.project, channel.id, channel.leaves_groups);
    let rate_per_second = core.db.read(async move |conn| Ok(reply_pace::rate(conn, project, id).await?)).await?;
    Ok(ChannelDetails { channel: shown(core, channel), rate_per_second, leaves_groups })
}

/// Show a channel
#[utoipa::path(get, path = "/channels/{channel}", operation_id = "get_channel", tag = "Projects",
    responses((status = 200, description = "The channel.", body = ChannelDetails)))]
async fn show(State(core): State<Core>, caller: Caller, Path((_, id)): ById) -> Result<Tagged<ChannelDetails>> {
    let channel = get(&core, &caller, id).await?;
    Ok(Tagged(details(&core, channel).await?))
}

/// A channel to be added. One that the project has gets other credentials.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum AddChannel {
    /// A WhatsApp number on the Cloud API.
    Whatsapp {
        #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$", example = "106540352242922")]
        phone_number_id: String,
        #[schema(example = "+6512345678")]
        number: String,
        #[schema(min_length = 1, max_length = 4096)]
        access_token: String,
        #[schema(min_length = 1, max_length = 4096)]
        app_secret: String,
        /// What Meta is told to prove itself with; one that is there keeps its own, and for another one is made.
        #[schema(min_length = 1, max_length = 4096)]
        verify_token: Option<String>,
    },
    /// A Telegram bot. Telegram is asked whose the token is, and told to send here.
    Telegram {
        /// What @BotFather gave you.
        token: String,
        /// The bot's username, where the token has to be its.
        bot: Option<String>,
        /// Takes the bot over from the program that gets its messages now.
        replace_webhook: Option<bool>,
    },
    /// A chat on your own pages: a new one each time.
    Web {
        /// What the panel calls you; the project's name where there is none.
        title: Option<String>,
        /// The first words in the panel.
        greeting: Option<String>,
    },
}

/// One thing that was looked at.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingBody {
    #[schema(example = "Webhook")]
    pub(crate) name: Cow<'static, str>,
    /// `fine`, `attention` for what works and soon may not, or `missing`.
    #[schema(example = "fine")]
    pub(crate) state: Cow<'static, str>,
    /// What was found, and what to do.
    pub(crate) said: String,
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        Self { name: finding.name.into(), state: finding.state.as_str().into(), said: finding.said }
    }
}

/// A channel as it was added.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AddedChannel {
    #[serde(flatten)]
    pub(crate) channel: ChannelBody,
    /// WhatsApp: what Meta is told to prove itself with.
    #[schema(required)]
    pub(crate) verify_token: Option<String>,
    /// What the platform said meanwhile.
    pub(crate) findings: Vec<FindingBody>,
}

/// Add a channel
///
/// A WhatsApp number gets its messages once it is connected, by the call for that or in Meta's App Dashboard.
#[utoipa::path(post, path = "/channels", operation_id = "add_channel", tag = "Projects", request_body = AddChannel,
    responses((status = 201, description = "The channel.", body = AddedChannel), BodyErrors))]
async fn add(
    State(core): State<Core>,
    caller: Caller<Write>,
    body: Result<Json<AddChannel>>,
) -> Result<(StatusCode, axum::Json<AddedChannel>)> {
    let Json(body) = body?;
    let (actor, project) = (caller.actor(), caller.id());
    let (channel, verify_token, findings) = match body {
        AddChannel::Whatsapp { phone_number_id, number, access_token, app_secret, verify_token } => {
            let before = find(&core, &caller, phone_number_id.clone()).await?;
            let verify_token = match verify_token {
                Some(token) => token,
                None => verify_token_of(&core, before.as_ref())?,
            };
            let new = WhatsAppChannel {
                phone_number_id,
                number,
                access_token,
                app_secret,
                verify_token: verify_token.clone(),
                api_base: before.as_ref().map(|channel| channel.api_base.clone()),
                link_base: before.as_ref().map(|channel| channel.link_base.clone()),
            };
            let added = add_whatsapp_channel(&core, &actor, project, new).await;
            (added.map_err(|error| invalid("phone_number_id", error))?, Some(verify_token), Vec::new())
        }
        AddChannel::Telegram { token, bot, replace_webhook } => {
            let replaces_webhook = replace_webhook.unwrap_or(false);
            let new = TelegramChannel { token, bot, replaces_webhook, api_base: None, link_base: None };
            let AddedBot { channel, findings } =
                add_telegram_channel(&core, &actor, project, new).await.map_err(bot_refused)?;
            (channel, None, findings)
        }
        AddChannel::Web { title, greeting } => {
            let added = add_web_channel(&core, &actor, project, WebChannel { title, greeting }).await;
            (added.map_err(web_refused)?, None, Vec::new())
        }
    };
    let findings = findings.into_iter().map(FindingBody::from).collect();
    Ok((StatusCode::CREATED, axum::Json(AddedChannel { channel: shown(&core, channel), verify_token, findings })))
}

/// What is to be different; what is absent stays.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeChannel {
    /// WhatsApp: replies a second at most; `null` for what the platform allows by default.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1)]
    pub(crate) rate_per_second: Option<Option<u32>>,
    /// Telegram: whether the bot leaves groups that it is added to.
    pub(crate) leaves_groups: Option<bool>,
}

/// Change how a channel behaves
#[utoipa::path(patch, path = "/channels/{channel}", operation_id = "change_channel", tag = "Projects", request_body = ChangeChannel,
    responses((status = 200, description = "The channel as it is then.", body = ChannelDetails), Changed, BodyErrors))]
async fn change(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    if_match: IfMatch,
    body: Result<Json<ChangeChannel>>,
) -> Result<Tagged<ChannelDetails>> {
    let Json(body) = body?;
    let channel = get(&core, &caller, id.clone()).await?;
    let before = details(&core, channel.clone()).await?;
    if_match.check(&before)?;
    if channel.kind == ChannelKind::Web {
        return Err(ApiError::Conflict("A chat on your pages has neither a rate nor groups.".to_owned()));
    }
    let settings = ChannelSettings {
        rate_per_second: body.rate_per_second.unwrap_or(before.rate_per_second),
        leaves_groups: body.leaves_groups.unwrap_or(before.leaves_groups),
    };
    if settings.rate_per_second.is_some_and(|rate| !(1..=RATE_MAX).contains(&rate)) {
        return Err(ApiError::field("rate_per_second", format!("must be from 1 to {RATE_MAX}")));
    }
    set_channel(&core, &caller.actor(), &channel, settings).await?;
    let channel = get(&core, &caller, id).await?;
    Ok(Tagged(details(&core, channel).await?))
}

/// Check a channel
///
/// Asks its platform whether the credentials work, and where messages go.
#[utoipa::path(post, path = "/channels/{channel}/check", operation_id = "check_channel", tag = "Projects",
    responses((status = 200, description = "What the platform said.", body = Page<FindingBody>)))]
async fn check(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
) -> Result<axum::Json<Page<FindingBody>>> {
    let channel = get(&core, &caller, id).await?;
    let findings = check_channel(&core, channel).await?;
    Ok(axum::Json(Page::whole(findings.into_iter().map(FindingBody::from).collect())))
}

/// How a channel is connected.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectChannel {
    /// Takes the channel over from the program that gets its messages now.
    pub(crate) replace_webhook: Option<bool>,
}

/// Connect a channel
///
/// Has its platform send here what people write. 409 where another program gets it, and where the platform refuses.
#[utoipa::path(post, path = "/channels/{channel}/connect", operation_id = "connect_channel", tag = "Projects", request_body = ConnectChannel,
    responses((status = 200, description = "What the platform says afterwards.", body = Page<FindingBody>), BodyErrors))]
async fn connect(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    body: Result<Json<ConnectChannel>>,
) -> Result<axum::Json<Page<FindingBody>>> {
    let Json(ConnectChannel { replace_webhook }) = body?;
    let (channel, replaces) = (get(&core, &caller, id).await?, replace_webhook.unwrap_or(false));
    let findings = match channel.kind {
        ChannelKind::WhatsApp => {
            connect_whatsapp(&core, &caller.actor(), channel, replaces).await.map_err(number_refused)?
        }
        ChannelKind::Telegram => {
            set_channel_webhook(&core, &caller.actor(), channel, replaces).await.map_err(bot_refused)?
        }
        ChannelKind::Web => {
            return Err(ApiError::Conflict("A chat on your pages has no platform to be connected to.".to_owned()));
        }
    };
    Ok(axum::Json(Page::whole(findings.into_iter().map(FindingBody::from).collect())))
}

/// What was entered cannot be right, but where the database is away.
fn invalid(field: &str, error: anyhow::Error) -> ApiError {
    if crate::db::Error::is_unavailable(&error) { error.into() } else { ApiError::field(field, error.to_string()) }
}

fn bot_refused(refused: BotRefused) -> ApiError {
    match refused {
        BotRefused::Token | BotRefused::OtherBot { .. } => ApiError::field("token", refused.to_string()),
        BotRefused::Telegram(_) | BotRefused::WebhookTaken { .. } | BotRefused::OtherProject(_) => {
            ApiError::Conflict(refused.to_string())
        }
        BotRefused::Failed(error) => invalid("token", error),
    }
}

fn number_refused(refused: NumberRefused) -> ApiError {
    match refused {
        NumberRefused::Failed(error) => error.into(),
        refused => ApiError::Conflict(refused.to_string()),
    }
}

fn web_refused(refused: WebRefused) -> ApiError {
    match refused {
        WebRefused::Title => ApiError::field("title", refused.to_string()),
        WebRefused::Greeting => ApiError::field("greeting", refused.to_string()),
        WebRefused::Failed(error) => error.into(),
    }
}
