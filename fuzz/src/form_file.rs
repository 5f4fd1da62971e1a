//! Any form file: refused with a reason, or read into a form that is written and read again as itself.

use aurix::domain::form::Form;

/// Panics where it does not hold for this input.
pub fn check(json: &str) {
    match Form::parse(json) {
        Ok(form) => {
            let written = form.to_json();
            let again = Form::parse(&written).expect("a form that was written can be read");
            assert_eq!(again.to_json(), written);
        }
        Err(invalid) => assert!(!invalid.to_string().is_empty()),
    }
}
