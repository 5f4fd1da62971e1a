#![no_main]
libfuzzer_sys::fuzz_target!(|input: &str| aurix_fuzz::form_file::check(input));
