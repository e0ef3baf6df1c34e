//! What the engine last said of its brokers, for error texts in plain words.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, code};

const ALL_BROKERS_DOWN: i32 = -187;
const RESOLVE: i32 = -193;
const TRANSPORT: i32 = -195;
const SSL: i32 = -181;
const AUTHENTICATION: i32 = -169;

/// Whether trying longer may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hope {
    /// A broker may just be starting.
    Good,
    /// Perhaps something is just starting, but hardly when it stays like this for `PATIENCE`.
    Little,
    /// The configuration does not fit.
    None,
}

const PATIENCE: Duration = Duration::from_secs(2);

/// What the engine's words mean.
#[derive(Clone, Copy)]
struct Meaning {
    code: i32,
    hope: Hope,
    advice: &'static str,
}

#[derive(Clone)]
struct Trouble {
    meaning: Meaning,
    text: String,
    /// When it was first like this.
    since: Instant,
}

#[derive(Default)]
struct Seen {
    /// The last trouble with each address.
    brokers: BTreeMap<String, Trouble>,
    /// The last error that names no broker.
    other: Option<Trouble>,
    /// Whether the engine said that no broker is left.
    all_down: bool,
    /// When what was known had been forgotten.
    cleared: Option<Instant>,
}

/// Filled by the engine's callbacks on any of its threads.
#[derive(Default)]
pub struct Diagnosis(Mutex<Seen>);

impl Diagnosis {
    /// An error, as `host:port/id: what` or without an address.
    pub fn error(&self, err: i32, reason: &str) {
        self.event(err, reason);
    }

    /// The same; answers what is known of it, in plain words.
    pub fn event(&self, err: i32, reason: &str) -> Error {
        let mut seen = self.0.lock();
        let err = code::from_engine(err);
        if err == ALL_BROKERS_DOWN {
            seen.all_down = true;
            let (_, why) = seen.troubles().unwrap_or_default();
            return Error::new(err, format!("all brokers are down{why}"));
        }
        let (address, trouble) = seen.note(err, reason);
        let text = if address.is_empty() { trouble.text.clone() } else { format!("{address}: {}", trouble.text) };
        Error::new(trouble.meaning.code, text + &trouble.meaning.sentence())
    }

    /// A line of the log. The thread's name goes before, as `[thrd:...]: `.
    pub fn log(&self, facility: &str, line: &str) {
        let line = line.split_once("]: ").map_or(line, |(_, rest)| rest);
        if facility.contains("FAIL") || line.contains("Disconnected") {
            self.0.lock().note(TRANSPORT, line);
        } else if facility == "SSLCERTVRFY" {
            self.0.lock().note(SSL, &line.replace("verification callback failed", "verification failed"));
        } else if facility == "OIDC" {
            self.0.lock().note(AUTHENTICATION, line);
        }
    }

    /// Forgets what was: a broker has answered, or the client has another password or token.
    pub fn clear(&self) {
        *self.0.lock() = Seen { cleared: Some(Instant::now()), ..Seen::default() };
    }

    /// Whether trying longer does not help, with so many addresses to try.
    pub fn is_hopeless(&self, servers: usize) -> bool {
        let seen = self.0.lock();
        let hopeless = |trouble: &&Trouble| match trouble.meaning.hope {
            Hope::Good => false,
            Hope::Little => trouble.since.elapsed() > PATIENCE,
            Hope::None => true,
        };
        // A token that cannot be had keeps the client from every server.
        seen.other.as_ref().is_some_and(|other| other.meaning.hope == Hope::None)
            || (servers > 0 && seen.brokers.values().filter(hopeless).count() >= servers)
    }

    /// Why no broker answered. `fallback` is the code where nothing is known.
    pub fn explain(&self, what: &str, fallback: i32) -> Error {
        self.explain_or(what, fallback, "no reason is known yet")
    }

