//! The crawlers, monitors and link-preview fetchers that announce themselves in `User-Agent`.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::domain::text::cut;

/// Characters of a `User-Agent` that are searched.
const USER_AGENT_CHARS_MAX: usize = 1024;

/// A part of its `User-Agent`, in lower case, and its name. Only words that no browser has: the browsers inside Facebook,
/// Instagram, LinkedIn, Pinterest, LINE or WeChat name their app too, and people click in them.
const KNOWN: &[(&str, &str)] = &[
    ("facebookexternalhit", "Facebook"),
    ("facebookcatalog", "Facebook"),
    ("meta-external", "Meta"),
    ("meta-webindexer", "Meta"),
    ("slack-imgproxy", "Slack"),
    ("skypeuripreview", "Skype"),
    ("snap url preview", "Snapchat"),
    ("vkshare", "VK"),
    ("embedly", "Embedly"),
    ("iframely", "Iframely"),
    ("bingpreview", "Bing"),
    ("microsoftpreview", "Microsoft"),
    ("adidxbot", "Bing"),
    ("google-inspectiontool", "Google"),
    ("google-read-aloud", "Google"),
    ("google-pagerenderer", "Google"),
    ("google-site-verification", "Google"),
    ("google-extended", "Google"),
    ("google-cloudvertexbot", "Google"),
    ("google web preview", "Google"),
    ("google favicon", "Google"),
    ("googleother", "Google"),
    ("feedfetcher-google", "Google"),
    ("mediapartners-google", "Google"),
    ("adsbot-google", "Google"),
    ("apis-google", "Google"),
    ("googlebot", "Google"),
    ("chrome-lighthouse", "Lighthouse"),
    ("ptst/", "WebPageTest"),
    ("yahoo! slurp", "Yahoo"),
    ("baiduspider", "Baidu"),
    ("sogou web spider", "Sogou"),
    ("bytespider", "ByteDance"),
    ("360spider", "360"),
    ("yandexbot", "Yandex"),
    ("ia_archiver", "Alexa"),
    ("archive.org_bot", "Internet Archive"),
    ("chatgpt-user", "OpenAI"),
    ("gptbot", "OpenAI"),
    ("oai-searchbot", "OpenAI"),
    ("claudebot", "Anthropic"),
    ("claude-user", "Anthropic"),
    ("claude-searchbot", "Anthropic"),
    ("anthropic-ai", "Anthropic"),
    ("perplexity-user", "Perplexity"),
    ("cohere-ai", "Cohere"),
    ("screaming frog", "Screaming Frog"),
    ("siteauditbot", "Semrush"),
    ("pingdom", "Pingdom"),
    ("statuscake", "StatusCake"),
    ("site24x7", "Site24x7"),
    ("better uptime", "Better Stack"),
    ("betteruptime", "Better Stack"),
    ("newrelicpinger", "New Relic"),
    ("datadogsynthetics", "Datadog"),
    ("gtmetrix", "GTmetrix"),
    ("uptime-kuma", "Uptime Kuma"),
    ("qwantify", "Qwant"),
    ("bitlybot", "Bitly"),
    ("w3c_validator", "W3C"),
    ("proofpoint", "Proofpoint"),
];

/// Names of programs that call themselves a bot. Others are found by the ending, without a name.
const BOT_WORDS: &[(&str, &str)] = &[
    ("slackbot", "Slack"),
    ("twitterbot", "X"),
    ("telegrambot", "Telegram"),
    ("discordbot", "Discord"),
    ("linkedinbot", "LinkedIn"),
    ("bingbot", "Bing"),
    ("applebot", "Apple"),
    ("ahrefsbot", "Ahrefs"),
    ("semrushbot", "Semrush"),
    ("petalbot", "Petal"),
    ("duckduckbot", "DuckDuckGo"),
    ("uptimerobot", "UptimeRobot"),
];

/// Phones whose makers or models are called bot, where apps write them outside of the browser's own platform comment.
const PHONES: [&str; 1] = ["cubot"];

/// What programs that fetch pages say of themselves, and browsers do not.
const MACHINE_WORDS: [&str; 59] = [
    "crawl",
    "spider",
    "fetch",
    "monitor",
    "scrap",
    "validat",
    "feed",
    "preview",
    "checker",
    "checklink",
    "^check",
    "[ ]check",
    "link ?check",
    r"\bscan",
    "slurp",
    "archiv",
    "survey",
    "sleuth",
    "nutch",
    "larbin",
    "^libwww",
    "libwww-perl",
    "http[ _-]?client",
    "^java/",
    r"\bperl\b",
    "phantomjs",
    "inspect",
    "snapshot",
    "screenshot",
    "favicon",
    r"analy[sz]",
    "research",
    "resolver",
    "uptime",
    "probe",
    r"\bseo",
    "extract",
    "verif",
    "audit",
    "w3c",
    "insight",
    "pagespeed",
    "webcollage",
    "^rss",
    "rank",
    "detect",
    "harvest",
    "index(?:er|ing)",
    "siteimprove",
    "sitemap",
    "siteexplorer",
    "sucker",
    "httrack",
    "webcopier",
    "image ?(?:proxy|size)",
    "downloader",
    "newspaper",
    "synthetic",
    "zgrab",
];

