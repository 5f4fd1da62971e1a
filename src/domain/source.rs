//! Where a visit came from, as it is counted: the campaign's words, or else the site before, the first page, the widget, the device.

use sha2::{Digest as _, Sha256};
use url::Url;

use super::attribution::{Params, has_unexpanded};
use super::closed_set::closed_set;
use super::device::Device;
use super::ids::{ChannelId, LinkId, WidgetId};
use super::referrer;
use super::text::cut;

/// Characters of a word that is counted by; the rest is cut.
pub const WORD_CHARS_MAX: usize = 150;
/// Characters of a landing page: its host and path.
pub const LANDING_CHARS_MAX: usize = 300;

/// The source of a visit that nothing tells of.
pub const DIRECT: &str = "direct";
/// The source of a conversation that no click led to.
pub const NO_CLICK: &str = "(no click)";
/// The source of a conversation that an ad inside the chat's platform led to.
pub const AD: &str = "(ad)";
/// Stands for what is too much to be counted apart.
pub const OTHER: &str = "(other)";

/// Whom a click id without campaign words stands for: the parameter, the source, the medium.
const CLICK_ID_SOURCES: [(&str, &str, &str); 12] = [
    ("gclid", "google", "cpc"),
    ("gbraid", "google", "cpc"),
    ("wbraid", "google", "cpc"),
    ("dclid", "google", "display"),
    ("msclkid", "bing", "cpc"),
    ("yclid", "yandex", "cpc"),
    ("ttclid", "tiktok", "paid_social"),
    ("twclid", "x", "paid_social"),
    ("li_fat_id", "linkedin", "paid_social"),
    ("sccid", "snapchat", "paid_social"),
    ("epik", "pinterest", "paid_social"),
    ("rdt_cid", "reddit", "paid_social"),
];

closed_set! {
    /// Why the address of a visit tells less than it could.
    pub enum Trouble {
        /// It does not.
        None = "",
        /// The ad platform left placeholders in it: `{{campaign.name}}`.
        Macro = "macro",
        /// The visit began on another page of the same site, where the tag is missing.
        UntaggedLanding = "untagged_landing",
    }
}

/// What clicks, conversations and leads are counted by. Of a session it is that of its first click, and never changes. Empty: none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// `google`, lower case; [`DIRECT`], [`NO_CLICK`], [`AD`] or [`OTHER`].
    pub source: String,
    /// `cpc`, lower case.
    pub medium: String,
    /// As the address had it.
    pub campaign: String,
    /// The site before: `chatgpt`, or a host.
    pub referrer: String,
    /// Host and path of the first page.
    pub landing: String,
    /// Where the button led; `None` where that was not noted.
    pub channel: Option<ChannelId>,
    /// The button; `None` without a click.
    pub widget: Option<WidgetId>,
    /// The link without a site, where one was followed.
    pub link: Option<LinkId>,
    /// [`Device`], as its word.
    pub device: &'static str,
    /// What is wrong with the address.
    pub trouble: Trouble,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            source: String::new(),
            medium: String::new(),
            campaign: String::new(),
            referrer: String::new(),
            landing: String::new(),
            channel: None,
            widget: None,
            link: None,
            device: Device::Unknown.as_str(),
            trouble: Trouble::None,
        }
    }
}

/// What a click tells of where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The campaign parameters.
    pub params: &'a Params,
    /// The page of the click.
    pub click_url: Option<&'a str>,
    /// The first page of the visit.
    pub first_raw_url: Option<&'a str>,
    /// The page before that.
    pub referrer: Option<&'a str>,
    /// As the browser sent it.
    pub user_agent: Option<&'a str>,
    /// Where the button leads.
    pub channel: Option<ChannelId>,
    /// The button.
    pub widget: WidgetId,
    /// The link without a site: then the page of the click is the link's own address.
    pub link: Option<LinkId>,
}