    /// The same, with what to say where nothing is known.
    pub fn explain_or(&self, what: &str, fallback: i32, unknown: &str) -> Error {
        let seen = self.0.lock();
        let Some((code, why)) = seen.troubles() else { return Error::new(fallback, format!("{what}; {unknown}")) };
        let down = if seen.all_down { "; all brokers are down" } else { "" };
        Error::new(code, format!("{what}{down}{why}"))
    }
}

impl Seen {
    /// Takes in what the engine said, with its code in case the words tell no better one; what is known after it.
    fn note<'a>(&mut self, engine: i32, line: &'a str) -> (&'a str, Trouble) {
        let name = line.split_once(": ").map_or("", |(name, _)| name);
        let (address, what) = broker(line).unwrap_or(("", line));
        let now = Instant::now();
        let mut new = Trouble { meaning: meaning(engine, name, what), text: plain(what), since: now };
        let known = if address.is_empty() { self.other.as_ref() } else { self.brokers.get(address) };
        if let Some(known) = known {
            // Less is said in the words that follow many a refusal.
            if known.meaning.hope == Hope::None && says_less(what, &known.text) {
                return (address, known.clone());
            }
            if known.meaning.advice == new.meaning.advice {
                new.since = known.since;
            }
        }
        // A password or a token of before may be refused only now.
        let began = lasted(what).and_then(|lasted| now.checked_sub(lasted));
        if new.meaning.code == AUTHENTICATION && began.is_some() && began < self.cleared {
            return (address, new);
        }
        if address.is_empty() {
            self.other = Some(new.clone());
        } else {
            self.brokers.insert(address.to_string(), new.clone());
        }
        (address, new)
    }

    /// All that is known, and the code of the gravest, with what to do about it.
    fn troubles(&self) -> Option<(i32, String)> {
        let gravest = self.brokers.values().max_by_key(|trouble| match trouble.meaning.code {
            AUTHENTICATION => 3,
            SSL => 2,
            RESOLVE => 1,
            _ => 0,
        });
        let mut text: String =
            self.brokers.iter().map(|(address, trouble)| format!("; {address}: {}", trouble.text)).collect();
        let gravest = gravest.or(self.other.as_ref())?;
        if self.brokers.is_empty() {
            text = format!("; {}", gravest.text);
        }
        Some((gravest.meaning.code, text + &gravest.meaning.sentence()))
    }
}

impl Meaning {
    fn sentence(&self) -> String {
        if self.advice.is_empty() { String::new() } else { format!(". {}", self.advice) }
    }
}

