//! What Mail's files say, before anything is made of it: the same for every generation.

/// What one place says.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    /// The outgoing servers, in the order of the file.
    pub(crate) outgoing: Vec<Outgoing>,
    /// What was skipped, and why.
    pub(crate) remarks: Vec<Remark>,
}

/// Something about a place that a person may have to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    /// What, as a sentence without its end.
    pub(crate) text: String,
    /// The record it is about, when that is one of an outgoing server.
    pub(crate) record: Option<i64>,
}

impl Remark {
    /// Makes a remark about the whole place.
    pub(crate) fn of_place(text: impl Into<String>) -> Self {
        Self { text: text.into(), record: None }
    }
}

/// One outgoing server as a place stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// Which record of the place it is, for remarks.
    pub(crate) record: Option<i64>,
    /// What the person calls it.
    pub(crate) description: Option<String>,
    /// The server's name as stored, not yet checked; `None` where Mail stores none (iCloud).
    pub(crate) host: Option<String>,
    /// The user name as stored.
    pub(crate) user: Option<String>,
    /// Port and security; `None` where a link names the server and nothing else is stored.
    pub(crate) settings: Option<Settings>,
    /// The kind of a managed account, where the place says so.
    pub(crate) provider: Option<Provider>,
    /// Whom its mail comes from, the first address first.
    pub(crate) senders: Vec<Sender>,
}

impl Outgoing {
    /// Tells whether it is an outgoing server, and not a managed account for which none is stored.
    ///
    /// One that is damaged may have lost everything that would tell, and still is one: it must not
    /// leave its place to what an upgrade left behind.
    pub(crate) fn is_server(&self) -> bool {
        self.host.is_some() || self.settings.is_some() || self.provider.is_none()
    }
}

/// How a server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The port; `None` for the default.
    pub(crate) port: Option<u16>,
    /// Whether TLS is used.
    pub(crate) encrypted: bool,
    /// Whether TLS begins at once (`SSLIsDirect`); `None` where the port tells.
    pub(crate) direct: Option<bool>,
    /// Whether Mail signs in.
    pub(crate) authenticates: bool,
    /// The `AuthenticationScheme`, as stored.
    pub(crate) scheme: Option<String>,
}

/// Who runs a managed account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// iCloud, `MobileMe` and .Mac.
    Icloud,
    /// Google.
    Google,
    /// Outlook.com, Hotmail and Live.
    Microsoft,
    /// Yahoo.
    Yahoo,
    /// AOL.
    Aol,
    /// An Exchange server.
    Exchange,
}

/// A name and an address, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The full name.
    pub(crate) name: Option<String>,
    /// The address.
    pub(crate) address: String,
}

/// In tests a remark is its text.
#[cfg(test)]
mod testing {
    use super::Remark;

    impl std::ops::Deref for Remark {
        type Target = str;

        fn deref(&self) -> &str {
            &self.text
        }
    }

    impl PartialEq<&str> for Remark {
        fn eq(&self, other: &&str) -> bool {
            self.text == *other
        }
    }

    impl PartialEq<String> for Remark {
        fn eq(&self, other: &String) -> bool {
            self.text == *other
        }
    }
}
