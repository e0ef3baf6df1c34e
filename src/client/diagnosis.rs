//! What the engine last said of its brokers, for error texts in plain words.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::error::{Error, code};

const ALL_BROKERS_DOWN: i32 = -187;
const RESOLVE: i32 = -193;
const TRANSPORT: i32 = -195;
const SSL: i32 = -181;
const AUTHENTICATION: i32 = -169;

#[derive(Clone)]
struct Trouble {
    code: i32,
    text: String,
}

#[derive(Default)]
struct Seen {
    /// The last trouble with each address.
    brokers: BTreeMap<String, Trouble>,
    /// The last error that names no broker.
    other: Option<Trouble>,
    /// Whether the engine said that no broker is left.
    all_down: bool,
}

/// Filled by the engine's callbacks on any of its threads.
#[derive(Default)]
pub struct Diagnosis(Mutex<Seen>);

impl Diagnosis {
    /// An error event, as `host:port/id: what` or without an address.
    pub fn error(&self, err: i32, reason: &str) {
        self.note(code::from_engine(err), reason);
    }

    /// A line of the log. The thread's name goes before, as `[thrd:...]: `.
    pub fn log(&self, facility: &str, line: &str) {
        let line = line.split_once("]: ").map_or(line, |(_, rest)| rest);
        if facility.contains("FAIL") || line.contains("Disconnected") {
            // Without the address, whose scheme names TLS and SASL.
            let code = match line.split_once(": ").map_or(line, |(_, what)| what) {
                what if what.contains("SASL authentication") || what.contains("uthentication fail") => AUTHENTICATION,
                what if what.contains("SSL") || what.contains("ssl") => SSL,
                what if what.contains("resolve") => RESOLVE,
                _ => TRANSPORT,
            };
            self.note(code, line);
        }
    }

    fn note(&self, code: i32, line: &str) {
        let mut seen = self.0.lock();
        match broker(line) {
            Some((address, what)) => {
                let address = address.to_string();
                // "Disconnected" follows many a failure, and says less than it.
                let known = seen.brokers.get(&address).is_some_and(|known| known.code != TRANSPORT);
                if !(known && code == TRANSPORT) {
                    seen.brokers.insert(address, Trouble { code, text: what.to_string() });
                }
            }
            _ if code == ALL_BROKERS_DOWN => seen.all_down = true,
            _ => seen.other = Some(Trouble { code, text: line.to_string() }),
        }
    }

    /// Forgets what was: a broker has answered.
    pub fn clear(&self) {
        *self.0.lock() = Seen::default();
    }

    /// How many brokers failed for TLS or authentication: trying longer does not help there.
    pub fn refusals(&self) -> usize {
        self.0.lock().brokers.values().filter(|trouble| matches!(trouble.code, SSL | AUTHENTICATION)).count()
    }

    /// Why no broker answered. `fallback` is the code where nothing is known.
    pub fn explain(&self, what: &str, fallback: i32) -> Error {
        let seen = self.0.lock();
        let gravest = seen.brokers.values().max_by_key(|trouble| match trouble.code {
            AUTHENTICATION => 3,
            SSL => 2,
            RESOLVE => 1,
            _ => 0,
        });
        let Some(gravest) = gravest.or(seen.other.as_ref()) else {
            return Error::new(fallback, format!("{what}; no reason is known yet"));
        };
        let mut text = what.to_string();
        if seen.all_down {
            text += "; all brokers are down";
        }
        for (address, trouble) in &seen.brokers {
            text += &format!("; {address}: {}", trouble.text);
        }
        if seen.brokers.is_empty() {
            text += &format!("; {}", gravest.text);
        }
        text += match gravest.code {
            RESOLVE => ". Look at the host's name in bootstrap.servers",
            SSL => {
                ". Look at security.protocol and the ssl.* properties: does this listener speak TLS, and which CA signed it?"
            }
            AUTHENTICATION => ". Look at sasl.mechanism, sasl.username and sasl.password",
            TRANSPORT if gravest.text.contains("refused") => ". Is a broker listening there? Look at bootstrap.servers",
            TRANSPORT if gravest.text.contains("Disconnected") || gravest.text.contains("ApiVersion") => {
                ". The listener may want TLS or SASL: check security.protocol"
            }
            _ => "",
        };
        Error::new(gravest.code, text)
    }
}

