//! What to do about each fault of a conversation: the usual confusions, each with what to type.

use crate::accounts::Preset;
use crate::deadline::Over;
use crate::error::LIMITS;
use crate::smtp::Route;
use crate::smtp::certificate::Fault;
use crate::smtp::error::{Problem, Refusal, SmtpError, Step};
use crate::smtp::reply::Reply;
use crate::task::{Pin, TlsMode};
use crate::text;

/// Returns what to do next; `None` where there is nothing sensible to say.
pub(super) fn hint(error: &SmtpError) -> Option<String> {
    let route = &error.route;
    let hint = match &error.problem {
        Problem::NameNotFound(_) => {
            format!(
                "check the spelling of \"{}\" in the account, and that this computer is online",
                route.host
            )
        }
        Problem::Unreachable(_) => unreachable(route),
        Problem::Shortage(_) => LIMITS.to_owned(),
        Problem::TimedOut(Over::By(_)) | Problem::Unanswered(Over::By(_)) => return None,
        Problem::TimedOut(Over::After(_)) | Problem::Unanswered(Over::After(_)) => {
            timed_out(route, error.step)
        }
        Problem::Closed | Problem::Broken(_) => {
            "try again; if it stays so, ask the server's administrator for the reason in its log".to_owned()
        }
        Problem::ClosedAfterMessage => "look into the mailbox before sending it again".to_owned(),
        Problem::NotSmtp(_) => format!(
            "check host and port of the account; submission servers listen on 465 (\"implicit\") or 587 \
             (\"starttls\"), not {}",
            route.port
        ),
        Problem::Garbled(_) | Problem::Endless | Problem::Unexpected(_) => {
            "check host and port of the account, and that no proxy or virus scanner stands in between"
                .to_owned()
        }
        Problem::PlainTextOnTlsPort => format!(
            "this port wants \"tls\": {{\"mode\": \"starttls\"}} (or --tls-mode starttls); implicit TLS is usual \
             on port 465, this is {}",
            route.port
        ),
        Problem::TlsOnPlainPort => {
            "this port wants \"tls\": {\"mode\": \"implicit\"} (or --tls-mode implicit)".to_owned()
        }
        Problem::NoStarttls => format!(
            "use the server's port for implicit TLS (\"port\": 465, \"tls\": {{\"mode\": \"implicit\"}}); if it \
             offered STARTTLS before, somebody on the way may be removing it. Nothing was sent to {}",
            route.server()
        ),
        Problem::StarttlsRefused(_) => {
            "try again later, or use the server's port for implicit TLS (\"port\": 465, \"tls\": {\"mode\": \
             \"implicit\"})"
                .to_owned()
        }
        Problem::InjectedAfterStarttls => {
            "do not weaken the settings; try another network, and tell the server's administrator".to_owned()
        }
        Problem::CertificateRefused(refusal) | Problem::NoRootSent(refusal) => {
            certificate_refused(route, refusal)
        }
        Problem::OldProtocol(_) => "ask the server's administrator to update it".to_owned(),
        Problem::ClientCertificateWanted => {
            "use another port or server: submission servers ask for a password, not for a certificate"
                .to_owned()
        }
        Problem::HandshakeFailed(_) => handshake_failed().to_owned(),
        Problem::Trust(failure) => return failure.hint.clone(),
        Problem::CleartextPassword => {
            "use \"tls\": {\"mode\": \"starttls\"} or \"implicit\"; only if the network can be trusted, add \
             \"allow_cleartext_password\": true to \"tls\" (or --allow-cleartext-password)"
                .to_owned()
        }
        Problem::NoMechanism { offered, .. } => no_mechanism(route, offered),
        Problem::SignInRefused(reply) => sign_in_refused(route, reply),
        Problem::Refused(reply) | Problem::AllRefused(reply) => refused(error, reply),
        Problem::ChunkingRefused(_) => {
            "ask the server's administrator not to offer CHUNKING; where the password can be fetched twice (from the \
             keychain, a file, a command), the message is sent without it"
                .to_owned()
        }
        Problem::TooLarge { .. } => "leave the log out (\"attach_log\": \"never\")".to_owned(),
        Problem::NoSmtpUtf8 => "use addresses in plain letters for this account".to_owned(),
    };
    Some(hint)
}

