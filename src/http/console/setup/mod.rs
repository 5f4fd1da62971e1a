//! `/p/{project}/setup`: a project is set up in seven steps, each of which ticks itself when what it is about is seen to happen.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::Form;
use super::frame::Frame;
use super::view::{go, page};
use super::who::{Configure, Member, Needs};
use crate::domain::account::Permission;
use crate::domain::setup::{Step, steps_of};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::projects::skip_step::skip_step;
use crate::store::setup::{self, Seen};

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/setup", show).post("/p/{project}/setup", skip)
}

#[derive(Template)]
#[template(path = "setup/setup.html", blocks = ["steps"])]
struct SetupPage {
    frame: Frame,
    steps: Vec<StepRow>,
    done: usize,
    path: String,
}

/// A step on the page.
pub struct StepRow {
    /// Its word.
    pub word: &'static str,
    /// From 1.
    pub number: usize,
    /// What is to be done.
    pub title: &'static str,
    /// How long that takes.
    pub takes: &'static str,
    /// How it is done, and what it adds.
    pub what: &'static str,
    /// What leads there: texts and addresses, the first one is the usual way.
    pub ways: Vec<(&'static str, String)>,
    /// What was seen, once it is done.
    pub seen: Option<String>,
    /// What is wrong with it.
    pub trouble: Option<String>,
    /// Whether it is skipped.
    pub is_skipped: bool,
    /// What is missing elsewhere without it.
    pub without: &'static str,
}

impl StepRow {
    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.seen.is_some() || self.is_skipped
    }
}

/// What a step is about: its title, how long it takes, how it is done, and what is missing without it.
fn words(step: Step) -> [&'static str; 4] {
    match step {
        Step::Channel => [
            "Give people somewhere to write to",
            "0 to 10 min",
            "A chat on the page needs nothing else. A Telegram bot takes two minutes, a WhatsApp number ten: Meta's own steps are the long part.",
            "Without a channel nobody can write.",
        ],
        Step::Button => [
            "Put the button on your site",
            "2 min",
            "Paste one tag, let the tag take over the links that the site has, or use a link or a QR code where there is no site. This step ticks with the first click.",
            "Without a click nobody knows which page or ad a conversation came from.",
        ],
        Step::Ads => [
            "Let your ads tell their names",
            "1 min a platform",
            "Copy the address template of each platform into its field for URL parameters. This step ticks with the first click that has a campaign.",
            "Without it the overview has sources, and no campaigns, ad sets, ads and keywords.",
        ],
        Step::Try => [
            "Try it with your own phone",
            "1 min",
            "Press your button as a visitor does, and send the message. Then mark yourself as one of your own people on the lead's page, so that it does not count.",
            "Until somebody has sent a reference, it is not shown that clicks and conversations meet.",
        ],
        Step::Form => [
            "Say what the agent asks for",
            "2 min",
            "Name, email and phone are asked for already. Add your own questions, and try the form on its page.",
            "Without your questions a lead is complete with name, email and phone.",
        ],
        Step::Systems => [
            "Send leads to your systems",
            "3 min",
            "Add a webhook: a CRM, a sheet, a chat, or a program of yours. This step ticks with the first event that was taken.",
            "Without it leads are in Aurix alone.",
        ],
        Step::Sales => [
            "Say what became of a lead",
            "1 min",
            "Call a lead qualified or won: on its page, with one press in the list, or by your CRM over the API.",
            "Without it the overview ends with complete leads, and nobody knows which ad sells.",
        ],
    }
}

/// The steps as they stand.
pub fn steps(project: &str, seen: &Seen, has_form: bool, skipped: &str, try_link: Option<String>) -> Vec<StepRow> {
    let skipped = steps_of(skipped);
    let row = |(nth, step): (usize, Step)| {
        let [title, takes, what, without] = words(step);
        let at = |path: &str| format!("{project}/{path}");
        let done = |is_seen: bool, text: &str| is_seen.then(|| text.to_owned());
        let (ways, seen_as) = match step {
            Step::Channel => (
                vec![
                    ("Chat on the page", at("channels/new/web")),
                    ("WhatsApp", at("channels/new/whatsapp")),
                    ("Telegram", at("channels/new/telegram")),
                ],
                done(seen.channel, "People can write."),
            ),
            Step::Button => {
                let own = seen.widget.as_ref().map_or_else(|| at("widgets/new"), |id| at(&format!("widgets/{id}")));
                (vec![("Open the widget", own)], done(seen.clicked, "A click arrived."))
            }
            Step::Ads => (vec![("Address templates", at("links/ads"))], done(seen.ad, "A click told its campaign.")),
            Step::Try => {
                let ways = try_link.clone().map(|link| ("Press your button", link)).into_iter().collect();
                (ways, done(seen.attributed, "A message had the reference of its click."))
            }
            Step::Form => (
                vec![("Lead form", at("form"))],
                done(has_form, "The form is yours.").or(done(seen.complete, "A lead was complete.")),
            ),
            Step::Systems => {
                (vec![("Add webhook", at("integrations/webhook/new"))], done(seen.answered, "An event was delivered."))
            }
            Step::Sales => (
                vec![("Leads", at("leads")), ("API", at("api"))],
                done(seen.sold, "A lead was called qualified or won."),
            ),
        };
        let unfilled = seen.unfilled.as_ref().filter(|_| step == Step::Ads);
        let page = |landing: &String| if landing.is_empty() { String::new() } else { format!(" to {landing}") };
        StepRow {
            word: step.as_str(),
            number: nth + 1,
            title,
            takes,
            what,
            ways,
            trouble: unfilled.map(|landing| {
                format!(
                    "A click{} came with a placeholder that the ad platform did not fill in. Look at the ad's URL parameters.",
                    page(landing)
                )
            }),
            is_skipped: skipped.contains(&step) && seen_as.is_none(),
            seen: seen_as,
            without,
        }
    };
    Step::ALL.into_iter().enumerate().map(row).collect()
}

/// The steps of a member's project.
pub async fn steps_of_project(engines: &Engines, member: &Member<impl Needs>) -> Result<Vec<StepRow>> {
    let project = member.project.id;
    let read = engines
        .core
        .db
        .read(async move |conn| Ok((setup::seen(conn, project).await?, setup::skipped(conn, project).await?)));
    let (seen, skipped) = read.await?;
    let try_link = seen.widget.as_ref().map(|widget| format!("{}/c/{widget}", engines.core.config.base_url));
    Ok(steps(&member.path(), &seen, member.project.form.is_some(), &skipped, try_link))
}

async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let steps = steps_of_project(&engines, &member).await?;
    let done = steps.iter().filter(|step| step.is_settled()).count();
    let frame = Frame::of_member(&engines.core, &member, "setup").await?;
    let shown = SetupPage { frame, steps, done, path: format!("{}/setup", member.path()) };
    if query.one("part").is_ok_and(|part| part.is_some()) { page(&shown.as_steps()) } else { page(&shown) }
}

/// Skips a step, or takes that back.
async fn skip(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let Some(step) = Step::parse(form.text("step")) else {
        return Err(ApiError::field("step", "There is no such step."));
    };
    let is_skipped = form.text("skip") == "yes";
    skip_step(&engines.core, &member.actor(), &member.project, (step, is_skipped)).await?;
    Ok(go(&format!("{}/setup", member.path())))
}
