//! The crawlers, monitors and link-preview fetchers that announce themselves in `User-Agent`.

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

/// A phone maker whose name ends in "bot".
const PHONE_MAKER: &str = "cubot";

/// Matches every `User-Agent` of a crawler and hardly any other, in one pass: nearly all are people's.
static SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    let known = KNOWN.iter().map(|(sign, _)| regex::escape(sign));
    let others = ["whatsapp/", "bot", "crawler", "spider", r"\+https?://"].map(str::to_owned);
    let signs = known.chain(others).collect::<Vec<_>>().join("|");
    let signs = RegexBuilder::new(&signs).case_insensitive(true).unicode(false).build();
    signs.expect("words with nothing special in them are a pattern")
});

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
    let bot = text.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| is_bot_word(word));
    if let Some(bot) = bot {
        return Some(BOT_WORDS.iter().find(|(word, _)| *word == bot).map_or("other", |(_, name)| name));
    }
    // A URL that explains the program: browsers have none.
    (text.contains("+http://") || text.contains("+https://")).then_some("other")
}

fn is_bot_word(word: &str) -> bool {
    let bot = word.ends_with("bot") || word.ends_with("crawler") || word.ends_with("spider");
    bot && word != PHONE_MAKER
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
            "curl/8.5.0",
            "python-httpx/0.28.1",
        ] {
            assert_eq!(name_of(user_agent), None, "{user_agent}");
        }
    }
}
