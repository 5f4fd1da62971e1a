//! `aurix channel`

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, Output};
use super::{actor, base_url_hint, open_project};
use crate::config::{Config, credential};
use crate::domain::time::with_microseconds;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::check_channel::webhook_url;
use crate::store::channels;

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
        after_help = "Example:\n  aurix channel add whatsapp --project ID --phone-number-id 1234 --number +6512345678 \\\n    --access-token T --app-secret S --verify-token V\nThen give Meta the printed webhook URL and the verify token, and subscribe to `messages`."
    )]
    Whatsapp(WhatsApp),
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
        Command::List { project } => {
            let (core, project) = open_project(config, &project).await?;
            let rows = core.db.read(async move |conn| Ok(channels::list(conn, project.id, LISTED_MAX).await?)).await?;
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"channel": row.kind.as_str(), "channel_id": row.external_id, "number": row.number,
                           "api_base": row.api_base, "webhook_url": webhook_url(&core.config.base_url, row),
                           "fault": row.fault.as_ref().map(|fault| &fault.reason),
                           "fault_since": row.fault.as_ref().map(|fault| with_microseconds(fault.since))})
                })
                .collect();
            output.print(&json!({"channels": list}), || {
                let to_text = |row: &channels::Channel| {
                    let fault = row.fault.as_ref();
                    let fault = fault.map(|fault| format!("\n  since {:.0}: {}", fault.since, fault.reason));
                    format!(
                        "{}  {}  +{}{}",
                        row.kind.as_str(),
                        row.external_id,
                        row.number.as_deref().unwrap_or_default(),
                        fault.unwrap_or_default()
                    )
                };
                output::rows(
                    &rows,
                    to_text,
                    "There is no channel yet: aurix channel add whatsapp --help says what it needs",
                )
            })
        }
    }
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
             Next:\n  aurix widget create --project {} --channel {id}",
            base_url_hint(&core.config),
            project.public_id
        )
    })
}

fn given(flag: &str, text: &str) -> anyhow::Result<String> {
    credential(text).map_err(|why| anyhow!("{flag}: {why}"))
}
