//! A name with several addresses, of which some are dead.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::site::Site;
use crate::support::namespace;
use crate::support::smtp_server::Mode;

/// An address that answers nothing, not even "refused": its queue of connections is full.
struct DeadAddress {
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl DeadAddress {
    fn new(address: SocketAddr) -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::from(address)).unwrap();
        listener.listen(0).unwrap();
        let mut waiting = Vec::new();
        // the system takes a few beyond the queue's length; the first that hangs proves it full
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            match socket.connect_timeout(&SockAddr::from(address), Duration::from_millis(200)) {
                Ok(()) => waiting.push(socket),
                Err(_) => return Self { _listener: listener, _waiting: waiting },
            }
            assert!(waiting.len() < 100, "{address} takes everybody");
        }
    }
}

#[test]
fn a_dead_address_does_not_eat_the_time_of_the_next() {
    if !namespace::entered("addresses::a_dead_address_does_not_eat_the_time_of_the_next") {
        return;
    }
    // whichever the resolver puts first: each of them is the dead one once
    for (alive, dead) in [("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")] {
        namespace::set_hosts(&format!("{dead} mail.test\n{alive} mail.test\n"));
        let site = Site::new();
        let identity = site.ca.issue(&["mail.test"]).identity();
        let server = site.server(Mode::Starttls).identity(identity).address(alive).start();
        let dead: SocketAddr = format!("{dead}:{}", server.port()).parse().unwrap();
        let account = json!({ "host": "mail.test", "port": server.port(), "user": "jon" });
        let task = site.task_for(&account, "starttls");

        // dead by silence
        let silent = DeadAddress::new(dead);
        let output = site.notify(&task);
        output.assert_code(0).assert_within(Duration::from_secs(2));
        drop(silent);

        // dead by refusal
        assert!(TcpStream::connect(dead).is_err());
        let output = site.notify(&task);
        output.assert_code(0).assert_within(Duration::from_secs(2));
        assert_eq!(server.messages().len(), 2);
    }
}

#[test]
fn when_every_address_is_dead_each_is_named() {
    if !namespace::entered("addresses::when_every_address_is_dead_each_is_named") {
        return;
    }
    namespace::set_hosts("127.0.0.2 mail.test\n127.0.0.3 mail.test\n::1 mail.test\n");
    let site = Site::new();
    let mut task = site.task_for(&json!({ "host": "mail.test", "port": 587, "user": "jon" }), "starttls");
    task["deadline"] = json!("2s");
    let output = site.notify(&task);
    output.assert_code(75);
    for address in ["127.0.0.2", "127.0.0.3", "::1"] {
        output.assert_stderr_has(&format!("{address}: connection refused"));
    }
}