/// The address that a text begins with, and what it says.
pub fn broker(text: &str) -> Option<(&str, &str)> {
    let (name, what) = text.split_once(": ").filter(|(name, _)| is_address(name))?;
    Some((name.rsplit('/').find(|part| part.contains(':')).unwrap_or(name), what))
}

/// Whether a text is a broker's name: `host:port/id`, `ssl://host:port/bootstrap`.
fn is_address(text: &str) -> bool {
    !text.contains(' ')
        && text.split('/').any(|part| part.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[(&str, &str)]) -> Error {
        let diagnosis = Diagnosis::default();
        lines.iter().for_each(|(facility, line)| diagnosis.log(facility, line));
        diagnosis.explain("no broker answered", -185)
    }

    #[test]
    fn real_lines_in_plain_words() {
        let cases: &[(&str, i32, &[&str])] = &[
            (
                "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection \
                 refused (after 0ms in state CONNECT)",
                TRANSPORT,
                &["127.0.0.1:1: Connect", "Is a broker listening there?"],
            ),
            (
                "[thrd:ssl://127.0.0.1:1/bootstrap]: ssl://127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: \
                 Connection refused (after 0ms in state CONNECT)",
                TRANSPORT,
                &["127.0.0.1:1: Connect", "Is a broker listening there?"],
            ),
            (
                "[thrd:no.such.host:9092/bootstrap]: no.such.host:9092/bootstrap: Failed to resolve \
                 'no.such.host:9092': Name or service not known (after 12ms in state CONNECT)",
                RESOLVE,
                &["no.such.host:9092: Failed to resolve", "bootstrap.servers"],
            ),
            (
                "[thrd:ssl://localhost:9092/bootstrap]: ssl://localhost:9092/bootstrap: SSL handshake failed: \
                 error:0A000086:SSL routines::certificate verify failed (after 3ms in state SSL_HANDSHAKE)",
                SSL,
                &["localhost:9092: SSL handshake failed", "which CA signed it"],
            ),
            (
                "[thrd:sasl_ssl://localhost:9093/1]: sasl_ssl://localhost:9093/1: SASL authentication error: \
                 Authentication failed: Invalid username or password (after 310ms in state AUTH_REQ)",
                AUTHENTICATION,
                &["localhost:9093: SASL authentication error", "sasl.password"],
            ),
            (
                "[thrd:localhost:9094/bootstrap]: localhost:9094/bootstrap: Disconnected while requesting ApiVersion: \
                 might be caused by incorrect security.protocol configuration (after 3ms in state APIVERSION_QUERY)",
                TRANSPORT,
                &["localhost:9094: Disconnected", "check security.protocol"],
            ),
        ];
        for (line, code, parts) in cases {
            let said = said(&[("FAIL", line)]);
            assert_eq!(said.code, *code, "{}", said.text);
            for part in *parts {
                assert!(said.text.contains(part), "{part:?} is not in {:?}", said.text);
            }
        }
    }

    #[test]
    fn what_follows_a_refusal_does_not_hide_it() {
        let refused = "sasl_ssl://b:9093/1: SASL authentication error: Invalid username or password";
        let said = said(&[("FAIL", refused), ("FAIL", "sasl_ssl://b:9093/1: Disconnected (after 1ms in state UP)")]);
        assert_eq!(said.code, AUTHENTICATION);
        assert!(said.text.contains("Invalid username"));
    }

    #[test]
    fn nothing_known_is_said_as_such() {
        let diagnosis = Diagnosis::default();
        diagnosis.log("CONFWARN", "Configuration property x is a producer property");
        let said = diagnosis.explain("no broker answered", -185);
        assert_eq!((said.code, said.text.as_str()), (-185, "no broker answered; no reason is known yet"));
        diagnosis.error(SSL, "ssl://b:1/bootstrap: SSL handshake failed");
        assert_eq!(diagnosis.refusals(), 1);
        diagnosis.clear();
        assert_eq!(diagnosis.refusals(), 0);
    }
}
