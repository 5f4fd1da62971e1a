#![no_main]
libfuzzer_sys::fuzz_target!(|input: (Option<&str>, Option<&str>)| aurix_fuzz::attribution_url::check(input));
