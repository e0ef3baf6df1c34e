//! OAUTHBEARER: tokens that the host gives. Those of OIDC the engine gets by itself.
//!
//! Tokens and the values of extensions are in no text.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::json;

use super::Client;
use super::config::NativeConf;
use super::engine::{self, Hub};
use super::events::Kind;
use super::sys::{self, c_text, rd};
use crate::error::{Error, Result, code};

const AUTHENTICATION: i32 = -169;
/// The last millisecond of the year 9999: the engine counts in microseconds.
const LATEST: i64 = 253_402_300_799_999;

#[derive(Clone)]
pub struct Token {
    value: String,
    expires_ms: i64,
    principal: String,
    extensions: BTreeMap<String, String>,
}

impl Token {
    pub fn new(value: &str, expires_ms: i64, principal: &str, extensions: &str) -> Result<Token> {
        let wrong = |code, text: &str| Err(Error::new(code, text));
        if value.is_empty() || !is_visible(value) {
            return wrong(code::BAD_TEXT, "token is empty or has characters that a token cannot have");
        }
        if expires_ms <= now_ms() {
            return wrong(
                code::BAD_ARGUMENT,
                "the token has expired: expires_ms counts milliseconds since 1970 and must be in the future",
            );
        }
        let extensions: BTreeMap<String, String> = if extensions.is_empty() {
            BTreeMap::new()
        } else {
            serde_json::from_str(extensions).map_err(|e| {
                // Its own text may show a value.
                let place = format!("line {}, column {}", e.line(), e.column());
                let text = format!("extensions_json is not a JSON object of texts, {{\"name\": \"value\"}}: {place}");
                Error::new(code::BAD_JSON, text)
            })?
        };
        for (name, value) in &extensions {
            if name.is_empty() || name == "auth" || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return wrong(code::BAD_JSON, &format!("extension {name:?}: its name must be letters, and not auth"));
            }
            if !is_visible(value) {
                return wrong(
                    code::BAD_JSON,
                    &format!("extension {name:?}: its value has characters that it cannot have"),
                );
            }
        }
        let (value, principal) = (value.to_string(), principal.to_string());
        Ok(Token { value, expires_ms: expires_ms.min(LATEST), principal, extensions })
    }

    fn give(&self, rk: *mut rd::rd_kafka_t) -> Result<()> {
        let (value, principal) = (c_text(&self.value)?, c_text(&self.principal)?);
        let mut extensions = Vec::new();
        for (name, value) in &self.extensions {
            extensions.extend([c_text(name)?, c_text(value)?]);
        }
        let mut pointers: Vec<_> = extensions.iter().map(|text| text.as_ptr()).collect();
        let mut why: [c_char; 512] = [0; 512];
        // SAFETY: a live client, NUL-terminated texts that it copies, a buffer with its size.
        let err = unsafe {
            sys::rd_kafka_oauthbearer_set_token(
                rk,
                value.as_ptr(),
                self.expires_ms,
                principal.as_ptr(),
                pointers.as_mut_ptr(),
                pointers.len(),
                why.as_mut_ptr(),
                why.len(),
            )
        };
        // What the engine says may show the token.
        result(err, "the token has expired")
    }
}

/// What RFC 7628 allows in tokens and extensions.
fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~'))
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64)
}

fn result(err: i32, otherwise: &str) -> Result<()> {
    match err {
        0 => Ok(()),
        code::WRONG_STATE => Err(Error::new(
            code::WRONG_STATE,
            "this client takes no token: security.protocol is not SASL_SSL or SASL_PLAINTEXT with sasl.mechanism OAUTHBEARER",
        )),
        err => Err(Error::new(code::from_engine(err), otherwise)),
    }
}

/// What the host says when a token is wanted.
#[derive(Clone)]
enum Answer {
    Token(Token),
    Failure(String),
}

