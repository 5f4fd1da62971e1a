//! Attribution: the campaign parameters and click ids of a page's URL, as the contract lists them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::ad_macros::has_macro;
use super::text::{cut, is_placeholder};

/// Longest value, in characters; the rest is cut.
pub const VALUE_CHARS_MAX: usize = 512;

/// Longest URL, in characters; [`cap_url`] cuts the rest.
pub const URL_CHARS_MAX: usize = 4096;

/// Parameters of a URL that are parsed.
pub const PAIRS_MAX: usize = 1000;

/// Other `gad_*` parameters that are kept of a URL, and the bytes that the name of one may have.
const GOOGLE_OTHERS_MAX: usize = 20;
const GOOGLE_NAME_BYTES_MAX: usize = 64;

/// The campaign parameters, in output order.
const CAMPAIGN: [&str; 9] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "utm_source_platform",
    "utm_creative_format",
    "utm_marketing_tactic",
];

/// The ids that ad platforms give a click, in output order.
const CLICK_IDS: [&str; 16] = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "gad_source",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "sccid",
    "epik",
    "rdt_cid",
    "yclid",
    "irclickid",
    "oppref",
];

/// What the parameters that Google adds to a click begin with. Its conversions API takes all of them, and it adds new ones.
const GOOGLE_PREFIX: &str = "gad_";

/// The names that advertisers' URL templates use, in output order.
const TEMPLATE: [&str; 8] =
    ["campaign_id", "adset_id", "ad_id", "campaign_name", "adset_name", "ad_name", "placement", "keyword"];

/// The parameters found, each once: the campaign's, the click ids, every other `gad_*`, those of templates. Serialized as a
/// JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(Cow<'static, str>, String)>);

impl Params {
    /// The parameters of a URL, absolute or relative: of its query or, where that has none, of its fragment, where
    /// single-page sites have their own. Never fails: parameters that cannot be parsed are left out.
    pub fn of_url(url: &str) -> Self {
        let (before, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (_, query) = before.split_once('?').unwrap_or_default();
        let (_, fragment_query) = fragment.split_once('?').unwrap_or_default();
        let parts = [query, fragment_query, fragment.trim_start_matches(['!', '/'])];
        parts.into_iter().map(Self::of_query).find(|params| !params.is_empty()).unwrap_or_default()
    }

    fn of_query(query: &str) -> Self {
        let mut found: Vec<(Rank, Cow<'static, str>, String)> = Vec::new();
        for pair in query.split('&').take(PAIRS_MAX) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(without_entity(name));
            let Some((rank, name)) = known(&name) else { continue };
            let is_other = rank == Rank::GOOGLE_OTHER;
            let is_full = is_other && found.iter().filter(|(found, ..)| *found == rank).count() >= GOOGLE_OTHERS_MAX;
            if is_full || found.iter().any(|(_, found, _)| *found == name) {
                continue;
            }
            if let Some(value) = value_of(value) {
                found.push((rank, name, value));
            }
        }
        found.sort_by_key(|(rank, ..)| *rank);
        Self(found.into_iter().map(|(_, name, value)| (name, value)).collect())
    }

    /// The parameters of a stored JSON object; what is not known here, or is no text, is left out.
    pub fn of_json(json: &str) -> serde_json::Result<Self> {
        let stored: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
        let texts = stored.into_iter().filter_map(|(name, value)| match value {
            serde_json::Value::String(value) => Some((known(&name)?.1, value)),
            _ => None,
        });
        Ok(Self(texts.collect()))
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// The value of one parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The same with one parameter set, whatever the address says of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let Some((_, name)) = known(name) else { return self };
        match self.0.iter_mut().find(|(found, _)| *found == name) {
            Some((_, found)) => value.clone_into(found),
            None => self.0.push((name, value.to_owned())),
        }
        self.0.sort_by_key(|(name, _)| known(name).map(|(rank, _)| rank));
        self
    }

    /// The ids that ad platforms give a click: `gclid`, `fbclid` and the like.
    pub fn click_ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(name, _)| CLICK_IDS.contains(name) || name.starts_with(GOOGLE_PREFIX))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON object of lists and events; `{}` where there are none.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names and values are strings")
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The place of a parameter in the output: its group, then its place in the group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u8, usize);

