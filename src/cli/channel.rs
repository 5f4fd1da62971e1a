//! `aurix channel`

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::actor;
use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use super::refused::Refused;
use crate::channels::FindingState;
use crate::config::credential;
use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::http::api::channels::{
    AddChannel, AddedChannel, ChangeChannel, ChannelBody, ChannelDetails, ConnectChannel, FindingBody, shown,
};
use crate::http::api::query::Page;
use crate::net::Method;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::add_telegram::{AddedBot, BotRefused, TelegramChannel, add_telegram_channel};
use crate::store::projects;

#[derive(Subcommand)]
pub enum Command {
    /// Adds a channel, or replaces the credentials of an existing one.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix channel add whatsapp --project ID --phone-number-id 1234 --number +6512345678 \\\n    --access-token T --app-secret S --verify-token V"
    )]
    Add(Add),
    /// Asks a channel's platform whether it works: the credentials, and where messages go.
    #[command(after_help = "Example:\n  aurix channel check --project ID --channel 1234")]
    Check {
        /// The project.
        #[arg(long)]
        project: String,
        /// The channel's id, as `channel list` shows it.
        #[arg(long)]
        channel: String,
    },
    /// Has what people write to a channel sent here.
    ///
    /// For a WhatsApp number it sets the number's own callback URL at Meta, which leaves other numbers of the app as they are, and
    /// subscribes the app to the number's account. Meta asks this server for the verify token meanwhile, so it has to run. Where
    /// another program gets the messages it stops: --replace-webhook takes them over.
    #[command(after_help = "Example:\n  aurix channel connect --project ID --channel 1234")]
    Connect {
        /// The project.
        #[arg(long)]
        project: String,
        /// The channel's id, as `channel list` shows it.
        #[arg(long)]
        channel: String,
        /// Takes the channel over from the program that gets its messages now.
        #[arg(long)]
        replace_webhook: bool,
    },
    /// Sets how a channel behaves. What is not given stays.
    #[command(after_help = "Example:\n  aurix channel set --project ID --channel 1234 --rate 20")]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// The channel's id, as `channel list` shows it.
        #[arg(long)]
        channel: String,
        /// WhatsApp: messages a second at most, or `default` for 80, and 20 for a number that is also in the phone app.
        #[arg(long, value_name = "NUMBER|default")]
        rate: Option<String>,
        /// Telegram: whether the bot leaves groups that it is added to, once it said where it talks.
        #[arg(long, value_name = "true|false")]
        leave_groups: Option<bool>,
    },
    /// Lists the channels of a project.
    ///
    /// The channel's id is what `widget create --channel` takes. Where replies are not sent until something is mended, as an expired
    /// access token, it is said here: they wait, and go at once when `channel add` gets new credentials.
    #[command(after_help = "Example:\n  aurix channel list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
}

#[derive(Subcommand)]
pub enum Add {
    /// A WhatsApp number on the Cloud API.
    ///
    /// The values are in Meta's App Dashboard: phone number id and access token under WhatsApp, API Setup; the app secret
    /// under App settings, Basic. Run it again for the same number to replace the credentials.
    #[command(
        after_help = "Example:\n  aurix channel add whatsapp --project ID --phone-number-id 1234 --number +6512345678 \\\n    --access-token T --app-secret S --verify-token V\nThen, while the server runs: aurix channel connect --project ID --channel 1234"
    )]
    Whatsapp(WhatsApp),
    /// A Telegram bot.
    ///
    /// The token is what @BotFather gave you. Aurix asks Telegram who the bot is and where its messages go, has them sent here, and says
    /// what it saw. Where another program gets them it stops: --replace-webhook takes the bot over. Run it again to replace the token.
    #[command(after_help = "Example:\n  aurix channel add telegram --project ID --token @token.txt")]
    Telegram(Telegram),
    /// A chat on your own pages.
    ///
    /// Visitors write in a panel that the widget opens. Nothing has to be set up elsewhere: create a widget for it, and paste its tag.
    #[command(after_help = "Example:\n  aurix channel add web --project ID --name \"Juniper Table\"")]
    Web(Web),
}

#[derive(Args)]
pub struct Web {
    /// The project.
    #[arg(long)]
    project: String,
    /// What the panel calls you [default: the project's name].
    #[arg(long)]
    name: Option<String>,
    /// The first words in the panel [default: a greeting in the visitor's language].
    #[arg(long, value_name = "TEXT")]
    greeting: Option<String>,
}

#[derive(Args)]
pub struct Telegram {
    /// The project.
    #[arg(long)]
    project: String,
    /// The bot's token, also as `@FILE`, or as `@-` for standard input.
    #[arg(long)]
    token: String,
    /// The bot's username: the token has to be its.
    #[arg(long, value_name = "NAME")]
    bot: Option<String>,
    /// Takes the bot over from the program that gets its messages now.
    #[arg(long)]
    replace_webhook: bool,
    /// Base URL of the platform's API [default: https://api.telegram.org].
    #[arg(long)]
    api_base: Option<String>,
}

