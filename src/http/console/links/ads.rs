//! `…/links/ads`: what to write behind the addresses of ads, for each platform, and what is read of an address that somebody tries.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::domain::ad_template::{AdTemplate, TEMPLATES};
use crate::domain::attribution::{Params, URL_CHARS_MAX, cap_url, unexpanded};
use crate::domain::source::{Ad, AdNames, Source, Visit};
use crate::engines::Engines;
use crate::http::console::frame::Frame;
use crate::http::console::view::page;
use crate::http::console::who::Member;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/links/ads", show)
}

/// What is read of an address.
struct Tried {
    /// Each part in words, with its value.
    parts: Vec<(&'static str, String)>,
    /// Parameters whose macros the platform did not fill in.
    unexpanded: Vec<(String, String)>,
}

impl Tried {
    /// As a click with that page would be counted.
    fn of(url: &str) -> Self {
        let params = Params::of_url(url);
        let source = Source::of_visit(&Visit::of_address(url, &params));
        let (ad, names) = Ad::of_visit(&params, &source).unwrap_or_else(|| (Ad::default(), AdNames::default()));
        let with_id = |name: String, id: String| match name == id || id.is_empty() {
            true => name,
            false if name.is_empty() => id,
            false => format!("{name} ({id})"),
        };
        let click_ids: Vec<&str> = params.click_ids().map(|(name, _)| name).collect();
        let campaign = if names.campaign.is_empty() { source.campaign.clone() } else { names.campaign };
        let parts = [
            ("Source", source.source),
            ("Medium", source.medium),
            ("Campaign", with_id(campaign, ad.campaign_id)),
            ("Ad set", with_id(names.adset, ad.adset_id)),
            ("Ad", with_id(names.ad, ad.ad_id)),
            ("Keyword", ad.keyword),
            ("Click ids", click_ids.join(", ")),
        ];
        let parts = parts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Self { parts, unexpanded: unexpanded(url) }
    }
}

#[derive(Template)]
#[template(path = "links/ads.html")]
struct AdsPage {
    frame: Frame,
    templates: &'static [AdTemplate],
    address: String,
    tried: Option<Tried>,
}

async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let address = query.one("address").map_err(|invalid| ApiError::Invalid(vec![invalid]))?.unwrap_or_default();
    let address = cap_url(address.trim().to_owned());
    page(&AdsPage {
        frame: Frame::of_member(&engines.core, &member, "links").await?,
        templates: &TEMPLATES,
        tried: (!address.is_empty()).then(|| Tried::of(&address)),
        address,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_in_words() {
        let url = "https://shop.example/?utm_source=Google&utm_medium=cpc&campaign_id=7&utm_campaign=Spring&utm_term=bikes&gclid=G&ad_id={creative}";
        let Tried { parts, unexpanded } = Tried::of(url);
        let parts: Vec<_> = parts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let expected = [
            ("Source", "google"),
            ("Medium", "cpc"),
            ("Campaign", "Spring (7)"),
            ("Keyword", "bikes"),
            ("Click ids", "gclid"),
        ];
        assert_eq!(parts, expected);
        assert_eq!(unexpanded, [("ad_id".to_owned(), "{creative}".to_owned())]);
    }
}
