//! The classes of words that the grammars work on. What words are in a class, and in which language, is data: `packs/*.toml`.

use serde::Deserialize;

/// What a word or phrase does in a sentence. A pack's key of the same name lists the words, some with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    // Answers and commands.
    Yes,
    No,
    /// There is none to give: "none", "I don't have one".
    None,
    /// Declines, or does not know.
    Refuse,
    /// Asks what a value is needed for: 1 wherever it stands, 2 as a whole message.
    Why,
    Stop,
    Start,
    Human,
    /// Verbs before a [`Class::Human`]: "talk to".
    Reach,
    Greeting,
    Thanks,
    /// Says nothing by itself: "ok", "please", "well".
    Filler,
    /// Replaces what was said: "sorry", "I mean".
    Correction,
    /// Asks for a change: "move it to".
    Change,
    Negation,
    /// Between what is wrong and what is right: "not A but B".
    But,
    /// "are", "has", "need": verbs that say what somebody is or needs.
    Verb,
    /// Opens a question.
    Question,
    /// Questions about the business that need no question mark: "how much is".
    Enquiry,
    Or,
    And,
    /// The word is one of its language, and nothing more is known of it.
    Known,
    // Contact.
    At,
    Dot,
    Dash,
    Underscore,
    Plus,
    /// Repeats the next digit; the value says how often in all.
    Repeat,
    Zero,
    PhoneLabel,
    EmailLabel,
    // Days and times.
    Month,
    Weekday,
    /// A day relative to today: the value is the distance.
    Relative,
    /// Today in a part of it: "tonight"; the value is the part.
    Tonight,
    /// 1 morning, 2 midday, 3 afternoon, 4 evening, 5 night.
    DayPart,
    /// Introduces a part of the day: "in the".
    PartIn,
    /// A clock time by name; the value is its hour.
    Noon,
    /// 1 before, 2 after midday.
    Meridiem,
    Next,
    This,
    Last,
    /// Before a duration that begins now.
    In,
    /// After a duration that begins now: "from now", "later".
    Later,
    /// Between a duration and the day that it begins at.
    From,
    Ago,
    /// 1 minute, 2 hour, 3 day, 4 week, 5 month, 6 year.
    Unit,
    Weekend,
    /// A day by name: the value is month × 100 + day.
    Holiday,
    Half,
    Quarter,
    /// Minutes before the hour.
    To,
    /// Minutes after the hour.
    Past,
    /// Hours that are counted by ordinals.
    Hour,
    /// After the hour: "o'clock".
    Oclock,
    /// Before the hour: "at".
    ClockAt,
    /// Before the hour, and said of nothing else: "pukul".
    ClockOn,
    /// Before a day.
    DayOn,
    /// Between a day and its month, or a number and its noun.
    Of,
    Ordinal,
    /// After digits: "th".
    OrdinalMark,
    /// After or before the number of a day: 号, "día".
    DayMark,
    MonthMark,
    YearMark,
    /// Opens a range.
    RangeFrom,
    /// Closes a range.
    RangeTo,
    /// Before the end or the beginning of a time that is not named: "before", "until".
    Bound,
    Every,
    Now,
    Approx,
    /// Takes minutes off the hour: "menos".
    Less,
    /// Days by name: the value is how many, as a fortnight has.
    Days,
    // Numbers.
    Num,
    /// "a", where it counts one.
    Article,
    /// The definite article.
    The,
    /// 10, 100, 1000 …
    Times,
    /// Makes a number from 11 to 19 of the one before.
    Teen,
    /// An amount that stays open: "a few".
    Few,
    // How many people.
    People,
    /// The value is how many one of them is; 0 leaves it open.
    Kin,
    Myself,
    Possessive,
    /// "just me", "alone".
    Alone,
    /// Before a number of people.
    SizeBefore,
    /// After a number of people.
    SizeAfter,
    /// "number of", "group size": before a verb and a number of people.
    SizeLabel,
    /// Things that numbers count.
    Thing,
    /// Before a number that counts nothing: "table", "rated".
    NumberLabel,
    /// Matters that concern only some of a party.
    SideMatter,
    /// One more than the party: "another", "extra".
    Extra,
    /// "I have", said of children who may not come.
    Owns,
    Child,
    /// What people did who are not the party: "told me".
    Report,
    // Names.
    /// 1 before a whole name, 2 before a first name, 3 before a family name.
    NameIntro,
    /// Introduces a name, or many other things: "I'm".
    NameIntroWeak,
    /// "under", "in the name of".
    NameUnder,
    Honorific,
    Particle,
    /// Never part of a name.
    Everyday,
    /// Part of a name only with a capital beside a rarer word.
    Common,
    /// An everyday word that is a name as well, with a capital.
    AlsoName,
    /// After a name: 1 a whole one, 2 a first name, 3 a family name, 4 one of two words.
    NameTail,
    /// Before a name in a sentence about a booking: "for".
    NameFor,
    /// Searches for something by its name.
    Search,
    /// Places and companies.
    Organisation,
    /// Before the name of the person addressed.
    Addressed,
    // What a day or time belongs to, if not to the booking.
    Booking,
    /// Words of people who come, that many other sentences have as well: "come", "us".
    Visit,
    Proposal,
    /// "free", "available"
    Free,
    Callback,
    Business,
    /// Trains, films and doors, which have times of their own.
    Event,
    /// Questions whether a booking is needed or taken.
    Policy,
    PastEvent,
    /// "was": with a word behind it that says how it was, a report.
    Was,
    /// What goes wrong with something bought or booked before: "declined", "refund".
    Complaint,
    /// Pronouns, prepositions and the like, which may stand between two words that belong together.
    Light,
    Recurring,
    Wish,
    Farewell,
    /// After a day: "specials", "roast".
    Occasion,
    DoIt,
    /// Words that only introduce a value, or carry one.
    Carrier,
}
