#![no_main]
libfuzzer_sys::fuzz_target!(|input: (u8, &str)| aurix_fuzz::agent_read::check(input));
