//! The rule that nothing is stored which was not said: kinds of words that leave a value open, impossible, or in a shape that is
//! not understood. Each is asked about, or ignored, and never becomes another value.

use aurix::agent::{Context, Reading, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

const FORM: &str =
    r#"{"fields":[{"key":"date","type":"date"},{"key":"time","type":"time"},{"key":"people","type":"number"}]}"#;
const MOMENT: &str = r#"{"fields":[{"key":"when","type":"datetime"}]}"#;

fn reading(form: &str, asked: &str, text: &str) -> Reading {
    let form = Form::parse(form).expect("the test is well-formed");
    // A Saturday.
    let now = "2026-11-21T04:00:00Z".parse().expect("the test is well-formed");
    let (region, timezone) = (Region::SINGAPORE, &TimeZone::UTC);
    let requested: Vec<String> = asked.split(' ').filter(|key| !key.is_empty()).map(str::to_owned).collect();
    read(&Context { form: &form, region, timezone, now, language: None }, text, &requested)
}

fn value(form: &str, asked: &str, key: &str, text: &str) -> String {
    let taken = reading(form, asked, text).taken;
    taken.into_iter().find(|taken| taken.key == key).map(|taken| taken.value).unwrap_or_default()
}

/// Checks the value of a field after a question for it, and without one.
#[track_caller]
fn check(key: &str, text: &str, expected: &str) {
    for asked in [key, ""] {
        assert_eq!(value(FORM, asked, key, text), expected, "{text:?} after a question for {asked:?}");
    }
}

/// Checks that a field gets no value, but that its words are noticed.
#[track_caller]
fn open(key: &str, text: &str) {
    let form = if key == "when" { MOMENT } else { FORM };
    let Reading { taken, doubts } = reading(form, key, text);
    assert!(taken.iter().all(|taken| taken.key != key), "{text:?} gave {taken:?}");
    assert!(doubts.iter().any(|doubt| doubt.key == key), "{text:?} was not noticed");
}

#[test]
fn a_whole_date_is_read_or_none_of_it() {
    for (text, date) in [
        ("three weeks from tomorrow", "2026-12-13"),
        ("10 days from Friday", "2026-12-07"),
        ("day after tmr", "2026-11-23"),
        ("mon 3pm", "2026-11-23"),
        ("the 3rd of Feb at quarter to nine in the morning", "2027-02-03"),
        ("20th of next month", "2026-12-20"),
        ("the 3rd of next month", "2026-12-03"),
        ("twenty second of June", "2027-06-22"),
        ("twenty-first of March", "2027-03-21"),
        ("the thirty first of December", "2026-12-31"),
        ("2019年1月2日", "2019-01-02"),
        ("2027年12月31号", "2027-12-31"),
        ("5 March 2028", "2028-03-05"),
        ("March 5th, 2028", "2028-03-05"),
        ("in 2 weeks and 3 days", "2026-12-08"),
    ] {
        check("date", text, date);
    }
    for text in [
        "March 2027",
        "in August 2028",
        "sometime in April",
        "next week",
        "this weekend",
        "next month",
        "a few days from now",
    ] {
        open("date", text);
    }
}

#[test]
fn a_day_that_does_not_exist_becomes_no_other_day() {
    for text in [
        "31/04/2027",
        "30/02/2027",
        "29/2",
        "29.02.2027",
        "2027-02-30",
        "31 April",
        "30th of February",
        "February 29, 2027",
        "31st of June",
        "the 31st of November",
        "99/99/2020",
        "0/5/2027",
        "32/1/2027",
        "13/13/2027",
    ] {
        assert_eq!(value(FORM, "date", "date", text), "", "{text:?}");
        assert_eq!(value(FORM, "", "date", text), "", "{text:?}");
    }
}

#[test]
fn a_range_becomes_neither_of_its_ends() {
    for text in [
        "from 2 to 10 July",
        "2-10 July",
        "2 to 10 July",
        "between 5 and 8 March",
        "Friday or Saturday",
        "Monday to Wednesday",
        "from Monday until Friday",
        "5 July - 9 July",
        "3 or 4 March",
        "either Tuesday or Thursday",
        "mon 3pm or tue 4pm",
        "before Friday",
        "by 5 March",
        "between Christmas and New Year",
        "a week on Friday",
        "Friday week",
        "today at 3 and tomorrow at 4",
    ] {
        open("date", text);
    }
    for text in [
        "2-3pm",
        "2 to 3 pm",
        "between 2 and 4 pm",
        "from 9 to 11",
        "7 or 8 pm",
        "3pm or 4pm",
        "mon 3pm or tue 4pm",
        "10:00-12:00",
    ] {
        open("time", text);
    }
    // A change names the old value first.
    check("time", "please change it from 18:00 to 17:45", "17:45");
    check("date", "can we move it from Friday to Monday", "2026-11-23");
}

#[test]
fn negation_and_filler_are_no_days() {
    for text in [
        "Not right now",
        "that's it for now",
        "not today",
        "not on Friday",
        "not tomorrow",
        "for now that is all",
        "never on a Sunday",
        "no longer on Monday",
        "anything but Friday",
        "right now I am busy",
        "let me think for now",
    ] {
        check("date", text, "");
    }
}

#[test]
fn a_time_of_no_day_is_no_moment() {
    open("when", "Tues 2-3pm ish");
    open("when", "March 2027 at 3pm");
    for (text, moment) in [
        ("в субботу в 15:00", "2026-11-28T15:00"),
        ("mañana a las 5 de la tarde", "2026-11-22T17:00"),
        ("tomorrow at 5 pm", "2026-11-22T17:00"),
        ("Friday 14:30", "2026-11-27T14:30"),
        ("这周六下午两点", "2026-11-28T14:00"),
        ("quiero una cita para el jueves por la tarde", "2026-11-26"),
        ("5 March at noon", "2027-03-05T12:00"),
    ] {
        assert_eq!(value(MOMENT, "when", "when", text), moment, "{text:?}");
    }
}

#[test]
fn nights_tables_and_ages_are_not_people() {
    for text in [
        "family room for 4 nights",
        "a room for 2 nights",
        "we stay for 3 days",
        "table 5",
        "my kids are 4 and 6",
        "my son is 7",
        "a room for 10 days please",
        "for 5 hours",
        "2 tables",
        "3 bedrooms",
        "for 2 weeks",
        "my daughter is only 3",
        "for 6 months",
    ] {
        check("people", text, "");
    }
    check("people", "4 people for 3 nights", "4");
}

#[test]
fn complaints_book_nothing() {
    for text in [
        "I tried to pay today",
        "my card was declined this morning",
        "I was charged twice yesterday",
        "I have been waiting since Monday and nothing happens",
        "The transfer from Friday still has not arrived",
        "Why did my top up fail today?",
        "I withdrew cash at 5pm and got the wrong amount",
        "my account was blocked last night",
        "I ordered it on 5 March and it never came",
        "your driver left my parcel in the rain this afternoon",
    ] {
        let taken = reading(FORM, "", text).taken;
        assert!(taken.is_empty(), "{text:?} gave {taken:?}");
    }
}

#[test]
fn words_that_only_introduce_another_value_are_no_answer() {
    let form = r#"{"fields":[{"key":"wish","type":"text"},{"key":"name","type":"name"},{"key":"phone","type":"phone"},
                   {"key":"email","type":"email"}]}"#;
    for (text, wish) in [
        ("my number is +65 9123 4567", ""),
        ("you can call me at +65 9123 4567", ""),
        ("Mi correo es ana@example.com", ""),
        ("мой телефон +65 9123 4567", ""),
        ("我的电话是 +65 9123 4567", ""),
        ("My name is Jonas Weber", ""),
        ("deep tissue massage and my number is +65 9123 4567", "deep tissue massage"),
        ("my email is ana@example.com, deep tissue massage", "deep tissue massage"),
        ("a call about my order", "a call about my order"),
        ("someone to look at my sink", "someone to look at my sink"),
    ] {
        assert_eq!(value(form, "wish", "wish", text), wish, "{text:?}");
    }
}

