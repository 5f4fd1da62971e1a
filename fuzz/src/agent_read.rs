//! Any message to the built-in agent: it takes nothing that is not in the person's words.

use aurix::agent::{Context, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::{Timestamp, tz::TimeZone};
use std::sync::LazyLock;

/// A form with a field of every type.
const FORM: &str = r#"{"greeting":"Hi","closing":"Thanks","language":"en","fields":[
    {"key":"name","type":"name"},{"key":"email","type":"email"},{"key":"phone","type":"phone"},
    {"key":"wish","type":"text"},{"key":"outlet","type":"choice","options":["Orchard Road","Jurong East"]},
    {"key":"people","type":"number"},{"key":"day","type":"date"},{"key":"visit","type":"datetime"},
    {"key":"member","type":"yes_no"}]}"#;

static READING: LazyLock<(Form, Region, Vec<String>)> = LazyLock::new(|| {
    let form = Form::parse(FORM).expect("the form above is one");
    let keys = ["name", "email", "phone", "wish", "outlet", "people", "day", "visit", "member"];
    (form, Region::parse("SG").expect("a region"), keys.map(str::to_owned).into())
});

/// Panics where it does not hold for this input.
pub fn check(input: (u8, &str)) {
    let (asked, text) = input;
    let (form, region, keys) = &*READING;
    let now = Timestamp::from_second(1_790_000_000).expect("a time in 2026");
    let context = Context { form, region: *region, timezone: &TimeZone::UTC, now, language: None };
    let requested: Vec<String> = keys.get(usize::from(asked)).cloned().into_iter().collect();
    for taken in read(&context, text, &requested).taken {
        assert!(keys.contains(&taken.key));
        assert!(!taken.value.is_empty() && text.contains(&taken.words));
    }
}