impl Rank {
    /// All the same: they stay in the order of the URL.
    const GOOGLE_OTHER: Self = Self(2, 0);
}

/// The parameter of that name, in any letter case, if it is one that is kept.
pub fn is_known(name: &str) -> bool {
    known(name).is_some()
}

fn known(name: &str) -> Option<(Rank, Cow<'static, str>)> {
    let groups: [(u8, &'static [&'static str]); 3] = [(0, &CAMPAIGN), (1, &CLICK_IDS), (3, &TEMPLATE)];
    for (group, names) in groups {
        if let Some(nth) = names.iter().position(|known| name.eq_ignore_ascii_case(known)) {
            return Some((Rank(group, nth), names[nth].into()));
        }
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_google = name.len() > GOOGLE_PREFIX.len()
        && name.len() <= GOOGLE_NAME_BYTES_MAX
        && name.bytes().all(is_word)
        && name.to_ascii_lowercase().starts_with(GOOGLE_PREFIX);
    is_google.then(|| (Rank::GOOGLE_OTHER, name.to_ascii_lowercase().into()))
}

/// A name without the rest of the `&amp;` that stood before it: links are often copied out of HTML, even twice.
fn without_entity(mut name: &str) -> &str {
    while let Some((_, rest)) = name.split_at_checked(4).filter(|(entity, _)| entity.eq_ignore_ascii_case("amp;")) {
        name = rest;
    }
    name
}

/// `parsed_params` of a click: those of the click page's URL or, where it has none, of the first touch.
pub fn parsed_params(click_url: Option<&str>, first_raw_url: Option<&str>) -> Params {
    let of_click = click_url.map(Params::of_url).unwrap_or_default();
    if of_click.is_empty() { first_raw_url.map(Params::of_url).unwrap_or_default() } else { of_click }
}

/// The known parameters of a URL whose values are macros that an ad platform should have filled in, each with the macro.
pub fn unexpanded(url: &str) -> Vec<(String, String)> {
    let (_, parameters) = url.split_once(['?', '#']).unwrap_or_default();
    let pairs = parameters.split(['&', '?', '#']).take(PAIRS_MAX).filter_map(|pair| pair.split_once('='));
    let found = pairs.filter_map(|(name, value)| {
        let (_, name) = known(&decode(without_entity(name)))?;
        let once = decode(value);
        let twice = decode(&once);
        // As it came, too: of `%%CAMPAIGN%%` a letter would be decoded.
        let value = [value.trim(), once.trim(), twice.trim()].into_iter().find(|value| has_macro(value))?;
        Some((name.into_owned(), cut(value, VALUE_CHARS_MAX).to_owned()))
    });
    found.collect()
}

/// Whether there are any.
pub fn has_unexpanded(url: &str) -> bool {
    let may_have = url.contains(['{', '[', '%', '$']) || url.contains("__");
    may_have && !unexpanded(url).is_empty()
}

/// Cuts a URL to [`URL_CHARS_MAX`] characters and removes NUL characters, which databases reject. Parse the parameters
/// first.
pub fn cap_url(mut url: String) -> String {
    if url.contains('\0') {
        url.retain(|letter| letter != '\0');
    }
    url.truncate(cut(&url, URL_CHARS_MAX).len());
    url
}

/// The value as it is stored; `None` where it is empty, a placeholder or an unexpanded macro.
fn value_of(encoded: &str) -> Option<String> {
    let decoded = decode(encoded);
    let value: String = decoded.trim().chars().filter(|letter| *letter != '\0').take(VALUE_CHARS_MAX).collect();
    let value = value.trim_end();
    let is_filler = |value: &str| is_placeholder(value) || has_macro(value);
    // As it came, too: of `%%CAMPAIGN%%` a letter would be decoded.
    let meant = !value.is_empty() && !is_filler(encoded) && !is_filler(value) && !is_filler(&decode(value));
    meant.then(|| value.to_owned())
}

/// Decodes `+` and `%XX` once. A percent sign without two hex digits stays; bytes that are not UTF-8 become U+FFFD.
fn decode(encoded: &str) -> Cow<'_, str> {
    if !encoded.contains(['+', '%']) {
        return encoded.into();
    }
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

#[cfg(test)]
mod tests;
