//! Tables and properties of `find_correlation_ids`.

use super::*;
use proptest::prelude::*;

fn exact(text: &str) -> Vec<String> {
    find_correlation_ids(text).into_iter().filter_map(|candidate| candidate.exact).map(|id| id.to_string()).collect()
}

#[test]
fn an_id_is_found_whatever_surrounds_it() {
    for text in [
        "O-aB3dE9z",
        "Reference: O-aB3dE9z (Please send this reference number so that we can help you faster)",
        "hi!O-aB3dE9z,thanks",
        "*O-aB3dE9z* _O-aB3dE9z_ ~O-aB3dE9z~ `O-aB3dE9z`",
        "\"O-aB3dE9z\"",
        "«O-aB3dE9z»",
        "> O-aB3dE9z\nyes",
        "line one\r\nO-aB3dE9z\r\nline two",
        "参考编号O-aB3dE9z谢谢",
        "رقم المرجع:O-aB3dE9z،",
        "\u{202b}מספרO-aB3dE9z\u{202c}",
        "รหัสO-aB3dE9zครับ",
        "ссылкаO-aB3dE9zспасибо",
        "🙂O-aB3dE9z🙂",
        "\u{feff}O-aB3dE9z\u{200b}",
        "\u{a0}O-aB3dE9z\u{a0}and more",
        "O\u{200b}-\u{200b}a\u{200b}B3\u{feff}dE\u{2060}9z",
        "O-aB3\u{a0}dE9z",
        "O\u{2011}aB3dE9z",
        "O–aB3dE9z",
        "O—aB3dE9z",
        "O−aB3dE9z",
        "O‐aB3dE9z",
        "O\u{ad}aB3dE9z",
        "O-\u{ad}aB3dE9z",
        "Oー aB3dE9z",
        "O aB3dE9z",
        "O\u{a0}aB3dE9z",
        "O - aB3dE9z",
        "Ｏ－ａＢ３ｄＥ９ｚ",
        "Ｏ－aB3dE9z",
        "https://wa.me/6512345678?text=Reference%3A%20O-aB3dE9z%20(Please",
        "O-aB3dE9z again O-aB3dE9z",
        "ref-O-aB3dE9z-1",
    ] {
        assert_eq!(exact(text), ["O-aB3dE9z"], "{text:?}");
    }
}

#[test]
fn texts_that_resemble_an_id_are_not_found() {
    for text in [
        "",
        "wa_123456",
        "O-12",
        "O-aB3dE9",
        "O-aB3dE9zz",
        "XO-aB3dE9z",
        "2O-aB3dE9z",
        "éO-aB3dE9z",
        "O-aB3dE9zé",
        "TO aB3dE9z",
        "O",
        "O-",
        "O-aB3 dE9z",
        "O----aB3dE9z",
        "O\u{200b}",
        "PRO-aB3dE9z",
    ] {
        assert_eq!(find_correlation_ids(text), [], "{text:?}");
    }
}

#[test]
fn several_ids_keep_their_order() {
    assert_eq!(exact("O-bbbbbbb then O-aaaaaaa, O-bbbbbbb"), ["O-bbbbbbb", "O-aaaaaaa"]);
}

#[test]
fn mistyped_ids_are_candidates_for_repair() {
    for text in ["o-aB3dE9z", "0-ab3de9z", "o AB3DE9Z", "О-aB3dE9z", "０－aB3dE9z"] {
        let found = find_correlation_ids(text);
        assert_eq!(found.len(), 1, "{text:?}");
        assert_eq!(found[0].exact, None);
        assert_eq!(found[0].folded, "o-ab3de9z");
    }
    let found = find_correlation_ids("O-ab3de9z");
    assert_eq!(
        (found[0].exact.as_ref().map(CorrelationId::as_str), &*found[0].folded),
        (Some("O-ab3de9z"), "o-ab3de9z")
    );
    assert_eq!(find_correlation_ids("O-l0vE1Io")[0].folded, find_correlation_ids("0-IOve1lO")[0].folded);
}

#[test]
fn a_mistyped_id_is_a_candidate_once() {
    assert_eq!(find_correlation_ids("o-aB3dE9z o-AB3de9Z 0-ab3de9z").len(), 1);
}

#[test]
fn a_real_id_is_not_hidden_by_many_others() {
    let chatter: String = (0..5000).map(|n| format!("o wonder{} ", n % 10)).collect();
    let invented: String = (0..5000).map(|n| format!("O-{n:07} ")).collect();
    for text in [
        format!("{chatter}O-aB3dE9z"),
        format!("O-aB3dE9z {chatter}"),
        format!("{chatter} O-aB3dE9z {chatter}"),
        format!("{invented}O-aB3dE9z"),
        format!("O-aB3dE9z {invented}"),
    ] {
        let found = find_correlation_ids(&text);
        assert!(found.len() <= CANDIDATES_MAX);
        assert!(found.iter().any(|candidate| candidate.exact.as_ref().is_some_and(|id| id.as_str() == "O-aB3dE9z")));
    }
}

proptest! {
    #[test]
    fn any_id_is_found_in_any_surroundings(
        code in "[0-9A-Za-z]{7}",
        before in "(?s).{0,40}",
        after in "(?s).{0,40}",
        hyphen in "[-–—−‐‑ ]",
        border in "[^0-9A-Za-z\u{c0}-\u{24f}\u{1e00}-\u{1eff}\u{ff01}-\u{ff5e}%]",
    ) {
        let text = format!("{before}{border}O{hyphen}{code}{border}{after}");
        let wanted = format!("O-{code}");
        prop_assert!(exact(&text).contains(&wanted), "{wanted} in {text:?}: {:?}", find_correlation_ids(&text));
    }

    #[test]
    fn candidates_are_bounded_and_have_the_form_of_an_id(text in "[Oo0-9aB \u{200b}\u{a0}\u{ad}–-]{0,300}") {
        let found = find_correlation_ids(&text);
        prop_assert!(found.len() <= CANDIDATES_MAX);
        for candidate in &found {
            prop_assert_eq!(candidate.folded.len(), PREFIX.len() + CODE_CHARS);
            if let Some(id) = &candidate.exact {
                prop_assert_eq!(&id.folded(), &candidate.folded);
            }
        }
    }
}

#[test]
fn of_too_many_that_are_alike_the_first_and_the_last_stay() {
    let candidate = |number: usize| Candidate { exact: None, folded: number.to_string() };
    let mut found: Vec<_> = (0..7).map(|number| (Likeness::SlipWithSpace, candidate(number))).collect();
    found[3].0 = Likeness::ExactWithHyphen;
    assert_eq!(drop_from_the_middle(&mut found, Likeness::SlipWithSpace, 3), 3);
    let left: Vec<_> = found.iter().map(|(_, candidate)| candidate.folded.as_str()).collect();
    assert_eq!(left, ["0", "1", "3", "6"]);
}

#[test]
fn letters_after_a_percent_sign_that_encode_nothing_are_part_of_the_word() {
    assert_eq!(exact("%20O-aB3dE9z"), ["O-aB3dE9z"]);
    for text in ["%weO-aB3dE9z", "%2wO-aB3dE9z", "%w2O-aB3dE9z"] {
        assert!(exact(text).is_empty(), "{text}");
    }
}
