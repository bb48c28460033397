//! A home folder as Mail of 10.7 to 10.10 leaves it, written here by hand: `Accounts.plist` with
//! outgoing servers, and the incoming account that belongs to each.

use std::path::PathBuf;

use crate::support::world::World;

/// Where the file is, below a home folder.
pub(crate) const PLACE: &str = "Library/Mail/V2/MailData/Accounts.plist";

/// One outgoing server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) host: &'a str,
    pub(crate) user: &'a str,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    pub(crate) scheme: &'a str,
    pub(crate) name: &'a str,
    /// Full name and addresses of whom its mail comes from.
    pub(crate) senders: (&'a str, &'a [&'a str]),
}

/// What most of them are like.
pub(crate) const USUAL: Server<'static> = Server {
    host: "smtp.example.com",
    user: "kim",
    port: 587,
    tls: true,
    scheme: "",
    name: "Work",
    senders: ("Kim Doe", &["kim@example.com"]),
};

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An account of iCloud, whose server is not in this file.
pub(crate) const ICLOUD: &str = "<dict><key>AccountType</key><string>AosImapAccount</string>\
    <key>EmailAddresses</key><array><string>kim@icloud.com</string></array></dict>";

/// The file, as XML, with more incoming accounts.
pub(crate) fn plist(servers: &[Server<'_>], more: &str) -> String {
    let string = |key: &str, value: &str| format!("<key>{key}</key><string>{}</string>\n", text(value));
    let mut delivery = String::new();
    let mut incoming = String::new();
    for server in servers {
        let flag = if server.tls { "YES" } else { "NO" };
        delivery.push_str("<dict>\n");
        delivery.push_str(&string("AccountType", "SMTPAccount"));
        delivery.push_str(&string("AccountName", server.name));
        delivery.push_str(&string("Hostname", server.host));
        delivery.push_str(&string("Username", server.user));
        delivery.push_str(&format!("<key>PortNumber</key><integer>{}</integer>\n", server.port));
        delivery.push_str(&string("SSLEnabled", flag));
        delivery.push_str(&string("ShouldUseAuthentication", "YES"));
        delivery.push_str(&string("AuthenticationScheme", server.scheme));
        delivery.push_str("</dict>\n");
        let mut addresses = String::new();
        for address in server.senders.1 {
            addresses.push_str(&format!("<string>{}</string>", text(address)));
        }
        incoming.push_str("<dict>\n");
        incoming.push_str(&string("AccountType", "IMAPAccount"));
        incoming.push_str(&string("AccountName", server.name));
        incoming.push_str(&string("FullUserName", server.senders.0));
        incoming.push_str(&format!("<key>EmailAddresses</key><array>{addresses}</array>\n"));
        incoming.push_str(&string("SMTPIdentifier", &format!("{}:{}", server.host, server.user)));
        incoming.push_str("</dict>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n\
         <key>AccountsVersion</key><integer>2</integer>\n\
         <key>DeliveryAccounts</key>\n<array>\n{delivery}</array>\n\
         <key>MailAccounts</key>\n<array>\n{incoming}{more}</array>\n</dict>\n</plist>\n"
    )
}

/// Writes the file into a home folder of this world.
pub(crate) fn write(world: &World, home: &str, servers: &[Server<'_>]) -> PathBuf {
    write_with(world, home, servers, "")
}

/// The same, with more incoming accounts.
pub(crate) fn write_with(world: &World, home: &str, servers: &[Server<'_>], more: &str) -> PathBuf {
    world.write(format!("{home}/{PLACE}"), plist(servers, more))
}
