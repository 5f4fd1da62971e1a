//! Links without a site: the end of their address, and where they say that a visitor came from.

use std::fmt;

use super::attribution::Params;
use super::closed_set::closed_set;
use super::random::Random;
use super::source::WORD_CHARS_MAX;

/// Characters of a slug.
pub const SLUG_CHARS_MIN: usize = 3;
/// The same, at most: it stands on posters, and is typed.
pub const SLUG_CHARS_MAX: usize = 40;
/// Characters of a slug that we make.
const MADE_CHARS: usize = 7;
/// What they are made of: without look-alikes, and without vowels, which make words.
const ALPHABET: &[u8; 28] = b"23456789bcdfghjkmnpqrstvwxyz";
/// Characters of a text: the prefilled text must fit into a link.
pub const TEXT_CHARS_MAX: usize = 500;

closed_set! {
    /// What following a link does. The visitor reaches the chat in each case.
    pub enum LinkStatus {
        /// It records a click.
        Active = "active",
        /// It records none.
        Paused = "paused",
        /// It is in no list any more; as paused.
        Removed = "removed",
    }
}

/// The end of a link's address: `spring-poster` of `/l/spring-poster`. Lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// The text cannot be the end of a link's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "use {SLUG_CHARS_MIN} to {SLUG_CHARS_MAX} of the letters a to z, digits and hyphens, with a letter or digit at either end"
)]
pub struct InvalidSlug;

impl Slug {
    /// Parses what a person typed, or an address has; capital letters count as small ones.
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let slug = text.trim().to_ascii_lowercase();
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_slug = (SLUG_CHARS_MIN..=SLUG_CHARS_MAX).contains(&slug.len())
            && slug.bytes().all(|byte| is_word(byte) || byte == b'-')
            && !slug.starts_with('-')
            && !slug.ends_with('-');
        if is_slug { Ok(Self(slug)) } else { Err(InvalidSlug) }
    }

    /// Makes one that is probably free.
    pub fn generate(random: &Random) -> Self {
        let mut slug = String::new();
        while slug.len() < MADE_CHARS {
            // 252 = 9 × 28: larger bytes would make some characters more likely.
            let fair = random.bytes::<16>().into_iter().filter(|byte| *byte < 252);
            let letters = fair.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            slug.extend(letters.take(MADE_CHARS - slug.len()));
        }
        Self(slug)
    }

    /// As it stands in the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The address of a link: on the own domain of its project's links, or else on the server.
pub fn address(base_url: &str, domain: Option<&str>, slug: &str) -> String {
    match domain {
        Some(domain) => format!("https://{domain}/{slug}"),
        None => format!("{}/l/{slug}", base_url.trim_end_matches('/')),
    }
}

/// What a link says of where its visitors come from, and to the business. Empty but for the source: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// As `utm_source`.
    pub source: String,
    /// As `utm_medium`.
    pub medium: String,
    /// As `utm_campaign`.
    pub campaign: String,
    /// The start of the prefilled text; the widget's greeting where there is none.
    pub text: String,
}

/// Why a link cannot say that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCampaign {
    /// There is no source.
    #[error("write where its visitors come from: poster, instagram, newsletter")]
    NoSource,
    /// The source is too long.
    #[error("use one line of {WORD_CHARS_MAX} characters at most")]
    Source,
    /// The medium is too long.
    #[error("use one line of {WORD_CHARS_MAX} characters at most")]
    Medium,
    /// The campaign is too long.
    #[error("use one line of {WORD_CHARS_MAX} characters at most")]
    Campaign,
    /// The text is too long.
    #[error("use {TEXT_CHARS_MAX} characters at most")]
    Text,
}

impl Campaign {
    /// Trims and checks it.
    pub fn check(self) -> Result<Self, InvalidCampaign> {
        let trimmed = |text: &str| text.trim().replace('\0', "");
        let all = Self {
            source: trimmed(&self.source),
            medium: trimmed(&self.medium),
            campaign: trimmed(&self.campaign),
            text: trimmed(&self.text).replace("\r\n", "\n"),
        };
        let is_word = |text: &str| text.chars().count() <= WORD_CHARS_MAX && !text.contains(char::is_control);
        if all.source.is_empty() {
            return Err(InvalidCampaign::NoSource);
        }
        let words = [
            (&all.source, InvalidCampaign::Source),
            (&all.medium, InvalidCampaign::Medium),
            (&all.campaign, InvalidCampaign::Campaign),
        ];
        if let Some((_, wrong)) = words.into_iter().find(|(word, _)| !is_word(word)) {
            return Err(wrong);
        }
        if all.text.chars().count() > TEXT_CHARS_MAX { Err(InvalidCampaign::Text) } else { Ok(all) }
    }

