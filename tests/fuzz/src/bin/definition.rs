//! `definition` as a libFuzzer program.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| perdure_fuzz::definition(bytes));
