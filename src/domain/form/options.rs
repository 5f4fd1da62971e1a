//! The options of a choice, and the other words that people use for them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{FieldKind, OPTIONS_MAX, TEXT_CHARS_MAX, shortened};

/// Other words for one option at most.
const SYNONYMS_MAX: usize = 60;

/// Checks the options of a field.
pub(super) fn check(kind: FieldKind, options: &[String]) -> Result<(), String> {
    if kind != FieldKind::Choice {
        return if options.is_empty() {
            Ok(())
        } else {
            Err(format!("options belong to type \"choice\", not {:?}: remove them or change the type", kind.as_str()))
        };
    }
    if options.is_empty() {
        return Err("a choice needs options: list them in \"options\"".to_owned());
    }
    if options.len() > OPTIONS_MAX {
        return Err(format!("{} options are too many: keep to {OPTIONS_MAX}", options.len()));
    }
    let mut seen = HashSet::new();
    for option in options {
        if option.is_empty() || option.chars().count() > TEXT_CHARS_MAX {
            return Err(format!("an option is empty or longer than {TEXT_CHARS_MAX} characters: reword or remove it"));
        }
        if !seen.insert(option.to_lowercase()) {
            return Err(format!("option {:?} is there twice: remove one", shortened(option)));
        }
    }
    Ok(())
}

/// Checks other words for options: each stands for one of them.
pub(super) fn checked_synonyms(
    synonyms: BTreeMap<String, Vec<String>>,
    options: &[String],
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut owners: HashMap<String, String> =
        options.iter().map(|option| (option.to_lowercase(), option.clone())).collect();
    let mut checked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (option, words) in synonyms {
        let option = option.trim().to_owned();
        if !options.contains(&option) {
            let shown = shortened(&option);
            return Err(format!("synonyms of {shown:?}, which is no option: use an option as it is listed"));
        }
        for word in words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
            if word.chars().count() > TEXT_CHARS_MAX {
                return Err(format!("a synonym is longer than {TEXT_CHARS_MAX} characters: shorten it"));
            }
            match owners.insert(word.to_lowercase(), option.clone()) {
                None => checked.entry(option.clone()).or_default().push(word.to_owned()),
                Some(owner) if owner == option => {}
                Some(owner) => {
                    let [word, owner, option] = [word, &owner, &option].map(shortened);
                    return Err(format!("{word:?} stands for {owner:?} and for {option:?}: keep it with one of them"));
                }
            }
        }
    }
    if let Some((option, _)) = checked.iter().find(|(_, words)| words.len() > SYNONYMS_MAX) {
        return Err(format!("{:?} has more than {SYNONYMS_MAX} synonyms: remove some", shortened(option)));
    }
    Ok(checked)
}
