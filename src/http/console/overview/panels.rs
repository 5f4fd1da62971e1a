//! The tables of the overview: one for each dimension, and one of ads.

use std::collections::{BTreeMap, HashMap};

use super::figures::{FEW, change, meter, number, share};
use super::query::OverviewQuery;
use crate::counts::ask::Dimension;
use crate::counts::report::{Line, Report};
use crate::domain::channel::ChannelKind;
use crate::domain::device::Device;
use crate::domain::source::{AD, DIRECT, NO_CLICK, OTHER};
use crate::http::console::view::Html;
use crate::store::counts::Sums;
use crate::store::sources::StoredAd;

/// Lines of a table on the overview.
pub const SHOWN: usize = 8;
/// Campaigns below a source there.
const CHILDREN: usize = 3;
/// Lines of a table that is shown alone.
pub const SHOWN_ALONE: usize = 500;

/// Tables that stand beside one another on the overview.
const SMALL: [&str; 4] = ["referrer", "channel", "device", "widget"];

/// The columns of a table: the word of the step whose rows a number leads to, its title, and whether small screens leave it out.
pub const COLUMNS: [(&str, &str, bool); 7] = [
    ("clicks", "Clicks", false),
    ("conversations", "Conversations", false),
    ("leads", "Leads", false),
    ("complete", "Complete", true),
    ("qualified", "Qualified", true),
    ("won", "Won", false),
    ("good", "Good", true),
];

/// Where the number of a column stands in the sums.
pub const PLACES: [usize; 7] = [0, 2, 3, 4, 5, 6, 7];

/// Names of what is counted by number.
#[derive(Default)]
pub struct Names {
    /// Channels by their row keys.
    pub channels: HashMap<String, String>,
    /// Widgets and links by what [`Dimension::Widget`] says of them.
    pub widgets: HashMap<String, String>,
}

/// A table.
pub struct Panel {
    /// Its word in addresses.
    pub word: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What its first column has.
    pub head: &'static str,
    /// Its lines.
    pub rows: Vec<PanelRow>,
    /// Whether it shows its first three numbers alone.
    pub is_small: bool,
    /// Leads to the table alone, where it has more lines: how many there are.
    pub all: Option<(usize, String)>,
    /// Leads to its file.
    pub file: String,
}

impl Panel {
    /// Whether any of its lines was there before.
    pub fn is_compared(&self) -> bool {
        self.rows.iter().any(|row| row.change.is_some())
    }
}

/// A line of a table.
pub struct PanelRow {
    /// What it is called.
    pub label: String,
    /// Leads to the page with the line put on as a filter, or taken off.
    pub href: Option<String>,
    /// Whether it is put on.
    pub is_on: bool,
    /// How deep below others it stands.
    pub depth: usize,
    /// A bar of its clicks.
    pub meter: Html,
    /// Its numbers, each with what leads to the rows.
    pub cells: Vec<Cell>,
    /// Complete leads of clicks; `None` where there are too few to say.
    pub rate: Option<String>,
    /// How its leads, or its clicks where it had no lead, changed against the compared period.
    pub change: Option<(String, &'static str)>,
}

/// A number of a line.
pub struct Cell {
    /// As people read it.
    pub text: String,
    /// Leads to the rows; `None` where there are none to see.
    pub href: Option<String>,
    /// Whether small screens leave it out.
    pub is_extra: bool,
}

/// What makes tables of a report.
pub struct Tables<'a> {
    /// `/p/{project}/overview`
    pub base: &'a str,
    /// What the address says.
    pub query: &'a OverviewQuery,
    /// The names of channels and widgets.
    pub names: &'a Names,
    /// Whether tables are shown whole.
    pub is_alone: bool,
}

