//! Phone numbers and e-mail addresses as somebody sees them who may not know them.

/// Digits in a row, with what people write between them, that are taken for a phone number.
const DIGITS_MIN: usize = 6;
/// Digits that stay at the end.
const DIGITS_SHOWN: usize = 2;

/// The text with its phone numbers and e-mail addresses made unreadable: `•••• 67`, `m•••@e•••`.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let address = word.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
        match address {
            Some((local, host)) => {
                let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
                masked.push_str(&format!("{}•••@{}•••", first(local), first(host)));
                masked.push_str(&piece[word.len()..]);
            }
            None => masked.push_str(piece),
        }
    }
    mask_numbers(&masked)
}

fn mask_numbers(text: &str) -> String {
    let (mut masked, mut run) = (String::with_capacity(text.len()), String::new());
    for c in text.chars() {
        let is_between = " -().\u{a0}".contains(c) && !run.is_empty();
        if c.is_numeric() || is_between || (c == '+' && run.is_empty()) {
            run.push(c);
        } else {
            flush(&mut masked, &mut run);
            masked.push(c);
        }
    }
    flush(&mut masked, &mut run);
    masked
}

fn flush(masked: &mut String, run: &mut String) {
    let digits = run.chars().filter(|c| c.is_numeric()).count();
    if digits < DIGITS_MIN {
        masked.push_str(run);
    } else {
        let end = run.len() - run.trim_end_matches(|c: char| !c.is_numeric()).len();
        let last: Vec<char> = run.chars().filter(|c| c.is_numeric()).skip(digits - DIGITS_SHOWN).collect();
        masked.push_str("•••• ");
        masked.extend(last);
        masked.push_str(&run[run.len() - end..]);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_masked_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(mask(text), expected, "{text}");
        check("+6591234567", "•••• 67");
        check("Call +65 9123 4567, please", "Call •••• 67, please");
        check("mei.tan@example.com or 9123-4567.", "m•••@e••• or •••• 67.");
        check("A table for 4 at 18:30 on 12 May", "A table for 4 at 18:30 on 12 May");
        check("Mei", "Mei");
        check("@", "@");
    }
}