fn unreachable(route: &Route) -> String {
    let port = match route.port {
        25 => "many networks block port 25: use 587 (\"starttls\") or 465 (\"implicit\")",
        465 | 587 => "check that the server runs and that no firewall stands in between",
        _ => "submission servers usually listen on 587 (\"starttls\") or 465 (\"implicit\")",
    };
    format!("check host and port of the account and that this computer is online; {port}")
}

/// What a handshake that fails for no reason of the certificate may be about.
fn handshake_failed() -> &'static str {
    if cfg!(target_os = "macos") {
        "check host and port of the account; a server that speaks TLS 1.3 alone cannot be served from macOS, whose \
         library stops at 1.2"
    } else {
        "check host and port of the account; if they are right, ask the server's administrator for the reason in its \
         log"
    }
}

fn timed_out(route: &Route, step: Step) -> String {
    match (step, route.mode) {
        (Step::Connect, _) => unreachable(route),
        (Step::Greeting, TlsMode::Starttls | TlsMode::None) => {
            "the server is slow, or begins with TLS: then use \"tls\": {\"mode\": \"implicit\"}; a longer \
             \"deadline\" in the task gives it more time"
                .to_owned()
        }
        _ => "the server is slow; a longer \"deadline\" in the task gives it more time".to_owned(),
    }
}

/// Remedies for a certificate, from the best to the worst, each as a line to paste; none at all for
/// the known providers, whose certificates are always good: there a refusal means interception
/// (design, section 5).
fn certificate_refused(route: &Route, refusal: &Refusal) -> String {
    if let Some(preset) = Preset::of_host(&route.host) {
        return format!(
            "{}'s certificate is always in order: somebody on the way may be intercepting the connection, or the \
             clock of this computer is wrong. Do not weaken the settings",
            preset.title
        );
    }
    let server = text::shell_word(&route.server()).into_owned();
    let mut remedies = vec![format!(
        "have the server use a certificate of a known authority for the name \"{}\"",
        route.host
    )];
    let Some(leaf) = &refusal.leaf else {
        remedies.push(
            "or use --tls-trust ca-file:/path/to/ca.pem with the certificate of the server's own authority"
                .to_owned(),
        );
        return remedies.join("\n");
    };
    // without a fault that we can name, nobody knows whether another authority would help
    let only_unknown = !refusal.faults.is_empty()
        && refusal.faults.iter().all(|fault| {
            matches!(fault, Fault::SelfSigned | Fault::UnknownRoot { .. } | Fault::RootNotSent { .. })
        });
    if only_unknown && refusal.root.is_some() {
        remedies.push(format!(
            "or trust its authority: backup-notify certificate {server} --save-ca ca.pem, then --tls-trust \
             ca-file:ca.pem"
        ));
    } else if only_unknown {
        remedies.push(
            "or get the certificate of its authority, then --tls-trust ca-file:/path/to/ca.pem".to_owned(),
        );
    }
    remedies.push(
        "or pin this certificate, after the same SHA-256 was seen on the server itself (openssl x509 -in \
         /path/to/certificate.pem -noout -fingerprint -sha256):"
            .to_owned(),
    );
    remedies.push(format!("--tls-trust {}", Pin::Certificate(leaf.sha256)));
    remedies.join("\n")
}