impl Tables<'_> {
    /// The tables of a report, but for those without a line.
    pub fn of(&self, report: &Report) -> Vec<Panel> {
        let mut panels: Vec<Panel> = Dimension::ALL.into_iter().map(|one| self.panel(report, one)).collect();
        panels.insert(2, self.ads(&report.ads));
        panels.retain(|panel| !panel.rows.is_empty());
        panels
    }

    fn panel(&self, report: &Report, dimension: Dimension) -> Panel {
        let none = Vec::new();
        let lines = report.panels.get(&dimension).unwrap_or(&none);
        // Most visits have no campaign and no site before: such a line says nothing that the others do not.
        let is_said =
            |line: &&Line| !line.value.is_empty() || !matches!(dimension, Dimension::Campaign | Dimension::Referrer);
        let said: Vec<&Line> = lines.iter().filter(is_said).collect();
        let largest = said.iter().map(|line| line.sums[0]).max().unwrap_or(0);
        let mut rows = Vec::new();
        for line in said.iter().take(self.most()) {
            rows.push(self.row(dimension, line, largest, 0));
            let children = report.campaigns.get(&line.value).filter(|_| dimension == Dimension::Source);
            let most = if self.is_alone { SHOWN_ALONE } else { CHILDREN };
            for child in children.into_iter().flatten().take(most) {
                rows.push(self.row(Dimension::Campaign, child, largest, 1));
            }
        }
        let (title, head) = match dimension {
            Dimension::Source => ("Where they came from", "Source / medium"),
            Dimension::Campaign => ("Campaign", "Campaign"),
            Dimension::Landing => ("Landing page", "Host and path"),
            Dimension::Referrer => ("Site before", "Search, social, assistants and others"),
            Dimension::Channel => ("Channel", "Channel"),
            Dimension::Device => ("Device", "Device"),
            Dimension::Widget => ("Widget or link", "Widget or link"),
        };
        self.framed(dimension.as_str(), (title, head), rows, said.len())
    }

    fn framed(
        &self,
        word: &'static str,
        (title, head): (&'static str, &'static str),
        rows: Vec<PanelRow>,
        lines: usize,
    ) -> Panel {
        let alone = format!("{}{}", self.base, self.query.with(&[("panel", word)]));
        Panel {
            word,
            title,
            head,
            rows,
            is_small: !self.is_alone && SMALL.contains(&word),
            all: (!self.is_alone && lines > SHOWN).then_some((lines, alone)),
            file: format!("{}/export.csv{}", self.base, self.query.with(&[("panel", word)])),
        }
    }

    fn most(&self) -> usize {
        if self.is_alone { SHOWN_ALONE } else { SHOWN }
    }

    fn row(&self, dimension: Dimension, line: &Line, largest: i64, depth: usize) -> PanelRow {
        let pressed = self.query.pressed(dimension, &line.value);
        let only = match self.query.has(dimension, &line.value) {
            true => self.query.clone(),
            false => {
                let mut only = self.query.clone();
                only.filter.0.remove(&dimension);
                only.pressed(dimension, &line.value)
            }
        };
        PanelRow {
            label: self.label(dimension, &line.value),
            href: Some(format!("{}{}", self.base, pressed.with(&[]))),
            is_on: self.query.has(dimension, &line.value),
            depth,
            meter: meter(line.sums[0], largest),
            cells: cells(&line.sums, |step| Some(format!("{}/rows{}", self.base, only.with(&[("step", step)])))),
            rate: rate(&line.sums),
            change: line.before.and_then(|before| changed(&line.sums, &before)),
        }
    }

    /// What a value of a dimension is called.
    pub fn label(&self, dimension: Dimension, value: &str) -> String {
        let known = match (dimension, value) {
            (Dimension::Source, NO_CLICK) => Some("no click known"),
            (Dimension::Source, AD) => Some("an ad in the app"),
            (_, OTHER) => Some("others, too many to tell apart"),
            (Dimension::Source, DIRECT) => Some("direct"),
            (Dimension::Device, device) => Device::parse(device).map(|device| device.name().unwrap_or("Not known")),
            (Dimension::Landing, "") => Some("not told"),
            (Dimension::Channel | Dimension::Widget, "") => Some("none"),
            _ => None,
        };
        let named = match dimension {
            Dimension::Channel => self.names.channels.get(value),
            Dimension::Widget => self.names.widgets.get(value),
            _ => None,
        };
        known.map(str::to_owned).or_else(|| named.cloned()).unwrap_or_else(|| value.to_owned())
    }

    /// Campaigns with their ad sets, ads and keywords below them.
    fn ads(&self, ads: &[(StoredAd, Sums)]) -> Panel {
        let mut root = Branch::default();
        for (ad, sums) in ads {
            root.put(&path(ad), sums);
        }
        let largest = root.below.values().map(|branch| branch.sums[0]).max().unwrap_or(0);
        let mut rows = Vec::new();
        let lines = root.below.len();
        root.rows(0, (self.most(), if self.is_alone { SHOWN_ALONE } else { 2 }), largest, &mut rows);
        self.framed("ad", ("Ads", "Campaign › ad set › ad › keyword"), rows, lines)
    }
}

