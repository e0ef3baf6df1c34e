//! Configurations of topics, brokers and groups.

use std::ffi::c_char;
use std::ptr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, rd};
use super::members::{Item, Native, Object, bad, each_once, name, text};
use super::{
    Api, Call, Event, MOST_ITEMS, Operation, array, named, nothing_to_set, outcome, sys, text_or_null, validate_only,
};
use crate::error::{Error, Result};

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Topic = 2,
    Group = 3,
    Broker = 4,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Topic => "TOPIC",
            Kind::Group => "GROUP",
            Kind::Broker => "BROKER",
        }
    }
}

type Resource = Native<rd::rd_kafka_ConfigResource_t>;

fn resource(kind: Kind, named: &str) -> Result<Resource> {
    let key = name("name", named)?;
    if kind == Kind::Broker && named.parse::<i32>().map_or(true, |id| id < 0) {
        return Err(bad(format!("BROKER {named:?}: give the id of a broker, as text")));
    }
    // SAFETY: a live text.
    let made = unsafe { sys::rd_kafka_ConfigResource_new(kind as i32, key.as_ptr()) };
    Native::new(made, rd::rd_kafka_ConfigResource_destroy, || format!("{} {named}: not possible", kind.name()))
}

fn label(kind: Kind, name: &str) -> Value {
    json!({"type": kind.name(), "name": name})
}

/// What any broker answers, and the brokers' own: each has a request of its own, because only itself can answer.
fn in_requests<T>(items: Vec<(Kind, Item<T>)>) -> (Vec<Item<T>>, Vec<Item<T>>) {
    let (brokers, rest): (Vec<_>, Vec<_>) = items.into_iter().partition(|(kind, _)| *kind == Kind::Broker);
    let items = |pairs: Vec<(Kind, Item<T>)>| pairs.into_iter().map(|(_, item)| item).collect();
    (items(rest), items(brokers))
}

/// # Safety
/// `first` leads to `count` live resources.
unsafe fn results(first: *mut *const rd::rd_kafka_ConfigResource_t, count: usize, configs: bool) -> Vec<Value> {
    // SAFETY: as above.
    unsafe {
        let one = |resource| {
            let kind = match rd::rd_kafka_ConfigResource_type(resource) as i32 {
                2 => "TOPIC",
                3 => "GROUP",
                _ => "BROKER",
            };
            let label = json!({"type": kind, "name": engine::text(rd::rd_kafka_ConfigResource_name(resource))});
            let text = rd::rd_kafka_ConfigResource_error_string(resource);
            let mut value = outcome(label, sys::rd_kafka_ConfigResource_error(resource), text);
            if configs {
                let mut count = 0;
                let all = array(rd::rd_kafka_ConfigResource_configs(resource, &raw mut count), count);
                value["configs"] = all.into_iter().map(|one| config(one)).collect();
            }
            value
        };
        array(first, count).into_iter().map(one).collect()
    }
}