fn no_mechanism(route: &Route, offered: &[String]) -> String {
    let has = |name: &str| offered.iter().any(|m| m == name);
    if offered.is_empty() {
        return match route.mode {
            TlsMode::None => "servers offer it only under encryption: use \"tls\": {\"mode\": \"starttls\"}; or, \
                              if no sign-in is needed, \"auth\": \"none\" in the account",
            _ => "use the server's submission port (587 or 465); or, if no sign-in is needed, \"auth\": \"none\" \
                  in the account",
        }
        .to_owned();
    }
    if has("OAUTHBEARER") || has("XOAUTH2") {
        let word = if has("OAUTHBEARER") { "oauthbearer" } else { "xoauth2" };
        return format!(
            "this server wants an OAuth 2 token: \"auth\": \"{word}\" in the account, and a \"password\" \
                        source that prints a token"
        );
    }
    "this program signs in with PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER".to_owned()
}

/// The providers that refuse the account's ordinary password say so with 534 or 535.
fn sign_in_refused(route: &Route, reply: &Reply) -> String {
    if reply.is_transient() {
        return "the server cannot sign anybody in at the moment; try again later".to_owned();
    }
    match (Preset::of_host(&route.host), reply.code) {
        (Some(preset), _) => format!(
            "{} wants {}, and the full address as user name; the password that opens its web page is not accepted",
            preset.title, preset.secret
        ),
        (None, 534) => {
            "the server wants another kind of sign-in: often an app password, or an OAuth 2 token \
                        (\"auth\": \"xoauth2\")"
                .to_owned()
        }
        (None, 538) => "the server wants encryption first: \"tls\": {\"mode\": \"starttls\"}".to_owned(),
        (None, 530) => {
            "the server wants encryption first: \"tls\": {\"mode\": \"starttls\"} or \"implicit\"".to_owned()
        }
        (None, _) => {
            "check user name and password; some servers want the full address as user name, some an app \
                      password"
                .to_owned()
        }
    }
}

fn refused(error: &SmtpError, reply: &Reply) -> String {
    if reply.is_transient() {
        return "the server asks to try again later".to_owned();
    }
    let said = reply.lines.join(" ").to_lowercase();
    let signed_in = error.route.user.is_some();
    match (error.step, reply.code, reply.enhanced()) {
        (_, 530, _) if said.contains("starttls") => "use \"tls\": {\"mode\": \"starttls\"}".to_owned(),
        (_, 530, _) => "the server wants a sign-in: give the account a \"user\" and a \"password\"".to_owned(),
        (Step::Sender, ..) => "the sender is not allowed for this account: set \"from\" to the account's own \
                               address"
            .to_owned(),
        // 5.7.x is about permission (RFC 3463, section 3.8); Postfix says "Access denied" there
        (Step::Recipients, _, enhanced)
            if !signed_in && (said.contains("relay") || enhanced.is_some_and(|e| e.starts_with("5.7."))) =>
        {
            "the server delivers to others only after a sign-in: give the account a \"user\" and a \"password\""
                .to_owned()
        }
        (Step::Recipients, ..) if said.contains("relay") => {
            "the server does not deliver to others from here: use its submission port (587 or 465)".to_owned()
        }
        (Step::Recipients, ..) => "check the addresses in \"to\"".to_owned(),
        (_, 552, _) | (_, _, Some("5.3.4" | "5.2.3")) => {
            "the message is too large for the server: leave the log out (\"attach_log\": \"never\")".to_owned()
        }
        (Step::Greeting, ..) => "the server talks to nobody from this address: use your provider's submission \
                                 server"
            .to_owned(),
        _ => "ask the server's administrator for the reason in its log".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::certificate_refused;
    use crate::smtp::certificate::CertificateFacts;
    use crate::smtp::error::Refusal;
    use crate::smtp::route_to_inspect;
    use crate::task::TlsMode;

    #[test]
    fn an_authority_is_offered_only_where_it_would_help() {
        let route = route_to_inspect("mail.test", 465, TlsMode::Implicit, None);
        let facts = || Some(CertificateFacts::from_der(b""));
        let refusal = Refusal { leaf: facts(), root: facts(), ..Refusal::new("permitted subtree violation") };
        let remedies = certificate_refused(&route, &refusal);
        assert!(!remedies.contains("ca-file") && remedies.contains("pin:sha256:"), "{remedies}");
    }
}
