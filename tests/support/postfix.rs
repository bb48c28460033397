//! A private Postfix: the server most hosts and providers of a backup's mail run.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::chown;
use std::process::Command;

use super::guard::search_path;
use super::private_server::{DOMAIN, Limits, MAIL_OWNER, MAILBOXES, PrivateServer, Site, poll};

/// A Postfix with its own configuration, queue and ports, signing in by Cyrus SASL
/// (PLAIN, LOGIN, CRAM-MD5). Dropping it stops it and removes all it kept.
#[derive(Debug)]
pub(crate) struct Postfix(PrivateServer);

impl Postfix {
    pub(crate) fn start() -> Self {
        Self::start_with(Limits::default())
    }

    pub(crate) fn start_with(limits: Limits) -> Self {
        Self(PrivateServer::start("postfix", limits, configure))
    }

    /// Changes its configuration while it runs; returns once it listens, or does not, as is said.
    pub(crate) fn change(&self, settings: &str, listens: bool) {
        let main = self.path("conf/main.cf");
        let text = fs::read_to_string(&main).expect("the configuration can be read");
        let plain = text.split("\n# changed\n").next().unwrap_or_default();
        // the last word on a parameter counts
        fs::write(&main, format!("{plain}\n# changed\n{settings}\n")).expect("it can be changed");
        let master = self.path("conf/master.cf");
        let text = fs::read_to_string(&master).expect("the services can be read");
        let lines = text.lines().map(|line| {
            let line = line.trim_start_matches('#');
            let off = !listens && line.starts_with("127.0.0.1:");
            format!("{}{line}\n", if off { "#" } else { "" })
        });
        fs::write(&master, lines.collect::<String>()).expect("the services can be changed");
        let before = self.log().matches("reload -- version").count();
        let done = Command::new("postfix")
            .arg("-c")
            .arg(self.path("conf"))
            .arg("reload")
            .env("PATH", search_path())
            .output()
            .expect("postfix starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let changed = || {
            let reloaded = self.log().matches("reload -- version").count() > before;
            (reloaded && self.listens() == listens).then_some(())
        };
        assert!(poll(changed).is_some(), "{}", self.log());
    }
}

impl Deref for Postfix {
    type Target = PrivateServer;

    fn deref(&self) -> &PrivateServer {
        &self.0
    }
}

fn configure(site: &Site) -> Command {
    let postfix = nix::unistd::User::from_name("postfix")
        .expect("the users can be read")
        .expect("Postfix is installed (tests/run does it)");
    site.make_folder("log", postfix.uid.as_raw());
    site.make_folder("data", postfix.uid.as_raw());
    site.make_folder("queue", 0);
    site.make_folder("conf", 0);
    site.write("conf/main.cf", &main_cf(site));
    site.write("conf/master.cf", &master_cf(site));
    site.write("mailboxes", &mailboxes());
    let passwords = site.path("sasldb2");
    // Debian's Postfix looks here whatever cyrus_sasl_config_path says
    site.make_folder("conf/sasl", 0);
    site.write(
        "conf/sasl/smtpd.conf",
        &format!(
            "pwcheck_method: auxprop\n\
             auxprop_plugin: sasldb\n\
             sasldb_path: {}\n\
             mech_list: PLAIN LOGIN CRAM-MD5\n",
            passwords.display()
        ),
    );
    // the password travels in the environment of the shell, not in an argument
    let added = Command::new("sh")
        .args(["-ec", "printf %s \"$PASSWORD\" | saslpasswd2 -p -c -f \"$1\" -u \"$2\" \"$3\"", "sh"])
        .arg(&passwords)
        .args([DOMAIN, site.user])
        .env("PASSWORD", &site.password)
        .env("PATH", search_path())
        .status()
        .expect("sh starts");
    assert!(added.success(), "saslpasswd2: {added}");
    chown(&passwords, Some(postfix.uid.as_raw()), None).expect("the password file is given to Postfix");

    let mut command = Command::new("postfix");
    command.arg("-c").arg(site.path("conf")).arg("start-fg");
    command
}

fn mailboxes() -> String {
    MAILBOXES.map(|name| format!("{name}@{DOMAIN} {name}/\n")).concat()
}

fn main_cf(site: &Site) -> String {
    let folder = site.path("");
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}queue
data_directory = {folder}data
maillog_file = {folder}log/postfix.log
maillog_file_prefixes = {folder}
myhostname = {host_name}
mydomain = {DOMAIN}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
# no DNS is asked, neither for clients nor for a way out: there is none
smtpd_peername_lookup = no
default_transport = error:5.7.1 nothing leaves this server
mydestination =
mynetworks =
relay_domains =
alias_maps =
local_recipient_maps =

virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = texthash:{folder}mailboxes
virtual_mailbox_base = {folder}mail
virtual_mailbox_limit = 0
virtual_uid_maps = static:{MAIL_OWNER}
virtual_gid_maps = static:{MAIL_OWNER}

message_size_limit = {message_size}
smtputf8_enable = {smtputf8}

smtpd_tls_chain_files = {folder}server.key, {folder}server.pem
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {DOMAIN}
smtpd_sasl_security_options = noanonymous
cyrus_sasl_config_path = {folder}conf/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient
{settings}
",
        host_name = site.host_name,
        settings = site.limits.settings,
        message_size = site.limits.message_size,
        smtputf8 = if site.limits.smtputf8 { "yes" } else { "no" },
    )
}

/// The services a delivery into a mailbox passes through; none is chrooted, so that
/// they find their files here rather than in a copy of half the system.
fn master_cf(site: &Site) -> String {
    format!(
        "127.0.0.1:{} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
",
        site.ports.submission, site.ports.smtps
    )
}