/// How the names of browsers begin that put themselves behind `compatible;`. Whoever else does is a program.
const COMPATIBLE_BROWSERS: [&str; 24] = [
    "msie",
    "ms-",
    "mspie",
    "konqueror",
    "opera",
    "webkit",
    "googletoolbar",
    "windows",
    "android",
    "linux",
    "ie",
    "netscape",
    "netpositive",
    "netfront",
    "polaris",
    "offbyone",
    "ibrowse",
    "abrowse",
    "amiga",
    "icab",
    "omniweb",
    "aol",
    "webtv",
    "u",
];

/// A URL or an address to write to: programs explain themselves with one, browsers do not.
const CONTACT: &str = r"https?://|\bwww\.|[a-z0-9]@[a-z0-9-]+\.[a-z]";

/// Matches every `User-Agent` of a crawler and hardly any other, in one pass: nearly all are people's.
static SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    let known = KNOWN.iter().map(|(sign, _)| regex::escape(sign));
    let others = ["whatsapp/", "bot", "compatible;", CONTACT].into_iter().chain(MACHINE_WORDS).map(str::to_owned);
    pattern(known.chain(others))
});

static MACHINE: LazyLock<Regex> = LazyLock::new(|| pattern(MACHINE_WORDS.map(str::to_owned).into_iter()));

static CONTACTS: LazyLock<Regex> = LazyLock::new(|| pattern(std::iter::once(CONTACT.to_owned())));

/// How the comment begins in which a browser names its phone: the model is free text, and may be called `Spider 8`.
const PHONE_COMMENTS: [&str; 2] = ["(linux;", "(android"];

fn pattern(parts: impl Iterator<Item = String>) -> Regex {
    let pattern = RegexBuilder::new(&parts.collect::<Vec<_>>().join("|")).case_insensitive(true).unicode(false).build();
    pattern.expect("the parts are constants of this file, and patterns")
}

/// The name of the crawler of a `User-Agent`; `None` for a person's browser.
pub(super) fn name_of(user_agent: &str) -> Option<&'static str> {
    if !SIGNS.is_match(user_agent) {
        return None;
    }
    let text = cut(user_agent, USER_AGENT_CHARS_MAX).to_ascii_lowercase();
    // WhatsApp's preview fetcher; the browsers that WhatsApp opens begin like any browser.
    if text.starts_with("whatsapp/") {
        return Some("WhatsApp");
    }
    if let Some((_, name)) = KNOWN.iter().find(|(sign, _)| text.contains(sign)) {
        return Some(name);
    }
    let text = without_phone(&text);
    if let Some(bot) = text.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| is_bot_word(word)) {
        return Some(BOT_WORDS.iter().find(|(word, _)| *word == bot).map_or("other", |(_, name)| name));
    }
    let is_machine = CONTACTS.is_match(&text) || MACHINE.is_match(&text) || is_compatible_program(&text);
    is_machine.then_some("other")
}

/// The text without the name of a phone, unless a URL or `compatible;` stands there: then it is a crawler's own comment.
fn without_phone(text: &str) -> Cow<'_, str> {
    let Some(start) = PHONE_COMMENTS.iter().filter_map(|begin| text.find(begin)).min() else { return text.into() };
    let comment = text[start..].split_inclusive(')').next().unwrap_or_default();
    if CONTACTS.is_match(comment) || comment.contains("compatible;") {
        return text.into();
    }
    [&text[..start], " ", &text[start + comment.len()..]].concat().into()
}

/// `robot`, `bots`, `somebot2`: a word that ends in bot, but for its plural and its version.
fn is_bot_word(word: &str) -> bool {
    let name = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let name = name.strip_suffix('s').unwrap_or(name);
    name.ends_with("bot") && !PHONES.contains(&name)
}

