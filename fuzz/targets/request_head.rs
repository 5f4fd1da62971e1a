#![no_main]
libfuzzer_sys::fuzz_target!(|input: (&[u8], &[u8], &[u8], &str)| aurix_fuzz::request_head::check(input));
