//! Topics: listing, describing, making and deleting them, and giving them more partitions.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, rd};
use super::cluster::set_broker;
use super::members::{Item, Native, Object, bad, each_once, name, text};
use super::{
    Api, Call, MOST_ITEMS, Operation, Options, Queue, array, authorized, broker, nothing_to_set, outcome, outcome_of,
    switch, sys, validate_only,
};
use crate::error::{Error, Result};

/// The topics that Kafka keeps for itself.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTopics {
    #[serde(default)]
    include_internal: bool,
}

impl Operation for ListTopics {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let topics = call.metadata()?.topics.into_iter().filter_map(|mut topic| {
            let internal = INTERNAL.iter().any(|name| topic["name"] == *name);
            let partitions = topic["partitions"].as_array().map_or(0, Vec::len);
            topic["partitions"] = partitions.into();
            topic["is_internal"] = internal.into();
            (self.include_internal || !internal).then_some(topic)
        });
        Ok(json!({"topics": topics.collect::<Vec<_>>()}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeTopics {
    topics: Vec<String>,
    #[serde(default)]
    include_authorized_operations: bool,
}

impl Operation for DescribeTopics {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let items = named(&self.topics)?;
        let any = call.any_broker()?;
        let topics = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            &items,
            MOST_ITEMS,
            |options| {
                set_broker(options, any);
                let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations;
                switch(options, set, self.include_authorized_operations)
            },
            |part, options, queue| {
                let mut names: Vec<*const c_char> = part.iter().map(|item| item.native.as_ptr()).collect();
                // SAFETY: live texts, client, options and queue; all is copied.
                unsafe {
                    let topics = rd::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
                    let topics = Native::new(topics, rd::rd_kafka_TopicCollection_destroy, String::new)?;
                    rd::rd_kafka_DescribeTopics(call.engine.rk(), topics.as_ptr(), options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request; what it gives lives as long.
            |event| unsafe {
                let result = rd::rd_kafka_event_DescribeTopics_result(event.as_ptr());
                let mut count = 0;
                let topics = array(rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count), count);
                topics.into_iter().map(|topic| description(topic)).collect()
            },
        )?;
        Ok(json!({"topics": topics}))
    }
}

/// # Safety
/// `topic` is live.
unsafe fn description(topic: *const rd::rd_kafka_TopicDescription_t) -> Value {
    // SAFETY: as above; what it gives lives as long.
    unsafe {
        let label = json!({"name": engine::text(rd::rd_kafka_TopicDescription_name(topic))});
        let error = rd::rd_kafka_TopicDescription_error(topic);
        let mut value = outcome_of(label, error);
        if !error.is_null() {
            return value;
        }
        let (mut count, mut may) = (0, 0);
        let id = rd::rd_kafka_TopicDescription_topic_id(topic);
        let partitions = array(rd::rd_kafka_TopicDescription_partitions(topic, &raw mut count), count);
        let partitions = partitions.into_iter().map(|partition| {
            let (mut replicas, mut isr) = (0, 0);
            let all = array(rd::rd_kafka_TopicPartitionInfo_replicas(partition, &raw mut replicas), replicas);
            let in_sync = array(rd::rd_kafka_TopicPartitionInfo_isr(partition, &raw mut isr), isr);
            json!({
                "partition": rd::rd_kafka_TopicPartitionInfo_partition(partition),
                "leader": broker(rd::rd_kafka_TopicPartitionInfo_leader(partition)),
                "replicas": all.into_iter().map(|node| broker(node)).collect::<Value>(),
                "isr": in_sync.into_iter().map(|node| broker(node)).collect::<Value>(),
            })
        });
        value["topic_id"] =
            if id.is_null() { Value::Null } else { engine::text(rd::rd_kafka_Uuid_base64str(id)).into() };
        value["is_internal"] = (rd::rd_kafka_TopicDescription_is_internal(topic) != 0).into();
        value["partitions"] = partitions.collect();
        let operations = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut may);
        value["authorized_operations"] = authorized(operations, may);
        value
    }
}

fn named(topics: &[String]) -> Result<Vec<Item<CString>>> {
    each_once("topics", topics.iter())?;
    topics
        .iter()
        .map(|topic| Ok(Item { label: json!({"name": topic}), size: topic.len(), native: name("topic", topic)? }))
        .collect()
}

/// Makes, deletes or enlarges topics: `ask` asks the engine for it, `results` finds the results in its answer.
fn change<T>(
    call: &Call<'_>,
    api: Api,
    items: &[Item<Native<T>>],
    set: impl Fn(*mut Options) -> Result<()>,
    ask: unsafe extern "C" fn(*mut rd::rd_kafka_t, *mut *mut T, usize, *const Options, *mut Queue),
    results: impl Fn(*mut rd::rd_kafka_event_t, *mut usize) -> *mut *const rd::rd_kafka_topic_result_t,
) -> Result<Value> {
    let topics = call.ask_each(
        api,
        items,
        MOST_ITEMS,
        set,
        |part, options, queue| {
            let mut topics: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
            // SAFETY: live topics, client, options and queue; all is copied.
            unsafe { ask(call.engine.rk(), topics.as_mut_ptr(), topics.len(), options, queue) };
            Ok(())
        },
        // SAFETY: a live answer to this request; what it gives lives as long.
        |event| unsafe {
            let mut count = 0;
            let topics = array(results(event.as_ptr(), &raw mut count), count);
            let one = |topic| {
                let label = json!({"name": engine::text(rd::rd_kafka_topic_result_name(topic))});
                let text = rd::rd_kafka_topic_result_error_string(topic);
                outcome(label, sys::rd_kafka_topic_result_error(topic), text)
            };
            topics.into_iter().map(one).collect()
        },
    )?;
    Ok(json!({"topics": topics}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTopic {
    name: String,
    partitions: Option<i32>,
    replication_factor: Option<i32>,
    replica_assignment: Option<Vec<Vec<i32>>>,
    #[serde(default)]
    configs: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTopics {
    topics: Vec<Object<NewTopic>>,
    #[serde(default)]
    validate_only: bool,
}

/// Kafka's own limits of what the engine takes, and -1 for the broker's default.
fn in_range(what: &str, topic: &str, number: Option<i32>, most: i32) -> Result<i32> {
    match number {
        None | Some(-1) => Ok(-1),
        Some(number) if (1..=most).contains(&number) => Ok(number),
        Some(number) => {
            Err(bad(format!("topic {topic}: {what} is {number}: give 1 to {most}, or -1 for the broker's")))
        }
    }
}

/// The brokers of each partition are added in the order of the partitions.
fn assign(
    topic: &str,
    assignment: &mut [Vec<i32>],
    add: impl Fn(i32, *mut i32, usize, *mut c_char, usize) -> i32,
) -> Result<()> {
    for (partition, brokers) in assignment.iter_mut().enumerate() {
        each_once(&format!("topic {topic}: replica_assignment of partition {partition}"), brokers.iter())?;
        let mut why: [c_char; 256] = [0; 256];
        if add(partition as i32, brokers.as_mut_ptr(), brokers.len(), why.as_mut_ptr(), why.len()) != 0 {
            return Err(bad(format!("topic {topic}: replica_assignment: {}", engine::text(why.as_ptr()))));
        }
    }
    Ok(())
}

impl NewTopic {
    fn native(self) -> Result<Item<Native<rd::rd_kafka_NewTopic_t>>> {
        let topic = name("name", &self.name)?;
        let mut partitions = in_range("partitions", &self.name, self.partitions, 100_000)?;
        let factor = in_range("replication_factor", &self.name, self.replication_factor, 10_000)?;
        let mut size = self.name.len();
        let mut assignment = self.replica_assignment.unwrap_or_default();
        if !assignment.is_empty() {
            if factor != -1 || (partitions != -1 && partitions as usize != assignment.len()) {
                let what = "replica_assignment says the number of partitions and replicas: leave away \
                            replication_factor, and partitions unless it is the same";
                return Err(bad(format!("topic {}: {what}", self.name)));
            }
            partitions =
                in_range("the length of replica_assignment", &self.name, Some(assignment.len() as i32), 100_000)?;
        }
        let mut why: [c_char; 256] = [0; 256];
        // SAFETY: live texts, a buffer with its size.
        let native = unsafe {
            let made = rd::rd_kafka_NewTopic_new(topic.as_ptr(), partitions, factor, why.as_mut_ptr(), why.len());
            Native::new(made, rd::rd_kafka_NewTopic_destroy, || engine::text(why.as_ptr()))?
        };
        // SAFETY: a live topic, an array and a buffer with their sizes.
        assign(&self.name, &mut assignment, |partition, brokers, count, why, size| unsafe {
            sys::rd_kafka_NewTopic_set_replica_assignment(native.as_ptr(), partition, brokers, count, why, size)
        })?;
        for (key, value) in &self.configs {
            size += key.len() + value.as_ref().map_or(0, String::len);
            let (key, value) = (name("configs", key)?, value.as_deref().map(|v| text("configs", v)).transpose()?);
            let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
            // SAFETY: a live topic and texts.
            match unsafe { sys::rd_kafka_NewTopic_set_config(native.as_ptr(), key.as_ptr(), value) } {
                0 => {}
                err => return Err(Error::engine(err, format!("topic {}: configs", self.name))),
            }
        }
        Ok(Item { label: json!({"name": self.name}), size, native })
    }
}

impl Operation for CreateTopics {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("topics", self.topics.iter().map(|Object(topic)| &topic.name))?;
        let items = self.topics.into_iter().map(|Object(topic)| topic.native()).collect::<Result<Vec<_>>>()?;
        let api = Api::RD_KAFKA_ADMIN_OP_CREATETOPICS;
        let set = |options| validate_only(options, self.validate_only);
        // SAFETY: a live answer to this request, a place.
        change(call, api, &items, set, rd::rd_kafka_CreateTopics, |event, count| unsafe {
            rd::rd_kafka_CreateTopics_result_topics(rd::rd_kafka_event_CreateTopics_result(event), count)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteTopics {
    topics: Vec<String>,
}

fn deletion(topic: &str) -> Result<Item<Native<rd::rd_kafka_DeleteTopic_t>>> {
    let text = name("topic", topic)?;
    // SAFETY: a live text.
    let native = unsafe { rd::rd_kafka_DeleteTopic_new(text.as_ptr()) };
    let native = Native::new(native, rd::rd_kafka_DeleteTopic_destroy, String::new)?;
    Ok(Item { label: json!({"name": topic}), size: topic.len(), native })
}

impl Operation for DeleteTopics {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("topics", self.topics.iter())?;
        let items = self.topics.iter().map(|topic| deletion(topic)).collect::<Result<Vec<_>>>()?;
        let api = Api::RD_KAFKA_ADMIN_OP_DELETETOPICS;
        // SAFETY: a live answer to this request, a place.
        change(call, api, &items, nothing_to_set, rd::rd_kafka_DeleteTopics, |event, count| unsafe {
            rd::rd_kafka_DeleteTopics_result_topics(rd::rd_kafka_event_DeleteTopics_result(event), count)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPartitions {
    name: String,
    partitions: i32,
    replica_assignment: Option<Vec<Vec<i32>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatePartitions {
    topics: Vec<Object<NewPartitions>>,
    #[serde(default)]
    validate_only: bool,
}

impl NewPartitions {
    fn native(self) -> Result<Item<Native<rd::rd_kafka_NewPartitions_t>>> {
        let topic = name("name", &self.name)?;
        let total = usize::try_from(self.partitions).unwrap_or(0);
        let mut why: [c_char; 256] = [0; 256];
        // SAFETY: a live text, a buffer with its size.
        let native = unsafe {
            let made = rd::rd_kafka_NewPartitions_new(topic.as_ptr(), total, why.as_mut_ptr(), why.len());
            Native::new(made, rd::rd_kafka_NewPartitions_destroy, || {
                format!("topic {}: partitions is {}: give 1 to 100000", self.name, self.partitions)
            })?
        };
        // SAFETY: live partitions, an array and a buffer with their sizes.
        let add = |partition, brokers, count, why, size| unsafe {
            sys::rd_kafka_NewPartitions_set_replica_assignment(native.as_ptr(), partition, brokers, count, why, size)
        };
        assign(&self.name, &mut self.replica_assignment.unwrap_or_default(), add)?;
        Ok(Item { label: json!({"name": self.name}), size: self.name.len(), native })
    }
}

impl Operation for CreatePartitions {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("topics", self.topics.iter().map(|Object(topic)| &topic.name))?;
        let items = self.topics.into_iter().map(|Object(topic)| topic.native()).collect::<Result<Vec<_>>>()?;
        let api = Api::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
        let set = |options| validate_only(options, self.validate_only);
        // SAFETY: a live answer to this request, a place.
        change(call, api, &items, set, rd::rd_kafka_CreatePartitions, |event, count| unsafe {
            rd::rd_kafka_CreatePartitions_result_topics(rd::rd_kafka_event_CreatePartitions_result(event), count)
        })
    }
}
