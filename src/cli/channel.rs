//! `aurix channel`

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{self, Output};
use super::{actor, base_url_hint, open_project};
use crate::channels::{Finding, FindingState};
use crate::config::{Config, credential};
use crate::core::Core;
use crate::domain::channel::ChannelKind;
use crate::domain::time::with_microseconds;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::add_telegram::{AddedBot, BotRefused, TelegramChannel, add_telegram_channel, set_channel_webhook};
use crate::projects::add_web::{WebChannel, WebRefused, add_web_channel};
use crate::projects::check_channel::{check_channel, webhook_url};
use crate::projects::connect_whatsapp::{NumberRefused, connect_whatsapp};
use crate::projects::set_channel::{ChannelSettings, set_channel};
use crate::store::channels::{self, Channel, Fault};
use crate::store::reply_pace;

/// Channels that are listed.
const LISTED_MAX: u32 = 10_000;

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
        /// WhatsApp: messages a second at most, or `default` for 80. A number that is also in the phone app may send 20.
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

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Add(Add::Whatsapp(arguments)) => add_whatsapp(arguments, config, output).await,
        Command::Add(Add::Telegram(arguments)) => add_telegram(arguments, config, output).await,
        Command::Add(Add::Web(arguments)) => add_web(arguments, config, output).await,
        Command::Check { project, channel } => check(&project, &channel, config, output).await,
        Command::Connect { project, channel, replace_webhook } => {
            connect(&project, &channel, replace_webhook, config, output).await
        }
        Command::Set { project, channel, rate, leave_groups } => {
            set(&project, &channel, (rate, leave_groups), config, output).await
        }
        Command::List { project } => list(&project, config, output).await,
    }
}

async fn list(project: &str, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, project).await?;
    let rows = core.db.read(async move |conn| Ok(channels::list(conn, project.id, LISTED_MAX).await?)).await?;
    let reason = |fault: &Option<Fault>| fault.as_ref().map(|fault| fault.reason.clone());
    let since = |fault: &Option<Fault>| fault.as_ref().map(|fault| with_microseconds(fault.since));
    let list: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({"channel": row.kind.as_str(), "channel_id": row.external_id, "number": row.number, "bot": row.handle,
                   "api_base": row.api_base, "name": row.title,
                   "webhook_url": (!row.kind.is_fetched()).then(|| webhook_url(&core.config.base_url, row)),
                   "fault": reason(&row.fault), "fault_since": since(&row.fault),
                   "inbound_fault": reason(&row.inbound_fault), "inbound_fault_since": since(&row.inbound_fault)})
        })
        .collect();
    output.print(&json!({"channels": list}), || {
        let to_text = |row: &Channel| {
            let faults = [&row.fault, &row.inbound_fault].into_iter().flatten();
            let faults: String =
                faults.map(|fault| format!("\n  since {:.0}: {}", fault.since, fault.reason)).collect();
            format!("{}  {}  {}{faults}", row.kind.as_str(), row.external_id, row.label())
        };
        output::rows(&rows, to_text, "There is no channel yet: aurix channel add --help says what each needs")
    })
}

async fn find(project: &str, channel: &str, config: Config) -> anyhow::Result<(Core, Channel)> {
    let (core, project) = open_project(config, project).await?;
    let id = channel.to_owned();
    let found = core.db.read(async move |conn| Ok(channels::find_in(conn, project.id, &id).await?)).await?;
    let channel = found.with_context(|| {
        format!("the project has no channel {channel:?}: `aurix channel list --project ID` lists its channels")
    })?;
    Ok((core, channel))
}

async fn connect(project: &str, channel: &str, replaces: bool, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, channel) = find(project, channel, config).await?;
    const TAKE_OVER: &str = "To take its messages over, add --replace-webhook";
    let findings = match channel.kind {
        ChannelKind::WhatsApp => match connect_whatsapp(&core, &actor(), channel, replaces).await {
            Err(taken @ NumberRefused::WebhookTaken { .. }) => bail!("{taken}. {TAKE_OVER}"),
            connected => connected?,
        },
        ChannelKind::Telegram => match set_channel_webhook(&core, &actor(), channel, replaces).await {
            Err(taken @ BotRefused::WebhookTaken { .. }) => bail!("{taken}. {TAKE_OVER}"),
            connected => connected?,
        },
        ChannelKind::Web => bail!("a chat on the page has nothing to connect: its widget's tag is all that it needs"),
    };
    output.print(&json!({"findings": to_json(&findings)}), || to_text(&findings))
}

