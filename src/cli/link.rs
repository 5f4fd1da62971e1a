//! `aurix link`

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{self, Output};
use super::{actor, base_url_hint, open_project};
use crate::config::Config;
use crate::core::Core;
use crate::domain::ids::{LinkId, ProjectId};
use crate::domain::link::{Campaign, LinkStatus, Slug, address};
use crate::projects::links::{LinkRefused, NewLink, Opens, create_link, set_link_status};
use crate::store::links::{self, Link};

/// Links that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Creates a link and prints its address.
    ///
    /// Parameters behind the address may add ids of ads and clicks; the link's own source, medium and campaign count before theirs.
    #[command(
        after_help = "Example:\n  aurix link create --project ID --channel 1234 --source poster --medium print --campaign \"Spring 2026\" --slug spring-poster"
    )]
    Create(Create),
    /// Lists the links of a project, newest first.
    #[command(after_help = "Example:\n  aurix link list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Pauses a link: its visitors still reach the chat, and nothing is counted as a click.
    #[command(after_help = "Example:\n  aurix link pause --project ID spring-poster")]
    Pause(Named),
    /// Resumes a paused link.
    #[command(after_help = "Example:\n  aurix link resume --project ID spring-poster")]
    Resume(Named),
    /// Deletes a link. Whoever still has it reaches the chat; a new link of the project can take its address.
    #[command(after_help = "Example:\n  aurix link delete --project ID spring-poster")]
    Delete(Named),
}

/// What a link starts with.
#[derive(Args)]
pub struct Create {
    /// The project.
    #[arg(long)]
    project: String,
    /// The id of the channel that it opens, as `channel list` shows it.
    #[arg(long, conflicts_with = "widget", required_unless_present = "widget")]
    channel: Option<String>,
    /// The id of the widget whose channel it opens and whose greeting it has, as `widget list` shows it.
    #[arg(long)]
    widget: Option<String>,
    /// Where its visitors come from, as `utm_source` says it.
    #[arg(long)]
    source: String,
    /// As `utm_medium` says it.
    #[arg(long, default_value = "")]
    medium: String,
    /// As `utm_campaign` says it.
    #[arg(long, default_value = "")]
    campaign: String,
    /// The start of the prefilled message [default: the greeting of the widget].
    #[arg(long, default_value = "", hide_default_value = true)]
    text: String,
    /// The end of its address, in your own words [default: seven letters and digits].
    #[arg(long)]
    slug: Option<String>,
}

/// A link of a project.
#[derive(Args)]
pub struct Named {
    /// The project.
    #[arg(long)]
    project: String,
    /// The end of the link's address.
    slug: String,
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => create(new, config, output).await,
        Command::List { project } => {
            let (core, project) = open_project(config, &project).await?;
            let read =
                core.db.read(async move |conn| Ok(links::page(conn, project.id, LinkId(i64::MAX), LISTED_MAX).await?));
            let rows = read.await?;
            let list: Vec<_> = rows.iter().map(|link| object(&core, link)).collect();
            output.print(&json!({"links": list}), || {
                let none = "There is no link yet: aurix link create --project ID --channel ID --source WORD";
                output::rows(&rows, |link| line(&core, link), none)
            })
        }
        Command::Pause(named) => set_status(named, LinkStatus::Paused, config, output).await,
        Command::Resume(named) => set_status(named, LinkStatus::Active, config, output).await,
        Command::Delete(named) => set_status(named, LinkStatus::Removed, config, output).await,
    }
}

async fn create(new: Create, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, &new.project).await?;
    let opens = match (new.widget, new.channel) {
        (Some(widget), _) => Opens::Widget(widget),
        (None, channel) => Opens::Channel(channel.context("name a channel or a widget")?),
    };
    let campaign = Campaign { source: new.source, medium: new.medium, campaign: new.campaign, text: new.text };
    let link = match create_link(&core, &actor(), project.id, NewLink { slug: new.slug, opens, campaign }).await {
        Ok(link) => link,
        Err(LinkRefused::Failed(error)) => return Err(error),
        Err(refused @ LinkRefused::Opens) => {
            let lists = "`aurix channel list --project ID` and `aurix widget list --project ID` list them";
            return Err(anyhow::anyhow!("{refused}: {lists}"));
        }
        Err(refused) => return Err(refused.into()),
    };
    output.print(&object(&core, &link), || {
        let hint = base_url_hint(&core.config);
        format!("{}\n{hint}", address(&core.config.base_url, &link.slug))
    })
}

async fn set_status(named: Named, status: LinkStatus, config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, project) = open_project(config, &named.project).await?;
    let link = find(&core, project.id, &named.slug).await?;
    set_link_status(&core, &actor(), project.id, link.id, status).await?;
    let link = Link { status, ..link };
    output.print(&object(&core, &link), || line(&core, &link))
}

async fn find(core: &Core, project: ProjectId, slug: &str) -> anyhow::Result<Link> {
    // As an address is copied, too.
    let end = slug.rsplit('/').next().unwrap_or(slug);
    let slug = Slug::parse(end)?;
    let found = core.db.read({
        let slug = slug.clone();
        async move |conn| Ok(links::find(conn, &slug).await?)
    });
    let own = found.await?.filter(|link| link.project == project && link.status != LinkStatus::Removed);
    own.with_context(|| format!("the project has no link {slug}: `aurix link list --project ID` lists its links"))
}

fn object(core: &Core, link: &Link) -> Value {
    let said = &link.campaign;
    json!({
        "slug": link.slug, "url": address(&core.config.base_url, &link.slug), "widget_id": link.widget, "status": link.status.as_str(),
        "source": said.source, "medium": said.medium, "campaign": said.campaign, "text": said.text,
    })
}

fn line(core: &Core, link: &Link) -> String {
    let said = &link.campaign;
    let words = [&said.source, &said.medium, &said.campaign].map(String::as_str).join(" / ");
    format!("{}  {}  {words}", address(&core.config.base_url, &link.slug), link.status.as_str())
}
