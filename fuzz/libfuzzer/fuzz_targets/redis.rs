//! `redis`, by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hermes_fuzz::Target::named("redis").run(bytes));
