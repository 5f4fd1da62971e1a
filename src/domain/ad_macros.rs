//! Placeholders that ad platforms should have filled in, and did not.

/// Whether a value holds a placeholder that an ad platform should have filled in: `{keyword}`, `{{campaign.name}}` or
/// `${name}` anywhere in it, or one of `__NAME__`, `[NAME]`, `%%NAME%%`, `$name$` as all of it.
pub(super) fn has_macro(value: &str) -> bool {
    let braced = value.split('{').skip(1).any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_macro_name(name)));
    let enclosed = |open: &str, close: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let shouted = [("__", "__"), ("[", "]"), ("%%", "%%")]
        .into_iter()
        .filter_map(|(open, close)| enclosed(open, close))
        .any(|name| is_macro_name(name) && !name.contains(|letter: char| letter.is_lowercase()));
    braced || shouted || enclosed("$", "$").is_some_and(is_macro_name)
}

fn is_macro_name(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.:-| ".contains(letter))
        && name.contains(|letter: char| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_of_each_platform_is_seen() {
        for value in
            ["{{campaign.name}}", "{keyword}", "__CAMPAIGN_ID__", "%%CAMPAIGN%%", "[CREATIVE_ID]", "a-{lpurl}-b"]
        {
            assert!(has_macro(value), "{value}");
        }
        for value in ["spring_sale", "__init", "50% off", "[sale]", "{}", "a{b", "$9.50"] {
            assert!(!has_macro(value), "{value}");
        }
    }
}
