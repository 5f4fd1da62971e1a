//! Reads JSON as models write it: what is complete counts, whatever surrounds it. Never panics, and takes time and memory in
//! proportion to the text.

use serde_json::{Map, Number, Value};

/// How deep values may stand in one another.
const DEPTH_MAX: usize = 16;
/// Items of a list that are kept; the rest is read and dropped.
const ITEMS_MAX: usize = 1_000;
/// Places of a text that are tried as the beginning of the object.
const STARTS_MAX: usize = 64;
/// What some models think before they answer, in tags.
const THOUGHTS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// The first object in a text that has one of the `wanted` keys: past a byte order mark, thoughts in tags, fences and prose. What a
/// text that was cut off left open is closed; of a list only items count that are complete.
pub fn object(text: &str, wanted: &[&str]) -> Option<Map<String, Value>> {
    let text = without_thoughts(text);
    let mut from = 0;
    for _ in 0..STARTS_MAX {
        let start = from + text[from..].find('{')?;
        let mut reader = Reader { text: &text, at: start };
        if let Some(Read { value: Value::Object(object), .. }) = reader.value(0)
            && object.keys().any(|key| wanted.contains(&key.as_str()))
        {
            return Some(object);
        }
        from = start + 1;
    }
    None
}

/// A text as a value, where it is one from its first character on.
pub fn value(text: &str) -> Option<Value> {
    let mut reader = Reader { text: text.trim_start_matches('\u{feff}'), at: 0 };
    reader.value(0).map(|read| read.value)
}

/// Whether a text has thoughts in tags.
pub(super) fn has_thoughts(text: &str) -> bool {
    THOUGHTS.iter().any(|(open, _)| text.contains(open))
}

fn without_thoughts(text: &str) -> String {
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    for (open, close) in THOUGHTS {
        while let Some(start) = text.find(open) {
            let end = text[start..].find(close).map(|end| start + end + close.len());
            text.replace_range(start..end.unwrap_or(text.len()), "");
        }
        // A server that has cut the beginning off.
        if let Some(end) = text.find(close) {
            text.replace_range(..end + close.len(), "");
        }
    }
    text
}

/// What was read of a value.
struct Read {
    value: Value,
    /// Whether it was there to its end.
    is_whole: bool,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// `None` where there is no value, or only the beginning of one that says nothing.
    fn value(&mut self, depth: usize) -> Option<Read> {
        self.skip_space();
        match self.peek()? {
            b'{' if depth < DEPTH_MAX => self.object(depth + 1),
            b'[' if depth < DEPTH_MAX => self.list(depth + 1),
            b'"' => self.string().map(|text| Read { value: Value::String(text), is_whole: true }),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Read> {
        self.at += 1;
        let mut object = Map::new();
        let cut = |object| Some(Read { value: Value::Object(object), is_whole: false });
        loop {
            self.skip_space();
            match self.peek() {
                None => return cut(object),
                Some(b'}') => {
                    self.at += 1;
                    return Some(Read { value: Value::Object(object), is_whole: true });
                }
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let Some(key) = self.string() else { return cut(object) };
                    self.skip_space();
                    match self.peek() {
                        None => return cut(object),
                        Some(b':') => self.at += 1,
                        Some(_) => return None,
                    }
                    match self.value(depth) {
                        Some(read) => {
                            let (is_whole, is_container) = (read.is_whole, !is_scalar(&read.value));
                            if is_whole || is_container {
                                object.insert(key, read.value);
                            }
                            if !is_whole {
                                return cut(object);
                            }
                        }
                        None if self.at >= self.text.len() => return cut(object),
                        None => return None,
                    }
                }
                Some(_) => return None,
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Read> {
        self.at += 1;
        let mut list = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => return Some(Read { value: Value::Array(list), is_whole: false }),
                Some(b']') => {
                    self.at += 1;
                    return Some(Read { value: Value::Array(list), is_whole: true });
                }
                Some(b',') => self.at += 1,
                Some(_) => match self.value(depth) {
                    Some(Read { value, is_whole: true }) if list.len() < ITEMS_MAX => list.push(value),
                    Some(Read { is_whole: true, .. }) => {}
                    Some(_) => return Some(Read { value: Value::Array(list), is_whole: false }),
                    None if self.at >= self.text.len() => {
                        return Some(Read { value: Value::Array(list), is_whole: false });
                    }
                    None => return None,
                },
            }
        }
    }

    /// A string to its end; `None` where it has none, with everything read.
    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        let mut letters = self.text[self.at..].char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += place + 1;
                    return Some(text);
                }
                '\\' => match letters.next().map(|(_, escaped)| escaped) {
                    Some('u') => text.push(unicode(&mut letters)),
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('b' | 'f') => text.push(' '),
                    Some(other) => text.push(other),
                    None => break,
                },
                letter => text.push(letter),
            }
        }
        self.at = self.text.len();
        None
    }

    /// A number, `true`, `false` or `null`. At the very end of the text it may go on: it is not whole there.
    fn word(&mut self) -> Option<Read> {
        let rest = &self.text[self.at..];
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)));
        let word = &rest[..end.unwrap_or(rest.len())];
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            _ => {
                let number = word.parse::<i64>().map(Number::from).ok();
                let number = number.or_else(|| word.parse::<f64>().ok().and_then(Number::from_f64));
                match number {
                    Some(number) => Value::Number(number),
                    None if end.is_none() => {
                        self.at = self.text.len();
                        return None;
                    }
                    None => return None,
                }
            }
        };
        self.at += word.len();
        Some(Read { value, is_whole: end.is_some() })
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