/// The campaign, ad set, ad and keyword of an ad, as people call them.
pub fn path(ad: &StoredAd) -> Vec<String> {
    let or_id = |name: &str, id: &str| if name.is_empty() { id.to_owned() } else { name.to_owned() };
    let platform = if ad.ad.platform == AD { "in the app" } else { ad.ad.platform.as_str() };
    let campaign = or_id(&ad.names.campaign, &ad.ad.campaign_id);
    let first = if campaign.is_empty() { platform.to_owned() } else { format!("{platform}: {campaign}") };
    let rest = [
        or_id(&ad.names.adset, &ad.ad.adset_id),
        or_id(&ad.names.ad, &ad.ad.ad_id),
        if ad.ad.keyword.is_empty() { String::new() } else { format!("“{}”", ad.ad.keyword) },
    ];
    std::iter::once(first).chain(rest.into_iter().filter(|name| !name.is_empty())).collect()
}

/// What belongs together below a name.
#[derive(Default)]
struct Branch {
    sums: Sums,
    below: BTreeMap<String, Branch>,
}

impl Branch {
    fn put(&mut self, path: &[String], sums: &Sums) {
        self.sums.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
        if let Some((first, rest)) = path.split_first() {
            self.below.entry(first.clone()).or_default().put(rest, sums);
        }
    }

    fn rows(&self, depth: usize, (most, below): (usize, usize), largest: i64, rows: &mut Vec<PanelRow>) {
        let mut sorted: Vec<_> = self.below.iter().collect();
        sorted.sort_by(|(one, of_one), (other, of_other)| (of_other.sums, one).cmp(&(of_one.sums, other)));
        for (name, branch) in sorted.into_iter().take(most) {
            if rows.len() >= SHOWN_ALONE {
                return;
            }
            rows.push(PanelRow {
                label: name.clone(),
                href: None,
                is_on: false,
                depth,
                meter: meter(branch.sums[0], largest),
                cells: cells(&branch.sums, |_| None),
                rate: rate(&branch.sums),
                change: None,
            });
            branch.rows(depth + 1, (below, below), largest, rows);
        }
    }
}

fn cells(sums: &Sums, href: impl Fn(&str) -> Option<String>) -> Vec<Cell> {
    let cell = |((step, _, is_extra), place): ((&str, &str, bool), usize)| {
        let value = sums[place];
        Cell { text: number(value), href: if value > 0 { href(step) } else { None }, is_extra }
    };
    COLUMNS.into_iter().zip(PLACES).map(cell).collect()
}

/// Complete leads of clicks, where there are enough to say something.
fn rate(sums: &Sums) -> Option<String> {
    // Without clicks, such as of people who wrote by themselves, there is no rate.
    if sums[4] < FEW || sums[0] < sums[4] { None } else { share(sums[4], sums[0]) }
}

/// How the leads of a line changed, or its clicks where it had no lead.
fn changed(now: &Sums, before: &Sums) -> Option<(String, &'static str)> {
    change(now[3], before[3]).or_else(|| change(now[0], before[0]).filter(|_| now[3] == 0))
}

/// A channel as panels name it.
pub fn channel_name(kind: ChannelKind, label: &str) -> String {
    if label.is_empty() { kind.name().to_owned() } else { format!("{} {label}", kind.name()) }
}