/// Checks that a field of a form in a language gets no value.
#[track_caller]
fn nothing_in(language: &str, key: &str, text: &str) {
    let form = FORM.replacen('{', &format!(r#"{{"language":"{language}","#), 1);
    let taken = reading(&form, key, text).taken;
    assert!(taken.iter().all(|taken| taken.key != key), "{language}: {text:?} gave {taken:?}");
}

#[test]
fn a_number_that_is_one_of_several_is_asked_about() {
    for text in [
        "two or three",
        "2-3",
        "2 - 3 people",
        "4 to 6 people",
        "4 or more",
        "a dozen or so",
        "4+",
        "2 + 2",
        "4x2",
        "6 no 7",
        "one two three",
        "4, of which 2 kids",
        "4 including 2 kids",
        "5 if my sister comes",
        "a couple, maybe three",
        "two hundred fifty thousand",
    ] {
        nothing_in("en", "people", text);
    }
    for (language, text) in [
        ("es", "dos o tres"),
        ("es", "de 2 a 4"),
        ("es", "4, de los cuales 2 niños"),
        ("pt", "dois ou três"),
        ("zh", "两三个人"),
        ("zh", "三四位"),
        ("zh", "十几个人"),
        ("ms", "lima enam orang"),
        ("ru", "человека два-три"),
        ("ar", "من ٢ إلى ٤"),
        ("de", "zwei bis drei"),
        ("de", "4, davon 2 Kinder"),
        ("fr", "4 dont 2 enfants"),
        ("id", "dua atau tiga orang"),
    ] {
        nothing_in(language, "people", text);
    }
    for (text, people) in [
        ("1,000", "1000"),
        ("a hundred and twenty", "120"),
        ("half a dozen", "6"),
        ("4 (2 adults, 2 children)", "4"),
        ("10 plus me", "11"),
        ("4 adults 2 kids", "6"),
        ("3 people, 2 nights", "3"),
        ("change it from 7 to 9 people", "9"),
    ] {
        assert_eq!(value(FORM, "people", "people", text), people, "{text:?}");
    }
    let counted = r#"{"fields":[{"key":"budget","type":"number"}]}"#;
    for (text, budget) in
        [("2-3", ""), ("200 or 300", ""), ("1,500", "1500"), ("2k", "2000"), ("two hundred and fifty", "250")]
    {
        assert_eq!(value(counted, "budget", "budget", text), budget, "{text:?}");
    }
}

#[test]
fn a_number_is_no_day_and_no_time_where_one_was_asked_for() {
    for text in ["12/5", "4 to 6", "20ish"] {
        let taken = reading(FORM, "people", text).taken;
        assert!(taken.iter().all(|taken| taken.key == "people"), "{text:?} gave {taken:?}");
    }
    assert_eq!(value(FORM, "people date", "date", "12/5/2027 for 3 people"), "2027-05-12");
}

#[test]
fn a_day_that_is_counted_from_another_is_asked_about() {
    for text in [
        "the second to last day of June",
        "a fortnight on Tuesday",
        "tomorrow or the day after",
        "Saturday if possible, else Sunday",
        "the 20th of the month after next",
        "Fri 13",
        "01-02-03",
        "12/05/85",
        "5th of the 6th",
        "second of the third",
        "Easter Monday",
        "in a month or so",
        "Good Friday",
    ] {
        nothing_in("en", "date", text);
    }
    for (language, text) in [
        ("es", "entre el 3 y el 5 de mayo"),
        ("es", "lunes de Pascua"),
        ("es", "de hoy en ocho"),
        ("fr", "vendredi en huit"),
        ("fr", "le lundi de Pâques"),
        ("de", "Freitag in einer Woche"),
        ("de", "Ostermontag"),
        ("zh", "下下周三"),
        ("zh", "除夕"),
        ("ru", "через неделю в среду"),
        ("ar", "الجمعة بعد القادمة"),
    ] {
        nothing_in(language, "date", text);
    }
    for (language, text) in [
        ("pt", "semana que vem na quarta"),
        ("ms", "minggu depan hari Rabu"),
        ("es", "la semana que viene el miércoles"),
    ] {
        let form = FORM.replacen('{', &format!(r#"{{"language":"{language}","#), 1);
        assert_eq!(value(&form, "date", "date", text), "2026-11-25", "{language}: {text:?}");
    }
}

#[test]
fn a_time_with_a_bound_or_a_half_of_it_is_asked_about() {
    for text in [
        "after 5",
        "before noon",
        "five to",
        "quarter of five",
        "7:60",
        "twelve twelve twenty seven",
        "between 3 and 4",
    ] {
        nothing_in("en", "time", text);
    }
    for (language, text) in [
        ("es", "después de las 5"),
        ("pt", "depois das 5"),
        ("zh", "5点以后"),
        ("id", "setelah jam 5"),
        ("ar", "بعد الخامسة"),
        ("de", "nach 17 Uhr"),
        ("de", "dreiviertel drei"),
        ("fr", "après 17h"),
    ] {
        nothing_in(language, "time", text);
    }
    for (text, time) in
        [("7:30 instead of 7", "7:30"), ("seven thirty", "seven thirty"), ("at 3 pm", "15:00"), ("1930", "19:30")]
    {
        assert_eq!(value(FORM, "time", "time", text), time, "{text:?}");
    }
}
