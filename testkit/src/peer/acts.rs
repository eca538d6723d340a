//! How far a scripted peer plays a mail server before it misbehaves.

use super::Act;

/// What the peers say in their greeting.
pub const BANNER: &str = "bear.bears.test Microsoft ESMTP MAIL Service ready";

/// Greets, waits for EHLO, and goes on as told.
pub fn greeted(then: Vec<Act>) -> Vec<Act> {
    let mut acts = vec![Act::say(&format!("220 {BANNER}")), Act::Await("EHLO")];
    acts.extend(then);
    acts
}

/// Offers STARTTLS, waits for it, and goes on as told.
pub fn offered(then: Vec<Act>) -> Vec<Act> {
    let offer = [
        Act::say("250-bear.bears.test\r\n250 STARTTLS"),
        Act::Await("STARTTLS"),
    ];
    greeted(offer.into_iter().chain(then).collect())
}

/// Says 220 to STARTTLS, and goes on as told once the ClientHello is there.
pub fn ready(then: Vec<Act>) -> Vec<Act> {
    let agreed = [Act::say("220 2.0.0 SMTP server ready"), Act::AwaitBytes];
    offered(agreed.into_iter().chain(then).collect())
}

/// Refuses, and takes leave as a server does.
pub fn farewell(line: &str) -> Vec<Act> {
    vec![Act::say(line), Act::Await("QUIT"), Act::say("221 bye")]
}

/// A TLS record with a fatal alert (RFC 8446 §6).
pub fn alert(number: u8) -> Act {
    Act::Send(vec![0x15, 0x03, 0x03, 0x00, 0x02, 0x02, number])
}

/// Says one line, then nothing more.
pub fn line(text: &str) -> Vec<Act> {
    vec![Act::say(text), Act::Hang]
}
