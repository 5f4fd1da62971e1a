#![no_main]
libfuzzer_sys::fuzz_target!(|input: (&str, &[u8], Option<&str>)| aurix_fuzz::signature_header::check(input));
