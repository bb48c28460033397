//! A place where mail can be sent: a world with an authority of its own and servers that present
//! its certificates.

use serde_json::{Value, json};

use crate::support::certs::Ca;
use crate::support::output::Output;
use crate::support::smtp_server::{Builder, Mode, SmtpServer};
use crate::support::world::World;

/// A world with an authority of its own, whose CA file a task can name.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) ca: Ca,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::in_world(World::new())
    }

    /// The same in a world that is there already.
    pub(crate) fn in_world(world: World) -> Self {
        let ca = Ca::new();
        world.write("ca.pem", ca.pem());
        Self { world, ca }
    }

    /// A server of this site that takes mail from jon after a sign-in.
    pub(crate) fn server(&self, mode: Mode) -> Builder {
        self.open_server(mode).user("jon", self.world.secret())
    }

    /// A server of this site that takes mail from everybody.
    pub(crate) fn open_server(&self, mode: Mode) -> Builder {
        SmtpServer::builder().tls(mode).identity(self.ca.issue(&["localhost", "127.0.0.1"]).identity())
    }

    /// A task that sends through a server under this mode.
    pub(crate) fn task(&self, server: &SmtpServer, mode: &str) -> Value {
        self.task_for(&server.account("jon", "password"), mode)
    }

    /// A task that sends with this account under this mode.
    pub(crate) fn task_for(&self, account: &Value, mode: &str) -> Value {
        json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": account,
                "password": self.world.secret_file(),
                "tls": { "mode": mode, "trust": "ca-file:ca.pem" },
            },
        })
    }

    /// Runs `notify` about a failed backup.
    pub(crate) fn notify(&self, task: &Value) -> Output {
        let path = self.world.task(task);
        self.world.command(&["notify", "--exit-code", "1", "--json"]).task(&path).run()
    }
}

/// The mode of a scripted server for a word of a task.
pub(crate) fn mode_of(word: &str) -> Mode {
    match word {
        "implicit" => Mode::Implicit,
        "starttls" => Mode::Starttls,
        _ => Mode::None,
    }
}
