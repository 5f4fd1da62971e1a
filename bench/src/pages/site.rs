//! Every page of the console, with its filters. A test compares the list with the routes of the program.

use url::form_urlencoded::byte_serialize;

use super::subjects::{Lead, Subjects};
use crate::seed::draw::Draw;
use crate::seed::history::CHANNEL;
use crate::seed::words::CAMPAIGNS;
use aurix::domain::time::Clock;
use aurix::http::partner::cursor;
use aurix::store::window::Position;
use jiff::tz::TimeZone;

/// A page that is asked for.
pub struct Page {
    /// As the table calls it.
    pub name: &'static str,
    /// The route that serves it.
    pub route: &'static str,
    /// Its address.
    way: Way,
}

enum Way {
    /// The same each time; `{p}` stands for the project.
    Fixed(&'static str),
    /// Another one each time; `None` where there is nothing to draw.
    Drawn(fn(&Subjects, &mut Draw) -> Option<String>),
}
use Way::{Drawn, Fixed};

impl Page {
    /// An address to ask for.
    pub fn address(&self, subjects: &Subjects, draw: &mut Draw) -> Option<String> {
        let address = match self.way {
            Fixed(address) => address.to_owned(),
            Drawn(address) => address(subjects, draw)?,
        };
        Some(address.replace("{p}", &format!("/p/{}", subjects.project)))
    }