/// What the engine's words mean, and what to do. The broker's name begins with `ssl://`, `sasl_ssl://`, ... unless it is
/// PLAINTEXT; empty: the words are about no broker.
fn meaning(engine: i32, broker: &str, what: &str) -> Meaning {
    let all = |parts: &[&str]| parts.iter().all(|part| what.contains(part));
    let any = |parts: &[&str]| parts.iter().any(|part| what.contains(part));
    let gone = any(&GONE);
    let tls = broker.starts_with("ssl://") || broker.starts_with("sasl_ssl://");
    let is = |code, hope, advice| Meaning { code, hope, advice };

    if broker.is_empty() && !matches!(engine, RESOLVE | TRANSPORT | SSL | AUTHENTICATION) {
        return is(engine, Hope::Good, "");
    }
    // The broker's certificate.
    if any(&["certificate verif", "Certificate (subject"]) {
        let advice = if what.contains("expired") {
            "The certificate's time is over: the broker needs a new one"
        } else if what.contains("not yet valid") {
            "Is this machine's clock right?"
        } else if what.contains("mismatch") {
            "The certificate is for another host: look at the names in bootstrap.servers and in the broker's \
             advertised.listeners, one of the certificate's must be used"
        } else {
            "Look at ssl.ca.location: it must name the CA that signed the broker's certificate"
        };
        return is(SSL, Hope::None, advice);
    }
    // The client's. With TLS 1.3 it is refused after the handshake.
    if all(&["alert", "certificate"]) || any(&["alert unknown ca", "alert handshake failure"]) {
        return is(
            SSL,
            Hope::None,
            "The broker wants a client certificate, or another one: look at ssl.certificate.location and ssl.key.location",
        );
    }
    // Listeners that speak something else.
    if tls && any(&["wrong version number", "packet length too long", "record layer failure", "http request"]) {
        return is(SSL, Hope::None, NO_TLS);
    }
    if any(&["state SSL_HANDSHAKE", "PLAINTEXT broker listener"]) && gone {
        return is(SSL, Hope::Little, NO_TLS);
    }
    if what.contains("Invalid response size") {
        return is(
            TRANSPORT,
            Hope::None,
            "What answers there is not Kafka, or speaks TLS: look at the port and security.protocol",
        );
    }
    if gone && what.contains("state APIVERSION_QUERY") && !tls {
        return is(TRANSPORT, Hope::Little, "The listener may want TLS: look at security.protocol (ssl, sasl_ssl)");
    }
    if gone
        && what.contains("state UP")
        && !broker.starts_with("sasl")
        && lasted(what).is_some_and(|lasted| lasted < PATIENCE)
    {
        return is(
            AUTHENTICATION,
            Hope::Little,
            "The listener may want SASL: look at security.protocol (sasl_ssl, sasl_plaintext)",
        );
    }
    // Who the client is.
    if all(&["handshake failed", "SASL state"]) {
        return is(AUTHENTICATION, Hope::None, "The listener has no SASL: look at security.protocol (ssl, plaintext)");
    }
    if what.contains("SASL mechanism: broker's supported") {
        return is(AUTHENTICATION, Hope::None, "Set sasl.mechanism to one that the broker supports");
    }
    if any(&["invalid_token"]) {
        return is(
            AUTHENTICATION,
            Hope::None,
            "The broker does not accept the token: look at its end (exp), signature, issuer and audience",
        );
    }
    if all(&["OIDC token", "(-1)"]) {
        return is(
            AUTHENTICATION,
            Hope::None,
            "Is that the token server, and is it up? Look at sasl.oauthbearer.token.endpoint.url, for https also at \
             https.ca.location",
        );
    }
    if what.contains("OIDC token") {
        return is(
            AUTHENTICATION,
            Hope::None,
            "Look at sasl.oauthbearer.token.endpoint.url, sasl.oauthbearer.client.id and sasl.oauthbearer.client.secret",
        );
    }
    if what.contains("waits for an OAUTHBEARER token") {
        return is(AUTHENTICATION, Hope::Good, "");
    }
    if what.contains("OAUTHBEARER token") {
        return is(
            AUTHENTICATION,
            Hope::None,
            "Look at what gives the token: SetOAuthToken, or sasl.oauthbearer.token.endpoint.url",
        );
    }
    if any(&["SASL authentication", "uthentication fail"]) {
        return is(AUTHENTICATION, Hope::None, "Look at sasl.mechanism, sasl.username and sasl.password");
    }
    // The way there.
    if what.contains("resolve") {
        let hope = if what.contains("Temporary") { Hope::Good } else { Hope::Little };
        return is(RESOLVE, hope, "Look at the host's name in bootstrap.servers");
    }
    if what.contains("refused") {
        return is(TRANSPORT, Hope::Good, "Is a broker listening there? Look at bootstrap.servers");
    }
    if what.contains("timed out") {
        return is(engine, Hope::Good, SILENT);
    }
    if gone {
        return is(TRANSPORT, Hope::Good, "");
    }
    if any(&["SSL", "ssl"]) {
        return is(SSL, Hope::None, "Look at security.protocol and the ssl.* properties");
    }
    let hope = if matches!(engine, SSL | AUTHENTICATION) { Hope::None } else { Hope::Good };
    is(engine, hope, "")
}

/// That a broker has closed a connection.
const GONE: [&str; 3] = ["Disconnected", "Broken pipe", "onnection reset"];

const NO_TLS: &str =
    "The listener does not seem to speak TLS: look at the port and at security.protocol (plaintext, sasl_plaintext)";