impl Answer {
    fn give(&self, rk: *mut rd::rd_kafka_t, hub: &Hub) -> Result<()> {
        match self {
            Answer::Token(token) => {
                token.give(rk)?;
                // What was refused before does not speak of this one.
                hub.diagnosis.clear();
            }
            Answer::Failure(text) => {
                let text = c_text(text)?;
                // SAFETY: a live client, a NUL-terminated text.
                result(unsafe { sys::rd_kafka_oauthbearer_set_token_failure(rk, text.as_ptr()) }, "the text is empty")?;
                hub.diagnosis
                    .error(AUTHENTICATION, &format!("there is no OAUTHBEARER token: {}", text.to_string_lossy()));
            }
        }
        Ok(())
    }
}

/// The last answer of the host, kept for the start of the client.
#[derive(Default)]
pub struct Tokens {
    last: Mutex<Option<Answer>>,
    /// The engine's first wish is answered: it had a token from the start.
    answered: AtomicBool,
}

impl Tokens {
    /// The same answer for another client.
    pub fn again(&self) -> Tokens {
        Tokens { last: Mutex::new(self.last.lock().clone()), answered: AtomicBool::default() }
    }
}

/// Lets the host be asked for tokens, where it is the one who has them; whether it is.
pub fn prepare(conf: &NativeConf) -> bool {
    let is = |key: &str, value: &str| conf.get(key).is_some_and(|given| given.eq_ignore_ascii_case(value));
    let wanted = conf.get("security.protocol").is_some_and(|protocol| protocol.to_lowercase().starts_with("sasl"))
        && is("sasl.mechanisms", "OAUTHBEARER")
        && !is("sasl.oauthbearer.method", "oidc")
        && !is("enable.sasl.oauthbearer.unsecure.jwt", "true");
    if wanted {
        // SAFETY: a live configuration.
        unsafe {
            rd::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.as_ptr(), Some(on_wish));
            rd::rd_kafka_conf_enable_sasl_queue(conf.as_ptr(), 1);
        }
    }
    wanted
}

/// Gives a client that has just started the token that is there, and has its wishes come on its background thread.
pub fn start(rk: *mut rd::rd_kafka_t, hub: &Hub) {
    if let Some(answer) = &*hub.oauth.last.lock() {
        match answer.give(rk, hub) {
            Ok(()) => hub.oauth.answered.store(matches!(answer, Answer::Token(_)), Ordering::SeqCst),
            Err(e) => hub.diagnosis.error(e.code, &e.text),
        }
    }
    // SAFETY: a live client; the error is taken.
    let result = sys::take_error(unsafe { rd::rd_kafka_sasl_background_callbacks_enable(rk) }, "OAUTHBEARER");
    if let Err(e) = result {
        hub.diagnosis.error(e.code, &e.text);
    }
}

unsafe extern "C" fn on_wish(_: *mut rd::rd_kafka_t, _config: *const c_char, opaque: *mut c_void) {
    // SAFETY: our opaque.
    wish_for_token(unsafe { engine::hub(opaque) });
}

/// The client wants a token, its first or the next one. Runs on the engine's background thread.
fn wish_for_token(hub: &Hub) {
    if hub.oauth.answered.swap(false, Ordering::SeqCst) {
        return;
    }
    let (has_token, has_failure) = match &*hub.oauth.last.lock() {
        Some(Answer::Token(_)) => (true, false),
        Some(Answer::Failure(_)) => (false, true),
        None => (false, false),
    };
    if !has_failure {
        hub.diagnosis.error(AUTHENTICATION, "the client waits for an OAUTHBEARER token: give it one by SetOAuthToken");
    }
    hub.event(Kind::OAuth, true, || json!({ "refresh": has_token }));
}

impl Client {
    pub fn set_oauth_token(&self, token: Token) -> Result<()> {
        self.answer(Answer::Token(token))
    }

    pub fn set_oauth_failure(&self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "text is empty: say why there is no token"));
        }
        self.answer(Answer::Failure(text.to_string()))
    }

    fn answer(&self, answer: Answer) -> Result<()> {
        let _inside = self.enter()?;
        // A start on another thread is before this or after it.
        let _config = self.config.lock();
        if let Some(running) = self.running.get() {
            answer.give(running.engine().rk(), &self.hub)?;
        }
        *self.hub.oauth.last.lock() = Some(answer);
        Ok(())
    }
}
