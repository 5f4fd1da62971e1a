#![no_main]
libfuzzer_sys::fuzz_target!(|input: &str| aurix_fuzz::date_query::check(input));
