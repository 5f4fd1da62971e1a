//! Language packs: what the agent says and understands in a language, as data. They are embedded, and parsed once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::class::Class;

/// Every pack, in the order of their bits in [`Languages`]; the last one has what is read in any language.
const FILES: [&str; 11] = [
    include_str!("../../packs/en.toml"),
    include_str!("../../packs/es.toml"),
    include_str!("../../packs/pt.toml"),
    include_str!("../../packs/zh.toml"),
    include_str!("../../packs/ms.toml"),
    include_str!("../../packs/id.toml"),
    include_str!("../../packs/ru.toml"),
    include_str!("../../packs/ar.toml"),
    include_str!("../../packs/de.toml"),
    include_str!("../../packs/fr.toml"),
    include_str!("../../packs/any.toml"),
];

static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| {
    let parse = |file: &&str| toml::from_str(file).expect("packs are checked by tests");
    FILES.iter().map(parse).collect()
});

/// A language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub(super) about: About,
    /// Sentences by name; questions have a second wording under the same name with `_again`.
    #[serde(default)]
    pub(super) say: BTreeMap<String, String>,
    #[serde(default)]
    answer: Answers,
    #[serde(default)]
    words: BTreeMap<Class, Words>,
    #[serde(default)]
    contact: BTreeMap<Class, Words>,
    #[serde(default)]
    when: BTreeMap<Class, Words>,
    #[serde(default)]
    number: BTreeMap<Class, Words>,
    #[serde(default)]
    size: BTreeMap<Class, Words>,
    #[serde(default)]
    name: BTreeMap<Class, Words>,
    #[serde(default)]
    asides: BTreeMap<Class, Words>,
}

/// What counts for sentences that a model words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// Words of promises, and of statements of law and medicine.
    promise: String,
}

/// What languages do differently, besides their words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    /// ISO 639-1; empty for what is read in any language.
    pub(super) code: String,
    /// The language's own name.
    #[serde(default)]
    pub(super) endonym: String,
    #[serde(default)]
    pub(super) direction: Direction,
    #[serde(default)]
    pub(super) script: Script,
    /// Languages that count as one when it comes to telling which it is.
    #[serde(default)]
    pub(super) family: String,
    /// "Half four" is half an hour before it.
    #[serde(default)]
    pub(super) half_hour: HalfHour,
    /// A number is one word: "zweihundertfünfzig".
    #[serde(default)]
    pub(super) joins_numbers: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    #[default]
    LeftToRight,
    RightToLeft,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Script {
    #[default]
    Latin,
    Han,
    Cyrillic,
    Arabic,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HalfHour {
    #[default]
    Past,
    To,
}

/// The words of a class: in a list separated by spaces, `_` for a space inside of a phrase, `*` for any ending; or several
/// such lists, numbered from one; or each with its value.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    Plain(String),
    Numbered(Vec<String>),
    Valued(BTreeMap<String, String>),
}

impl Words {
    fn each(&self) -> Vec<(i16, &str)> {
        match self {
            Self::Plain(words) => vec![(1, words.as_str())],
            Self::Numbered(lists) => (1..).zip(lists.iter().map(String::as_str)).collect(),
            Self::Valued(lists) => {
                let value = |key: &str| key.parse().expect("packs are checked by tests");
                lists.iter().map(|(key, words)| (value(key), words.as_str())).collect()
            }
        }
    }
}

impl Pack {
    /// Beginnings of words (`*`), words and phrases that promise something, as they are folded.
    pub(super) fn promises(&self) -> impl Iterator<Item = &str> {
        self.answer.promise.split_whitespace()
    }

    /// All words with their classes and values, as written.
    pub(super) fn words(&self) -> impl Iterator<Item = (Class, i16, &str)> {
        let sections = [&self.words, &self.contact, &self.when, &self.number, &self.size, &self.name, &self.asides];
        sections.into_iter().flatten().flat_map(|(class, words)| {
            words
                .each()
                .into_iter()
                .flat_map(move |(value, list)| list.split_whitespace().map(move |word| (*class, value, word)))
        })
    }
}

/// The packs.
pub(super) fn packs() -> &'static [Pack] {
    &PACKS
}

/// A set of languages, a bit for each pack.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Languages(u16);

impl Languages {
    /// The bit of what is read in any language.
    const ANY: u16 = 1 << (FILES.len() - 1);

    pub(super) fn one(place: usize) -> Self {
        Self(1 << place)
    }

    pub(super) fn all() -> Self {
        Self(u16::MAX)
    }

    /// The language of a tag such as `zh-SG`, if there is a pack for it.
    pub(super) fn of_tag(tag: &str) -> Option<usize> {
        let code = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        packs().iter().position(|pack| !code.is_empty() && pack.about.code == code)
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a language is in both.
    pub(super) fn shares(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a language, or what is read in any, is in both.
    pub(super) fn overlaps(self, other: Self) -> bool {
        (self.0 | Self::ANY) & other.0 != 0
    }

    /// Whether it has the language itself, not only what any language has.
    pub(super) fn contains(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }

    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        (0..FILES.len() - 1).filter(move |place| self.contains(*place))
    }
}