#[derive(Args)]
pub struct WhatsApp {
    /// The project.
    #[arg(long)]
    project: String,
    /// Meta's id of the number ("Phone number ID").
    #[arg(long)]
    phone_number_id: String,
    /// The phone number that people write to, with + and the country code.
    #[arg(long)]
    number: String,
    /// A permanent access token: lets Aurix send replies. This and the next two also as `@FILE`, or one as `@-` for standard
    /// input.
    #[arg(long)]
    access_token: String,
    /// The app's secret: Meta signs its requests with it.
    #[arg(long)]
    app_secret: String,
    /// A word of your choice: Meta sends it back when you register the webhook.
    #[arg(long)]
    verify_token: String,
    /// Base URL of the platform's API [default: https://graph.facebook.com].
    #[arg(long)]
    api_base: Option<String>,
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Add(Add::Whatsapp(arguments)) => add_whatsapp(arguments, &api, output).await,
        Command::Add(Add::Telegram(arguments)) => add_telegram(arguments, &api, output).await,
        Command::Add(Add::Web(arguments)) => add_web(arguments, &api, output).await,
        Command::Check { project, channel } => {
            let path = format!("{}/check", path_of(&project, &channel));
            let found: Page<FindingBody> = api.post(&path).await.map_err(|refused| none(refused, &channel))?;
            output.print(&json!({"findings": to_json(&found.data)}), || to_text(&found.data))
        }
        Command::Connect { project, channel, replace_webhook } => {
            let path = format!("{}/connect", path_of(&project, &channel));
            let body = ConnectChannel { replace_webhook: Some(replace_webhook) };
            let asked = api.send(Method::POST, &path, &body).await;
            let found: Page<FindingBody> =
                asked.map_err(
                    |refused| if refused.status() == Some(404) { none(refused, &channel) } else { taken(refused) },
                )?;
            output.print(&json!({"findings": to_json(&found.data)}), || to_text(&found.data))
        }
        Command::Set { project, channel, rate, leave_groups } => {
            let rate_per_second = match rate.as_deref() {
                None => None,
                Some("default") => Some(None),
                Some(rate) => Some(Some(rate.parse().context("--rate takes a number, or default")?)),
            };
            let body = ChangeChannel { rate_per_second, leaves_groups: leave_groups };
            let set = api.send(Method::PATCH, &path_of(&project, &channel), &body).await;
            let set: ChannelDetails = set.map_err(|refused| none(refused, &channel))?;
            let object = json!({"channel_id": set.channel.channel_id, "rate_per_second": set.rate_per_second,
                                "leaves_groups": set.leaves_groups});
            output.print(&object, || format!("Set {}", set.channel.label))
        }
        Command::List { project } => list(&project, &api, output).await,
    }
}

fn path_of(project: &str, channel: &str) -> String {
    format!("{}/channels/{}", of_project(project), part(channel))
}

fn none(refused: Refused, channel: &str) -> anyhow::Error {
    refused.missing(|| {
        format!("the project has no channel {channel:?}: `aurix channel list --project ID` lists its channels")
    })
}

/// Says how a channel is taken over, where another program has it.
fn taken(refused: Refused) -> anyhow::Error {
    refused.conflict(|detail| {
        let is_taken = detail.contains("where another program");
        is_taken.then(|| format!("{detail}. To take its messages over, add --replace-webhook"))
    })
}

async fn list(project: &str, api: &Api, output: &Output) -> anyhow::Result<()> {
    let page: Page<ChannelBody> = api.get(&format!("{}/channels", of_project(project))).await?;
    let rows = page.data;
    let list: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({"channel": row.kind, "channel_id": row.channel_id, "number": row.number, "bot": row.bot,
                   "api_base": row.api_base, "name": row.title, "webhook_url": row.webhook_url,
                   "fault": row.fault, "fault_since": row.fault_since,
                   "inbound_fault": row.inbound_fault, "inbound_fault_since": row.inbound_fault_since})
        })
        .collect();
    output.print(&json!({"channels": list}), || {
        let to_text = |row: &ChannelBody| {
            let faults = [(&row.fault, &row.fault_since), (&row.inbound_fault, &row.inbound_fault_since)];
            let known = faults.into_iter().filter_map(|(reason, since)| reason.as_ref().zip(since.as_ref()));
            let faults: String = known.map(|(reason, since)| format!("\n  since {:.0}: {reason}", since.0)).collect();
            format!("{}  {}  {}{faults}", row.kind, row.channel_id, row.label)
        };
        output::rows(&rows, to_text, "There is no channel yet: aurix channel add --help says what each needs")
    })
}

fn to_json(findings: &[FindingBody]) -> Vec<Value> {
    findings.iter().map(|one| json!({"name": one.name, "state": one.state, "said": one.said})).collect()
}

