#![no_main]
libfuzzer_sys::fuzz_target!(|input: (&str, &str)| aurix_fuzz::forwarding_headers::check(input));
