//! CSV files that spreadsheets open without running anything: RFC 4180, and an apostrophe before what they would take for a
//! formula.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

/// How a file begins: a spreadsheet needs it to read UTF-8 as that.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Characters of a part of a file's name.
const PART_CHARS_MAX: usize = 40;

/// The lines of a file, read part by part, so that memory does not grow with its length.
pub trait Parts: Send + 'static {
    /// The next lines; `None` after the last.
    fn next(&mut self) -> impl Future<Output = anyhow::Result<Option<String>>> + Send;
}

/// Lines that are made already.
pub struct Made(Option<String>);

impl Made {
    /// These.
    pub fn new(lines: String) -> Self {
        Self(Some(lines))
    }
}

impl Parts for Made {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        Ok(self.0.take())
    }
}

/// A file to download: its first line, and what follows.
pub fn streamed(name: &str, head: &str, parts: impl Parts) -> Response {
    let head = stream::iter([Ok(Bytes::from(format!("{BYTE_ORDER_MARK}{head}")))]);
    let rest = stream::try_unfold(parts, async |mut parts| {
        let text = parts.next().await.inspect_err(|error| {
            tracing::error!(error = format!("{error:#}"), "export cut off");
        });
        anyhow::Ok(text?.map(|text| (Bytes::from(text), parts)))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    (headers, Body::from_stream(head.chain(rest))).into_response()
}

/// The name of a file, of what it holds: `leads_juniper-cycles_complete_30-days_Asia-Singapore.csv`. Empty parts are left out.
pub fn file_name<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let clean = |text: &str| -> String {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        let cleaned: String = letters.take(PART_CHARS_MAX).collect();
        cleaned.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    };
    let parts: Vec<String> = parts.into_iter().map(clean).filter(|part| !part.is_empty()).collect();
    format!("{}.csv", parts.join("_"))
}

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
    let begins = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r']);
    begins && !is_phone(text) && !is_number(text)
}

/// `^\+[0-9]{8,15}$`
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && is_digits(digits)
}

/// `^-?[0-9]+(\.[0-9]+)?$`
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    is_digits(whole) && is_digits(decimals)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
            ("-", "'-"),
            ("-inf", "'-inf"),
            ("42", "42"),
            ("a=b", "a=b"),
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
