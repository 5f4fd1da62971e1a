//! `aurix settings`, and `aurix help settings`: every setting, once.

use serde_json::json;

use super::output::Output;
use crate::config::{GROUPS, Setting, settings};

/// Characters of a line.
const LINE_CHARS: usize = 96;
/// How far the meaning of a setting is indented.
const INDENT: &str = "          ";

/// `aurix settings`
pub fn show(output: &Output) -> anyhow::Result<()> {
    let all = settings();
    let of_group = |group: &str, names: &[&str]| -> Vec<_> {
        let named = names.iter().filter_map(|name| all.iter().find(|setting| setting.name == *name));
        named
            .map(|setting| {
                json!({"group": group, "flag": setting.flag, "variable": setting.variable, "default": setting.default,
                       "meaning": setting.meaning})
            })
            .collect()
    };
    let list: Vec<_> = GROUPS.iter().flat_map(|(group, names)| of_group(group, names)).collect();
    output.print(&json!({"settings": list}), text)
}

/// All of them as text, by what they are about.
pub fn text() -> String {
    let all = settings();
    let mut text = "Each setting is an environment variable and a flag of one name; the flag counts first. An empty variable is as good as \
                    none. Credentials may be `@FILE`, or `@-` for standard input.\n"
        .to_owned();
    text = wrapped(&text, "");
    for (group, names) in GROUPS {
        text.push_str(&format!("\n\n{group}:"));
        for setting in names.iter().filter_map(|name| all.iter().find(|setting| setting.name == *name)) {
            text.push_str(&in_words(setting));
        }
    }
    text
}

fn in_words(setting: &Setting) -> String {
    let Setting { flag, value, variable, default, meaning, .. } = setting;
    let default = default.as_ref().map(|default| format!(" [default: {default}]")).unwrap_or_default();
    format!("\n  {flag} <{value}> [env: {variable}]{default}\n{}", wrapped(meaning, INDENT))
}

/// Words in lines, each behind an indent.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARS {
            lines.push(format!("{indent}{word}"));
        } else if line.len() == indent.len() {
            line.push_str(word);
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_listed_with_its_default() {
        let text = text();
        for setting in settings() {
            assert!(text.contains(&format!("\n  {} <", setting.flag)), "{}", setting.flag);
            assert!(text.contains(&format!("[env: {}]", setting.variable)), "{}", setting.variable);
        }
        assert!(text.contains("--keep-alive <WAIT> [env: AURIX_KEEP_ALIVE] [default: 75s]\n          "), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= LINE_CHARS + 24), "{text}");
    }
}
