//! CSV that spreadsheets open without running anything: RFC 4180, and an apostrophe before what they would take for a formula.

/// A line with its end.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| field(cell.as_ref())).collect();
    cells.join(",") + "\r\n"
}

/// A field, quoted where it has to be. Phone numbers and numbers stay as they are.
fn field(text: &str) -> String {
    let guarded = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// Whether a spreadsheet may run a text.
fn is_formula(text: &str) -> bool {
    let is_phone = text
        .strip_prefix('+')
        .is_some_and(|digits| (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let is_number = text.parse::<f64>().is_ok();
    let begins = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r']);
    begins && !is_phone && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts_and_numbers_stay_numbers() {
        for (text, expected) in [
            ("Mei Tan", "Mei Tan"),
            ("+6512345678", "+6512345678"),
            ("-12.5", "-12.5"),
            ("=1+1", "'=1+1"),
            (" =HYPERLINK(\"x\")", "\"' =HYPERLINK(\"\"x\"\")\""),
            ("+65 1234", "'+65 1234"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            assert_eq!(field(text), expected, "{text:?}");
        }
        assert_eq!(row(["a", "b,c"]), "a,\"b,c\"\r\n");
    }
}
