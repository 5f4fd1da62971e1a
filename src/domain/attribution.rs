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

/// Whether a parameter of a URL that would be kept has a placeholder that the ad platform did not fill in.
pub fn has_unexpanded(url: &str) -> bool {
    if !url.contains(['{', '[', '%', '$']) && !url.contains("__") {
        return false;
    }
    let pairs = url.split(['?', '#', '&']).skip(1).take(PAIRS_MAX).filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| is_known(&decode(without_entity(name)))).map(|(_, value)| value);
    values
        .any(|value| [value, &decode(value), &decode(&decode(value))].into_iter().any(|value| has_macro(value.trim())))
}

/// Decodes `+` and `%XX` once. A percent sign without two hex digits stays; bytes that are not UTF-8 become U+FFFD.
fn decode(encoded: &str) -> Cow<'_, str> {
    if !encoded.contains(['+', '%']) {
        return encoded.into();
    }
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(url: &str, json: &str) {
        assert_eq!(Params::of_url(url).to_json(), json, "{url}");
    }

    #[test]
    fn known_parameters_are_kept_in_the_order_of_the_contract() {
        check(
            "https://example.com/?gclid=G1&x=1&utm_medium=cpc&utm_source=google",
            r#"{"utm_source":"google","utm_medium":"cpc","gclid":"G1"}"#,
        );
        check("/pricing?utm_source=a", r#"{"utm_source":"a"}"#);
        check("?UTM_Source=Mixed", r#"{"utm_source":"Mixed"}"#);
        check("https://example.com/", "{}");
        check("", "{}");
        check("https://example.com/?ref=utm_source", "{}");
        let names = [&CAMPAIGN[..], &CLICK_IDS, &["gad_campaignid"], &TEMPLATE].concat();
        let all: Vec<String> = names.iter().rev().map(|name| format!("{name}=v")).collect();
        let params = Params::of_url(&format!("?{}", all.join("&")));
        assert_eq!(params.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    }

    #[test]
    fn values_are_decoded_once() {
        check("?utm_campaign=summer+sale%20%E2%98%80", r#"{"utm_campaign":"summer sale ☀"}"#);
        check("?utm_campaign=a%2520b", r#"{"utm_campaign":"a%20b"}"#);
        check("?utm_campaign=50%&utm_term=%zz%4", r#"{"utm_campaign":"50%","utm_term":"%zz%4"}"#);
        check("?utm_campaign=%ff", "{\"utm_campaign\":\"\u{fffd}\"}");
        check("?utm_term=a=b?c", r#"{"utm_term":"a=b?c"}"#);
        check("?utm%5Fsource=encoded", r#"{"utm_source":"encoded"}"#);
        check("?utm_source=a%00b", r#"{"utm_source":"ab"}"#);
    }

    #[test]
    fn the_fragment_is_read_where_the_query_has_no_parameters() {
        check("https://example.com/#utm_source=a&gclid=1", r#"{"utm_source":"a","gclid":"1"}"#);
        check("https://example.com/?page=2#utm_source=a", r#"{"utm_source":"a"}"#);
        check("https://example.com/#?utm_source=a", r#"{"utm_source":"a"}"#);
        check("https://example.com/#/shop?utm_source=a&x=1", r#"{"utm_source":"a"}"#);
        check("https://example.com/#!utm_source=a&utm_term=why?", r#"{"utm_source":"a","utm_term":"why?"}"#);
        check("https://example.com/?utm_source=a#utm_source=b&gclid=1", r#"{"utm_source":"a"}"#);
        check("https://example.com/?utm_source=undefined#utm_source=b", r#"{"utm_source":"b"}"#);
        check("https://example.com/#section", "{}");
    }

    #[test]
    fn an_entity_between_parameters_is_an_ampersand() {
        check("?utm_source=a&amp;utm_medium=b&AMP;gclid=1", r#"{"utm_source":"a","utm_medium":"b","gclid":"1"}"#);
        check("?x=1&amp;amp;utm_medium=b", r#"{"utm_medium":"b"}"#);
        check("/#utm_source=a&amp;gclid=1", r#"{"utm_source":"a","gclid":"1"}"#);
        check("?amp;=1&amp;", "{}");
    }

    #[test]
    fn every_parameter_of_google_is_kept() {
        check("?GAD_CampaignId=22&gad_source=1&gclid=G", r#"{"gclid":"G","gad_source":"1","gad_campaignid":"22"}"#);
        check("?gad_=1&gad_%20x=2&gadget=3", "{}");
        let many: String = (0..50).map(|nth| format!("&gad_{nth}=v")).collect();
        assert_eq!(Params::of_url(&format!("?{many}")).iter().count(), GOOGLE_OTHERS_MAX);
        check(&format!("?gad_{}=v", "a".repeat(GOOGLE_NAME_BYTES_MAX)), "{}");
    }

    #[test]
    fn a_placeholder_is_not_a_value() {
        for value in [
            "undefined",
            "null",
            "NaN",
            "[object+Object]",
            "%5Bobject%20Object%5D",
            "00000000-0000-0000-0000-000000000000",
            "%20undefined%20",
            "%2575ndefined",
        ] {
            check(&format!("?gclid={value}&utm_source=x"), r#"{"utm_source":"x"}"#);
        }
        check("?gclid=undefined&gclid=G", r#"{"gclid":"G"}"#);
    }

    #[test]
    fn the_first_of_a_repeated_parameter_counts() {
        check("?utm_source=a&utm_source=b", r#"{"utm_source":"a"}"#);
        check("?utm_source=&utm_source=b", r#"{"utm_source":"b"}"#);
    }

    #[test]
    fn a_placeholder_in_a_parameter_that_counts_is_seen() {
        for query in [
            "utm_campaign={{campaign.name}}",
            "a=b&utm_term=%7Bkeyword%7D",
            "utm_id=%257Bk%257D",
            "utm_id=%%CAMPAIGN%%",
        ] {
            assert!(has_unexpanded(&format!("https://shop.example/?{query}")), "{query}");
            assert_eq!(Params::of_query(query), Params::default(), "{query}");
        }
        for url in ["/?utm_campaign=sale&q={{x}}", "/{{x}}?utm_source=a", "/?utm_campaign=50%25+off", ""] {
            assert!(!has_unexpanded(url), "{url}");
        }
    }

    #[test]
    fn an_unexpanded_macro_is_not_a_value() {
        for value in [
            "",
            "+",
            "{keyword}",
            "%7Bkeyword%7D",
            "%257Bkeyword%257D",
            "{{campaign.name}}",
            "%7B%7Badset.name%7D%7D",
            "${ad}",
            "{keyword:shoes}",
            "brand-{keyword}",
            "__CAMPAIGN_NAME__",
            "[CLICK_ID]",
            "%%SITE%%",
            "$ad_title$",
        ] {
            check(&format!("?utm_term={value}&utm_source=x"), r#"{"utm_source":"x"}"#);
        }
        for value in ["{}", "{1}", "a__b", "[sale]", "__init__", "$5", "{", "}{"] {
            assert_eq!(Params::of_url(&format!("?utm_term={value}")).get("utm_term"), Some(value));
        }
    }

    #[test]
    fn a_value_has_at_most_512_characters() {
        let url = format!("?utm_term={}", "é".repeat(600));
        assert_eq!(Params::of_url(&url).get("utm_term"), Some("é".repeat(512).as_str()));
    }

    #[test]
    fn the_first_touch_counts_where_the_click_page_has_no_parameters() {
        let params = |click, first| parsed_params(click, first).to_json();
        assert_eq!(params(Some("/b?utm_source=late"), Some("/a?utm_source=first&gclid=1")), r#"{"utm_source":"late"}"#);
        assert_eq!(params(Some("/b?page=2"), Some("/a?utm_source=first")), r#"{"utm_source":"first"}"#);
        assert_eq!(params(Some("/b?utm_source={x}"), Some("/a?utm_source=first")), r#"{"utm_source":"first"}"#);
        assert_eq!(params(None, Some("/a?gclid=1")), r#"{"gclid":"1"}"#);
        assert_eq!(params(None, None), "{}");
    }

    #[test]
    fn click_ids_are_separate_from_campaign_parameters() {
        let params = Params::of_url("?utm_source=a&fbclid=F&oppref=O&ad_id=7&gad_source=1&gad_campaignid=2");
        let expected = [("gad_source", "1"), ("fbclid", "F"), ("oppref", "O"), ("gad_campaignid", "2")];
        assert_eq!(params.click_ids().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_url_is_cut_between_characters() {
        assert_eq!(cap_url("é".repeat(5000)).chars().count(), URL_CHARS_MAX);
        assert_eq!(cap_url("/a\0b".to_owned()), "/ab");
    }

    proptest! {
        #[test]
        fn any_url_is_parsed(url in "(?s).{0,200}", query in "[a-z_=&;%+{}0-9#?é\\x00]{0,200}") {
            for url in [url, format!("/?utm_source={query}")] {
                let params = Params::of_url(&url);
                for (name, value) in params.iter() {
                    prop_assert!(is_known(name));
                    prop_assert!(!value.is_empty() && value.chars().count() <= VALUE_CHARS_MAX);
                }
                prop_assert!(serde_json::from_str::<serde_json::Value>(&params.to_json()).is_ok());
            }
        }
    }
}