impl<'a> Visit<'a> {
    /// A visit of which nothing is known but the address of its page.
    pub fn of_address(url: &'a str, params: &'a Params) -> Self {
        Self {
            params,
            click_url: Some(url),
            first_raw_url: None,
            referrer: None,
            user_agent: None,
            channel: None,
            widget: WidgetId(0),
            link: None,
        }
    }
}

impl Source {
    /// Where a visit came from. Campaign words count before click ids, these before the site before.
    pub fn of_visit(visit: &Visit<'_>) -> Self {
        let first_page = || landing(visit.first_raw_url).or_else(|| landing(visit.click_url));
        let landing = visit.link.map_or_else(first_page, |_| None).unwrap_or_default();
        let own_host = landing.split('/').next().unwrap_or_default();
        let referrer = referrer::of_url(visit.referrer, own_host);
        let trouble = trouble(visit, own_host);
        let word = |name: &str| visit.params.get(name).map(|word| cut(word, WORD_CHARS_MAX).to_owned());
        let folded = |name: &str| word(name).map(|word| word.to_lowercase());
        let by_click_id = || CLICK_ID_SOURCES.iter().find(|(id, ..)| visit.params.get(id).is_some());
        let (source, medium) = match (folded("utm_source"), folded("utm_medium")) {
            (Some(source), medium) => (source, medium.unwrap_or_default()),
            (None, medium) => {
                let (source, own) = match (by_click_id(), &referrer) {
                    (Some((_, source, medium)), _) => ((*source).to_owned(), *medium),
                    (None, Some(site)) => (site.name.clone(), site.kind.medium()),
                    (None, None) if visit.params.get("fbclid").is_some() => ("facebook".to_owned(), "social"),
                    (None, None) => (DIRECT.to_owned(), ""),
                };
                (source, medium.unwrap_or_else(|| own.to_owned()))
            }
        };
        let campaign = ["utm_campaign", "campaign_name", "campaign_id", "gad_campaignid", "utm_id"];
        Self {
            source,
            medium,
            campaign: campaign.into_iter().find_map(word).unwrap_or_default(),
            referrer: referrer.map(|site| site.name).unwrap_or_default(),
            landing,
            channel: visit.channel,
            widget: Some(visit.widget),
            link: visit.link,
            device: Device::of_user_agent(visit.user_agent).as_str(),
            trouble,
        }
    }

    /// The source of conversations on a channel that no click led to, or only an ad on the platform.
    pub fn without_click(channel: ChannelId, by_ad: bool) -> Self {
        let source = if by_ad { AD } else { NO_CLICK };
        Self { source: source.to_owned(), channel: Some(channel), ..Self::default() }
    }

    /// What it is counted as where a project has too many sources: the button, the link and the device stay.
    #[must_use]
    pub fn folded(&self) -> Self {
        let other = || OTHER.to_owned();
        Self { source: other(), medium: other(), campaign: other(), referrer: other(), landing: other(), ..*self }
    }

    /// Names it in its project: 32 hex digits.
    pub fn digest(&self) -> String {
        let number = |id: Option<i64>| id.unwrap_or_default().to_string();
        let (channel, widget) = (number(self.channel.map(|id| id.0)), number(self.widget.map(|id| id.0)));
        let link = number(self.link.map(|id| id.0));
        digest([
            &self.source,
            &self.medium,
            &self.campaign,
            &self.referrer,
            &self.landing,
            &channel,
            &widget,
            &link,
            self.device,
            self.trouble.as_str(),
        ])
    }
}

/// An ad as far as a click tells: what is counted by ads beside sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ad {
    /// The source of the visit: `google`, `facebook`.
    pub platform: String,
    /// The platform's id of the campaign, or its name where there is no id. Empty: none, as below.
    pub campaign_id: String,
    /// Of the ad set or ad group.
    pub adset_id: String,
    /// Of the ad.
    pub ad_id: String,
    /// What was searched for, as the platform names it.
    pub keyword: String,
}

