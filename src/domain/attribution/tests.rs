//! What is read of addresses, and what is not.

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
    for query in
        ["utm_campaign={{campaign.name}}", "a=b&utm_term=%7Bkeyword%7D", "utm_id=%257Bk%257D", "utm_id=%%CAMPAIGN%%"]
    {
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

#[test]
fn a_parameter_that_is_set_stands_for_what_the_address_says() {
    let params = Params::of_url("?gad_b=2&gad_a=1&utm_source=theirs&gclid=G")
        .with("utm_campaign", "Spring")
        .with("utm_source", "poster");
    let expected = r#"{"utm_source":"poster","utm_campaign":"Spring","gclid":"G","gad_b":"2","gad_a":"1"}"#;
    assert_eq!(params.to_json(), expected);
    assert_eq!(Params::default().with("color", "red"), Params::default());
}
