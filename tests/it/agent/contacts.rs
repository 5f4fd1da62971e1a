//! Names, addresses and phone numbers: whole kinds of how they are written, and what is none of them.

use aurix::agent::{Context, Reading, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

fn reading(region: &str, asked: &str, text: &str) -> Reading {
    let form = Form::default_form();
    let now = "2026-11-21T04:00:00Z".parse().expect("the test is well-formed");
    let region = Region::parse(region).expect("the test is well-formed");
    let requested: Vec<String> = asked.split(' ').filter(|key| !key.is_empty()).map(str::to_owned).collect();
    read(&Context { form: &form, region, timezone: &TimeZone::UTC, now, language: None }, text, &requested)
}

fn value(region: &str, asked: &str, key: &str, text: &str) -> Option<String> {
    reading(region, asked, text).taken.into_iter().find(|taken| taken.key == key).map(|taken| taken.value)
}

fn offer(region: &str, key: &str, text: &str) -> Option<String> {
    let Reading { taken, doubts } = reading(region, key, text);
    assert!(taken.iter().all(|taken| taken.key != key), "{text:?} gave {taken:?}");
    let doubt = doubts.into_iter().find(|doubt| doubt.key == key);
    doubt.unwrap_or_else(|| panic!("{text:?} was not noticed")).offer
}

#[test]
fn a_name_is_taken_whole_without_its_titles() {
    for (text, name) in [
        ("Prof. John Smith", "John Smith"),
        ("Dr. Amelia Watson", "Amelia Watson"),
        ("Mr Robert Downing", "Robert Downing"),
        ("Dato' Lim Ah Kow", "Lim Ah Kow"),
        ("J. R. Smith", "J. R. Smith"),
        ("Mészáros G. Ferenc", "Mészáros G. Ferenc"),
        ("George W. Marsh", "George W. Marsh"),
        ("Nur Aisyah binte Ahmad", "Nur Aisyah binte Ahmad"),
        ("Ravi s/o Kumar", "Ravi s/o Kumar"),
        ("Jean-Luc Bernard", "Jean-Luc Bernard"),
        ("O'Brien", "O'Brien"),
        ("Will Smith", "Will Smith"),
        ("May Tan", "May Tan"),
        ("April Jones", "April Jones"),
        ("Hope Chan", "Hope Chan"),
        ("Иванов Иван Иванович", "Иванов Иван Иванович"),
        ("محمد بن راشد", "محمد بن راشد"),
        ("陈伟明", "陈伟明"),
        ("सूर्य सिंह", "सूर्य सिंह"),
        ("it's wei ming", "wei ming"),
    ] {
        assert_eq!(value("SG", "name", "name", text).as_deref(), Some(name), "{text:?}");
    }
    for (text, name) in [
        ("a table under the name Isabelle M.", "Isabelle M."),
        ("ok im wei ling, can i come tmr 3pm?", "wei ling"),
        ("Hi, I am Sarah", "Sarah"),
        ("my name is priya raman and i need a table", "priya raman"),
    ] {
        for asked in ["name", ""] {
            assert_eq!(value("SG", asked, "name", text).as_deref(), Some(name), "{text:?}");
        }
    }
}

#[test]
fn places_thanks_and_questions_are_no_names() {
    for text in [
        "hotel in Phoenix, AZ please",
        "a flat in Austin, TX",
        "Thanks, appreciate it.",
        "Thank you, lovely.",
        "Good morning, please",
        "what is this?",
        "no thanks",
        "I'm hungry",
        "this is ridiculous",
        "ok",
        "not sure yet",
    ] {
        for asked in ["name", ""] {
            assert_eq!(value("SG", asked, "name", text), None, "{text:?} after a question for {asked:?}");
        }
    }
    assert_eq!(offer("SG", "name", "you can put Oliver Grant").as_deref(), Some("Oliver Grant"));
}

#[test]
fn an_address_is_read_whole_or_not_at_all() {
    for (text, address) in [
        ("Vashti.S@Example.COM.", "vashti.s@example.com"),
        ("my mail is a dot b at c dot com", "a.b@c.com"),
        ("john underscore tan at gmail dot com thanks", "john_tan@gmail.com"),
        ("juan arroba gmail punto com", "juan@gmail.com"),
        ("ivan собака yandex точка ru", "ivan@yandex.ru"),
        ("tan(at)example(dot)sg", "tan@example.sg"),
        ("j o h n at gmail dot com", "john@gmail.com"),
        ("jane @ gmail.com", "jane@gmail.com"),
        ("jane＠example．com", "jane@example.com"),
        ("write to \u{2068}jane@example.com\u{2069}", "jane@example.com"),
        ("JANE@EXAMPLE.CO.UK", "jane@example.co.uk"),
        ("c+d@e.org", "c+d@e.org"),
    ] {
        for asked in ["email", ""] {
            assert_eq!(value("SG", asked, "email", text).as_deref(), Some(address), "{text:?}");
        }
    }
    for (text, meant) in [
        ("jane@gmail.con", Some("jane@gmail.com")),
        ("jane@gmial.com", Some("jane@gmail.com")),
        ("bob@hotmial.com", Some("bob@hotmail.com")),
        ("bob@yaho.com", Some("bob@yahoo.com")),
        ("x@host.co-uk", None),
        ("a@@b.com", None),
        ("jane@gmail", None),
        ("иван собака яндекс точка ру", None),
        ("tan ah kow at gmail dot com", None),
    ] {
        assert_eq!(offer("SG", "email", text).as_deref(), meant, "{text:?}");
    }
    for text in [
        "use it at a point of sale",
        "follow @jane.doe",
        "lunch @ noon",
        "see you at five. dot",
        "the booking is at example.com",
    ] {
        for asked in ["email", ""] {
            assert_eq!(value("SG", asked, "email", text), None, "{text:?}");
        }
    }
}

#[test]
fn a_phone_number_stays_in_its_country() {
    for (region, text, number) in [
        ("SG", "9123 4567", "+6591234567"),
        ("SG", "it's 9123-4567.", "+6591234567"),
        ("SG", "6591234567", "+6591234567"),
        ("SG", "my number is (65) 91234567", "+6591234567"),
        ("SG", "+62 812 3456 7890", "+6281234567890"),
        ("SG", "٩١٢٣ ٤٥٦٧", "+6591234567"),
        ("SG", "９１２３４５６７", "+6591234567"),
        ("SG", "९१२३४५६७", "+6591234567"),
        ("SG", "\u{202a}+65 9123 4567\u{202c}", "+6591234567"),
        ("SG", "call me at nine one two three four five six seven", "+6591234567"),
        ("SG", "nine one double two double three four five", "+6591223345"),
        ("ID", "0812 3456 7890", "+6281234567890"),
        ("ID", "62812-3456-7890", "+6281234567890"),
        ("GB", "07911 123456", "+447911123456"),
        ("RU", "8 912 345-67-89", "+79123456789"),
    ] {
        assert_eq!(value(region, "phone", "phone", text).as_deref(), Some(number), "{text:?} in {region}");
    }
    for (region, text, meant) in [
        ("SG", "62812345678", Some("+62812345678")),
        ("SG", "447911123456", Some("+447911123456")),
        ("SG", "912345678", None),
    ] {
        assert_eq!(offer(region, "phone", text).as_deref(), meant, "{text:?} in {region}");
    }
    for text in ["order 12345", "on 2018/05/12 at 01:00", "one two three four people", "table 5", "24/12/2026"] {
        assert_eq!(value("SG", "phone", "phone", text), None, "{text:?}");
    }
}
