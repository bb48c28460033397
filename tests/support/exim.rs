//! A private Exim: a second opinion on our SMTP, from code that shares nothing with Postfix
//! (`GnuTLS` instead of OpenSSL, a strict watch on who speaks out of turn).

use std::ops::Deref;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::private_server::{DOMAIN, Limits, MAIL_OWNER, MAILBOXES, PrivateServer, Site};

/// An Exim with its own configuration, spool and ports, signing in by PLAIN, LOGIN and
/// CRAM-MD5. Dropping it stops it and removes all it kept.
#[derive(Debug)]
pub(crate) struct Exim(PrivateServer);

impl Exim {
    pub(crate) fn start() -> Self {
        Self::start_with(Limits::default())
    }

    pub(crate) fn start_with(limits: Limits) -> Self {
        Self(PrivateServer::start("exim", limits, configure))
    }
}

impl Deref for Exim {
    type Target = PrivateServer;

    fn deref(&self) -> &PrivateServer {
        &self.0
    }
}

/// Where tests/run unpacks Exim: Debian installs one mail server only, and that is Postfix.
fn program() -> PathBuf {
    // not `env!`: the demo includes this file too, and cargo sets this for test targets only
    let Some(temporary) = option_env!("CARGO_TARGET_TMPDIR") else {
        panic!("Exim is for tests only");
    };
    let target =
        Path::new(temporary).parent().expect("the folder for temporary files is in the target folder");
    let program = target.join("test-tools/exim/usr/sbin/exim4");
    assert!(program.exists(), "{} is missing: tests/run unpacks it", program.display());
    program
}

fn configure(site: &Site) -> Command {
    site.make_folder("log", MAIL_OWNER);
    site.make_folder("spool", MAIL_OWNER);
    let config = site.write("exim.conf", &exim_conf(site));
    chown(site.path("server.key"), Some(MAIL_OWNER), None).expect("the key is given to Exim");
    // Debian compiles the name of Exim's user in, and here no package has made it
    let owner = MAIL_OWNER;
    let users = site
        .write("passwd", &format!("root:x:0:0::/:/bin/sh\nDebian-exim:x:{owner}:{owner}::/:/bin/false\n"));
    let groups = site.write("group", &format!("root:x:0:\nDebian-exim:x:{owner}:\n"));

    let mut command = Command::new(program());
    command
        .arg("-C")
        .arg(config)
        .arg("-bdf") // a daemon in the foreground
        .env("LD_PRELOAD", "libnss_wrapper.so")
        .env("NSS_WRAPPER_PASSWD", users)
        .env("NSS_WRAPPER_GROUP", groups);
    command
}

fn exim_conf(site: &Site) -> String {
    let folder = site.path("");
    format!(
        "primary_hostname = {host_name}
spool_directory = {folder}spool
log_file_path = {folder}log/%slog
pid_file_path = {folder}exim.pid
# one user does everything: deliveries need no second start as root
deliver_drop_privilege = true
keep_environment = LD_PRELOAD : ^NSS_WRAPPER_
local_interfaces = 127.0.0.1
daemon_smtp_ports = {submission} : {smtps}
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0

tls_on_connect_ports = {smtps}
tls_advertise_hosts = *
tls_certificate = {folder}server.pem
tls_privatekey = {folder}server.key

message_size_limit = {message_size}
smtputf8_advertise_hosts = {smtputf8}
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}}}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
{settings}
begin acl
mail:
  deny message = 530 5.7.0 Must issue a STARTTLS command first
       !encrypted = *
  deny message = 530 5.7.0 Authentication required
       !authenticated = *
  accept
rcpt:
  accept domains = {DOMAIN}
         local_parts = {mailboxes}
  deny message = 550 5.1.1 no such mailbox here

begin routers
mailbox:
  driver = accept
  domains = {DOMAIN}
  local_parts = {mailboxes}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {folder}mail/$local_part_data
  maildir_format
  return_path_add
  delivery_date_add
  envelope_to_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
cram_md5:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{user}}}{{{password}}}fail}}
  server_set_id = $auth1
",
        host_name = site.host_name,
        folder = folder.display(),
        submission = site.ports.submission,
        smtps = site.ports.smtps,
        message_size = site.limits.message_size,
        smtputf8 = if site.limits.smtputf8 { "*" } else { "" },
        settings = site.limits.settings,
        mailboxes = MAILBOXES.join(" : "),
        user = site.user,
        password = site.password,
    )
}
