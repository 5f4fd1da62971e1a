#![no_main]
libfuzzer_sys::fuzz_target!(|input: (&str, &str)| aurix_fuzz::settings::check(input));