/// # Safety
/// `entry` is live.
unsafe fn config(entry: *const rd::rd_kafka_ConfigEntry_t) -> Value {
    // SAFETY: as above; what it gives lives as long.
    unsafe {
        let brief = |entry| {
            json!({
                "name": engine::text(rd::rd_kafka_ConfigEntry_name(entry)),
                "value": text_or_null(rd::rd_kafka_ConfigEntry_value(entry)),
                "source": named(sys::rd_kafka_ConfigSource_name(sys::rd_kafka_ConfigEntry_source(entry))),
            })
        };
        let mut count = 0;
        let synonyms = array(rd::rd_kafka_ConfigEntry_synonyms(entry, &raw mut count), count);
        let mut value = brief(entry);
        value["is_default"] = (rd::rd_kafka_ConfigEntry_is_default(entry) == 1).into();
        value["is_read_only"] = (rd::rd_kafka_ConfigEntry_is_read_only(entry) == 1).into();
        value["is_sensitive"] = (rd::rd_kafka_ConfigEntry_is_sensitive(entry) == 1).into();
        value["synonyms"] = synonyms.into_iter().map(brief).collect();
        value
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    r#type: Kind,
    name: String,
    configs: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeConfigs {
    resources: Vec<Object<Described>>,
}

impl Operation for DescribeConfigs {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("resources", self.resources.iter().map(|Object(r)| (r.r#type, &r.name)))?;
        let items = self.resources.iter().map(|Object(described)| {
            let native = resource(described.r#type, &described.name)?;
            if let Some(configs) = &described.configs {
                each_once("configs", configs.iter())?;
                for config in configs {
                    let config = name("configs", config)?;
                    // SAFETY: a live resource and texts. The value is not looked at.
                    unsafe {
                        sys::rd_kafka_ConfigResource_set_config(native.as_ptr(), config.as_ptr(), c"".as_ptr());
                    }
                }
            }
            let size = described.name.len();
            Ok((described.r#type, Item { label: label(described.r#type, &described.name), size, native }))
        });
        let (rest, brokers) = in_requests(items.collect::<Result<Vec<_>>>()?);
        let send = |part: &[Item<Resource>], options, queue| {
            let mut all: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
            // SAFETY: live resources, client, options and queue; all is copied.
            unsafe { rd::rd_kafka_DescribeConfigs(call.engine.rk(), all.as_mut_ptr(), all.len(), options, queue) };
            Ok(())
        };
        // SAFETY: a live answer to this request.
        let read = |event: &Event| unsafe {
            let result = rd::rd_kafka_event_DescribeConfigs_result(event.as_ptr());
            let mut count = 0;
            let first = rd::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
            results(first, count, true)
        };
        let api = Api::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
        let resources = both(rest, brokers, |items, most| call.ask_each(api, items, most, nothing_to_set, send, read))?;
        Ok(json!({"resources": resources}))
    }
}

/// Asks for what any broker answers, then for the brokers' own.
fn both<T>(
    rest: Vec<Item<T>>,
    brokers: Vec<Item<T>>,
    ask: impl Fn(&[Item<T>], usize) -> Result<Vec<Value>>,
) -> Result<Vec<Value>> {
    let mut all = if rest.is_empty() { Vec::new() } else { ask(&rest, MOST_ITEMS)? };
    if !brokers.is_empty() {
        all.extend(ask(&brokers, 1)?);
    }
    Ok(all)
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Change {
    #[default]
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alteration {
    name: String,
    #[serde(default)]
    operation: Change,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Altered {
    r#type: Kind,
    name: String,
    configs: Vec<Object<Alteration>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlterConfigs {
    resources: Vec<Object<Altered>>,
    #[serde(default)]
    validate_only: bool,
}

impl Operation for AlterConfigs {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("resources", self.resources.iter().map(|Object(r)| (r.r#type, &r.name)))?;
        let items = self.resources.iter().map(|Object(altered)| {
            let native = resource(altered.r#type, &altered.name)?;
            let mut size = altered.name.len();
            each_once("configs", altered.configs.iter().map(|Object(config)| &config.name))?;
            for Object(config) in &altered.configs {
                if config.value.is_none() != (config.operation == Change::Delete) {
                    return Err(bad(format!("config {}: all but DELETE take a value, as text", config.name)));
                }
                size += config.name.len() + config.value.as_ref().map_or(0, String::len);
                let key = name("configs", &config.name)?;
                let value = config.value.as_deref().map(|value| text("value", value)).transpose()?;
                let value: *const c_char = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
                let change = config.operation as i32;
                // SAFETY: a live resource and texts; the error is taken.
                unsafe {
                    let add = sys::rd_kafka_ConfigResource_add_incremental_config;
                    engine::take_error(add(native.as_ptr(), key.as_ptr(), change, value), &config.name)
                        .map_err(|e: Error| bad(e.text))?;
                }
            }
            Ok((altered.r#type, Item { label: label(altered.r#type, &altered.name), size, native }))
        });
        let (rest, brokers) = in_requests(items.collect::<Result<Vec<_>>>()?);
        let send = |part: &[Item<Resource>], options, queue| {
            let mut all: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
            // SAFETY: live resources, client, options and queue; all is copied.
            unsafe {
                rd::rd_kafka_IncrementalAlterConfigs(call.engine.rk(), all.as_mut_ptr(), all.len(), options, queue);
            }
            Ok(())
        };
        // SAFETY: a live answer to this request.
        let read = |event: &Event| unsafe {
            let result = rd::rd_kafka_event_IncrementalAlterConfigs_result(event.as_ptr());
            let mut count = 0;
            let first = rd::rd_kafka_IncrementalAlterConfigs_result_resources(result, &raw mut count);
            results(first, count, false)
        };
        let api = Api::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
        let set = |options| validate_only(options, self.validate_only);
        let resources = both(rest, brokers, |items, most| call.ask_each(api, items, most, set, send, read))?;
        Ok(json!({"resources": resources}))
    }
}
