//! The whole program at work, on this computer alone: a mail server on the loopback address with
//! a certificate authority made for the occasion, a backup that fails, one that goes well, and the
//! message that arrived.
//!
//! `cargo run --example demo`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a demonstration shows")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use mail_parser::MessageParser;
use support::certs::Ca;
use support::smtp_server::{Mode, SmtpServer};
use support::world::World;

/// A backup as people have them: a script, a program that can fail, and the hook behind it.
const BACKUP: &str = r#"#!/bin/sh
# backup.sh: keeps the folders named on the command line, then tells people how it went
started=$(date +%s)
tar -cf backup.tar "$@" > backup.log 2>&1
code=$?
backup-notify notify --task task.json --tool tar --exit-code $code --started $started \
    --report backup.log --log backup.log --hook -v
exit $code
"#;

/// Whom to tell, and when.
const TASK: &str = r#"{
  "name": "Documents",
  "source": "documents",
  "destination": "backup.tar",
  "email": {
    "when": "error",
    "to": "Ops <ops@example.com>",
    "from": "Backups <jon@example.com>",
    "account": { "host": "127.0.0.1", "port": PORT, "user": "jon" },
    "password": { "file": "secret" },
    "tls": { "mode": "starttls", "trust": "ca-file:ca.pem" }
  }
}
"#;

fn main() {
    let binary = build();
    let world = World::with_binary(&binary);
    let ca = Ca::new();
    let server = SmtpServer::builder()
        .tls(Mode::Starttls)
        .identity(ca.issue(&["localhost", "127.0.0.1"]).identity())
        .user("jon", world.secret())
        .start();
    println!("A mail server listens on {} (STARTTLS, sign-in required).\n", server.address());

    world.write("ca.pem", ca.pem());
    world.write("secret", world.secret());
    world.write("documents/letter.txt", "Dear reader,\n");
    world.script("backup.sh", BACKUP);
    let task = TASK.replace("PORT", &server.port().to_string());
    world.write("task.json", &task);
    println!("task.json:\n{task}");

    println!("--- A backup that goes well. The policy is \"error\", so nobody is told:\n");
    backup(&world, &binary, &["documents"]);
    println!("(messages at the server: {})\n", server.messages().len());

    println!("--- A backup that fails: a folder is missing.\n");
    backup(&world, &binary, &["documents", "photographs"]);
    let message = server.message();
    server.assert_clean();
    show(message.text().as_bytes(), &binary);
}

/// Builds the program itself, which cargo does not do for an example.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "backup-notify"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(built.success(), "backup-notify does not build");
    let here = std::env::current_exe().expect("the path of this program");
    here.parent().and_then(Path::parent).expect("the target folder").join("backup-notify")
}

/// Runs the backup, with the program found as any other.
fn backup(world: &World, binary: &Path, folders: &[&str]) {
    println!("$ ./backup.sh {}", folders.join(" "));
    let path = format!("{}:/usr/bin:/bin", binary.parent().expect("a folder").display());
    let output = world.other_command("./backup.sh", folders).env("PATH", path).run();
    print!("{}{}", output.stdout, output.stderr);
    println!("[exit code {}]\n", output.code().unwrap_or(-1));
}

/// Shows a message as its reader would see it, and leaves it where a mail program can open it.
fn show(raw: &[u8], binary: &Path) {
    let message = MessageParser::default().parse(raw).expect("a message");
    println!("--- The message that arrived:\n");
    for name in ["Date", "From", "To", "Subject"] {
        println!("{name}: {}", header(raw, name));
    }
    println!("\n{}", message.body_text(0).unwrap_or_default());
    let folder = binary.parent().expect("a folder").join("demo");
    std::fs::create_dir_all(&folder).expect("a folder for the message");
    std::fs::write(folder.join("message.eml"), raw).expect("message.eml");
    std::fs::write(folder.join("message.html"), message.body_html(0).unwrap_or_default().as_bytes())
        .expect("message.html");
    println!("--- The same with its HTML part: {}", folder.join("message.eml").display());
    println!("--- Its HTML part alone:         {}", folder.join("message.html").display());
}

/// Returns a header as it was sent.
fn header(raw: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(raw);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    let wanted = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&wanted)).unwrap_or_default().to_owned()
}
