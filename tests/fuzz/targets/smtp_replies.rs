#![no_main]

use backup_notify_fuzz::{memory::bounded, smtp};

libfuzzer_sys::fuzz_target!(|data: &[u8]| bounded(32, data, smtp::session));
