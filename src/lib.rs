//! backup-notify tells people how a backup ended.
pub mod accounts;
pub mod deadline;
pub mod decide;
pub mod error;
pub mod exit;
pub mod files;
pub mod message;
pub mod run;
pub mod secrets;
pub mod task;
pub mod text;
pub mod tools;