/// What an ad and what it belongs to are called. Empty: not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdNames {
    /// The campaign.
    pub campaign: String,
    /// The ad set or ad group.
    pub adset: String,
    /// The ad.
    pub ad: String,
}

/// Media of visits that nobody paid for.
const UNPAID: [&str; 6] = ["", "organic", "social", "referral", "email", "ai_assistant"];
/// Platforms whose templates write the keyword in `utm_term`; others write the ad set there.
const SEARCHES: [&str; 6] = ["google", "bing", "yahoo", "yandex", "baidu", "naver"];

impl Ad {
    /// The ad that a visit came by, and what it is called; `None` where the address tells of none.
    pub fn of_visit(params: &Params, source: &Source) -> Option<(Self, AdNames)> {
        let word = |names: &[&str]| {
            names.iter().find_map(|name| params.get(name)).map(|word| cut(word, WORD_CHARS_MAX).to_owned())
        };
        let is_search = SEARCHES.contains(&source.source.as_str());
        let term = |wanted: bool| word(&["utm_term"]).filter(|_| is_search == wanted);
        let names = AdNames {
            campaign: word(&["campaign_name", "utm_campaign"]).unwrap_or_default(),
            adset: word(&["adset_name"]).or_else(|| term(false)).unwrap_or_default(),
            ad: word(&["ad_name", "utm_content"]).unwrap_or_default(),
        };
        let or_name = |id: Option<String>, name: &str| id.unwrap_or_else(|| name.to_owned());
        let campaign_id = word(&["campaign_id", "utm_id", "gad_campaignid"]);
        let told = params.get("ad_id").is_some() || params.get("adset_id").is_some() || campaign_id.is_some();
        let ad = Self {
            platform: source.source.clone(),
            campaign_id: or_name(campaign_id, &names.campaign),
            adset_id: or_name(word(&["adset_id"]), &names.adset),
            ad_id: or_name(word(&["ad_id"]), &names.ad),
            keyword: word(&["keyword"]).or_else(|| term(true)).unwrap_or_default(),
        };
        let is_paid = told || !UNPAID.contains(&source.medium.as_str());
        let has_any = [&ad.campaign_id, &ad.adset_id, &ad.ad_id, &ad.keyword].iter().any(|id| !id.is_empty());
        (is_paid && has_any).then_some((ad, names))
    }

    /// The ad inside a chat's platform that led to a conversation, by the platform's id of it.
    pub fn in_platform(ad_id: &str) -> Self {
        Self { platform: AD.to_owned(), ad_id: cut(ad_id, WORD_CHARS_MAX).to_owned(), ..Self::default() }
    }

    /// What it is counted as where a project has too many.
    #[must_use]
    pub fn folded(&self) -> Self {
        let other = || OTHER.to_owned();
        Self { platform: other(), campaign_id: other(), adset_id: other(), ad_id: other(), keyword: other() }
    }

    /// Names it in its project: 32 hex digits.
    pub fn digest(&self) -> String {
        digest([&self.platform, &self.campaign_id, &self.adset_id, &self.ad_id, &self.keyword])
    }
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

/// Why the address of a visit tells less than it could.
fn trouble(visit: &Visit<'_>, own_host: &str) -> Trouble {
    let urls = [visit.click_url, visit.first_raw_url];
    if urls.into_iter().flatten().any(has_unexpanded) {
        Trouble::Macro
    } else if visit.params.is_empty() && referrer::is_of_site(visit.referrer, own_host) {
        Trouble::UntaggedLanding
    } else {
        Trouble::None
    }
}

/// Host and path of a page, without what follows: `shop.example/prices`. The host is lower case, without `www.`.
fn landing(url: Option<&str>) -> Option<String> {
    let url = Url::parse(url?.trim()).ok()?;
    let host = url.host_str()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy();
    let path: String = path.chars().filter(|letter| !letter.is_control()).collect();
    let path = path.trim_end_matches('/');
    Some(cut(&format!("{host}{path}"), LANDING_CHARS_MAX).to_owned())
}
