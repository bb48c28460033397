//! What the fuzz targets share.

pub mod memory;
pub mod peer;
pub mod smtp;