/// What may be wrong where somebody listens and nothing comes.
pub const SILENT: &str = "Is that Kafka, and does a firewall let this machine through?";

/// Whether these words come after others and tell less than they do.
fn says_less(what: &str, known: &str) -> bool {
    (GONE.iter().any(|part| what.contains(part)) && !what.contains("handshake"))
        || (known.starts_with("Certificate (") && what.contains("certificate verify failed"))
        || what.strip_prefix("Failed to acquire SASL OAUTHBEARER token: ").is_some_and(|why| known.contains(why))
}

/// Without what is for the engine's developers, as `error:0A000086:SSL routines::` and `(after 3ms in state UP)`.
pub fn plain(what: &str) -> String {
    let mut text = what.rfind(" (after ").map_or(what, |end| &what[..end]).to_string();
    let is_code = |text: &str| text.get(..8).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    while let Some((at, _)) = text.match_indices("error:").find(|(at, label)| is_code(&text[at + label.len()..])) {
        let Some(end) = text[at..].find("::") else { break };
        text.replace_range(at..at + end + 2, "");
    }
    for guess in [": increase receive.message.max.bytes", ": connecting to a PLAINTEXT broker listener?"] {
        text = text.replace(guess, "");
    }
    text.chars().take(600).collect::<String>().trim_end_matches([' ', ':', '.']).to_string()
}

