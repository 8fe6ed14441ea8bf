#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    phoneproof_parsers::feed("challenge_token", bytes);
});
