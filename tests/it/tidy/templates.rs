//! Templates obey the console's policy: nothing inline, and no attribute whose value htmx would evaluate.

/// What must not stand in a template, and why. A policy that allows nothing inline drops the first ones silently.
const FORBIDDEN: &[(&str, &str)] = &[
    (" style=", "the policy drops inline styles: use a class"),
    ("<style", "the policy drops inline styles: use the stylesheet"),
    (" onclick=", "the policy drops inline handlers: use an element of our own"),
    (" onload=", "the policy drops inline handlers: use an element of our own"),
    (" onerror=", "the policy drops inline handlers: use an element of our own"),
    ("javascript:", "the policy drops script in addresses"),
    ("hx-on", "htmx evaluates it, which the policy forbids"),
    ("js:", "htmx evaluates it, which the policy forbids"),
    ("hx-vars", "htmx evaluates it, which the policy forbids"),
    ("|safe", "escaping is the first wall: make an `Html` in Rust, whose texts are escaped there"),
];
/// Attributes that a macro takes as they are: written in templates, never by a stranger.
const SAFE: &str = "src/http/console/parts.html";

/// What is wrong with a template, as `file:line: what to do`.
pub fn complaints(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", number + 1);
        for (word, why) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
            if !(*word == "|safe" && file == SAFE) {
                found.push(format!("{place}: `{}`: {why}", word.trim()));
            }
        }
        if line.contains("<script") && !line.contains("src=") {
            found.push(format!("{place}: the policy drops inline scripts: use assets/console/src"));
        }
        // A filter such as `keyup[key=='x']` is evaluated.
        let triggers =
            line.match_indices("hx-trigger=\"").filter_map(|(at, word)| line[at + word.len()..].split('"').next());
        found.extend(
            triggers
                .filter(|value| value.contains('['))
                .map(|value| format!("{place}: hx-trigger {value:?} has a filter, which htmx evaluates")),
        );
    }
    found
}

#[test]
fn what_the_policy_drops_is_found() {
    let check = |line: &str, expected: usize| assert_eq!(complaints("a.html", line).len(), expected, "{line}");
    check("<p class=\"small\">{{ text }}</p><script src=\"/a.js\"></script>", 0);
    check("<p style=\"color: red\">", 1);
    check("<script>alert(1)</script>", 1);
    check("<button onclick=\"go()\">", 1);
    check("<p hx-on:click=\"go()\">", 1);
    check("<input hx-trigger=\"keyup[key=='x']\">", 1);
    check("<input hx-trigger=\"input changed delay:400ms\">", 0);
    check("{{ text|safe }}", 1);
}
