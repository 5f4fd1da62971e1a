//! Numbers in digits and in words.

/// A pattern of a number in digits (up to four) or in words (up to ninety-nine).
pub(super) const NUMBER: &str = concat!(
    r"(?:\d{1,4}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?",
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen",
    r"|nineteen|a dozen|half a dozen)"
);

const SMALL: [(&str, u32); 30] = [
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("a", 1),
    ("an", 1),
];

/// Han digits; also the spoken 两 for two.
const HAN: [(char, u32); 12] = [
    ('零', 0),
    ('一', 1),
    ('二', 2),
    ('两', 2),
    ('三', 3),
    ('四', 4),
    ('五', 5),
    ('六', 6),
    ('七', 7),
    ('八', 8),
    ('九', 9),
    ('十', 10),
];

/// Parses a whole number in digits or words.
pub(super) fn number(words: &str) -> Option<u32> {
    let words = words.trim().to_lowercase();
    match words.as_str() {
        "a dozen" | "dozen" => return Some(12),
        "half a dozen" => return Some(6),
        "a couple" | "couple" | "a pair" | "a couple of" => return Some(2),
        "a few" => return None,
        _ => {}
    }
    if !words.is_empty() && words.chars().all(|letter| letter.is_ascii_digit()) {
        return words.parse().ok();
    }
    if let Some(value) = han(&words) {
        return Some(value);
    }
    let mut total: u32 = 0;
    let mut parts = words.split([' ', '-']).filter(|part| !part.is_empty() && *part != "and").peekable();
    parts.peek()?;
    for part in parts.take(8) {
        total = match part {
            "hundred" => total.max(1).checked_mul(100)?,
            "thousand" => total.max(1).checked_mul(1000)?,
            _ => total.checked_add(SMALL.iter().find(|(word, _)| *word == part)?.1)?,
        };
    }
    Some(total)
}

fn han(words: &str) -> Option<u32> {
    let digits: Option<Vec<u32>> =
        words.chars().map(|letter| HAN.iter().find(|(han, _)| *han == letter).map(|(_, value)| *value)).collect();
    match digits?.as_slice() {
        [one] => Some(*one),
        [10, ones] if *ones < 10 => Some(10 + ones),
        [tens, 10] if *tens < 10 => Some(tens * 10),
        [tens, 10, ones] if *tens < 10 && *ones < 10 => Some(tens * 10 + ones),
        _ => None,
    }
}

/// A digit as a word, as in a spoken phone number.
pub(super) fn digit(word: &str) -> Option<char> {
    match word {
        "oh" | "o" | "nil" | "nought" => Some('0'),
        _ => SMALL[..10].iter().find(|(name, _)| *name == word).and_then(|(_, value)| char::from_digit(*value, 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: Option<u32>) {
        assert_eq!(number(words), expected, "{words:?}");
    }

    #[test]
    fn numbers_are_parsed_in_digits_and_words() {
        check("7", Some(7));
        check("twenty-five", Some(25));
        check("Nineteen", Some(19));
        check("two hundred and fifty", Some(250));
        check("three thousand", Some(3000));
        check("a dozen", Some(12));
        check("a couple", Some(2));
        check("十二", Some(12));
        check("两", Some(2));
        check("", None);
        check("many", None);
        check("99999999999999", None);
        check("thousand thousand thousand thousand", None);
        assert_eq!((digit("oh"), digit("nine"), digit("ten")), (Some('0'), Some('9'), None));
    }
}
