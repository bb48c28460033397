//! How much memory an input takes, and whether all of it is given back.
//!
//! libFuzzer's own limits for that need a sanitizer, which stable Rust does not have. What is counted here is
//! what Rust code asks for; of the libraries in C only libFuzzer's limit for the whole process knows.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many bytes may be missing after all inputs so far: what is made once and kept is far less.
const KEPT_MOST: usize = 4 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// What was there after the first input.
static KEPT: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTED: Counted = Counted;

#[derive(Debug)]
struct Counted;

// SAFETY: everything is the system's allocator's; only numbers are added
#[allow(unsafe_code, reason = "an allocator")]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller's promise
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs a target on an input, for which it may take so many mebibytes at a time.
pub fn bounded(mebibytes: usize, data: &[u8], target: impl FnOnce(&[u8])) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    target(data);
    let taken = PEAK.load(Relaxed) - before;
    assert!(taken <= mebibytes << 20, "{} bytes of input took {taken} bytes of memory", data.len());
    let after = LIVE.load(Relaxed);
    let _ = KEPT.compare_exchange(0, after, Relaxed, Relaxed);
    let kept = after.saturating_sub(KEPT.load(Relaxed));
    assert!(kept <= KEPT_MOST, "{kept} bytes were not given back after the inputs so far");
}
