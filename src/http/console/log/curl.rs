//! A request as a command of curl, to be repeated by hand.

use std::fmt::Write as _;

/// The command. Texts are quoted for a POSIX shell: nothing in them is run.
pub fn command(url: &str, headers: &[(String, String)], body: &str) -> String {
    let mut command = format!("curl -X POST {}", quoted(url));
    for (name, value) in headers {
        let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
    }
    let _ = write!(command, " \\\n  --data-binary {}", quoted(body));
    command
}

fn quoted(text: &str) -> String {
    // `@` at the start of the data would name a file; bodies are JSON and begin with a brace.
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_body_stays_one_argument() {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        assert_eq!(
            command("https://crm.example/hook?a=1&b='", &headers, r#"{"message":"it's $(id) `id`"}"#),
            "curl -X POST 'https://crm.example/hook?a=1&b='\\''' \\\n  -H 'content-type: application/json' \\\n  --data-binary \
             '{\"message\":\"it'\\''s $(id) `id`\"}'"
        );
    }
}
