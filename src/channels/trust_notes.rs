//! What people have to hear about the trust a message was sent under.

use std::time::Duration;

use crate::accounts::Preset;
use crate::smtp::{Route, Session};
use crate::task::{Pin, TrustRule};

/// How soon the end of a certificate is worth a warning (design, section 5).
pub(crate) const ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);

/// Says, each time, what a rule is worth that stops no attacker, and names the pin to use instead.
pub(crate) fn weak_trust(route: &Route, session: &Session<'_>) -> Option<String> {
    let pin = session.pin()?;
    let server = route.server();
    let what = match route.trust {
        TrustRule::AcceptAnyCertificate => {
            format!(
                "\"accept-any-certificate\": whoever answers for {server} gets the password and the message"
            )
        }
        TrustRule::SelfSignedRoot => format!(
            "\"self-signed-root\" stops mistakes and no attacker: whoever answers for {server} with a certificate of \
             an authority of their own gets the password and the message"
        ),
        TrustRule::System | TrustRule::CaFile(_) | TrustRule::Pins(_) => return None,
    };
    if let Some(preset) = Preset::of_host(&route.host) {
        // no pin there: it would keep an interception for good (design, section 5)
        return Some(format!(
            "{what}. Use \"tls\": {{\"trust\": \"system\"}} instead: {}'s certificate is always in order",
            preset.title
        ));
    }
    Some(format!(
        "{what}. Use \"tls\": {{\"trust\": \"{pin}\"}} instead, once the same SHA-256 was seen on the server itself"
    ))
}

/// Says when a certificate ends, and what that means for a pin.
pub(crate) fn certificate_end(route: &Route, left: jiff::SignedDuration) -> String {
    let server = route.server();
    let when = match left.as_hours() {
        hours if left.is_negative() => format!("ended {} days ago", -hours / 24),
        hours if hours < 48 => format!("ends in {hours} hours"),
        hours => format!("ends in {} days", hours / 24),
    };
    // the key may stay when the certificate is renewed; the certificate does not
    let pinned = match &route.trust {
        TrustRule::Pins(pins) if pins.iter().any(|pin| matches!(pin, Pin::Certificate(_))) => {
            "; its pin will not fit the next one: add the next one's pin beside it in time"
        }
        _ => "",
    };
    format!("the certificate of {server} {when}{pinned}")
}
