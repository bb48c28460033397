//! Addresses where nobody serves, each for as long as its value lives.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A port that refuses connections.
pub(crate) struct ClosedPort {
    // bound but not listening: the port refuses, and no other test can be given it
    _socket: Socket,
    pub(crate) address: SocketAddr,
}

pub(crate) fn closed_port() -> ClosedPort {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    ClosedPort { _socket: socket, address }
}

/// A port where connections are made, by the system, and nobody ever says a word.
pub(crate) struct SilentPort {
    _listener: TcpListener,
    pub(crate) address: SocketAddr,
}

pub(crate) fn silent_port() -> SilentPort {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    SilentPort { _listener: listener, address }
}