    /// The parameters of a visit by the link: its own words count before those of the address, which may add everything else.
    pub fn over(&self, address: Params) -> Params {
        let words = [("utm_source", &self.source), ("utm_medium", &self.medium), ("utm_campaign", &self.campaign)];
        let said = words.into_iter().filter(|(_, word)| !word.is_empty());
        said.fold(address, |params, (name, word)| params.with(name, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_what_can_be_read_off_a_poster() {
        for (text, slug) in [("Spring-Poster", "spring-poster"), (" 2go ", "2go"), ("abc", "abc")] {
            assert_eq!(Slug::parse(text).as_ref().map(Slug::as_str), Ok(slug));
        }
        assert!(Slug::parse(&"a".repeat(SLUG_CHARS_MAX)).is_ok());
        let long = "a".repeat(SLUG_CHARS_MAX + 1);
        for text in [
            "",
            "ab",
            "-abc",
            "abc-",
            "a b c",
            "a/b",
            "..",
            "a.b",
            "a%2fb",
            "straße",
            "ａｂｃ",
            "a\0b",
            "ab\n c",
            &long,
        ] {
            assert_eq!(Slug::parse(text), Err(InvalidSlug), "{text:?}");
        }
    }

    #[test]
    fn a_made_slug_is_short_and_has_no_look_alikes() {
        let random = Random::seeded(7);
        let made: Vec<Slug> = (0..1_000).map(|_| Slug::generate(&random)).collect();
        for slug in &made {
            assert_eq!((slug.as_str().len(), Slug::parse(slug.as_str()).as_ref()), (MADE_CHARS, Ok(slug)));
        }
        assert!(made.iter().all(|slug| !slug.as_str().contains(['0', '1', 'i', 'l', 'o', 'a', 'e', 'u'])));
        assert_eq!(made.iter().map(Slug::as_str).collect::<std::collections::BTreeSet<_>>().len(), 1_000);
    }

    #[test]
    fn what_a_link_says_is_one_line_each_but_for_its_text() {
        let check = |source: &str, medium: &str, campaign: &str, text: &str| {
            let [source, medium, campaign, text] = [source, medium, campaign, text].map(str::to_owned);
            Campaign { source, medium, campaign, text }.check()
        };
        let long = "a".repeat(WORD_CHARS_MAX + 1);
        assert_eq!(check(" ", "", "", ""), Err(InvalidCampaign::NoSource));
        assert_eq!(check(&long, "", "", ""), Err(InvalidCampaign::Source));
        assert_eq!(check("a", "b\nc", "", ""), Err(InvalidCampaign::Medium));
        assert_eq!(check("a", "", &long, ""), Err(InvalidCampaign::Campaign));
        assert_eq!(check("a", "", "", &"a".repeat(TEXT_CHARS_MAX + 1)), Err(InvalidCampaign::Text));
        let fine = check(" poster ", "print", "", " Hi!\r\nI saw\0 your poster ").expect("fine");
        assert_eq!((fine.source.as_str(), fine.text.as_str()), ("poster", "Hi!\nI saw your poster"));
    }

    #[test]
    fn the_links_own_words_count_before_those_of_the_address() {
        let [source, campaign] = ["poster", "Spring"].map(str::to_owned);
        let campaign = Campaign { source, campaign, ..Campaign::default() };
        let address = Params::of_url("/l/a?utm_source=x&utm_medium=print&utm_campaign=y&utm_term=t&gclid=G&ad_id=7");
        let expected = r#"{"utm_source":"poster","utm_medium":"print","utm_campaign":"Spring","utm_term":"t","gclid":"G","ad_id":"7"}"#;
        assert_eq!(campaign.over(address).to_json(), expected);
    }
}
