//! What a form says instead of the agent, in which languages, and other words for its options.

use aurix::agent::read_form;

use super::craft::Talk;

const FORM: &str = r#"{
    "greeting": "Welcome to the shop.",
    "closing": "See you!",
    "fields": [{"key": "outlet", "type": "choice", "required": true, "question": "Which outlet?", "options": ["Orchard", "Bugis"],
                "synonyms": {"Orchard": ["乌节", "el huerto"]}}],
    "texts": {
        "es": {"greeting": "Bienvenido a la tienda.", "closing": "¡Hasta pronto!", "questions": {"outlet": "¿Qué sucursal?"},
               "sentences": {"ask_email": "¿Cuál es su correo?"}},
        "en": {"sentences": {"ask_name": "Who are you?"}}
    }
}"#;

#[test]
fn sentences_of_the_form_replace_the_agents() {
    let mut talk = Talk::new(FORM);
    let said = talk.write("hello");
    assert!(said.contains("Welcome to the shop.") && said.contains("Who are you?"), "{said}");
    let said = talk.write("Jane Doe");
    assert!(said.contains("What is your email address?"), "the others stay: {said}");
}

#[test]
fn who_writes_in_another_language_gets_its_texts() {
    let mut talk = Talk::new(FORM);
    let said = talk.write("hola, quisiera reservar una mesa para el viernes por favor");
    assert!(said.contains("Bienvenido a la tienda."), "{said}");
    let said = talk.write("me llamo Juan García");
    assert!(said.contains("¿Cuál es su correo?"), "{said}");
    talk.write("juan@example.com");
    let said = talk.write("+34 612 345 678");
    assert!(said.contains("¿Qué sucursal?"), "{said}");
    let said = talk.write("el huerto");
    assert!(said.contains("¡Hasta pronto!"), "{said}");
    assert_eq!(talk.value("outlet"), "Orchard");
}

#[test]
fn a_form_that_follows_nobody_keeps_its_language() {
    let mut talk = Talk::new(&FORM.replacen('{', r#"{"follow_language":false,"#, 1));
    let said = talk.write("hola, quisiera reservar una mesa para el viernes por favor");
    assert!(said.contains("Welcome to the shop.") && said.contains("Who are you?"), "{said}");
    let said = talk.write("me llamo Juan García");
    assert_eq!(talk.value("name"), "Juan García", "what is said is read in any language");
    assert!(said.contains("What is your email address?"), "{said}");
}

#[test]
fn texts_that_cannot_be_said_are_refused() {
    let check = |texts: &str, expected: &str| {
        let error = read_form(&format!(r#"{{"texts":{texts}}}"#)).unwrap_err().to_string();
        assert!(error.contains(expected), "{texts}: {error}");
    };
    check(r#"{"xx":{"greeting":"a"}}"#, "does not speak it: use one of");
    check(r#"{"es":{"sentences":{"nothing":"a"}}}"#, "`aurix form sentences es` lists them");
    check(r#"{"es":{"sentences":{"meant":"¿Qué?"}}}"#, "the same words in braces");
    check(r#"{"es":{"sentences":{"button_yes":"Sí, por supuesto que sí"}}}"#, "longer than 20 characters");
    check(r#"{"en":{"greeting":"Hi"}}"#, "the language of the form");
    check(r#"{"es":{"questions":{"colour":"¿?"}}}"#, "no field \"colour\"");
    check(r#"{"es":{"greeting":"a"},"es-MX":{"greeting":"b"}}"#, "there twice");
    check(r#"{"es":{"greetings":"a"}}"#, "unknown field");
    let whole = read_form(FORM).unwrap();
    assert_eq!(read_form(&whole.to_json()).unwrap(), whole);
}
