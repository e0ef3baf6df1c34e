//! Whether a broker answers, and what can be changed in a started client.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::Type;
use super::config::Config;
use super::engine::{Engine, Hub};
use super::gate::{Inside, Timeout};
use super::oauth::Tokens;
use super::sys::{self, c_text, rd};
use crate::error::{Error, Result, code};

/// Asks the brokers until one answers, or it is clear that none will.
pub fn check(engine: &Engine, inside: &Inside<'_>, timeout: Timeout) -> Result<i32> {
    ask(engine, inside, timeout, false)
}

/// `fresh`: the client was made for this, so that any answer that it ever got will do.
fn ask(engine: &Engine, inside: &Inside<'_>, timeout: Timeout, fresh: bool) -> Result<i32> {
    // An answer that takes longer than this is not seen; waiting longer would keep a close from its half second.
    const LONGEST: Duration = Duration::from_millis(450);
    let deadline = timeout.deadline();
    loop {
        let mut metadata = ptr::null();
        // SAFETY: a live client; what comes is freed at once.
        let err = unsafe {
            let wait = sys::ms(deadline.left().min(LONGEST)).max(1);
            let err = sys::rd_kafka_metadata(engine.rk(), 0, ptr::null_mut(), &raw mut metadata, wait);
            if err == 0 {
                rd::rd_kafka_metadata_destroy(metadata);
            }
            err
        };
        if err == 0 || (fresh && is_known(engine)) {
            engine.hub().diagnosis.clear();
            return Ok(code::DONE);
        }
        engine.serve(Duration::ZERO);
        inside.check()?;
        let diagnosis = &engine.hub().diagnosis;
        if deadline.is_over() || diagnosis.is_hopeless(engine.bootstrap_servers().len()) {
            return Err(diagnosis.explain_or("no broker answered", code::TIMED_OUT, &engine.silence()));
        }
    }
}

/// Whether a broker has ever told the client which cluster it belongs to.
fn is_known(engine: &Engine) -> bool {
    // SAFETY: a live client; the text is given back.
    unsafe {
        let id = rd::rd_kafka_clusterid(engine.rk(), 0);
        if !id.is_null() {
            rd::rd_kafka_mem_free(engine.rk(), id.cast());
        }
        !id.is_null()
    }
}

/// The same for a client that has not started, with a producer of its own.
pub fn check_aside(config: &Config, oauth: Tokens, inside: &Inside<'_>, timeout: Timeout) -> Result<i32> {
    if config.given(&["bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"]).is_none() {
        return Err(Error::new(
            code::START_FAILED,
            "bootstrap.servers is not set: give it the address of a broker, host:port",
        ));
    }
    let hub = Arc::new(Hub { oauth, ..Hub::default() });
    let engine = Engine::start(Type::Admin, config.build(Some(Type::Admin))?, &hub)?;
    let result = ask(&engine, inside, timeout, true);
    engine.end(Timeout::of(Duration::ZERO).deadline(), None);
    result
}

/// Sets what a started client lets be set.
pub fn set_running(engine: &Engine, config: &Config, key: &str, value: &str) -> Result<()> {
    match key {
        "sasl.username" | "sasl.password" => {
            let other = |name: &str| config.given(&[name]).unwrap_or_default().to_string();
            let (user, password) = if key == "sasl.username" {
                (value.to_string(), other("sasl.password"))
            } else {
                (other("sasl.username"), value.to_string())
            };
            let (user, password) = (c_text(&user)?, c_text(&password)?);
            // SAFETY: a live client, NUL-terminated texts; the error is taken.
            unsafe {
                let error = rd::rd_kafka_sasl_set_credentials(engine.rk(), user.as_ptr(), password.as_ptr());
                sys::take_error(error, key).map_err(|e| e.with_code(code::INVALID_VALUE))?;
            }
            // What was refused before does not speak of these.
            engine.hub().diagnosis.clear();
            Ok(())
        }
        "log_level" => {
            let level = value.parse::<i32>().ok().filter(|level| (0..=7).contains(level));
            let level = level.ok_or_else(|| {
                Error::new(code::INVALID_VALUE, format!("invalid value {value:?} for log_level: 0 to 7"))
            })?;
            // SAFETY: a live client.
            unsafe { rd::rd_kafka_set_log_level(engine.rk(), level) };
            Ok(())
        }
        _ => {
            // An unknown name or a wrong value is said first.
            Config::default().set(key, value)?;
            Err(Error::new(
                code::ALREADY_STARTED,
                format!("{key} cannot be set any more: the client has started; make a new one"),
            ))
        }
    }
}
