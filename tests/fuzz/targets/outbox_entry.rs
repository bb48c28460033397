#![no_main]

use backup_notify::fuzzing;
use backup_notify_fuzz::memory::bounded;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bounded(32, data, fuzzing::outbox_entry));
