//! False positives: sentences with days, times, numbers and capitals that are not values, by kind, beside similar sentences
//! that do have one.

use jiff::tz::TimeZone;

use aurix::agent::{Context, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;

const FORM: &str = r#"{"fields":[{"key":"first_name","type":"name"},{"key":"last_name","type":"name"},{"key":"date","type":"date"},
    {"key":"time","type":"time"},{"key":"people","type":"number"}]}"#;

/// Checks the values of a text after a question for `asked` (empty: none), as `key=words` in the form's order.
#[track_caller]
fn check_asked(asked: &str, text: &str, expected: &str) {
    let form = Form::parse(FORM).expect("the test is well-formed");
    let now = "2026-11-21T04:00:00Z".parse().expect("the test is well-formed");
    let context = Context { form: &form, region: Region::SINGAPORE, timezone: &TimeZone::UTC, now, language: None };
    let requested: Vec<String> = asked.split(' ').filter(|key| !key.is_empty()).map(str::to_owned).collect();
    let taken: Vec<String> = read(&context, text, &requested)
        .taken
        .into_iter()
        .filter(|taken| taken.key != "name")
        .map(|taken| format!("{}={}", taken.key, taken.words))
        .collect();
    assert_eq!(taken.join(", "), expected, "{text:?} after a question for {asked:?}");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_asked("", text, expected);
}

#[track_caller]
fn check_none(texts: &[&str]) {
    for text in texts {
        check(text, "");
    }
}

#[test]
fn a_day_for_a_call_is_not_the_day_of_the_booking() {
    for lead in [
        "I will call back",
        "can someone phone me",
        "please call me back",
        "let me get back to you",
        "I'll let you know",
        "I need to check with my wife",
        "I'll be in touch",
        "text me",
        "can I pay",
    ] {
        for (day, hour) in [("tomorrow", ""), ("on Friday", ""), ("tonight", ""), ("", "at 5pm"), ("by Monday", "")] {
            check(&format!("{lead} {day}{hour}"), "");
        }
    }
    check("can you call me about my booking for Saturday at 7pm", "date=Saturday, time=7pm");
    check("I'm calling to book for tomorrow at 8", "date=tomorrow, time=8");
    check_asked("date", "call me tomorrow", "date=tomorrow");
    check_asked("time", "you can ring me at 5pm", "time=5pm");
}

#[test]
fn the_past_and_small_talk_have_no_day() {
    check_none(&[
        "we ate there last Friday",
        "I was at your place on Tuesday night",
        "I came in on Monday and the food was cold",
        "somebody should have called me at 3pm",
        "I've been waiting since 6pm",
        "how are you today?",
        "What's the weather like today",
        "what day is it tomorrow",
        "I'm not feeling well today",
        "we are away next week",
        "Happy Friday!",
        "have a lovely Sunday",
        "Thank god it's Friday",
        "See you on Friday",
        "Here today, gone tomorrow",
        "Please book it today before the offer ends",
        "Not today",
    ]);
    check("we came last week and would like to book again for Friday", "date=Friday");
    check("Hi how are you can i book a table for tomorrow at 6pm", "date=tomorrow, time=6pm");
    check("see you on Friday at 7", "date=Friday, time=7");
}

#[test]
fn questions_about_the_business_have_no_day() {
    check_none(&[
        "What are your opening hours on Sunday?",
        "are you open tomorrow",
        "do you close at 10pm",
        "Is the kitchen open at 10pm?",
        "do you serve lunch on Saturdays?",
        "is there live music tonight?",
        "what's on the menu tonight",
        "What are today's specials?",
        "do you have a sunday roast?",
        "Do you do a Tuesday night quiz",
        "do you need a reservation for 5pm",
        "the kitchen closes at 10pm",
        "I think you open at noon",
        "is happy hour at 5pm",
        "last train is at 11pm",
        "How busy is it on Saturday nights",
    ]);
    check("Are you open on Friday? Table for two at 8.", "date=Friday, time=8, people=two");
    check("Is there a table open for 6:15?", "time=6:15");
    check("Could we have breakfast at 10am", "time=10am");
    check("how about lunch on Friday", "date=Friday");
    check("anything free tonight?", "date=tonight");
}

