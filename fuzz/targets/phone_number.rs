#![no_main]
libfuzzer_sys::fuzz_target!(|input: &str| aurix_fuzz::phone_number::check(input));
