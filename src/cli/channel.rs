//! `aurix channel`

use clap::{Args, Subcommand};
use serde_json::json;

use super::open_project;
use super::output::Output;
use crate::config::Config;
use crate::flows::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::store::channels;

/// Channels that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Adds a channel, or gives one that is there new credentials.
    #[command(subcommand)]
    Add(Add),
    /// Lists the channels of a project.
    #[command(after_help = "Example:\n  aurix channel list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
}

#[derive(Subcommand)]
pub enum Add {
    /// A WhatsApp number on the Cloud API. The values stand in Meta's App Dashboard, under WhatsApp.
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
    /// The number that people write to, with + and the country code.
    #[arg(long)]
    number: String,
    /// A permanent access token: lets Aurix send replies.
    #[arg(long)]
    access_token: String,
    /// The app's secret: Meta signs with it what it sends.
    #[arg(long)]
    app_secret: String,
    /// A word of your own: Meta shows it once, when you register the webhook.
    #[arg(long)]
    verify_token: String,
    /// Where the platform's API is [default: https://graph.facebook.com].
    #[arg(long)]
    api_base: Option<String>,
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Add(Add::Whatsapp(arguments)) => add_whatsapp(arguments, config, output).await,
        Command::List { project } => {
            let (app, project) = open_project(config, &project).await?;
            let rows = app.db.read(async move |conn| Ok(channels::list(conn, project.id, LISTED_MAX).await?)).await?;
            let list: Vec<_> = rows
                .iter()
                .map(|row| json!({"channel": row.kind, "channel_id": row.channel_id, "number": row.number}))
                .collect();
            output.print(&json!({"channels": list}), || {
                let line = |row: &channels::Channel| {
                    format!("{}  {}  +{}", row.kind, row.channel_id, row.number.as_deref().unwrap_or_default())
                };
                rows.iter().map(line).collect::<Vec<_>>().join("\n")
            })
        }
    }
}

async fn add_whatsapp(arguments: WhatsApp, config: Config, output: &Output) -> anyhow::Result<()> {
    let (app, project) = open_project(config, &arguments.project).await?;
    let new = WhatsAppChannel {
        phone_number_id: arguments.phone_number_id,
        number: arguments.number,
        access_token: arguments.access_token,
        app_secret: arguments.app_secret,
        verify_token: arguments.verify_token,
        api_base: arguments.api_base,
        link_base: None,
    };
    let id = add_whatsapp_channel(&app, project.id, new).await?.channel_id;
    let webhook_url = format!("{}/channels/whatsapp/{id}/webhook", app.config.base_url);
    output.print(&json!({"channel_id": id, "webhook_url": webhook_url}), || {
        format!(
            "Channel {id} is ready. Give Meta this callback URL and your verify token, and subscribe to `messages`:\n  {webhook_url}\n\
             Next:\n  aurix widget create --project {} --channel {id}",
            project.public_id
        )
    })
}