async fn set(
    project: &str,
    channel: &str,
    (rate, leave_groups): (Option<String>, Option<bool>),
    config: Config,
    output: &Output,
) -> anyhow::Result<()> {
    let (core, channel) = find(project, channel, config).await?;
    let (project, id) = (channel.project, channel.id);
    let before = core.db.read(async move |conn| Ok(reply_pace::rate(conn, project, id).await?)).await?;
    let rate_per_second = match rate.as_deref() {
        None => before,
        Some("default") => None,
        Some(rate) => Some(rate.parse().context("--rate takes a number, or default")?),
    };
    let leaves_groups = leave_groups.unwrap_or(channel.leaves_groups);
    set_channel(&core, &actor(), &channel, ChannelSettings { rate_per_second, leaves_groups }).await?;
    output.print(
        &json!({"channel_id": channel.external_id, "rate_per_second": rate_per_second, "leaves_groups": leaves_groups}),
        || format!("Set {}", channel.label()),
    )
}

async fn check(project: &str, channel: &str, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, channel) = find(project, channel, config).await?;
    let findings = check_channel(&core, channel).await?;
    output.print(&json!({"findings": to_json(&findings)}), || to_text(&findings))
}

fn to_json(findings: &[Finding]) -> Vec<Value> {
    findings.iter().map(|one| json!({"name": one.name, "state": one.state.as_str(), "said": one.said})).collect()
}

fn to_text(findings: &[Finding]) -> String {
    let line = |one: &Finding| {
        let mark = if one.state == FindingState::Fine { "ok" } else { "!!" };
        format!("  {mark}  {}: {}", one.name, one.said)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn add_telegram(arguments: Telegram, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, &arguments.project).await?;
    let new = TelegramChannel {
        token: given("--token", &arguments.token)?,
        bot: arguments.bot,
        api_base: arguments.api_base,
        link_base: None,
        replaces_webhook: arguments.replace_webhook,
    };
    let AddedBot { channel, findings } = match add_telegram_channel(&core, &actor(), project.id, new).await {
        Err(taken @ BotRefused::WebhookTaken { .. }) => bail!("{taken}. To take the bot over, add --replace-webhook"),
        added => added?,
    };
    let (id, webhook_url) = (&channel.external_id, webhook_url(&core.config.base_url, &channel));
    let object =
        json!({"channel_id": id, "webhook_url": webhook_url, "bot": channel.handle, "findings": to_json(&findings)});
    output.print(&object, || {
        format!(
            "Channel {id} is {}. What Telegram says:\n{}{}\nNext:\n  aurix widget create --project {} --channel {id}",
            channel.label(),
            to_text(&findings),
            base_url_hint(&core.config),
            project.public_id
        )
    })
}

async fn add_web(arguments: Web, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, &arguments.project).await?;
    let new = WebChannel { title: arguments.name, greeting: arguments.greeting };
    let channel = add_web_channel(&core, &actor(), project.id, new).await.map_err(|refused| match refused {
        WebRefused::Title => anyhow!("--name: {refused}"),
        WebRefused::Greeting => anyhow!("--greeting: {refused}"),
        WebRefused::Failed(error) => error,
    })?;
    let id = &channel.external_id;
    output.print(&json!({"channel_id": id, "webhook_url": null, "name": channel.title}), || {
        format!(
            "Channel {id} is ready: the chat of {} is served from here.{}\nNext:\n  aurix widget create --project {} --channel {id}",
            channel.label(),
            base_url_hint(&core.config),
            project.public_id
        )
    })
}

async fn add_whatsapp(arguments: WhatsApp, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, &arguments.project).await?;
    let new = WhatsAppChannel {
        phone_number_id: arguments.phone_number_id,
        number: arguments.number,
        access_token: given("--access-token", &arguments.access_token)?,
        app_secret: given("--app-secret", &arguments.app_secret)?,
        verify_token: given("--verify-token", &arguments.verify_token)?,
        api_base: arguments.api_base,
        link_base: None,
    };
    let channel = add_whatsapp_channel(&core, &actor(), project.id, new).await?;
    let (id, webhook_url) = (&channel.external_id, webhook_url(&core.config.base_url, &channel));
    output.print(&json!({"channel_id": id, "webhook_url": webhook_url}), || {
        format!(
            "Channel {id} is ready. Give Meta this callback URL and your verify token, and subscribe to `messages`:\n  {webhook_url}{}\n\
             Or have that done while the server runs:\n  aurix channel connect --project {project} --channel {id}\n\
             Next:\n  aurix widget create --project {project} --channel {id}",
            base_url_hint(&core.config),
            project = project.public_id
        )
    })
}

fn given(flag: &str, text: &str) -> anyhow::Result<String> {
    credential(text).map_err(|why| anyhow!("{flag}: {why}"))
}
