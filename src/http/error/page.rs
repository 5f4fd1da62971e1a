//! An error as a page for a person with a browser: plain HTML with the console's stylesheet, without scripts.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, AUTHORIZATION};

use super::ProblemDetails;
use crate::http::assets;

/// Allows the page its stylesheet and font, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'";

/// Whether the sender of a request asks for a page. HTML has to be named in `Accept` and to be wanted more than JSON; equal
/// weights mean HTML only where JSON is covered by `*/*` alone. A request with an API key comes from a program, also
/// where its HTTP library names HTML by default, as Java's does.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    if headers.contains_key(AUTHORIZATION) {
        return false;
    }
    let accepted: Vec<(&str, f32)> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(media_range))
        .collect();
    let weight = |names: &[&str]| {
        let named = accepted.iter().filter(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)));
        named.map(|(_, weight)| *weight).reduce(f32::max)
    };
    let Some(html) = weight(&["text/html", "application/xhtml+xml"]).filter(|weight| *weight > 0.0) else {
        return false;
    };
    match weight(&["application/problem+json", "application/json", "application/*"]) {
        Some(json) => html > json,
        None => html >= weight(&["*/*"]).unwrap_or(0.0),
    }
}

/// The name and the weight of one element of `Accept`, as in `text/html;q=0.8`. A weight that cannot be read is 0.
fn media_range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    (name, weight.map_or(1.0, |(_, weight)| weight.trim().parse().unwrap_or(0.0)))
}

/// The whole page.
pub fn render(problem: &ProblemDetails) -> String {
    let (status, title, assets) = (problem.status, Escaped(&problem.title), assets::BASE.as_str());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} ({status})</title>\n\
         <link rel=\"icon\" href=\"{assets}/icon.svg\">\n<link rel=\"stylesheet\" href=\"{assets}/console.css\">\n</head>\n\
         <body>\n<main class=\"gate\">\n<div class=\"stack\">\n<h1>{title}</h1>\n"
    );
    let mut line = |text: std::fmt::Arguments<'_>| page.write_fmt(text).expect("writing to a String cannot fail");
    match &problem.errors {
        Some(fields) => {
            line(format_args!("<ul>\n"));
            for field in fields {
                line(format_args!("<li>{}: {}</li>\n", Escaped(&field.field), Escaped(&field.detail)));
            }
            line(format_args!("</ul>\n"));
        }
        None => line(format_args!("<p>{}</p>\n", Escaped(&problem.detail))),
    }
    if let Some(id) = &problem.id {
        line(format_args!("<p>Error id: <code>{}</code></p>\n", Escaped(id)));
    }
    line(format_args!(
        "<p class=\"small muted\">Status code: {status}</p>\n<p><a class=\"btn\" href=\"/\">Go to the start</a></p>\n</div>\n\
         </main>\n</body>\n</html>\n"
    ));
    page
}

/// Text that HTML shows as it is, between tags and in attributes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::http::error::ApiError;

    fn check(accept: &[&'static str], expected: bool) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_static(value));
        }
        assert_eq!(is_wanted(&headers), expected, "{accept:?}");
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert!(!is_wanted(&headers), "a program with a key, {accept:?}");
    }

    #[test]
    fn a_browser_is_shown_a_page() {
        check(&["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"], true);
        check(&["text/html"], true);
        check(&["Text/HTML; charset=utf-8"], true);
        check(&["text/html, */*"], true);
        check(&["application/json;q=0.5, text/html;q=0.6"], true);
        check(&["application/json;q=0.5", "text/html;q=0.6"], true);
        check(&["text/html, application/json;q=0"], true);
    }

    #[test]
    fn a_program_is_sent_json() {
        check(&[], false);
        check(&[""], false);
        check(&["*/*"], false);
        check(&["application/json, text/plain, */*"], false);
        check(&["application/json, text/html"], false);
        check(&["text/html;q=0.5, */*"], false);
        check(&["text/html;q=0"], false);
        check(&["text/html;q=x"], false);
        check(&["text/html;q=0.1, application/problem+json"], false);
        check(&["application/*, text/html"], false);
    }

    #[test]
    fn a_page_says_what_the_json_says() {
        let error = ApiError::NotFound("There is no widget \"<b>&'\".".to_owned());
        let page = render(&ProblemDetails::new(&error, None));
        assert!(page.contains("<html lang=\"en\">") && page.contains("<h1>Not Found</h1>"), "{page}");
        assert!(page.contains("<title>Not Found (404)</title>"), "{page}");
        assert!(page.contains("<p>There is no widget &quot;&lt;b&gt;&amp;&#39;&quot;.</p>"), "{page}");
        assert!(!page.contains("Error id"), "{page}");
    }

    #[test]
    fn a_page_names_invalid_fields_and_the_id_of_a_failure() {
        let page = render(&ProblemDetails::new(&ApiError::field("url<", "is missing>"), None));
        assert!(page.contains("<ul>\n<li>url&lt;: is missing&gt;</li>\n</ul>"), "{page}");
        let page =
            render(&ProblemDetails::new(&ApiError::Internal(anyhow::anyhow!("secret")), Some("err_1".to_owned())));
        assert!(page.contains("<p>Error id: <code>err_1</code></p>") && !page.contains("secret"), "{page}");
    }
}