#[test]
fn numbers_that_count_other_things_are_not_a_party_size() {
    for thing in ["cars", "prams", "problems", "steps", "stars", "quid", "hours", "more questions", "high chairs"] {
        check(&format!("is it for 3 {thing}"), "");
        check(&format!("there are three {thing}"), "");
    }
    check_none(&[
        "Two heads are better than one",
        "a bottle of wine for two",
        "1 diner has a nut allergy",
        "two of us are vegetarian",
        "three of us are celiac",
        "my husband and I are both vegetarian",
        "high chairs for 2 toddlers",
        "we have two babies with us",
        "two people can't come",
        "have you got a highchair? one of my kids is only 2",
        "my kids are 4 and 6",
        "5 people told me it's good",
        "table 5",
        "is it $20 per person",
        "change my rating to 5",
        "only one problem",
        "the other one",
        "my reference number is 1234",
    ]);
    for people in ["people", "students", "tourists", "tenors"] {
        let words = if people == "people" { "7 people" } else { "7" };
        check(&format!("a table for 7 {people}"), &format!("people={words}"));
    }
    check("my wife and I are coming, she is vegan", "people=my wife and I");
    check("There will be two adults and a baby in a buggy", "people=two adults and a baby");
    check("table for 6, two of us are vegetarian", "people=6");
    check("No, not 18 people, 8", "people=8");
    check("reserve a table just for me", "people=me");
}

#[test]
fn house_numbers_amounts_and_durations_are_not_times_or_days() {
    check_none(&[
        "I live at 12 Baker Street",
        "the one at 15 orchard road",
        "at $5",
        "24/7",
        "it's 50/50",
        "on 5th Avenue",
        "it's a 60th",
        "my wife's 30th birthday",
        "never in a month of Sundays",
        "give me 5 minutes",
        "in a minute",
        "I'll be 10 minutes late",
        "not on Friday",
        "anything but Monday",
    ]);
    check("why not Friday?", "date=Friday");
    check("Friday, not Saturday", "date=Friday");
    check("I booked for this evening at 08:30PM", "date=this evening, time=08:30PM");
}

#[test]
fn names_of_others_and_of_places_are_not_the_persons() {
    check_none(&[
        "Hi Anna",
        "Thanks, Sarah!",
        "Good morning, Mr Tan",
        "Can I speak with Mr Johnson",
        "am I speaking to Maria",
        "It's Anna's birthday",
        "I'm Hungry",
        "I'm Gluten Free",
        "I am American",
        "This is Ridiculous",
        "THIS IS TERRIBLE",
        "book a table for Pizza Express",
        "find one by the name of Blue Nile",
        "I'm with American Express",
        "Outdoor Table",
    ]);
    check("I'm Hope", "first_name=Hope");
    check("My name is Anna Day", "first_name=Anna, last_name=Day");
    check("I'm known as Season Marszalek.", "first_name=Season, last_name=Marszalek");
    check("find my booking under the name Ada Lovelace", "first_name=Ada, last_name=Lovelace");
    check("I'M JOHN SMITH", "first_name=JOHN, last_name=SMITH");
}

#[test]
fn an_answer_to_another_question_does_not_answer_this_one() {
    for (asked, texts) in [
        ("first_name last_name", "lol|blah blah|terrace|wheelchair access|hang on|Delivery|High Chair|quiet corner"),
        ("date", "one second|we sat there|in the sun|not now|the first table|it may be too much"),
        ("time", "one moment|two minutes please|table 5|which one|no one|it's 20 dollars|not now|3 highchairs"),
        ("people", "can you book it for me|let me check|one moment|that one|call me|leave me be|number 7|$20|5 stars"),
        ("date people time", "please seat me by the window|actually give me the other one|change it to indoors for me"),
    ] {
        for text in texts.split('|') {
            check_asked(asked, text, "");
        }
    }
    check_asked("first_name", "olive", "first_name=olive");
    check_asked("date", "sat", "date=sat");
    check_asked("time", "7 sharp", "time=7");
    check_asked("time", "one", "time=one");
    check_asked("people", "for me please", "people=me");
    check_asked("people", "8 tourists", "people=8");
    check_asked("people", "It will just be myself and 6 boys. My husband is late.", "people=myself and 6 boys");
}
