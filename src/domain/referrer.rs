//! The sites that visitors come from, by kind: search engines, social networks, assistants, mail. A site that is not listed here
//! is named by its host.

use url::Url;

/// What kind of site a visitor came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A search engine, not by an ad.
    Search,
    /// A social network or a messenger.
    Social,
    /// An assistant that answers in words.
    Assistant,
    /// A mailbox in a browser.
    Mail,
    /// Any other site.
    Other,
}

impl Kind {
    /// The medium of a visit without campaign parameters.
    pub fn medium(self) -> &'static str {
        match self {
            Self::Search => "organic",
            Self::Social => "social",
            Self::Assistant => "ai_assistant",
            Self::Mail => "email",
            Self::Other => "referral",
        }
    }
}

/// A site, as panels name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// `google`, `chatgpt`, or the host: lower case, without `www.`.
    pub name: String,
    /// What kind of site it is.
    pub kind: Kind,
}

/// Domains with all of their subdomains. One that ends with a dot has a country behind it: `google.` is `google.com.sg` too.
const KNOWN: &[(Kind, &str, &[&str])] = &[
    (Kind::Assistant, "chatgpt", &["chatgpt.com", "chat.openai.com"]),
    (Kind::Assistant, "gemini", &["gemini.google.com", "bard.google.com"]),
    (Kind::Assistant, "copilot", &["copilot.microsoft.com", "copilot.cloud.microsoft"]),
    (Kind::Assistant, "perplexity", &["perplexity.ai"]),
    (Kind::Assistant, "claude", &["claude.ai"]),
    (Kind::Assistant, "grok", &["grok.com"]),
    (Kind::Assistant, "deepseek", &["chat.deepseek.com"]),
    (Kind::Assistant, "mistral", &["chat.mistral.ai"]),
    (Kind::Assistant, "meta_ai", &["meta.ai"]),
    (Kind::Assistant, "you", &["you.com"]),
    (Kind::Assistant, "poe", &["poe.com"]),
    (Kind::Assistant, "kimi", &["kimi.com", "kimi.moonshot.cn"]),
    (Kind::Assistant, "doubao", &["doubao.com"]),
    (Kind::Mail, "gmail", &["mail.google.com", "com.google.android.gm"]),
    (Kind::Mail, "outlook", &["outlook.live.com", "outlook.office.com", "outlook.office365.com"]),
    (Kind::Mail, "yahoo_mail", &["mail.yahoo.com"]),
    (Kind::Mail, "proton_mail", &["mail.proton.me"]),
    (Kind::Search, "google", &["google.", "com.google.android.googlequicksearchbox"]),
    (Kind::Search, "bing", &["bing.com"]),
    (Kind::Search, "yahoo", &["search.yahoo.com", "search.yahoo.co.jp"]),
    (Kind::Search, "duckduckgo", &["duckduckgo.com"]),
    (Kind::Search, "yandex", &["yandex.", "ya.ru"]),
    (Kind::Search, "baidu", &["baidu.com"]),
    (Kind::Search, "ecosia", &["ecosia.org"]),
    (Kind::Search, "brave", &["search.brave.com"]),
    (Kind::Search, "qwant", &["qwant.com"]),
    (Kind::Search, "startpage", &["startpage.com"]),
    (Kind::Search, "naver", &["search.naver.com", "m.search.naver.com"]),
    (Kind::Search, "seznam", &["search.seznam.cz"]),
    (Kind::Search, "sogou", &["sogou.com"]),
    (Kind::Search, "kagi", &["kagi.com"]),
    (Kind::Search, "mojeek", &["mojeek.com"]),
    (Kind::Social, "instagram", &["instagram.com", "com.instagram.android"]),
    (Kind::Social, "facebook", &["facebook.com", "fb.com", "fb.me", "com.facebook.katana"]),
    (Kind::Social, "messenger", &["messenger.com", "m.me"]),
    (Kind::Social, "whatsapp", &["whatsapp.com", "wa.me"]),
    (Kind::Social, "threads", &["threads.net", "threads.com"]),
    (Kind::Social, "x", &["x.com", "twitter.com", "t.co"]),
    (Kind::Social, "linkedin", &["linkedin.com", "lnkd.in", "com.linkedin.android"]),
    (Kind::Social, "tiktok", &["tiktok.com"]),
    (Kind::Social, "youtube", &["youtube.com", "youtu.be"]),
    (Kind::Social, "pinterest", &["pinterest.", "pin.it"]),
    (Kind::Social, "reddit", &["reddit.com", "redd.it"]),
    (Kind::Social, "snapchat", &["snapchat.com"]),
    (Kind::Social, "telegram", &["telegram.org", "t.me", "org.telegram.messenger"]),
    (Kind::Social, "discord", &["discord.com"]),
    (Kind::Social, "vk", &["vk.com", "vk.ru"]),
    (Kind::Social, "ok", &["ok.ru"]),
    (Kind::Social, "weibo", &["weibo.com"]),
    (Kind::Social, "xiaohongshu", &["xiaohongshu.com"]),
    (Kind::Social, "line", &["line.me"]),
    (Kind::Social, "quora", &["quora.com"]),
    (Kind::Social, "bluesky", &["bsky.app", "go.bsky.app"]),
    (Kind::Social, "mastodon", &["mastodon.social"]),
];

