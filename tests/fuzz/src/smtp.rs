//! A whole session with a server that says anything: the real one, over a connection to this process itself.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use backup_notify::accounts::Auth;
use backup_notify::deadline::Deadline;
use backup_notify::error::Situation as _;
use backup_notify::secrets::Secret;
use backup_notify::smtp::{Mailer, Receipt, Route, SecuredRoute, SendError, Session, SmtpError};
use backup_notify::stages::Stages;
use backup_notify::task::{TlsMode, TrustRule};
use lettre::address::Envelope;
use lettre::{Address, Transport as _};

use crate::peer::{self, Conversation};

/// What is signed in with; a server may repeat it, and nobody is to see it.
const SECRET: &str = "S3CRET-pass-w0rd";
/// What ends a piece of what the server says; it waits for the program then.
const END: u8 = 0x1e;
const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.\r\n..\r\nDATA\r\nend\n.\n";

thread_local! {
    static ROUTES: OnceCell<Vec<SecuredRoute>> = const { OnceCell::new() };
}

/// One session. The first byte chooses what the program wants, the others are what the server says.
pub fn session(data: &[u8]) {
    let Some((&wish, said)) = data.split_first() else { return };
    // one may be longer than what the program reads at once: its rest lies in the kernel then
    let pieces = said.split(|byte| *byte == END).map(<[u8]>::to_vec);
    let starttls = wish & 0x04 != 0;
    let (ending, talk) = ROUTES.with(|routes| {
        let routes = routes.get_or_init(routes_to_us);
        let route = &routes[usize::from(wish & 0x07)];
        peer::talk(pieces, || converse(route, wish))
    });
    if starttls {
        let holds = |what: &[u8]| talk.heard.windows(what.len()).any(|part| part == what);
        assert!(!holds(b"MAIL FROM:<") && !holds(b"AUTH PLAIN"), "said before TLS: {talk:?}");
    }
    judge(&ending, &talk);
}

enum Ending {
    Failed(SmtpError),
    Refused(SendError),
    Rehearsed(Receipt),
    Accepted(Receipt),
}

/// Goes as far as the server lets it.
fn converse(route: &SecuredRoute, wish: u8) -> Ending {
    let deadline = Deadline::after(Instant::now(), Duration::from_secs(5));
    let watch = |_| {};
    let stages = Stages::new(&watch);
    let secret = Secret::new(SECRET).expect("a secret");
    let mut session = match Session::open(route, deadline, &stages) {
        Ok(session) => session,
        Err(error) => return Ending::Failed(error),
    };
    if let Err(error) = session.sign_in(Some(&secret)) {
        return Ending::Failed(error);
    }
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let mut to = vec![address("kim@example.com")];
    if wish & 0x08 != 0 {
        to.extend([
            address("ops@example.org"),
            address(if wish & 0x10 != 0 { "büro@example.com" } else { "a@b.c" }),
        ]);
    }
    let envelope = Envelope::new(Some(address("jon@example.com")), to).expect("an envelope");
    let mailer = Mailer::new(session);
    if wish & 0x20 != 0 {
        return mailer.rehearse(&envelope, MESSAGE).map_or_else(Ending::Refused, Ending::Rehearsed);
    }
    let sent = if wish & 0x40 != 0 {
        mailer.send_on(&envelope, MESSAGE)
    } else {
        mailer.send_raw(&envelope, MESSAGE)
    };
    match sent {
        Ok(receipt) => Ending::Accepted(receipt),
        Err(_) if wish & 0x80 != 0 && mailer.is_open() => {
            mailer.send_raw(&envelope, MESSAGE).map_or_else(Ending::Refused, Ending::Accepted)
        }
        Err(error) => Ending::Refused(error),
    }
}

/// What has to hold whatever the server said.
fn judge(ending: &Ending, talk: &Conversation) {
    // before, no server knows it
    let told = talk.heard.windows(5).any(|part| part == b"AUTH ");
    let is_clean = |shown: &str| {
        assert!(!told || !shown.contains(SECRET), "the secret is shown: {shown:?}");
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    };
    let verdicts = match ending {
        Ending::Failed(error) => return is_clean(&words(error)),
        Ending::Refused(refused) => {
            is_clean(&words(&refused.error));
            assert!(
                refused.verdicts.iter().all(|verdict| !verdict.accepted),
                "refused, and accepted: {talk:?}"
            );
            &refused.verdicts
        }
        Ending::Rehearsed(receipt) => {
            assert!(
                !talk.heard.windows(5).any(|part| part == b"DATA\r" || part == b"BDAT "),
                "a rehearsal sends nothing: {talk:?}"
            );
            &receipt.verdicts
        }
        Ending::Accepted(receipt) => {
            let mut lines = talk.after_dot.split(|byte| *byte == b'\n');
            let yes = |line: &[u8]| matches!(line, [b'2', b'0'..=b'9', b'0'..=b'9', ..]);
            assert!(lines.any(yes), "accepted, and the server has not said so: {talk:?}");
            assert!(receipt.verdicts.iter().any(|verdict| verdict.accepted), "accepted for nobody: {talk:?}");
            is_clean(&receipt.reply);
            &receipt.verdicts
        }
    };
    for verdict in verdicts {
        is_clean(&verdict.reply);
    }
}

fn words(error: &SmtpError) -> String {
    format!("{error}\n{}", error.hint().unwrap_or_default())
}

/// Makes the ways to this process, once: what the system trusts is read for those with TLS.
fn routes_to_us() -> Vec<SecuredRoute> {
    let port = peer::port();
    let route = |(mode, auth): (TlsMode, Auth)| {
        let user = (auth != Auth::None).then(|| "jon".to_owned());
        let route = Route {
            host: "127.0.0.1".to_owned(),
            port,
            user,
            auth,
            mode,
            trust: TrustRule::System,
            allow_cleartext_password: true,
            hello_name: Some("atlas.example.com".to_owned()),
        };
        let route: &'static Route = Box::leak(Box::new(route));
        route.secure().expect("a trust rule")
    };
    let auths = [Auth::Password, Auth::Xoauth2, Auth::Oauthbearer, Auth::None];
    let modes = [TlsMode::None, TlsMode::Starttls];
    modes.into_iter().flat_map(|mode| auths.map(|auth| (mode, auth))).map(route).collect()
}
