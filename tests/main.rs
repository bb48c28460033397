//! Every integration test, as one program: the support code is compiled and linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in a test, a panic is the failure message; clippy.toml covers #[test] functions only"
)]

mod accounts_command;
mod addresses;
mod backup_runs;
mod backup_tools;
#[cfg(target_os = "linux")]
mod bench_runs;
mod certificate;
mod channels;
mod children;
mod chunking;
mod commands;
mod completions;
mod core_dumps;
mod delivered;
mod desktop_apple;
mod desktop_bus;
mod desktop_dunst;
mod desktop_people;
mod documents;
mod echoes;
mod exit_codes;
mod fault_matrix;
mod faults;
#[cfg(target_os = "linux")]
mod few_calls;
mod growl;
mod growl_faults;
#[cfg(target_os = "linux")]
mod growl_real;
mod hook_arguments;
mod hook_lines;
mod json_reports;
mod keychain;
mod keychain_killed;
mod limits;
mod log_attached;
mod log_excerpt;
#[cfg(target_os = "linux")]
mod log_memory;
mod mail_account;
mod mail_homes;
mod mail_homes_damaged;
mod mail_homes_pasted;
mod mail_odd_files;
mod mail_plist;
mod memory;
mod memory_growl;
mod never_shown;
mod other_home;
mod out_of_step;
mod outbox_by_hand;
mod outbox_commands;
#[cfg(target_os = "linux")]
mod outbox_costs;
mod outbox_crowded;
#[cfg(target_os = "linux")]
mod outbox_damaged;
#[cfg(target_os = "linux")]
mod outbox_full;
mod outbox_healed;
#[cfg(target_os = "linux")]
mod outbox_killed;
mod outbox_order;
mod outbox_other_scripts;
mod outbox_real_servers;
mod outbox_storm;
mod overdue;
mod pages;
mod password;
mod password_at_a_terminal;
mod password_sends;
mod ran_as;
mod real_servers;
mod redacted;
mod report_of_another_run;
mod retries;
mod run_begin;
mod run_capture;
mod run_command;
mod run_facts;
#[cfg(debug_assertions)]
mod run_panics;
mod run_signals;
mod run_tools;
mod same_path;
mod secret_stores;
mod sending;
mod setup;
mod setup_after_failure;
mod setup_choices;
mod setup_hooks;
mod setup_passwords;
mod setup_unattended;
mod signals;
mod signals_outbox;
mod silence;
mod site;
mod support;
mod support_works;
mod system_roots;
mod task_files;
mod templates;
#[cfg(target_os = "linux")]
mod tools_memory;
mod tools_rsnapshot;
mod tools_rsync;
mod tools_tar;
mod trust;
mod trust_matrix;
mod waiting;
mod who_wrote_it;
