//! What advertisers write behind the addresses of their ads, so that a click tells by which ad it came: each platform's own macros, with
//! ids to count by and names to read. A rename at the platform changes the names alone.

/// A platform's parameters for the addresses of ads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdTemplate {
    /// Its word in addresses.
    pub word: &'static str,
    /// As people call the platform.
    pub name: &'static str,
    /// Where the platform wants them.
    pub place: &'static str,
    /// What stands behind the `?`.
    pub parameters: &'static str,
    /// What is to be known besides; empty for nothing.
    pub note: &'static str,
}

/// One for each platform.
pub const TEMPLATES: [AdTemplate; 8] = [
    AdTemplate {
        word: "meta",
        name: "Meta: Facebook and Instagram",
        place: "In the ad, under Tracking, in “URL parameters”.",
        parameters: "utm_source=facebook&utm_medium=paid_social&utm_campaign={{campaign.name}}&utm_term={{adset.name}}\
                     &utm_content={{ad.name}}&campaign_id={{campaign.id}}&adset_id={{adset.id}}&ad_id={{ad.id}}&placement={{placement}}",
        note: "Meta keeps the names that stood there when the ad was published; the ids stay true.",
    },
    AdTemplate {
        word: "google",
        name: "Google Ads",
        place: "In the account’s settings, under Tracking, in “Final URL suffix”.",
        parameters: "utm_source=google&utm_medium=cpc&utm_term={keyword}&campaign_id={campaignid}&adset_id={adgroupid}\
                     &ad_id={creative}&placement={placement}",
        note: "Google fills in ids, and no names. For a campaign’s name, give it the custom parameter campaign and add \
               utm_campaign={_campaign}. Leave auto-tagging on: it adds gclid.",
    },
    AdTemplate {
        word: "tiktok",
        name: "TikTok",
        place: "In the ad, behind the address of the page.",
        parameters: "utm_source=tiktok&utm_medium=paid_social&utm_campaign=__CAMPAIGN_NAME__&utm_term=__AID_NAME__\
                     &utm_content=__CID_NAME__&campaign_id=__CAMPAIGN_ID__&adset_id=__AID__&ad_id=__CID__&placement=__PLACEMENT__",
        note: "Each macro has two underscores on either side.",
    },
    AdTemplate {
        word: "microsoft",
        name: "Microsoft Advertising",
        place: "In the account’s options, in “Final URL suffix”.",
        parameters: "utm_source=bing&utm_medium=cpc&utm_campaign={Campaign}&utm_term={keyword}&campaign_id={CampaignId}\
                     &adset_id={AdGroupId}&adset_name={AdGroup}&ad_id={AdId}",
        note: "Leave auto-tagging on: it adds msclkid.",
    },
    AdTemplate {
        word: "linkedin",
        name: "LinkedIn",
        place: "In the campaign, in “URL tracking parameters”.",
        parameters: "utm_source=linkedin&utm_medium=paid_social&utm_campaign={{CAMPAIGN_GROUP_NAME}}&utm_term={{CAMPAIGN_NAME}}\
                     &utm_content={{CREATIVE_NAME}}&campaign_id={{CAMPAIGN_GROUP_ID}}&adset_id={{CAMPAIGN_ID}}&ad_id={{CREATIVE_ID}}",
        note: "LinkedIn’s campaign group is the campaign here, its campaign the ad set.",
    },
    AdTemplate {
        word: "snapchat",
        name: "Snapchat",
        place: "In the ad, behind the address of the website.",
        parameters: "utm_source=snapchat&utm_medium=paid_social&utm_campaign={{campaign.name}}&utm_term={{adSet.name}}\
                     &campaign_id={{campaign.id}}&adset_id={{adSet.id}}&ad_id={{ad.id}}",
        note: "The S of adSet is a capital.",
    },
    AdTemplate {
        word: "pinterest",
        name: "Pinterest",
        place: "In the ad, behind the destination URL.",
        parameters: "utm_source=pinterest&utm_medium=paid_social&utm_campaign={campaign_name}&campaign_id={campaignid}\
                     &adset_id={adgroupid}&ad_id={adid}",
        note: "",
    },
    AdTemplate {
        word: "reddit",
        name: "Reddit",
        place: "In the ad, behind the destination URL.",
        parameters: "utm_source=reddit&utm_medium=paid_social&campaign_id={{CAMPAIGN_ID}}&adset_id={{ADGROUP_ID}}&ad_id={{AD_ID}}",
        note: "Reddit fills in ids; for a campaign’s name add utm_campaign with it. Reddit adds rdt_cid by itself.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attribution::{Params, unexpanded};
    use crate::domain::source::{Ad, AdNames, Source, Visit};

    /// The parameters of a template: each with whether it is a macro.
    fn pairs(template: &AdTemplate) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let pairs = template.parameters.split('&').map(|pair| pair.split_once('=').expect("a name and a value"));
        pairs.map(|(name, value)| (name, value, value.starts_with(['{', '_'])))
    }

    /// What a platform makes of a template: each macro its parameter's name in words, percent-encoded.
    fn expanded(template: &AdTemplate) -> String {
        let expand = |(name, value, is_macro): (&str, &'static str, bool)| {
            let value = if is_macro { format!("Größe%20%26%20{name}") } else { value.to_owned() };
            format!("{name}={value}")
        };
        format!("https://shop.example/bikes?{}", pairs(template).map(expand).collect::<Vec<_>>().join("&"))
    }

    fn read(url: &str) -> (Source, Option<(Ad, AdNames)>) {
        let params = Params::of_url(url);
        let source = Source::of_visit(&Visit::of_address(url, &params));
        let ad = Ad::of_visit(&params, &source);
        (source, ad)
    }

    #[test]
    fn every_template_is_understood_when_it_is_expanded() {
        for template in &TEMPLATES {
            let url = expanded(template);
            assert!(unexpanded(&url).is_empty(), "{}", template.name);
            let (source, ad) = read(&url);
            let (ad, names) = ad.unwrap_or_else(|| panic!("{} tells of no ad", template.name));
            let has = |name: &str| pairs(template).any(|(known, ..)| known == name);
            let value = |name: &str| format!("Größe & {name}");
            let source_word = pairs(template).find(|(name, ..)| *name == "utm_source").expect("a source").1;
            assert_eq!((source.source.as_str(), ad.platform.as_str()), (source_word, source_word), "{}", template.name);
            assert!(["paid_social", "cpc"].contains(&source.medium.as_str()), "{}", template.name);
            let ids = [&ad.campaign_id, &ad.adset_id, &ad.ad_id].map(String::as_str);
            assert_eq!(ids, ["campaign_id", "adset_id", "ad_id"].map(value), "{}", template.name);
            let is_search = source.medium == "cpc";
            assert_eq!(ad.keyword, if is_search { value("utm_term") } else { String::new() }, "{}", template.name);
            let expected = |name: &str| if has(name) { value(name) } else { String::new() };
            assert_eq!(names.campaign, expected("utm_campaign"), "{}", template.name);
            assert_eq!(names.adset, expected(if is_search { "adset_name" } else { "utm_term" }), "{}", template.name);
            assert_eq!(names.ad, expected("utm_content"), "{}", template.name);
            // Every parameter is one that is kept.
            assert_eq!(Params::of_url(&url).iter().count(), pairs(template).count(), "{}", template.name);
        }
    }

    #[test]
    fn every_macro_of_a_template_is_recognised_where_it_is_not_expanded() {
        for template in &TEMPLATES {
            let macros: Vec<_> = pairs(template).filter(|(.., is_macro)| *is_macro).collect();
            assert!(macros.len() >= 3, "{}", template.name);
            let url = format!("https://shop.example/?{}", template.parameters);
            let found = unexpanded(&url);
            let expected: Vec<_> =
                macros.iter().map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(found, expected, "{}", template.name);
            let kept = Params::of_url(&url);
            assert!(macros.iter().all(|(name, ..)| kept.get(name).is_none()), "{}: no macro is a value", template.name);
            // As browsers and mail programs write braces.
            let encoded = url.replace('{', "%7B").replace('}', "%7D");
            assert_eq!(unexpanded(&encoded), expected, "{}", template.name);
        }
    }
}