    /// Whether nobody is signed in who asks for it.
    pub fn is_for_guests(&self) -> bool {
        self.route.starts_with("/sign-in")
    }
}

const fn page(name: &'static str, route: &'static str, way: Way) -> Page {
    Page { name, route, way }
}

/// Routes that are no page of theirs, and why.
#[cfg(test)]
pub const NOT_ASKED: [(&str, &str); 23] = [
    ("/schemas/events/{file}", "for machines"),
    ("/healthz", "for machines"),
    ("/readyz", "for machines"),
    ("/openapi.json", "for machines"),
    ("/metrics", "for machines"),
    ("/widget.js", "for the sites"),
    ("/c/{widget}", "for visitors: it records a click"),
    ("/c/{widget}/channel", "for the sites"),
    ("/l/{slug}", "for visitors: it records a click"),
    ("/channels/whatsapp/{channel}/webhook", "for the platform"),
    ("/assets/{hash}/{name}", "weighed with the pages"),
    ("/p/{project}/leads/{lead}/media/{message}", "a file that somebody sent"),
    ("/p/{project}/leads/{lead}/template", "asks the platform"),
    ("/chat.js", "a file of the widget's"),
    ("/chat/{widget}", "a visitor's"),
    ("/chat/{widget}/events", "a visitor's: does not end"),
    ("/chat/{widget}/messages", "a visitor's"),
    ("/chat/{widget}/unread", "a visitor's"),
    ("/sign-in/code", "between two steps of signing in"),
    ("/sign-in/oidc", "leads away"),
    ("/sign-in/oidc/callback", "comes back from there"),
    ("/first-run/{token}", "a link that is good once, and only while nobody has an account"),
    ("/p/{project}/stream", "does not end: measured apart"),
];

const OVERVIEW: &str = "/p/{project}/overview";
const LEADS: &str = "/p/{project}/leads";
const LEAD: &str = "/p/{project}/leads/{lead}";
const INBOX: &str = "/p/{project}/inbox";
const WEBHOOK: &str = "/p/{project}/integrations/webhook";
const LOG: &str = "/p/{project}/integrations/log";

/// All of them.
pub const PAGES: &[Page] = &[
    page("sign-in", "/sign-in", Fixed("/sign-in")),
    page("home", "/", Fixed("/")),
    page("confirm", "/confirm", Fixed("/confirm")),
    page("forgotten password", "/reset", Fixed("/reset")),
    page("account", "/account", Fixed("/account")),
    page("instance", "/instance", Fixed("/instance")),
    page("projects", "/projects", Fixed("/projects")),
    page("new project", "/projects/new", Fixed("/projects/new")),
    page("project", "/p/{project}", Fixed("{p}")),
    page("API", "/p/{project}/api", Fixed("{p}/api")),
    page("API reference", "/p/{project}/api/reference", Fixed("{p}/api/reference")),
    page("overview", OVERVIEW, Fixed("{p}/overview")),
    page("overview, a week", OVERVIEW, Fixed("{p}/overview?period=7&compare=year")),
    page("overview, 90 days", OVERVIEW, Fixed("{p}/overview?period=90&by=event")),
    page("overview, a year", OVERVIEW, Fixed("{p}/overview?period=365&compare=year")),
    page("overview, any period", OVERVIEW, Drawn(overview)),
    page("set up", "/p/{project}/setup", Fixed("{p}/setup")),
    page("attribution, a year", "/p/{project}/attribution", Fixed("{p}/attribution?period=365&compare=year")),
    page("attribution, file", "/p/{project}/attribution/export.csv", Fixed("{p}/attribution/export.csv?period=365")),
    page("overview, one source", OVERVIEW, Fixed("{p}/overview?period=90&source=google+%2F+cpc&device=phone")),
    page("overview, rows", "/p/{project}/overview/rows", Drawn(overview_rows)),
    page("overview, file", "/p/{project}/overview/export.csv", Fixed("{p}/overview/export.csv?panel=landing")),
    page("channels", "/p/{project}/channels", Fixed("{p}/channels")),
    page("new channel", "/p/{project}/channels/new/whatsapp", Fixed("{p}/channels/new/whatsapp")),
    page("new bot", "/p/{project}/channels/new/telegram", Fixed("{p}/channels/new/telegram")),
    page("channel", "/p/{project}/channels/{channel}", Drawn(|_, _| Some(format!("{{p}}/channels/{CHANNEL}")))),
    page(
        "channel, edit",
        "/p/{project}/channels/{channel}/edit",
        Drawn(|_, _| Some(format!("{{p}}/channels/{CHANNEL}/edit"))),
    ),
    page("widgets", "/p/{project}/widgets", Fixed("{p}/widgets")),
    page("widget preview", "/p/{project}/widgets/preview", Fixed("{p}/widgets/preview")),
    page("new widget", "/p/{project}/widgets/new", Fixed("{p}/widgets/new")),
    page(
        "widget",
        "/p/{project}/widgets/{widget}",
        Drawn(|s, d| Some(format!("{{p}}/widgets/{}", one(&s.widgets, d)?))),
    ),
    page("links", "/p/{project}/links", Fixed("{p}/links")),
    page("new link", "/p/{project}/links/new", Fixed("{p}/links/new")),
    page("link", "/p/{project}/links/{link}", Drawn(|s, d| Some(format!("{{p}}/links/{}", one(&s.links, d)?)))),
    page(
        "QR code, SVG",
        "/p/{project}/links/{link}/qr.svg",
        Drawn(|s, d| Some(format!("{{p}}/links/{}/qr.svg", one(&s.links, d)?))),
    ),
    page(
        "QR code, PNG",
        "/p/{project}/links/{link}/qr.png",
        Drawn(|s, d| Some(format!("{{p}}/links/{}/qr.png", one(&s.links, d)?))),
    ),
    page(
        "ad links",
        "/p/{project}/links/ads",
        Fixed("{p}/links/ads?address=https%3A%2F%2Fjuniper.example%2F%3Futm_source%3Dgoogle"),
    ),
    page("lead form", "/p/{project}/form", Fixed("{p}/form")),
    page("lead form, texts", "/p/{project}/form/texts", Fixed("{p}/form/texts?language=es")),
    page("settings", "/p/{project}/settings", Fixed("{p}/settings")),
    page("audit log", "/p/{project}/settings/audit", Fixed("{p}/settings/audit")),
    page("audit log, anywhere", "/p/{project}/settings/audit", Drawn(audit)),
    page("agent", "/p/{project}/settings/agent", Fixed("{p}/settings/agent")),
    page("a new chat", "/p/{project}/channels/new/web", Fixed("{p}/channels/new/web")),
    page("alerts", "/p/{project}/settings/alerts", Fixed("{p}/settings/alerts")),
    page("attention", "/p/{project}/attention", Fixed("{p}/attention")),
    page("bell", "/p/{project}/attention/bell", Fixed("{p}/attention/bell")),
    page("people", "/p/{project}/people", Fixed("{p}/people")),
    page("command menu", "/p/{project}/search", Fixed("{p}/search?q=tan")),
    page("inbox, the list", "/p/{project}/inbox/people", Fixed("{p}/inbox/people")),
    page(
        "leads, what came since",
        "/p/{project}/leads/fresh",
        Drawn(|s, d| Some(format!("{{p}}/leads/fresh?top={}", after(lead(s, d)?)))),
    ),
    page(
        "leads, ticked",
        "/p/{project}/leads/selected",
        Drawn(|s, d| Some(format!("{{p}}/leads/selected?lead={}&lead={}", lead(s, d)?.id, lead(s, d)?.id))),
    ),
    page(
        "lead, the conversation",
        "/p/{project}/leads/{lead}/talk",
        Drawn(|s, d| Some(format!("{{p}}/leads/{}/talk", lead(s, d)?.id))),
    ),
    page(
        "webhook, template",
        "/p/{project}/integrations/webhook/{webhook}/template",
        Drawn(|s, d| webhook(s, d, "/template")),
    ),
    page("leads", LEADS, Fixed("{p}/leads")),
    page("leads, anywhere", LEADS, Drawn(|s, d| Some(format!("{{p}}/leads?after={}", after(lead(s, d)?))))),
    page(
        "leads, the last page",
        LEADS,
        Drawn(|s, _| Some(format!("{{p}}/leads?after={}", cursor::encode(s.oldest_lead?)))),
    ),
    page("leads: talking", LEADS, Fixed("{p}/leads?view=talking")),
    page("leads: correlated", LEADS, Fixed("{p}/leads?view=correlated")),
    page("leads: complete", LEADS, Fixed("{p}/leads?view=complete")),
    page(
        "leads: complete, anywhere",
        LEADS,
        Drawn(|s, d| Some(format!("{{p}}/leads?view=complete&after={}", after(lead(s, d)?)))),
    ),
    page("leads: waiting", LEADS, Fixed("{p}/leads?view=waiting")),
    page("leads: mine", LEADS, Fixed("{p}/leads?view=mine")),
    page("leads: 24 hours", LEADS, Fixed("{p}/leads?days=1")),
    page("leads: 7 days", LEADS, Fixed("{p}/leads?days=7")),
    page("leads: 30 days", LEADS, Fixed("{p}/leads?days=30")),
    page("leads: 90 days", LEADS, Fixed("{p}/leads?days=90")),
    page("leads: open", LEADS, Fixed("{p}/leads?stage=open")),
    page("leads: won", LEADS, Fixed("{p}/leads?stage=won")),
    page(
        "leads: won, anywhere",
        LEADS,
        Drawn(|s, d| Some(format!("{{p}}/leads?stage=won&after={}", after(lead(s, d)?)))),
    ),
    page("leads: poor", LEADS, Fixed("{p}/leads?quality=poor")),
    page("leads: campaign", LEADS, Drawn(campaign)),
    page(
        "leads: campaign, lost, poor",
        LEADS,
        Drawn(|s, d| Some(format!("{}&stage=lost&quality=poor", campaign(s, d)?))),
    ),
    page("leads: no such campaign", LEADS, Fixed("{p}/leads?campaign=none")),
    page("search: number", LEADS, Drawn(|s, d| search(&lead(s, d)?.phone))),
    page("search: last four digits", LEADS, Drawn(|s, d| search(lead(s, d)?.phone.get(7..11)?))),
    page("search: name", LEADS, Drawn(|s, d| search(lead(s, d)?.name.as_deref()?))),
    page(
        "search: part of a name",
        LEADS,
        Drawn(|s, d| search(&lead(s, d)?.name.as_deref()?.chars().take(3).collect::<String>())),
    ),
    page("search: one letter", LEADS, Drawn(|_, d| search(["a", "m", "s", "陈"][d.below(4) as usize]))),
    page("search: address", LEADS, Drawn(|s, d| search(lead(s, d)?.email.as_deref()?))),
    page("search: reference", LEADS, Drawn(|s, d| search(lead(s, d)?.correlation_id.as_deref()?))),
    page("search: nobody", LEADS, Drawn(|_, d| search(&format!("zq{}", d.below(1_000_000))))),
    page("lead", LEAD, Drawn(|s, d| Some(format!("{{p}}/leads/{}", lead(s, d)?.id)))),
    page("lead, long conversation", LEAD, Drawn(|s, d| Some(format!("{{p}}/leads/{}", one(&s.long, d)?.0)))),
    page(
        "lead, earlier messages",
        LEAD,
        Drawn(|s, d| one(&s.long, d).map(|(id, at)| format!("{{p}}/leads/{id}?before={at}"))),
    ),
    page(
        "erase",
        "/p/{project}/leads/{lead}/erase",
        Drawn(|s, d| Some(format!("{{p}}/leads/{}/erase", lead(s, d)?.id))),
    ),
    page("inbox", INBOX, Fixed("{p}/inbox")),
    page("inbox, open", "/p/{project}/inbox/{lead}", Drawn(|s, d| Some(format!("{{p}}/inbox/{}", one(&s.inbox, d)?)))),
    page(
        "inbox, long conversation",
        "/p/{project}/inbox/{lead}",
        Drawn(|s, d| Some(format!("{{p}}/inbox/{}", one(&s.long, d)?.0))),
    ),
    page("webhooks", WEBHOOK, Fixed("{p}/integrations/webhook")),
    page("new webhook", "/p/{project}/integrations/webhook/new", Fixed("{p}/integrations/webhook/new")),
    page("webhook", "/p/{project}/integrations/webhook/{webhook}", Drawn(|s, d| webhook(s, d, ""))),
    page("webhook, edit", "/p/{project}/integrations/webhook/{webhook}/edit", Drawn(|s, d| webhook(s, d, "/edit"))),
    page("log", LOG, Fixed("{p}/integrations/log")),
    page("log, anywhere", LOG, Drawn(|s, d| log_before("", *one(&s.deliveries, d)?))),
    page("log, the last page", LOG, Drawn(|s, _| log_before("", s.oldest_delivery?))),
    page("log: webhook", LOG, Drawn(|s, d| Some(format!("{{p}}/integrations/log?webhook={}", one(&s.webhooks, d)?)))),
    page("log: pending", LOG, Fixed("{p}/integrations/log?state=pending")),
    page("log: delivered", LOG, Fixed("{p}/integrations/log?state=delivered")),
    page("log: failed", LOG, Fixed("{p}/integrations/log?state=failed")),
    page("log: failed, anywhere", LOG, Drawn(|s, d| log_before("state=failed&", *one(&s.deliveries, d)?))),
    page("log: cancelled", LOG, Fixed("{p}/integrations/log?state=cancelled")),
    page("log: widget.click", LOG, Fixed("{p}/integrations/log?event=widget.click")),
    page("log: lead.correlated", LOG, Fixed("{p}/integrations/log?event=lead.correlated")),
    page("log: lead.created", LOG, Fixed("{p}/integrations/log?event=lead.created")),
    page("log: lead.stage_changed", LOG, Fixed("{p}/integrations/log?event=lead.stage_changed")),
    page(
        "log: stage_changed, anywhere",
        LOG,
        Drawn(|s, d| log_before("event=lead.stage_changed&", *one(&s.deliveries, d)?)),
    ),
    page("log: 2xx", LOG, Fixed("{p}/integrations/log?answer=2xx")),
    page("log: 4xx", LOG, Fixed("{p}/integrations/log?answer=4xx")),
    page("log: 5xx", LOG, Fixed("{p}/integrations/log?answer=5xx")),
    page("log: 401", LOG, Fixed("{p}/integrations/log?answer=401")),
    page("log: no answer", LOG, Fixed("{p}/integrations/log?answer=none")),
    page("log: last hour", LOG, Fixed("{p}/integrations/log?period=hour")),
    page("log: last 24 hours", LOG, Fixed("{p}/integrations/log?period=day")),
    page("log: last 7 days", LOG, Fixed("{p}/integrations/log?period=week")),
    page("log: last 30 days, 5xx", LOG, Fixed("{p}/integrations/log?period=month&answer=5xx")),
    page("log: reference of a lead", LOG, Drawn(|s, d| log_search(lead(s, d)?.correlation_id.as_deref()?))),
    page("log: reference of a click", LOG, Drawn(|s, d| log_search(one(&s.clicks, d)?))),
    page("log: event", LOG, Drawn(|s, d| log_search(one(&s.events, d)?))),
    page("log: nothing", LOG, Fixed("{p}/integrations/log?q=O-0000000")),
    page("log, what is new", "/p/{project}/integrations/log/fresh", Drawn(fresh)),
    page("log, jobs", "/p/{project}/integrations/log/jobs", Fixed("{p}/integrations/log/jobs")),
    page(
        "resend all that failed",
        "/p/{project}/integrations/log/resend",
        Fixed("{p}/integrations/log/resend?state=failed"),
    ),
    page(
        "delivery",
        "/p/{project}/integrations/log/{delivery}",
        Drawn(|s, d| Some(format!("{{p}}/integrations/log/{}", one(&s.deliveries, d)?.id))),
    ),
];

fn one<'a, T>(of: &'a [T], draw: &mut Draw) -> Option<&'a T> {
    (!of.is_empty()).then(|| draw.pick(of))
}