fn to_text(findings: &[FindingBody]) -> String {
    let line = |one: &FindingBody| {
        let mark = if one.state == FindingState::Fine.as_str() { "ok" } else { "!!" };
        format!("  {mark}  {}: {}", one.name, one.said)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn add_telegram(arguments: Telegram, api: &Api, output: &Output) -> anyhow::Result<()> {
    let project = of_project(&arguments.project);
    let token = given("--token", &arguments.token)?;
    let (channel, findings) = match arguments.api_base {
        Some(api_base) => {
            let (core, project) = project_here(api, &arguments.project, "--api-base").await?;
            let new = TelegramChannel {
                token,
                bot: arguments.bot,
                api_base: Some(api_base),
                link_base: None,
                replaces_webhook: arguments.replace_webhook,
            };
            let added = add_telegram_channel(core, &actor(), project, new).await;
            let AddedBot { channel, findings } = added.map_err(|refused| match refused {
                BotRefused::WebhookTaken { .. } => anyhow!("{refused}. To take the bot over, add --replace-webhook"),
                other => other.into(),
            })?;
            (shown(core, channel), findings.into_iter().map(FindingBody::from).collect())
        }
        None => {
            let new =
                AddChannel::Telegram { token, bot: arguments.bot, replace_webhook: Some(arguments.replace_webhook) };
            let added: AddedChannel =
                api.send(Method::POST, &format!("{project}/channels"), &new).await.map_err(taken)?;
            (added.channel, added.findings)
        }
    };
    let (id, webhook_url) = (&channel.channel_id, &channel.webhook_url);
    let object =
        json!({"channel_id": id, "webhook_url": webhook_url, "bot": channel.bot, "findings": to_json(&findings)});
    output.print(&object, || {
        format!(
            "Channel {id} is {}. What Telegram says:\n{}{}\nNext:\n  aurix widget create --project {} --channel {id}",
            channel.label,
            to_text(&findings),
            api.base_url_hint(),
            arguments.project
        )
    })
}

async fn add_web(arguments: Web, api: &Api, output: &Output) -> anyhow::Result<()> {
    let new = AddChannel::Web { title: arguments.name, greeting: arguments.greeting };
    let added: AddedChannel =
        api.send(Method::POST, &format!("{}/channels", of_project(&arguments.project)), &new).await?;
    let channel = added.channel;
    let id = &channel.channel_id;
    output.print(&json!({"channel_id": id, "webhook_url": null, "name": channel.title}), || {
        format!(
            "Channel {id} is ready: the chat of {} is served from here.{}\nNext:\n  aurix widget create --project {} --channel {id}",
            channel.label,
            api.base_url_hint(),
            arguments.project
        )
    })
}

async fn add_whatsapp(arguments: WhatsApp, api: &Api, output: &Output) -> anyhow::Result<()> {
    let WhatsApp { project, phone_number_id, number, .. } = arguments;
    let access_token = given("--access-token", &arguments.access_token)?;
    let app_secret = given("--app-secret", &arguments.app_secret)?;
    let verify_token = given("--verify-token", &arguments.verify_token)?;
    let channel = match arguments.api_base {
        Some(api_base) => {
            let (core, id) = project_here(api, &project, "--api-base").await?;
            let (api_base, link_base) = (Some(api_base), None);
            let new = WhatsAppChannel {
                phone_number_id,
                number,
                access_token,
                app_secret,
                verify_token,
                api_base,
                link_base,
            };
            shown(core, add_whatsapp_channel(core, &actor(), id, new).await?)
        }
        None => {
            let verify_token = Some(verify_token);
            let new = AddChannel::Whatsapp { phone_number_id, number, access_token, app_secret, verify_token };
            let added: AddedChannel =
                api.send(Method::POST, &format!("{}/channels", of_project(&project)), &new).await?;
            added.channel
        }
    };
    let (id, webhook_url) = (&channel.channel_id, channel.webhook_url.unwrap_or_default());
    output.print(&json!({"channel_id": id, "webhook_url": webhook_url}), || {
        format!(
            "Channel {id} is ready. Give Meta this callback URL and your verify token, and subscribe to `messages`:\n  {webhook_url}{}\n\
             Or have that done while the server runs:\n  aurix channel connect --project {project} --channel {id}\n\
             Next:\n  aurix widget create --project {project} --channel {id}",
            api.base_url_hint()
        )
    })
}

/// A project of the data of this machine, for what works there only.
async fn project_here<'a>(api: &'a Api, id: &str, flag: &str) -> anyhow::Result<(&'a Core, ProjectId)> {
    let core = api.core().with_context(|| format!("{flag} works on the machine of the server only"))?;
    let wanted = id.to_owned();
    let found = core.db.read(async move |conn| Ok(projects::find_public(conn, &wanted).await?)).await?;
    let project =
        found.with_context(|| format!("there is no project {id:?}: `aurix project list` lists the projects"))?;
    Ok((core, project.id))
}

fn given(flag: &str, text: &str) -> anyhow::Result<String> {
    credential(text).map_err(|why| anyhow!("{flag}: {why}"))
}