/// The character of `\uXXXX`, two of them where it takes two.
fn unicode(letters: &mut std::str::CharIndices<'_>) -> char {
    let Some(first) = four_digits(letters) else { return char::REPLACEMENT_CHARACTER };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = letters.clone();
    let is_pair = ahead.next().is_some_and(|(_, letter)| letter == '\\') && ahead.next().is_some_and(|(_, u)| u == 'u');
    let second = if is_pair { four_digits(&mut ahead) } else { None };
    match second.filter(|second| (0xdc00..0xe000).contains(second)) {
        Some(second) => {
            *letters = ahead;
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                .unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        None => char::REPLACEMENT_CHARACTER,
    }
}

fn four_digits(letters: &mut std::str::CharIndices<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        let mut ahead = letters.clone();
        let digit = ahead.next()?.1.to_digit(16)?;
        *letters = ahead;
        code = code * 16 + digit;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WANTED: &[&str] = &["act", "values"];

    fn read(text: &str) -> Option<Value> {
        object(text, WANTED).map(Value::Object)
    }

    #[test]
    fn an_object_is_found_whatever_is_around_it() {
        let expected = Some(json!({"act": "answer", "values": [{"field": "name", "quote": "Mei"}]}));
        let bare = r#"{"act":"answer","values":[{"field":"name","quote":"Mei"}]}"#;
        for text in [
            bare.to_owned(),
            format!("\u{feff}{bare}"),
            format!("```json\n{bare}\n```"),
            format!("<think>{{\"act\":\"stop\"}} hm</think>\n{bare}"),
            format!("hm</think>{bare}"),
            format!("Here you are {{as asked}}: {bare} Anything else?"),
            format!("{{\"other\":1}} {bare}"),
            bare.replace("\"}]", "\",}],").replace(',', " ,\n"),
        ] {
            assert_eq!(read(&text), expected, "{text}");
        }
    }

    #[test]
    fn of_a_cut_text_what_is_complete_counts() {
        let text = r#"{"act":"answer","values":[{"field":"name","quote":"Mei"},{"field":"people","quote":"4"}]}"#;
        for end in 0..text.len() {
            let Some(Value::Object(object)) = read(&text[..end]) else { continue };
            let values = object.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
            for value in &values {
                assert!(value["field"].is_string() && value["quote"].is_string(), "{end}: {value}");
            }
            assert!(object.get("act").is_none_or(|act| act == "answer"), "{end}");
            let complete = text[..end].matches('}').count().min(2);
            assert_eq!(values.len(), complete, "{end}: {}", &text[..end]);
        }
    }

    #[test]
    fn nothing_is_read_of_what_is_no_object() {
        for text in ["", "{", "[]", "no", "<think>{\"act\":\"stop\"}", "{\"act\" 1}", "\"{}\"", "<html></html>"] {
            let object = read(text);
            assert!(object.is_none(), "{text}: {object:?}");
        }
    }

    #[test]
    fn escapes_are_read_and_half_of_a_pair_is_replaced() {
        let act = |text: &str| object(text, WANTED).unwrap()["act"].as_str().unwrap().to_owned();
        assert_eq!(act(r#"{"act":"a\"b\\\n\u00e9\ud83d\ude00"}"#), "a\"b\\\né😀");
        assert_eq!(act(r#"{"act":"\ud83d x \uzz"}"#), "\u{fffd} x \u{fffd}zz");
        assert_eq!(act("{\"act\":\"two\nlines\"}"), "two\nlines");
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{{\"act\":{}", "[".repeat(100_000));
        assert_eq!(read(&deep), None);
        let long = format!("{{\"values\":[{}1]}}", "1,".repeat(50_000));
        assert_eq!(object(&long, WANTED).unwrap()["values"].as_array().unwrap().len(), ITEMS_MAX);
        assert_eq!(read(&"{".repeat(200_000)), None);
    }
}
