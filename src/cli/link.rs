//! `aurix link`

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::domain::link::{LinkStatus, Slug};
use crate::http::api::links::{CreateLink, LinkBody};
use crate::http::api::query::Page;
use crate::net::Method;

/// Links that are listed.
const LISTED_MAX: usize = 10_000;

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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Create(new) => create(new, &api, output).await,
        Command::List { project } => {
            let rows: Vec<LinkBody> = api.all(&format!("{}/links", of_project(&project)), LISTED_MAX).await?;
            let list: Vec<_> = rows.iter().map(object).collect();
            output.print(&json!({"links": list}), || {
                let none = "There is no link yet: aurix link create --project ID --channel ID --source WORD";
                output::rows(&rows, line, none)
            })
        }
        Command::Pause(named) => {
            let (path, _) = find(&named, &api).await?;
            show(&api.post(&format!("{path}/pause")).await?, output)
        }
        Command::Resume(named) => {
            let (path, _) = find(&named, &api).await?;
            show(&api.post(&format!("{path}/resume")).await?, output)
        }
        Command::Delete(named) => {
            let (path, link) = find(&named, &api).await?;
            let () = api.delete(&path).await?;
            show(&LinkBody { status: LinkStatus::Removed.as_str().into(), ..link }, output)
        }
    }
}

async fn create(new: Create, api: &Api, output: &Output) -> anyhow::Result<()> {
    let slug = new.slug.map(|slug| Slug::parse(&slug).map(|slug| slug.as_str().to_owned())).transpose()?;
    let body = CreateLink {
        slug,
        channel_id: new.channel.filter(|_| new.widget.is_none()),
        widget_id: new.widget,
        source: new.source,
        medium: Some(new.medium),
        campaign: Some(new.campaign),
        text: Some(new.text),
    };
    let created = api.send(Method::POST, &format!("{}/links", of_project(&new.project)), &body).await;
    let lists = "`aurix channel list --project ID` and `aurix widget list --project ID` list them";
    let link: LinkBody = created.map_err(|refused| refused.hint("widget_id", lists))?;
    output.print(&object(&link), || format!("{}\n{}", link.address, api.base_url_hint()))
}

fn show(link: &LinkBody, output: &Output) -> anyhow::Result<()> {
    output.print(&object(link), || line(link))
}

/// The path of a link, and the link.
async fn find(named: &Named, api: &Api) -> anyhow::Result<(String, LinkBody)> {
    // As an address is copied, too.
    let end = named.slug.rsplit('/').next().unwrap_or(&named.slug);
    let slug = Slug::parse(end)?;
    let links = format!("{}/links", of_project(&named.project));
    let page: Page<LinkBody> = api.get(&format!("{links}?slug={}", part(slug.as_str()))).await?;
    let link =
        page.data.into_iter().next().with_context(|| {
            format!("the project has no link {slug}: `aurix link list --project ID` lists its links")
        })?;
    Ok((format!("{links}/{}", link.link_id), link))
}

fn object(link: &LinkBody) -> Value {
    json!({
        "slug": link.slug, "url": link.address, "widget_id": link.widget_id, "status": link.status,
        "source": link.source, "medium": link.medium, "campaign": link.campaign, "text": link.text,
    })
}

fn line(link: &LinkBody) -> String {
    let words = [&link.source, &link.medium, &link.campaign].map(String::as_str).join(" / ");
    format!("{}  {}  {words}", link.address, link.status)
}