/// The time of `(after 3ms in state UP)`.
fn lasted(what: &str) -> Option<Duration> {
    let (_, after) = what.rsplit_once("(after ")?;
    let (ms, _) = after.split_once("ms")?;
    ms.parse().ok().map(Duration::from_millis)
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
        // Scheme, host and what the engine said of it; the code, whether trying longer may help, parts of the text.
        type Case<'a> = (&'a str, &'a str, &'a str, i32, Hope, &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (
                "",
                "127.0.0.1:1",
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                TRANSPORT,
                Hope::Good,
                &["127.0.0.1:1: Connect", "refused. Is a broker listening there?"],
            ),
            (
                "ssl://",
                "127.0.0.1:1",
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                TRANSPORT,
                Hope::Good,
                &["127.0.0.1:1: Connect", "Is a broker listening there?"],
            ),
            (
                "",
                "no.such.host:9092",
                "Failed to resolve 'no.such.host:9092': Name or service not known (after 12ms in state CONNECT)",
                RESOLVE,
                Hope::Little,
                &["no.such.host:9092: Failed to resolve", "bootstrap.servers"],
            ),
            (
                "",
                "host:9092",
                "Failed to resolve 'host:9092': Temporary failure in name resolution (after 12ms in state CONNECT)",
                RESOLVE,
                Hope::Good,
                &["host:9092: Failed to resolve"],
            ),
            (
                "ssl://",
                "localhost:9092",
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could \
                 not be verified, verify that ssl.ca.location is correctly configured (after 3ms in state SSL_HANDSHAKE)",
                SSL,
                Hope::None,
                &["localhost:9092: SSL handshake failed: certificate verify", "the CA that signed"],
            ),
            (
                "ssl://",
                "localhost:9092",
                "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42 (after 1ms \
                 in state APIVERSION_QUERY, 1 identical error(s) suppressed)",
                SSL,
                Hope::None,
                &["Receive failed: ssl/tls alert bad certificate", "ssl.certificate.location"],
            ),
            (
                "ssl://",
                "localhost:9092",
                "SSL handshake failed: error:0A00010B:SSL routines::wrong version number (after 0ms in state SSL_HANDSHAKE)",
                SSL,
                Hope::None,
                &["does not seem to speak TLS"],
            ),
            (
                "sasl_ssl://",
                "localhost:9092",
                "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker \
                 listener? (after 2ms in state SSL_HANDSHAKE, 1 identical error(s) suppressed)",
                SSL,
                Hope::Little,
                &["closed by peer. The listener does not seem to speak TLS"],
            ),
            (
                "",
                "localhost:9094",
                "Disconnected: connection closed by peer: receive 0 after POLLIN (after 2ms in state APIVERSION_QUERY)",
                TRANSPORT,
                Hope::Little,
                &["localhost:9094: Disconnected", "may want TLS"],
            ),
            (
                "",
                "localhost:80",
                "Receive failed: Invalid response size 1213486160 (0..100000000): increase receive.message.max.bytes (after \
                 0ms in state APIVERSION_QUERY)",
                TRANSPORT,
                Hope::None,
                &["(0..100000000). What answers there is not Kafka"],
            ),
            (
                "ssl://",
                "localhost:9093",
                "Disconnected: SSL connection closed by peer (after 0ms in state UP, 1 identical error(s) suppressed)",
                AUTHENTICATION,
                Hope::Little,
                &["localhost:9093: Disconnected", "may want SASL"],
            ),
            (
                "ssl://",
                "localhost:9093",
                "Send failed: error:80000020:system library::Broken pipe: tls_retry_write_records failure (after 1ms in \
                 state UP)",
                AUTHENTICATION,
                Hope::Little,
                &["Send failed: Broken pipe", "may want SASL"],
            ),
            (
                "ssl://",
                "localhost:9093",
                "Disconnected: SSL connection closed by peer (after 600000ms in state UP)",
                TRANSPORT,
                Hope::Good,
                &["localhost:9093: Disconnected"],
            ),
            (
                "sasl_ssl://",
                "localhost:9093",
                "SASL authentication error: Authentication failed: Invalid username or password (after 310ms in state \
                 AUTH_REQ)",
                AUTHENTICATION,
                Hope::None,
                &["SASL authentication error: Authentication failed", "sasl.password"],
            ),
            (
                "sasl_ssl://",
                "localhost:9093",
                "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: \
                 OAUTHBEARER (after 301ms in state AUTH_HANDSHAKE)",
                AUTHENTICATION,
                Hope::None,
                &["OAUTHBEARER. Set sasl.mechanism"],
            ),
            (
                "sasl_plaintext://",
                "localhost:9092",
                "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported \
                 mechanisms:  (after 0ms in state AUTH_HANDSHAKE)",
                AUTHENTICATION,
                Hope::None,
                &["supported mechanisms. The listener has no SASL"],
            ),
        ];
        for (scheme, host, what, code, hope, parts) in cases {
            let said = said(&[("FAIL", &format!("[thrd:{scheme}{host}/bootstrap]: {scheme}{host}/bootstrap: {what}"))]);
            assert_eq!(said.code, *code, "{}", said.text);
            for part in *parts {
                assert!(said.text.contains(part), "{part:?} is not in {:?}", said.text);
            }
            assert_eq!(meaning(TRANSPORT, &format!("{scheme}{host}/1"), what).hope, *hope, "{what}");
        }
    }

    #[test]
    fn what_follows_a_refusal_does_not_hide_it() {
        let refused = "sasl_ssl://b:9093/1: SASL authentication error: Invalid username or password";
        let after = "sasl_ssl://b:9093/1: Disconnected (after 1ms in state UP)";
        let told = said(&[("FAIL", refused), ("FAIL", after)]);
        assert_eq!(told.code, AUTHENTICATION);
        assert!(told.text.contains("Invalid username"));

        let expired = "ssl://b:9093/1: Certificate (subject=/CN=b, issuer=/CN=ca) verification callback failed: certificate \
                       has expired";
        let after = "ssl://b:9093/1: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed (after 3ms \
                     in state SSL_HANDSHAKE)";
        let told = said(&[("SSLCERTVRFY", expired), ("FAIL", after)]);
        assert_eq!(told.code, SSL);
        assert!(
            told.text.contains("/CN=b") && told.text.contains("has expired. The certificate's time"),
            "{}",
            told.text
        );
        // A broker with a new certificate that stops is another matter.
        let stopped =
            "ssl://b:9093/1: Connect to ipv4#1.2.3.4:9093 failed: Connection refused (after 0ms in state CONNECT)";
        let told = said(&[("SSLCERTVRFY", expired), ("FAIL", stopped)]);
        assert_eq!(told.code, TRANSPORT);

        let server = "Failed to retrieve OIDC token from \"http://t/\": Failed to connect to t (-1)";
        let diagnosis = Diagnosis::default();
        diagnosis.log("OIDC", server);
        diagnosis.error(AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token: Failed to connect to t");
        let told = diagnosis.explain("no broker answered", -185);
        assert_eq!(told.code, AUTHENTICATION);
        assert!(told.text.contains("http://t/") && told.text.contains("token.endpoint.url"), "{}", told.text);
        assert!(diagnosis.is_hopeless(3));
    }

    #[test]
    fn it_is_hopeless_when_no_server_is_left() {
        let diagnosis = Diagnosis::default();
        assert!(!diagnosis.is_hopeless(0));
        diagnosis.error(SSL, "ssl://a:1/bootstrap: SSL handshake failed: certificate verify failed");
        assert!(diagnosis.is_hopeless(1));
        assert!(!diagnosis.is_hopeless(2));
        diagnosis.error(RESOLVE, "ssl://b:1/bootstrap: Failed to resolve 'b:1': Name or service not known");
        assert!(!diagnosis.is_hopeless(2), "not at once");
        if let Some(trouble) = diagnosis.0.lock().brokers.get_mut("b:1") {
            trouble.since -= PATIENCE * 2;
        }
        assert!(diagnosis.is_hopeless(2));
        diagnosis.error(RESOLVE, "ssl://b:1/bootstrap: Failed to resolve 'b:1': Name or service not known");
        assert!(diagnosis.is_hopeless(2), "the same again changes nothing");
        diagnosis.error(TRANSPORT, "ssl://b:1/bootstrap: Connect to b failed: Connection refused");
        assert!(!diagnosis.is_hopeless(2));
        diagnosis.clear();
        assert!(!diagnosis.is_hopeless(1));
        diagnosis
            .error(AUTHENTICATION, "b:1/1: SASL authentication error: Wrong password (after 300ms in state AUTH_REQ)");
        assert!(!diagnosis.is_hopeless(1), "that was asked before");
        diagnosis
            .error(AUTHENTICATION, "b:1/1: SASL authentication error: Wrong password (after 0ms in state AUTH_REQ)");
        assert!(diagnosis.is_hopeless(1));
    }

    #[test]
    fn error_events_name_the_cause() {
        let diagnosis = Diagnosis::default();
        let expired = "ssl://b:9093/1: Certificate (subject=/CN=b, issuer=/CN=ca) verification callback failed: certificate \
                       has expired";
        diagnosis.log("SSLCERTVRFY", expired);
        let after = "ssl://b:9093/1: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed (after 3ms \
                     in state SSL_HANDSHAKE)";
        let told = diagnosis.event(SSL, after);
        assert!(told.text.starts_with("b:9093: Certificate (subject=/CN=b"), "{}", told.text);
        let down = diagnosis.event(ALL_BROKERS_DOWN, "1/1 brokers are down");
        assert_eq!(down.code, ALL_BROKERS_DOWN);
        assert!(down.text.starts_with("all brokers are down; b:9093: Certificate (subject=/CN=b"), "{}", down.text);
        let other = Diagnosis::default().event(-147, "Application maximum poll interval (300000ms) exceeded");
        assert_eq!((other.code, other.text.as_str()), (-147, "Application maximum poll interval (300000ms) exceeded"));
    }

    #[test]
    fn nothing_known_is_said_as_such() {
        let diagnosis = Diagnosis::default();
        diagnosis.log("CONFWARN", "Configuration property x is a producer property");
        let said = diagnosis.explain("no broker answered", -185);
        assert_eq!((said.code, said.text.as_str()), (-185, "no broker answered; no reason is known yet"));
    }
}
