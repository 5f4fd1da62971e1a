#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| aurix_fuzz::whatsapp_body::check(input));
