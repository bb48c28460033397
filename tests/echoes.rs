//! Servers that repeat the password: it comes back in no text and no result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::site::Site;
use crate::support::smtp_server::{Action, Mode, Stage};

#[test]
fn a_password_that_comes_back_at_any_stage_is_not_passed_on() {
    let site = Site::new();
    let secret = site.world.secret();
    let encoded = STANDARD.encode(format!("\0jon\0{secret}"));
    let cut = encoded.trim_end_matches('=');
    for (stage, reply) in [
        (Stage::Auth, format!("535 response={encoded}")),
        (Stage::Auth, format!("535 cut: {}", cut.get(..cut.len() - 1).unwrap())),
        (Stage::Auth, format!("535 PLAIN:{encoded}.")),
        (Stage::Mail, format!("334 {encoded}")),
        (Stage::Mail, format!("550 after AUTH PLAIN {encoded}")),
        (Stage::Rcpt(1), format!("550 {secret}")),
        (Stage::Rcpt(1), format!("250 {secret}")),
        (Stage::Data, format!("554 {secret}")),
        (Stage::Data, format!("AUTH PLAIN {encoded}")),
        (Stage::FinalDot, format!("250 queued by jon:{secret}")),
    ] {
        let server = site.server(Mode::Implicit).fault(stage, Action::reply(&reply)).start();
        let path = site.world.task(&site.task(&server, "implicit"));
        for arguments in [&["test-email", "-v"][..], &["test-email", "--json"]] {
            // the world fails this test when the secret comes out, in clear or in base64
            let output = site.world.command(arguments).task(&path).run();
            let said = output.stdout.contains("[hidden]") || output.stderr.contains("[hidden]");
            // an accepted recipient is only spoken of in the results for programs
            assert!(said || arguments.contains(&"-v"), "{stage:?}: {}{}", output.stdout, output.stderr);
        }
    }
}
