//! SCRAM credentials of users. A password is in no text, and wiped when it was handed over.

use std::ffi::c_char;
use std::ptr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, rd};
use super::members::{Item, Native, Object, bad, each_once, name};
use super::{Api, Call, MOST_ITEMS, Operation, array, nothing_to_set, outcome_of, sys};
use crate::error::{Error, Result, code};

const MECHANISMS: [&str; 2] = ["SCRAM-SHA-256", "SCRAM-SHA-512"];

/// The engine's number of a mechanism. What is not one is not repeated: it may be a password.
fn mechanism(user: &str, name: &str) -> Result<i32> {
    let at = MECHANISMS.iter().position(|known| *known == name);
    at.map(|at| at as i32 + 1)
        .ok_or_else(|| bad(format!("user {user}: mechanism is none of {}", MECHANISMS.join(", "))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeScramCredentials {
    users: Option<Vec<String>>,
}

impl Operation for DescribeScramCredentials {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let users = match &self.users {
            None => Vec::new(),
            Some(users) => {
                each_once("users", users.iter())?;
                users.iter().map(|user| name("users", user)).collect::<Result<Vec<_>>>()?
            }
        };
        // A broker that refuses makes the engine free what it did not allocate.
        call.expect_describe_cluster()?;
        let event =
            call.ask_one(Api::RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS, nothing_to_set, |options, queue| {
                let mut users: Vec<*const c_char> = users.iter().map(|user| user.as_ptr()).collect();
                let first = if users.is_empty() { ptr::null_mut() } else { users.as_mut_ptr() };
                // SAFETY: live texts, client, options and queue; all is copied.
                unsafe {
                    rd::rd_kafka_DescribeUserScramCredentials(call.engine.rk(), first, users.len(), options, queue);
                }
                Ok(())
            })?;
        // SAFETY: a live answer to this request; what it gives lives as long.
        let users: Vec<Value> = unsafe {
            let result = rd::rd_kafka_event_DescribeUserScramCredentials_result(event.as_ptr());
            let mut count = 0;
            let all = rd::rd_kafka_DescribeUserScramCredentials_result_descriptions(result, &raw mut count);
            let one = |user| {
                let label = json!({"name": engine::text(rd::rd_kafka_UserScramCredentialsDescription_user(user))});
                let mut value = outcome_of(label, rd::rd_kafka_UserScramCredentialsDescription_error(user));
                let count = rd::rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(user);
                let infos = (0..count).map(|at| {
                    let info = rd::rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(user, at);
                    let at =
                        usize::try_from(sys::rd_kafka_ScramCredentialInfo_mechanism(info) - 1).unwrap_or(usize::MAX);
                    let mechanism = MECHANISMS.get(at).unwrap_or(&"UNKNOWN");
                    json!({"mechanism": mechanism, "iterations": rd::rd_kafka_ScramCredentialInfo_iterations(info)})
                });
                value["credentials"] = infos.collect();
                value
            };
            array(all, count).into_iter().map(one).collect()
        };
        Ok(json!({"users": users}))
    }
}

/// Bytes that are wiped when they go.
struct Secret(Vec<u8>);

impl Drop for Secret {
    fn drop(&mut self) {
        for byte in &mut self.0 {
            // SAFETY: a byte of ours; a plain write before the end would be left out.
            unsafe { ptr::write_volatile(byte, 0) };
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Secret(text.into_bytes()))
    }
}

fn usual() -> i32 {
    4096
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upsertion {
    name: String,
    mechanism: String,
    #[serde(default = "usual")]
    iterations: i32,
    password: Secret,
    salt: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deletion {
    name: String,
    mechanism: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlterScramCredentials {
    #[serde(default)]
    upsertions: Vec<Object<Upsertion>>,
    #[serde(default)]
    deletions: Vec<Object<Deletion>>,
}

type Alteration = Native<rd::rd_kafka_UserScramCredentialAlteration_t>;

fn item(user: &str, made: *mut rd::rd_kafka_UserScramCredentialAlteration_t) -> Result<Item<Alteration>> {
    let destroy = rd::rd_kafka_UserScramCredentialAlteration_destroy;
    let native = Native::new(made, destroy, || format!("user {user}: not possible"))?;
    Ok(Item { label: json!({"name": user}), size: user.len(), native })
}

impl Upsertion {
    fn item(&self) -> Result<Item<Alteration>> {
        // The engine computes them before it sends, and does nothing else meanwhile.
        const ITERATIONS: std::ops::RangeInclusive<i32> = 1..=100_000;
        let user = name("name", &self.name)?;
        let mechanism = mechanism(&self.name, &self.mechanism)?;
        if !ITERATIONS.contains(&self.iterations) {
            return Err(bad(format!("user {}: iterations: Kafka takes 4096 to 16384", self.name)));
        }
        if self.password.0.is_empty() {
            return Err(Error::new(code::BAD_TEXT, format!("user {}: password is empty", self.name)));
        }
        let salt = match &self.salt {
            None => Vec::new(),
            Some(salt) => base64(&salt.0).filter(|salt| !salt.is_empty()).ok_or_else(|| {
                bad(format!("user {}: salt is not base64; leave it away for a random one", self.name))
            })?,
        };
        let password = &self.password.0;
        // SAFETY: a live text, arrays with their sizes; all is copied.
        let made = unsafe {
            sys::rd_kafka_UserScramCredentialUpsertion_new(
                user.as_ptr(),
                mechanism,
                self.iterations,
                password.as_ptr(),
                password.len(),
                salt.as_ptr(),
                salt.len(),
            )
        };
        item(&self.name, made)
    }
}

/// Decodes base64 with its padding; `None` where it is not that.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if text.len() % 4 != 0 {
        return None;
    }
    let letters = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for letter in letters {
        bits = bits << 6 | LETTERS.iter().position(|known| known == letter)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

impl Operation for AlterScramCredentials {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let upsertions = self.upsertions.iter().map(|Object(one)| (&one.name, &one.mechanism));
        let deletions = self.deletions.iter().map(|Object(one)| (&one.name, &one.mechanism));
        let all: Vec<_> = upsertions.chain(deletions).collect();
        all.iter().try_for_each(|(user, name)| mechanism(user, name).map(|_| ()))?;
        each_once("upsertions and deletions", all.into_iter())?;
        let mut items = self.upsertions.iter().map(|Object(one)| one.item()).collect::<Result<Vec<_>>>()?;
        for Object(one) in &self.deletions {
            let (user, mechanism) = (name("name", &one.name)?, mechanism(&one.name, &one.mechanism)?);
            // SAFETY: a live text.
            let made = unsafe { sys::rd_kafka_UserScramCredentialDeletion_new(user.as_ptr(), mechanism) };
            items.push(item(&one.name, made)?);
        }
        let users = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS,
            &items,
            MOST_ITEMS,
            nothing_to_set,
            |part, options, queue| {
                let mut all: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
                // SAFETY: live alterations, client, options and queue; all is copied.
                unsafe {
                    let first = all.as_mut_ptr();
                    rd::rd_kafka_AlterUserScramCredentials(call.engine.rk(), first, all.len(), options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request; what it gives lives as long.
            |event| unsafe {
                let result = rd::rd_kafka_event_AlterUserScramCredentials_result(event.as_ptr());
                let mut count = 0;
                let all = rd::rd_kafka_AlterUserScramCredentials_result_responses(result, &raw mut count);
                let one = |user| {
                    let name = engine::text(rd::rd_kafka_AlterUserScramCredentials_result_response_user(user));
                    let error = rd::rd_kafka_AlterUserScramCredentials_result_response_error(user);
                    outcome_of(json!({"name": name}), error)
                };
                array(all, count).into_iter().map(one).collect()
            },
        )?;
        Ok(json!({"users": users}))
    }
}