/// Letters of a host that are kept.
const HOST_CHARS_MAX: usize = 100;

/// The site of a `Referer`; `None` where it is none, or a page of `own_host`, the site that was visited.
pub fn of_url(url: Option<&str>, own_host: &str) -> Option<Referrer> {
    let host = host(url?).filter(|host| !is_same_site(host, own_host))?;
    let known = KNOWN.iter().find(|(_, _, domains)| domains.iter().any(|domain| is_of(&host, domain)));
    Some(match known {
        Some((kind, name, _)) => Referrer { name: (*name).to_owned(), kind: *kind },
        None => Referrer { name: host.chars().take(HOST_CHARS_MAX).collect(), kind: Kind::Other },
    })
}

/// Whether a `Referer` is a page of `own_host`.
pub fn is_of_site(url: Option<&str>, own_host: &str) -> bool {
    url.and_then(host).is_some_and(|host| is_same_site(&host, own_host))
}

/// The host of a page: lower case, without `www.`.
fn host(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    let is_site = matches!(url.scheme(), "http" | "https" | "android-app");
    let host = url.host_str().filter(|_| is_site)?.trim_end_matches('.').to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (!host.is_empty()).then(|| host.to_owned())
}

fn is_same_site(host: &str, own_host: &str) -> bool {
    is_below(host, own_host) || is_below(own_host, host)
}

/// Whether `host` is `domain` or stands below it.
fn is_below(host: &str, domain: &str) -> bool {
    !domain.is_empty() && host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_of(host: &str, domain: &str) -> bool {
    let Some(name) = domain.strip_suffix('.') else { return is_below(host, domain) };
    // The name, and behind it one or two short labels: `google.de`, `google.com.sg`, `m.google.co.uk`.
    let labels: Vec<&str> = host.split('.').collect();
    let Some(at) = labels.iter().rposition(|label| *label == name) else { return false };
    let country = &labels[at + 1..];
    (1..=2).contains(&country.len()) && country.iter().all(|label| (2..=3).contains(&label.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Option<(&str, Kind)>) {
        let found = of_url(Some(url), "shop.example");
        assert_eq!(found.as_ref().map(|found| (found.name.as_str(), found.kind)), expected, "{url}");
    }

    #[test]
    fn sites_are_known_by_their_domains() {
        check("https://www.google.com/", Some(("google", Kind::Search)));
        check("https://www.google.co.uk/search?q=x", Some(("google", Kind::Search)));
        check("https://gemini.google.com/app", Some(("gemini", Kind::Assistant)));
        check("https://mail.google.com/", Some(("gmail", Kind::Mail)));
        check("https://chatgpt.com/", Some(("chatgpt", Kind::Assistant)));
        check("https://l.instagram.com/?u=1", Some(("instagram", Kind::Social)));
        check("android-app://com.google.android.googlequicksearchbox/", Some(("google", Kind::Search)));
        check("https://google.evil.example/", Some(("google.evil.example", Kind::Other)));
        check("https://notgoogle.com/", Some(("notgoogle.com", Kind::Other)));
        check("https://Blog.Example.ORG/post", Some(("blog.example.org", Kind::Other)));
    }

    #[test]
    fn the_site_itself_and_what_is_no_site_are_no_referrer() {
        for url in ["https://shop.example/a", "https://www.shop.example/", "https://pay.shop.example/", "about:blank"] {
            check(url, None);
        }
        assert!(is_of_site(Some("https://pay.shop.example/"), "shop.example"));
        assert!(!is_of_site(Some("https://shop.example.org/"), "shop.example") && !is_of_site(None, "shop.example"));
        for url in ["", "shop", "data:text/html,x", "https://"] {
            check(url, None);
        }
        assert_eq!(of_url(None, "shop.example"), None);
        assert!(of_url(Some("https://news.example/"), "").is_some(), "the site that was visited is unknown");
    }
}
