#![no_main]
libfuzzer_sys::fuzz_target!(|input: &str| aurix_fuzz::references::check(input));
