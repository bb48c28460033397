//! `certificate`: the chain a server presents, what each trust rule says of it, the line to copy.

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use crate::World;
use crate::accounts::Preset;
use crate::cli::CertificateArgs;
use crate::commands::output::{Output, print};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::smtp::{CertificateFacts, Inspection, Route, SmtpError, inspect, route_to_inspect};
use crate::task::{TlsMode, parse_server};
use crate::text::{self, hex, io_words, shell_word};

/// How long it may take when nobody says.
const USUAL_DEADLINE: Duration = Duration::from_secs(30);

/// Runs the command.
pub(super) fn run(args: &CertificateArgs, world: &World) -> Exit {
    let output = Output::by_hand(args.output);
    match certificate(args, world) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn certificate(args: &CertificateArgs, world: &World) -> Result<Exit, Failure> {
    let deadline = Deadline::after(world.started, args.deadline.unwrap_or(USUAL_DEADLINE));
    let (host, port) = target(&args.target)?;
    let answer = first_that_answers(&host, &attempts(port, args.tls_mode), deadline);
    let (route, inspection) = answer.map_err(|errors| match errors.first() {
        Some(error) => Failure::from_situation(error),
        None => Failure::new(Exit::Usage, "expected a server"),
    })?;
    let save =
        || args.save_ca.as_deref().map_or(Ok(()), |file| save_root(file, args.yes, &route, &inspection));
    if args.output.json {
        // a file that cannot be written is the one result then
        save()?;
        return Ok(print(&format!("{}\n", as_json(&route, &inspection))).err().unwrap_or(Exit::Ok));
    }
    let shown = print(&for_people(&route, &inspection, world.now));
    save()?;
    if let Some(file) = &args.save_ca {
        let rule = shell_word(&format!("ca-file:{}", file.display())).into_owned();
        let _ = print(&format!("\nThe root is saved. Try it: --tls-trust {rule}\n"));
    }
    Ok(shown.err().unwrap_or(Exit::Ok))
}

/// Reads `HOST`, `HOST:PORT`, `[ADDRESS]:PORT` or an IPv6 address.
fn target(typed: &str) -> Result<(String, Option<u16>), Failure> {
    parse_server(typed).map_err(|what| Failure::new(Exit::Usage, what).with_hint("write HOST or HOST:PORT"))
}

/// Lists the ports and modes to try, in order.
pub(super) fn attempts(port: Option<u16>, mode: Option<TlsMode>) -> Vec<(u16, TlsMode)> {
    use TlsMode::{Implicit, Starttls};
    match (port, mode) {
        (Some(port), Some(mode)) => vec![(port, mode)],
        (None, Some(Implicit)) => vec![(465, Implicit)],
        (None, Some(mode)) => vec![(587, mode)],
        (Some(465), None) => vec![(465, Implicit)],
        (Some(port @ (25 | 587)), None) => vec![(port, Starttls)],
        (Some(port), None) => vec![(port, Implicit), (port, Starttls)],
        (None, None) => vec![(465, Implicit), (587, Starttls)],
    }
}

/// Inspects the first of several ways that leads to a certificate; else returns what was met on each.
pub(super) fn first_that_answers(
    host: &str,
    attempts: &[(u16, TlsMode)],
    deadline: Deadline,
) -> Result<(Route, Inspection), Vec<SmtpError>> {
    let mut errors = Vec::new();
    for (index, (port, mode)) in attempts.iter().enumerate() {
        let route = route_to_inspect(host, *port, *mode, home::hello_name());
        // a way that leads nowhere must leave time for the next
        let share = u32::try_from(attempts.len() - index).unwrap_or(1);
        let left = deadline.remaining().unwrap_or_default() / share;
        match inspect(&route, deadline.at_most(left)) {
            Ok(inspection) => return Ok((route, inspection)),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

/// The result for programs (design, section 2).
fn as_json(route: &Route, inspection: &Inspection) -> serde_json::Value {
    let chain: Vec<_> = inspection
        .chain
        .iter()
        .map(|certificate| {
            json!({
                "subject": text::one_line(&certificate.subject),
                "issuer": text::one_line(&certificate.issuer),
                "names": names(certificate),
                "not_before": certificate.not_before.map(|t| t.to_string()),
                "not_after": certificate.not_after.map(|t| t.to_string()),
                "sha256": hex(&certificate.sha256),
                "spki_sha256": certificate.spki_sha256.map(|hash| hex(&hash)),
                "self_signed": certificate.self_signed,
            })
        })
        .collect();
    let verdicts: Vec<_> = inspection
        .verdicts
        .iter()
        .map(|v| json!({ "trust": v.trust, "accepted": v.accepted, "reason": v.reason, "faults": v.faults }))
        .collect();
    json!({
        "host": route.host,
        "port": route.port,
        "tls_version": inspection.tls_version,
        "chain": chain,
        "verdicts": verdicts,
        "suggested": inspection.suggested,
    })
}

/// Returns the names a certificate is for.
pub(super) fn names(certificate: &CertificateFacts) -> Vec<String> {
    certificate.names.iter().map(|name| text::one_line(&name.to_string()).into_owned()).collect()
}

/// The result for people.
fn for_people(route: &Route, inspection: &Inspection, now: Timestamp) -> String {
    let count = inspection.chain.len();
    let certificates = if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") };
    let mut page = format!(
        "{} (mode \"{}\", {}) presents {certificates}:\n",
        route.server(),
        route.mode.word(),
        inspection.tls_version
    );
    for (index, certificate) in inspection.chain.iter().enumerate() {
        page.push_str(&one_certificate(index + 1, certificate, now));
    }
    page.push_str("\nWhat each trust rule says of it:\n");
    for verdict in &inspection.verdicts {
        let word = if verdict.accepted { "accepted" } else { "refused" };
        let rule = &verdict.trust;
        page.push_str(&format!("  {word}  {rule}\n            {}\n", text::one_line(&verdict.reason)));
    }
    page.push_str(&advice(route, inspection));
    page
}

fn one_certificate(number: usize, certificate: &CertificateFacts, now: Timestamp) -> String {
    let day = |time: Option<Timestamp>| {
        time.map_or_else(|| "?".to_owned(), |time| time.strftime("%-d %b %Y").to_string())
    };
    let left = certificate.not_after.map(|end| end.duration_since(now).as_hours() / 24);
    let left = match left {
        Some(days) if days < 0 => format!(" (ended {} days ago)", -days),
        Some(days) => format!(" ({days} days left)"),
        None => String::new(),
    };
    let mut lines = vec![("issued by", certificate.issuer.clone())];
    if !certificate.names.is_empty() {
        lines.insert(0, ("for", names(certificate).join(", ")));
    }
    lines.push((
        "good",
        format!("from {} to {}{left}", day(certificate.not_before), day(certificate.not_after)),
    ));
    lines.push(("SHA-256", hex(&certificate.sha256)));
    if let Some(key) = certificate.spki_sha256 {
        lines.push(("key SHA-256", hex(&key)));
    }
    let signed = if certificate.self_signed { ", signed by itself" } else { "" };
    let mut block = format!("\n{number}. {}{signed}\n", text::one_line(&certificate.subject));
    for (label, value) in lines {
        block.push_str(&format!("   {label:<12} {}\n", text::one_line(&value)));
    }
    block
}

/// Says what to type next.
fn advice(route: &Route, inspection: &Inspection) -> String {
    match (&inspection.suggested, Preset::of_host(&route.host)) {
        (Some(rule), _) if rule == "system" => {
            "\nNothing has to be written into the task: \"system\" is the default.\n".to_owned()
        }
        (Some(rule), _) => format!(
            "\nMake sure that this is your server: the same SHA-256 must be shown on the server itself, by\n  openssl \
             x509 -in /path/to/certificate.pem -noout -fingerprint -sha256\nThen write into the task:\n  \"tls\": {{ \
             \"trust\": \"{rule}\" }}\n"
        ),
        (None, Some(preset)) => format!(
            "\n{}'s certificate is always in order: somebody on the way may be intercepting the connection, or the \
             clock of\nthis computer is wrong. No exception is offered.\n",
            preset.title
        ),
        (None, None) => String::new(),
    }
}

/// Writes the presented root as PEM, after showing its fingerprint and asking.
fn save_root(file: &Path, yes: bool, route: &Route, inspection: &Inspection) -> Result<(), Failure> {
    let Some(root) = &inspection.root else {
        let what = match Preset::of_host(&route.host) {
            Some(_) => {
                "no root is saved for this server: its authority is known to every computer".to_owned()
            }
            None => format!("{} sends no root that its certificate is below", route.server()),
        };
        return Err(Failure::new(Exit::Protocol, what)
            .with_hint("get the authority's certificate from the server's administrator"));
    };
    let question = format!("root: {}\nSHA-256: {}", text::one_line(&root.subject), hex(&root.sha256));
    if !yes && !confirmed(&question)? {
        return Err(
            Failure::new(Exit::Usage, "nothing was written").with_hint("answer \"yes\", or add --yes")
        );
    }
    let cannot = |error: &io::Error| {
        let exists = error.kind() == io::ErrorKind::AlreadyExists;
        let (said, hint) = if exists {
            ("it exists already".to_owned(), "remove it, or give another name")
        } else {
            (io_words(error), "give the path of a new file in a folder that you can write")
        };
        let what = format!("cannot write \"{}\": {said}", file.display());
        Failure::new(Exit::CannotWrite, what).with_hint(hint)
    };
    let mut target =
        OpenOptions::new().write(true).create_new(true).mode(0o644).open(file).map_err(|e| cannot(&e))?;
    if let Err(error) = target.write_all(pem(&root.der).as_bytes()).and_then(|()| target.sync_all()) {
        // half a file is worse than none
        let _ = std::fs::remove_file(file);
        return Err(cannot(&error));
    }
    Ok(())
}

/// Asks on the terminal.
fn confirmed(question: &str) -> Result<bool, Failure> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "--save-ca asks before it writes, and nobody is there to be asked",
        )
        .with_hint("add --yes once you have compared the fingerprint"));
    }
    let _ = write!(stderr, "\n{question}\nSave it? Type yes: ");
    let mut answer = String::new();
    let _ = stdin.lock().read_line(&mut answer);
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Writes a certificate as PEM (RFC 7468).
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::{as_json, for_people};
    use crate::smtp::{CertificateFacts, Inspection, route_to_inspect};
    use crate::task::TlsMode;

    #[test]
    fn what_a_certificate_says_of_itself_cannot_act() {
        let mut facts = CertificateFacts::from_der(b"");
        facts.subject = "CN=a\u{202E}b".into();
        facts.issuer = "CN=\u{1b}[2Jc".into();
        facts.names = vec![crate::smtp::SubjectName::Dns("d\u{2066}e\u{7f}\n".into())];
        let inspection = Inspection {
            tls_version: "TLSv1.3".into(),
            chain: vec![facts],
            verdicts: Vec::new(),
            suggested: None,
            root: None,
        };
        let route = route_to_inspect("mail.test", 465, TlsMode::Implicit, None);
        let page = for_people(&route, &inspection, jiff::Timestamp::UNIX_EPOCH);
        for shown in [as_json(&route, &inspection).to_string(), page] {
            for active in ['\u{202E}', '\u{1b}', '\u{2066}', '\u{7f}'] {
                assert!(!shown.contains(active) && !shown.contains("\\u001b"), "{shown:?}");
            }
        }
    }
}
