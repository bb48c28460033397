//! How many system calls the flight takes: a message and what stands around it are one write, so that nothing of
//! it waits for an acknowledgement.

use serde_json::json;

use super::recipients;
use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::Mode;

/// Sends under strace; returns what was written to sockets, with all of its bytes.
fn traced(site: &Site, task: &serde_json::Value) -> (Output, Vec<String>) {
    let path = site.world.task(task);
    let binary = site.world.binary().to_str().unwrap().to_owned();
    let calls = "trace=setsockopt,write,writev,sendto,sendmsg";
    let strace = ["-f", "-s", "100000", "-yy", "-o", "trace", "-e", calls, &binary];
    let output = site.world.other_command("strace", &strace).args(["notify", "--exit-code", "1"]).task(&path);
    let output = output.run();
    let lines =
        site.world.read("trace").lines().filter(|line| line.contains("TCP:[")).map(str::to_owned).collect();
    (output, lines)
}

fn writes(lines: &[String]) -> Vec<&String> {
    lines.iter().filter(|line| !line.contains("setsockopt(")).collect()
}

#[test]
fn the_whole_flight_is_one_write() {
    for count in [1, 100] {
        let site = Site::new();
        let server = site.open_server(Mode::None).with("CHUNKING").start();
        let account = json!({ "host": "127.0.0.1", "port": server.port(), "auth": "none" });
        let mut task = site.task_for(&account, "none");
        task["email"].as_object_mut().unwrap().remove("password");
        task["email"]["to"] = json!(recipients(count));
        let (output, lines) = traced(&site, &task);
        output.assert_code(0);
        assert!(server.message().chunked);
        assert!(lines.iter().any(|line| line.contains("TCP_NODELAY, [1]")), "{lines:#?}");
        let writes = writes(&lines);
        let [ehlo, flight] = writes.as_slice() else { panic!("{writes:#?}") };
        assert!(ehlo.contains("\"EHLO "), "{ehlo}");
        assert!(flight.contains("\"MAIL FROM:") && flight.contains("LAST\\r\\n"), "{flight}");
        assert!(flight.contains("\\r\\nQUIT\\r\\n\""), "{flight}");
    }
}

#[test]
fn under_tls_the_whole_flight_is_one_record_in_one_write() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).with("CHUNKING").start();
    let (output, lines) = traced(&site, &site.task(&server, "implicit"));
    output.assert_code(0);
    assert!(server.message().chunked);
    // application data (RFC 8446, section 5.1): EHLO, AUTH, the flight
    let data = writes(&lines).into_iter().filter(|line| line.contains(", \"\\27\\3\\3"));
    assert_eq!(data.count(), 3, "{lines:#?}");
}
