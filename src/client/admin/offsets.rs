//! Offsets of partitions: asking for them, and deleting the records before them.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, Entry, NativeList, rd};
use super::members::{Item, Native, Object, bad, entries};
use super::{Api, Call, Event, MOST_ITEMS, Operation, Options, Queue, array, nothing_to_set, outcome, sys};
use crate::error::{Result, code};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    topic: String,
    partition: i32,
    offset: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteRecords {
    partitions: Vec<Object<Before>>,
}

fn list(part: &[Item<Entry>]) -> Result<NativeList> {
    NativeList::new(part.iter().map(|item| &item.native))
}

/// Asks about partitions. The engine looks at what it knows of a topic, which may be from before it had a partition: such
/// a one is asked about again.
fn ask_each(
    call: &Call<'_>,
    api: Api,
    items: &[Item<Entry>],
    set: impl Fn(*mut Options) -> Result<()>,
    send: impl Fn(&[Item<Entry>], *const Options, *mut Queue) -> Result<()>,
    read: impl Fn(&Event) -> Vec<Value>,
) -> Result<Vec<Value>> {
    let key = |result: &Value| (result["topic"].to_string(), result["partition"].as_i64());
    let unknown = |result: &Value| result["code"] == code::UNKNOWN_PARTITION;
    let mut results = call.ask_each(api, items, MOST_ITEMS, &set, &send, &read)?;
    let old: HashSet<_> = results.iter().filter(|result| unknown(result)).map(key).collect();
    if !old.is_empty() && call.metadata().is_ok() {
        let again = items.iter().filter(|item| old.contains(&key(&item.label)));
        let again: Vec<_> = again.map(|item| Item::of(item.native.clone())).collect();
        let new = call.ask_each(api, &again, MOST_ITEMS, set, send, read)?;
        let mut new: HashMap<_, _> = new.into_iter().map(|result| (key(&result), result)).collect();
        for result in results.iter_mut().filter(|result| unknown(result)) {
            if let Some(new) = new.remove(&key(result)) {
                *result = new;
            }
        }
    }
    Ok(results)
}

/// A partition's result, with what else there is to say of it.
fn result(entry: &Entry, member: &str, value: Value) -> Value {
    outcome(json!({"topic": entry.topic, "partition": entry.partition, member: value}), entry.error, std::ptr::null())
}

impl Operation for DeleteRecords {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        if let Some(Object(wrong)) = self.partitions.iter().find(|Object(before)| before.offset < -1) {
            let text = format!("offset {} of topic {}: give 0 or more, or -1 for all", wrong.offset, wrong.topic);
            return Err(bad(text));
        }
        let before = self.partitions.iter().map(|Object(b)| (b.topic.as_str(), b.partition, b.offset));
        let items: Vec<_> = entries("partitions", before)?.into_iter().map(Item::of).collect();
        let partitions = ask_each(
            call,
            Api::RD_KAFKA_ADMIN_OP_DELETERECORDS,
            &items,
            nothing_to_set,
            |part, options, queue| {
                let list = list(part)?;
                // SAFETY: a live list, client, options and queue; all is copied.
                unsafe {
                    let made = rd::rd_kafka_DeleteRecords_new(list.as_ptr());
                    let records = Native::new(made, rd::rd_kafka_DeleteRecords_destroy, String::new)?;
                    let mut one = records.as_ptr();
                    rd::rd_kafka_DeleteRecords(call.engine.rk(), &raw mut one, 1, options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_DeleteRecords_result(event.as_ptr());
                let entries = engine::entries(rd::rd_kafka_DeleteRecords_result_offsets(result));
                let low = |entry: &Entry| if entry.error == 0 { entry.offset.into() } else { Value::Null };
                entries.iter().map(|entry| self::result(entry, "low_watermark", low(entry))).collect()
            },
        )?;
        Ok(json!({"partitions": partitions}))
    }
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Spec {
    Latest = -1,
    Earliest = -2,
    MaxTimestamp = -3,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    topic: String,
    partition: i32,
    offset: Option<Spec>,
    timestamp: Option<i64>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum IsolationLevel {
    #[default]
    ReadUncommitted = 0,
    ReadCommitted = 1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListOffsets {
    partitions: Vec<Object<At>>,
    #[serde(default)]
    isolation_level: IsolationLevel,
}

impl At {
    fn number(&self) -> Result<i64> {
        match (self.offset, self.timestamp) {
            (Some(spec), None) => Ok(spec as i64),
            (None, Some(ms @ 0..)) => Ok(ms),
            _ => Err(bad(format!(
                "topic {}: give offset (earliest, latest, max_timestamp) or timestamp (ms since 1970), one of them",
                self.topic
            ))),
        }
    }
}

impl Operation for ListOffsets {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let numbers = self.partitions.iter().map(|Object(at)| at.number()).collect::<Result<Vec<_>>>()?;
        let at =
            self.partitions.iter().zip(numbers).map(|(Object(at), number)| (at.topic.as_str(), at.partition, number));
        let items: Vec<_> = entries("partitions", at)?.into_iter().map(Item::of).collect();
        let partitions = ask_each(
            call,
            Api::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
            &items,
            |options| {
                let level = self.isolation_level as i32;
                // SAFETY: live options; the error is taken.
                let error = unsafe { sys::rd_kafka_AdminOptions_set_isolation_level(options, level) };
                engine::take_error(error, "isolation_level")
            },
            |part, options, queue| {
                let list = list(part)?;
                // SAFETY: a live list, client, options and queue; all is copied.
                unsafe { rd::rd_kafka_ListOffsets(call.engine.rk(), list.as_ptr(), options, queue) };
                Ok(())
            },
            // SAFETY: a live answer to this request; what it gives lives as long.
            |event| unsafe {
                let result = rd::rd_kafka_event_ListOffsets_result(event.as_ptr());
                let mut count = 0;
                let infos = array(rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count), count);
                let infos = infos.into_iter().flat_map(|info| {
                    let partition = rd::rd_kafka_ListOffsetsResultInfo_topic_partition(info);
                    let one = rd::rd_kafka_topic_partition_list_t { cnt: 1, size: 1, elems: partition.cast_mut() };
                    let there = |number: i64| if number < 0 { Value::Null } else { number.into() };
                    let timestamp = there(rd::rd_kafka_ListOffsetsResultInfo_timestamp(info));
                    engine::entries(&raw const one).into_iter().map(move |entry| {
                        let label = json!({
                            "topic": entry.topic,
                            "partition": entry.partition,
                            "offset": there(entry.offset),
                            "timestamp": timestamp,
                            "leader_epoch": there(entry.leader_epoch.into()),
                        });
                        outcome(label, entry.error, std::ptr::null())
                    })
                });
                infos.collect()
            },
        )?;
        Ok(json!({"partitions": partitions}))
    }
}
