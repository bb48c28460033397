//! No memory: one line and a code, and not an abort by a signal; and a look whether there is enough.
//!
//! An allocation cannot fail for those who ask for it, but by an abort. What may become large is asked for
//! beforehand ([`has_room_for`]), and left out where there is no room.
#![allow(unsafe_code, reason = "an allocator; each call says why it is sound")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::interrupt;

/// What is to be done before the program ends: whoever has a command to care for does that.
static LAST: OnceLock<fn()> = OnceLock::new();

/// The allocator of the system, which ends the program where it has nothing more to give.
struct OrTheEnd;

// the fuzz targets have one of their own, which counts
#[cfg_attr(not(fuzzing), global_allocator)]
#[cfg_attr(fuzzing, allow(dead_code, reason = "there can be one only"))]
static ALLOCATOR: OrTheEnd = OrTheEnd;

// SAFETY: all calls are handed on as they are; what is null is not handed back
unsafe impl GlobalAlloc for OrTheEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as it is asked for
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as it is asked for
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as it is asked for
        given(unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as it is asked for
        unsafe { System.dealloc(block, layout) }
    }
}

fn given(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        end();
    }
    block
}

/// Tells whether so many bytes could be had now.
pub(crate) fn has_room_for(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 1) else { return false };
    // SAFETY: the size is not zero, and what was given goes back as it came
    unsafe {
        let block = System.alloc(layout);
        if !block.is_null() {
            System.dealloc(block, layout);
        }
        !block.is_null()
    }
}

/// Has this done when the memory is at its end, before the program is. It has to do without.
pub(crate) fn at_the_end(last: fn()) {
    let _ = LAST.set(last);
}

#[cold]
fn end() -> ! {
    static ONCE: AtomicBool = AtomicBool::new(false);
    if !ONCE.swap(true, Ordering::Relaxed) {
        say(b"backup-notify: there is not enough memory: the notice is given up\n");
        if let Some(last) = LAST.get() {
            last();
        }
    }
    interrupt::leave()
}

fn say(line: &[u8]) {
    let _ = rustix::io::write(rustix::stdio::stderr(), line);
}