fn is_compatible_program(text: &str) -> bool {
    text.split("compatible;").skip(1).any(|rest| {
        let name = rest.trim_start();
        let word = name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').next().unwrap_or(name);
        let is_browser = |browser: &&str| if browser.len() > 2 { word.starts_with(*browser) } else { word == *browser };
        word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !COMPATIBLE_BROWSERS.iter().any(is_browser)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_and_preview_fetchers_are_recognised() {
        for (user_agent, name) in [
            ("WhatsApp/2.23.20.0 A", "WhatsApp"),
            ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Facebook"),
            ("meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)", "Meta"),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slack"),
            ("Slack-ImgProxy (+https://api.slack.com/robots)", "Slack"),
            ("Twitterbot/1.0", "X"),
            ("TelegramBot (like TwitterBot)", "Telegram"),
            ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Discord"),
            ("LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)", "LinkedIn"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Google"),
            ("AdsBot-Google (+http://www.google.com/adsbot.html)", "Google"),
            ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Bing"),
            ("Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "OpenAI"),
            ("Mozilla/5.0 AppleWebKit/537.36 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "Anthropic"),
            ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "Skype"),
            ("Mozilla/5.0 (compatible; Applebot/0.1; +http://www.apple.com/go/applebot)", "Apple"),
            ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "Yandex"),
            ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "Baidu"),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "Ahrefs"),
            ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "Semrush"),
            ("Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)", "Petal"),
            ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "DuckDuckGo"),
            ("ia_archiver (+http://www.alexa.com/site/help/webmasters)", "Alexa"),
            ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "UptimeRobot"),
            ("Mozilla/5.0 (Linux; Android 11) Chrome/119.0 Mobile Safari/537.36 Chrome-Lighthouse", "Lighthouse"),
            ("Mozilla/5.0 (compatible; BrandNewBot/0.1)", "other"),
            ("Some fetcher (+https://example.com/why)", "other"),
            ("Mozilla/5.0 (compatible; Something/1.0)", "other"),
            ("Something 1.0 (https://example.com)", "other"),
            ("Something 1.0 (www.example.com)", "other"),
            ("Something 1.0 (mail@example.com)", "other"),
            ("node-fetch/1.0", "other"),
            ("Acme Monitoring", "other"),
            ("Acme Scraper", "other"),
            ("W3C-Validator", "other"),
            ("Acme Feed Reader", "other"),
            ("Acme LinkPreview/1", "other"),
            ("Acme Bot", "other"),
            ("acmebots2/1.0", "other"),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120.0 Mobile Safari/537.36 (compatible; Acmebot/2.1)",
                "other",
            ),
            ("Mozilla/5.0 (Linux; Android 7.0; compatible; Acmebot/2.1)", "other"),
            ("Mozilla/5.0 (Windows NT 10.0) Acmebot\u{fffd}/1.0", "other"),
        ] {
            assert_eq!(name_of(user_agent), Some(name), "{user_agent}");
        }
    }

    #[test]
    fn crawlers_are_recognised_anywhere_in_the_user_agent() {
        for (sign, name) in KNOWN.iter().chain(BOT_WORDS) {
            let user_agent = format!("Mozilla/5.0 (compatible; {})", sign.to_ascii_uppercase());
            assert_eq!(name_of(&user_agent), Some(*name), "{sign}");
        }
        assert_eq!(name_of("Mozilla/5.0 (compatible; a/1; +https://example.com)"), Some("other"));
    }

    #[test]
    fn browsers_are_not_recognised_as_crawlers() {
        for user_agent in [
            "",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 \
             [FBAN/FBIOS;FBAV/468.0.0.38.95;FBBV/609;FBDV/iPhone14,5;FBLC/en_US]",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Instagram 335.0.0.35.97 (iPhone14,5)",
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 10; CUBOT) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) Chrome/126.0 Mobile Safari/537.36 WhatsApp/2.24.11",
            "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36 [LinkedInApp]/9.29",
            "Mozilla/5.0 (Linux; Android 14; wv) Chrome/126.0 Mobile Safari/537.36 [Pinterest/Android]",
            "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.49 NetType/WIFI Language/zh_CN",
            "Mozilla/5.0 (Linux; Android 13) DuckDuckGo/5 Mobile Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/143.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 Chrome/58.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 7.1.1; M_bot_tab_1150 Build/N9F27F) AppleWebKit/537.36 Chrome/67.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; arm_64; Android 13; Research Scan 2) AppleWebKit/537.36 Chrome/122.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 5.1; S550 Pro Build/LMY47D; wv) Chrome/74.0 Mobile Safari/537.36 Instagram 145.0 \
             Android (22/5.1; 320dpi; 720x1280; CUBOT; S550 Pro)",
            "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) Chrome/124.0 Mobile Safari/537.36 CamScanner/6.64",
            "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
            "Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5.4 (like Gecko)",
            "Mozilla/5.0 (compatible; U; ABrowse 0.6; Syllable) AppleWebKit/420+ (KHTML, like Gecko)",
            "curl/8.5.0",
            "python-httpx/0.28.1",
        ] {
            assert_eq!(name_of(user_agent), None, "{user_agent}");
        }
    }
}
