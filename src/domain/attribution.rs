//! Attribution: the campaign parameters and click ids of a page's URL, as the contract lists them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::text::cut;

/// Longest value, in characters; the rest is cut.
pub const VALUE_CHARS_MAX: usize = 512;

/// Longest URL, in characters; [`cap_url`] cuts the rest.
pub const URL_CHARS_MAX: usize = 4096;

/// Parameters of a URL that are parsed.
pub const PAIRS_MAX: usize = 1000;

/// Index of the first click id in [`NAMES`].
const CLICK_IDS_FROM: usize = 9;

/// The known parameters, in output order.
pub const NAMES: [&str; 24] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "utm_source_platform",
    "utm_creative_format",
    "utm_marketing_tactic",
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
];

/// The parameters found, each once, in the order of [`NAMES`]. Serialized as a JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    /// The parameters of a URL, absolute or relative. Never fails: parameters that cannot be parsed are left out.
    pub fn of_url(url: &str) -> Self {
        let mut values: [Option<String>; NAMES.len()] = [const { None }; NAMES.len()];
        for pair in query_of(url).split('&').take(PAIRS_MAX) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name);
            let Some(nth) = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)) else { continue };
            if values[nth].is_none() {
                values[nth] = value_of(value);
            }
        }
        Self(NAMES.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The value of one parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The ids that ad platforms give a click: `gclid`, `fbclid` and the like.
    pub fn click_ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.iter().filter(|(name, _)| NAMES[CLICK_IDS_FROM..].contains(name))
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

/// The query of a URL: from the first `?` to the fragment.
fn query_of(url: &str) -> &str {
    let before_fragment = url.split_once('#').map_or(url, |(before, _)| before);
    before_fragment.split_once('?').map_or("", |(_, query)| query)
}

/// The value as it is stored; `None` where it is empty or an unexpanded macro.
fn value_of(encoded: &str) -> Option<String> {
    let decoded = decode(encoded);
    let value: String = decoded.trim().chars().filter(|letter| *letter != '\0').take(VALUE_CHARS_MAX).collect();
    let value = value.trim_end();
    let meant = !value.is_empty() && !has_macro(value) && !has_macro(&decode(value));
    meant.then(|| value.to_owned())
}

/// Decodes `+` and `%XX` once. A percent sign without two hex digits stays; bytes that are not UTF-8 become U+FFFD.
fn decode(encoded: &str) -> Cow<'_, str> {
    if !encoded.contains(['+', '%']) {
        return encoded.into();
    }
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

/// Whether a value holds a placeholder that an ad platform should have filled in: `{keyword}`, `{{campaign.name}}` or
/// `${name}` anywhere in it, or one of `__NAME__`, `[NAME]`, `%%NAME%%`, `$name$` as all of it.
fn has_macro(value: &str) -> bool {
    let braced = value.split('{').skip(1).any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_macro_name(name)));
    let enclosed = |open: &str, close: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let shouted = [("__", "__"), ("[", "]"), ("%%", "%%")]
        .into_iter()
        .filter_map(|(open, close)| enclosed(open, close))
        .any(|name| is_macro_name(name) && !name.contains(|letter: char| letter.is_lowercase()));
    braced || shouted || enclosed("$", "$").is_some_and(is_macro_name)
}

fn is_macro_name(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.:-| ".contains(letter))
        && name.contains(|letter: char| letter.is_ascii_alphabetic())
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
        let all: Vec<String> = NAMES.iter().map(|name| format!("{name}=v")).collect();
        assert_eq!(
            Params::of_url(&format!("?{}", all.join("&"))).iter().map(|(name, _)| name).collect::<Vec<_>>(),
            NAMES
        );
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
    fn the_fragment_is_not_parsed() {
        check("https://example.com/#?utm_source=a", "{}");
        check("https://example.com/?utm_source=a#utm_source=b&gclid=1", r#"{"utm_source":"a"}"#);
    }

    #[test]
    fn the_first_of_a_repeated_parameter_counts() {
        check("?utm_source=a&utm_source=b", r#"{"utm_source":"a"}"#);
        check("?utm_source=&utm_source=b", r#"{"utm_source":"b"}"#);
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
        let params = Params::of_url("?utm_source=a&fbclid=F&yclid=Y&gad_source=1");
        assert_eq!(params.click_ids().collect::<Vec<_>>(), [("gad_source", "1"), ("fbclid", "F"), ("yclid", "Y")]);
    }

    #[test]
    fn a_url_is_cut_between_characters() {
        assert_eq!(cap_url("é".repeat(5000)).chars().count(), URL_CHARS_MAX);
        assert_eq!(cap_url("/a\0b".to_owned()), "/ab");
    }

    proptest! {
        #[test]
        fn any_url_is_parsed(url in "(?s).{0,200}", query in "[a-z_=&%+{}0-9#?é\\x00]{0,200}") {
            for url in [url, format!("/?utm_source={query}")] {
                let params = Params::of_url(&url);
                for (name, value) in params.iter() {
                    prop_assert!(NAMES.contains(&name));
                    prop_assert!(!value.is_empty() && value.chars().count() <= VALUE_CHARS_MAX);
                }
                prop_assert!(serde_json::from_str::<serde_json::Value>(&params.to_json()).is_ok());
            }
        }
    }
}
