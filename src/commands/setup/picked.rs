//! An account that was picked: how the file writes it, and how the menu shows it.

use lettre::message::Mailbox;

use crate::accounts::{AccountSpec, Auth, Found, PresetSpec, ServerSpec, shown};
use crate::task::Node;
use crate::text::one_line;

/// An account as it goes into the file.
pub(super) struct Picked {
    pub(super) spec: AccountSpec,
    pub(super) node: Node,
    /// Whom its mail comes from, where the file has to say so.
    pub(super) from: Option<Mailbox>,
    /// Whether its server has to be asked when TLS begins there.
    pub(super) unknown_mode: bool,
}

impl Picked {
    pub(super) fn new(spec: AccountSpec, node: Node) -> Self {
        Self { spec, node, from: None, unknown_mode: false }
    }
}

/// Writes a server that is typed out, as in a task.
pub(super) fn of_server(server: ServerSpec) -> Picked {
    let mut node = Node::object([("host", Node::text(server.host.clone()))]);
    let order = ["host", "port", "user", "auth"];
    if let Some(port) = server.port {
        node.set("port", Node::Number(port.into()), &order);
    }
    if let Some(user) = &server.user {
        node.set("user", Node::text(user.clone()), &order);
    }
    if server.auth != Auth::Password {
        node.set("auth", Node::text(server.auth.word()), &order);
    }
    Picked::new(AccountSpec::Server(server), node)
}

pub(super) fn of_preset(preset: PresetSpec) -> Picked {
    let mut node =
        Node::object([("preset", Node::text(preset.preset.word)), ("user", Node::text(preset.user.clone()))]);
    if let Some(auth) = preset.auth {
        node.set("auth", Node::text(auth.word()), &["preset", "user", "auth"]);
    }
    Picked::new(AccountSpec::Preset(preset), node)
}

/// Returns the sender of an account of Mail that its user name alone does not tell.
pub(super) fn own_sender(found: &Found, spec: &AccountSpec) -> Option<Mailbox> {
    let user = match spec {
        AccountSpec::Server(server) => server.user.as_deref(),
        AccountSpec::Preset(preset) => Some(preset.user.as_str()),
        AccountSpec::Named(_) => return None,
    };
    found.senders.first().filter(|sender| user != Some(shown(sender).as_str())).cloned()
}

/// Names an account as the file has it.
pub(super) fn name_of(spec: &AccountSpec) -> String {
    let user = |user: &str| one_line(user).into_owned();
    match spec {
        AccountSpec::Named(id) => one_line(id).into_owned(),
        AccountSpec::Preset(preset) => format!("{} ({})", preset.preset.title, user(&preset.user)),
        AccountSpec::Server(server) => {
            let name = server.user.as_deref().map(|name| format!(" ({})", user(name))).unwrap_or_default();
            format!("{}{name}", one_line(&server.host))
        }
    }
}

/// The line of an account of Mail.
pub(super) fn title_of(found: &Found) -> String {
    let description = found.description.as_deref().unwrap_or("Mail");
    let title = format!("{}: {}", one_line(description), one_line(&found.id));
    let reason = found.reason.as_deref().map(one_line).unwrap_or_default();
    match (found.usable, &found.instead) {
        (true, _) => title,
        (false, Some(_)) => format!("{title}\n({reason}; it is written out then)"),
        (false, None) => format!("{title}\n(cannot be used: {reason})"),
    }
}
