#![no_main]
libfuzzer_sys::fuzz_target!(|input: (Option<u16>, &[u8])| aurix_fuzz::platform_response::check(input));
