//! Valid forms, and the errors of invalid ones.

use super::*;

#[track_caller]
fn check_error(json: &str, expected: &str) {
    let error = Form::parse(json).unwrap_err().to_string();
    assert!(error.contains(expected), "{json}: {error}");
}
fn keys(form: &Form) -> Vec<&str> {
    form.fields.iter().map(|field| field.key.as_str()).collect()
}

#[test]
fn every_form_has_name_email_and_phone() {
    let form = Form::default_form();
    assert_eq!(keys(&form), ["name", "email", "phone"]);
    let parts = r#"{"fields":[{"key":"first_name","type":"name"},{"key":"day","type":"date"}]}"#;
    assert_eq!(keys(&Form::parse(parts).unwrap()), ["first_name", "name", "email", "phone", "day"]);
    assert!(form.fields.iter().all(|field| field.required && !field.has_own_question()));

    let json = r#"{"fields":[{"key":"people","type":"number","question":"Size?"},{"key":"email","required":false}]}"#;
    let form = Form::parse(json).unwrap();
    assert_eq!(keys(&form), ["name", "phone", "people", "email"]);
    assert!(!form.field("email").unwrap().required && form.field("people").unwrap().has_own_question());
}

#[test]
fn a_form_round_trips_through_json() {
    let json = r#"{"greeting":"Hi","closing":"Bye","language":"en","fields":[
        {"key":"name","type":"name","required":true,"question":"Name?"},
        {"key":"email","type":"email","required":true,"question":"Email?"},
        {"key":"phone","type":"phone","required":false,"question":"Phone?"},
        {"key":"outlet","type":"choice","required":true,"question":"Where?","reason":"So that the right outlet calls you.","options":["Orchard","Bugis"]},
        {"key":"when","type":"datetime","required":true,"question":"When?"},
        {"key":"member","type":"yes_no","required":false,"question":"Member?"}]}"#;
    let form = Form::parse(json).unwrap();
    let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
    assert_eq!(value(&form.to_json()), value(json));
    assert_eq!(Form::parse(&form.to_json()).unwrap(), form);
}

#[test]
fn errors_name_the_field_and_say_what_to_do() {
    check_error("", "not the JSON expected");
    check_error(r#"{"fields":[{"type":"text"}]}"#, "field 1 has no \"key\"");
    check_error(r#"{"fields":[{"key":"1st","type":"text"}]}"#, "begin with a letter");
    check_error(r#"{"fields":[{"key":"größe","type":"text"}]}"#, "letters, digits");
    check_error(r#"{"fields":[{"key":"a"}]}"#, "field \"a\": it has no \"type\"");
    check_error(r#"{"fields":[{"key":"a","type":"colour"}]}"#, "unknown type \"colour\": use one of name, email");
    check_error(r#"{"fields":[{"key":"a","type":"text"},{"key":"a","type":"date"}]}"#, "there twice");
    check_error(r#"{"fields":[{"key":"a","type":"choice"}]}"#, "a choice needs options");
    check_error(r#"{"fields":[{"key":"a","type":"choice","options":["x","X"]}]}"#, "there twice");
    check_error(r#"{"fields":[{"key":"a","type":"choice","options":[" "]}]}"#, "an option is empty");
    check_error(r#"{"fields":[{"key":"a","type":"text","options":["x"]}]}"#, "options belong to");
    check_error(r#"{"fields":[{"key":"email","type":"text"}]}"#, "use \"email\"");
    let long = "a".repeat(201);
    check_error(&format!(r#"{{"fields":[{{"key":"email","reason":"{long}"}}]}}"#), "its reason is longer than 200");
    let of_language = format!(r#"{{"texts":{{"es":{{"reasons":{{"email":"{long}"}}}}}}}}"#);
    check_error(&of_language, "the reason of email is longer than 200");
    check_error(r#"{"texts":{"es":{"reasons":{"colour":"a"}}}}"#, "no field \"colour\"");
    check_error(r#"{"texts":{"en":{"reasons":{"email":"a"}}}}"#, "the language of the form");
    check_error(r#"{"language":"not a language"}"#, "no language tag");
    check_error(&format!(r#"{{"greeting":"{}"}}"#, "a".repeat(1001)), "greeting is longer");
    let many: Vec<String> = (0..41).map(|n| format!(r#"{{"key":"k{n}","type":"text"}}"#)).collect();
    check_error(&format!(r#"{{"fields":[{}]}}"#, many.join(",")), "too many");
}

#[test]
fn a_synonym_stands_for_one_option() {
    let form = |synonyms: &str| {
        format!(r#"{{"fields":[{{"key":"a","type":"choice","options":["Cut","Colour"],"synonyms":{synonyms}}}]}}"#)
    };
    check_error(&form(r#"{"Shave":["x"]}"#), "which is no option");
    check_error(&form(r#"{"Cut":["x"],"Colour":["X"]}"#), "stands for \"Colour\" and for \"Cut\"");
    check_error(&form(r#"{"Cut":["colour"]}"#), "stands for \"Colour\" and for \"Cut\"");
    let parsed = Form::parse(&form(r#"{"Cut":[" trim ","Trim","cut",""],"Colour":[]}"#)).unwrap();
    let expected = [("Cut".to_owned(), vec!["trim".to_owned()])].into();
    assert_eq!(parsed.field("a").unwrap().synonyms, expected);
}