fn lead<'a>(subjects: &'a Subjects, draw: &mut Draw) -> Option<&'a Lead> {
    one(&subjects.leads, draw)
}

/// The cursor of what comes behind a lead.
fn after(lead: &Lead) -> String {
    cursor::encode(Position { created_at: lead.last_message_at, id: lead.id })
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn campaign(_: &Subjects, draw: &mut Draw) -> Option<String> {
    let campaigns = CAMPAIGNS.iter().map(|(.., campaign)| *campaign);
    let named: Vec<&str> = campaigns.filter(|campaign| !campaign.is_empty()).collect();
    Some(format!("{{p}}/leads?campaign={}", encoded(one(&named, draw)?)))
}

fn search(text: &str) -> Option<String> {
    Some(format!("{{p}}/leads?q={}", encoded(text)))
}

/// Periods of any length, that end on some day of the last two months.
fn overview(_: &Subjects, draw: &mut Draw) -> Option<String> {
    let today = Clock::System.now().to_zoned(TimeZone::UTC).date();
    let days = |days: u64| jiff::Span::new().days(i64::try_from(days).unwrap_or(1));
    let last = today.saturating_sub(days(draw.below(60)));
    let first = last.saturating_sub(days(draw.below(200)));
    Some(format!("{{p}}/overview?from={first}&to={last}"))
}

fn overview_rows(_: &Subjects, draw: &mut Draw) -> Option<String> {
    let step = ["clicks", "conversations", "leads", "complete", "won"][usize::try_from(draw.below(5)).ok()?];
    Some(format!("{{p}}/overview/rows?step={step}&source=google+%2F+cpc"))
}

fn audit(subjects: &Subjects, draw: &mut Draw) -> Option<String> {
    Some(format!("{{p}}/settings/audit?before={}", one(&subjects.audit, draw)?))
}

fn webhook(subjects: &Subjects, draw: &mut Draw, page: &str) -> Option<String> {
    Some(format!("{{p}}/integrations/webhook/{}{page}", one(&subjects.webhooks, draw)?))
}

fn log_before(filter: &str, at: Position) -> Option<String> {
    Some(format!("{{p}}/integrations/log?{filter}before={}.{}", at.created_at, at.id))
}

fn log_search(text: &str) -> Option<String> {
    Some(format!("{{p}}/integrations/log?q={}", encoded(text)))
}

fn fresh(subjects: &Subjects, draw: &mut Draw) -> Option<String> {
    let at = one(&subjects.deliveries, draw)?;
    Some(format!("{{p}}/integrations/log/fresh?after={}.{}", at.created_at, at.id))
}

#[cfg(test)]
mod tests {
    use aurix::config::Config;
    use aurix::net::Method;
    use tokio::sync::watch;

    use super::super::streams::FILES;
    use super::*;

    #[test]
    fn every_page_of_the_console_is_asked_for() {
        let (_stop, stopping) = watch::channel(false);
        let (_, routes) = aurix::http::routes(&Config::default(), &stopping).into_parts();
        let asked: Vec<&str> = PAGES.iter().map(|page| page.route).chain(FILES.iter().map(|file| file.route)).collect();
        let is_known = |path: &str| asked.contains(&path) || NOT_ASKED.iter().any(|(route, _)| *route == path);
        // What needs a link that is good once shows the same little page for any; the partner API is measured by `list`, and
        // the management API reads what the console's pages read.
        let is_page = |path: &str| {
            !path.contains("{token}")
                && !path.contains("/integrations/{service}")
                && !path.contains("/integrations/external")
                && !path.starts_with("/api/v1/")
        };
        let pages = routes.iter().filter(|route| route.method == Method::GET && is_page(&route.path));
        let missing: Vec<_> = pages.filter(|route| !is_known(&route.path)).map(|route| route.path.clone()).collect();
        assert!(missing.is_empty(), "give these a line in PAGES, or a reason in NOT_ASKED: {missing:?}");
        let is_route = |path: &&str| routes.iter().any(|route| route.path == *path);
        let known = asked.iter().copied().chain(NOT_ASKED.iter().map(|(route, _)| *route));
        assert_eq!(known.filter(|path| !is_route(path)).collect::<Vec<_>>(), Vec::<&str>::new(), "these are no routes");
    }
}
