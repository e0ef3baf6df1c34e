//! The cluster: brokers, all topics at once, leaders.

use std::collections::HashSet;
use std::ptr;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, NativeList, rd};
use super::members::{Item, Native, Object, Partition, each_once, name};
use super::{
    Api, Call, MOST_ITEMS, Operation, Options, UNKNOWN_TOPIC, array, authorized, broker, nothing_to_set, outcome,
    outcome_of, switch, sys,
};
use crate::error::{Error, Result, code};

const TRANSPORT: i32 = -195;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    topics: Option<Vec<String>>,
}

impl Operation for Metadata {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let wanted: Option<HashSet<String>> = match self.topics {
            None => None,
            Some(topics) => {
                each_once("topics", topics.iter())?;
                topics.iter().try_for_each(|topic| name("topic", topic).map(|_| ()))?;
                Some(topics.into_iter().collect())
            }
        };
        let mut found = call.metadata()?;
        if let Some(mut wanted) = wanted {
            // The engine would be told to keep a topic that is asked for by name, and a broker to make it.
            found.topics.retain(|topic| topic["name"].as_str().is_some_and(|name| wanted.remove(name)));
            let missing = wanted
                .into_iter()
                .map(|name| outcome(json!({"name": name, "partitions": []}), UNKNOWN_TOPIC, ptr::null()));
            found.topics.extend(missing);
        }
        // SAFETY: a live client; the text is given back.
        let (cluster, controller) = unsafe {
            let id = rd::rd_kafka_clusterid(call.engine.rk(), 0);
            let text = super::text_or_null(id);
            if !id.is_null() {
                rd::rd_kafka_mem_free(call.engine.rk(), id.cast());
            }
            (text, rd::rd_kafka_controllerid(call.engine.rk(), 0))
        };
        Ok(json!({
            "cluster_id": cluster,
            "controller_id": found.brokers.iter().find(|broker| broker["id"] == controller).map(|_| controller),
            "brokers": found.brokers,
            "topics": found.topics,
        }))
    }
}

/// What the brokers say of themselves and of topics.
pub struct Known {
    brokers: Vec<Value>,
    pub topics: Vec<Value>,
}

impl Call<'_> {
    /// Asks for the brokers and all topics.
    pub fn metadata(&self) -> Result<Known> {
        loop {
            // Where a broker has answered before, this answer is slow: it is waited for aside, for longer.
            let known = match self.ask_metadata(true)? {
                None if !self.learned().is_empty() => self.metadata_aside()?,
                known => known,
            };
            if let Some(known) = known {
                return Ok(known);
            }
            self.goes_on()?;
        }
    }

    fn goes_on(&self) -> Result<()> {
        self.engine.serve(Duration::ZERO);
        self.inside.check()?;
        if self.deadline.is_over() { Err(self.late()) } else { Ok(()) }
    }

    /// One question, not longer than a call may be deaf to others.
    fn ask_metadata(&self, topics: bool) -> Result<Option<Known>> {
        const LONGEST: Duration = Duration::from_millis(450);
        // SAFETY: a live client.
        let answer = unsafe { Known::ask(self.engine.rk(), topics, self.deadline.left().min(LONGEST)) };
        answer.map_err(|err| Error::engine(err, self.name))
    }

    /// One question on a thread of its own, which goes on when this call ends before it.
    fn metadata_aside(&self) -> Result<Option<Known>> {
        const LONGEST: Duration = Duration::from_secs(10);
        let wait = self.deadline.left().min(LONGEST);
        // SAFETY: the client lives as long as the call.
        let answer = self.engine.aside("kaffi-metadata", move |rk| unsafe { Known::ask(rk, true, wait) })?;
        loop {
            match answer.recv_timeout(self.deadline.slice()) {
                Ok(answer) => return answer.map_err(|err| Error::engine(err, self.name)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.goes_on()?,
            }
        }
    }

    /// Any broker of a cluster that names none of them as its controller: the embedded one.
    pub fn any_broker(&self) -> Result<Option<i32>> {
        while self.learned().is_empty() {
            self.ask_metadata(false)?;
            self.goes_on()?;
        }
        // SAFETY: a live client.
        let controller = unsafe { rd::rd_kafka_controllerid(self.engine.rk(), 0) };
        let known = self.learned();
        Ok(if known.contains(&controller) { None } else { known.into_iter().next() })
    }

    /// The brokers that the engine knows of.
    fn learned(&self) -> Vec<i32> {
        let mut count = 0;
        // SAFETY: a live client; the array is copied and given back.
        unsafe {
            let first = rd::rd_kafka_brokers_learned_ids(self.engine.rk(), &raw mut count);
            if first.is_null() {
                return Vec::new();
            }
            let ids = std::slice::from_raw_parts(first, count).to_vec();
            rd::rd_kafka_mem_free(self.engine.rk(), first.cast());
            ids
        }
    }

    /// Whether the client may read what belongs to the cluster.
    pub fn expect_describe_cluster(&self) -> Result<()> {
        let cluster = DescribeCluster { include_authorized_operations: true }.run(self)?;
        match cluster["authorized_operations"].as_array() {
            Some(may) if !may.iter().any(|one| one == "DESCRIBE" || one == "ALL") => Err(Error::engine(31, self.name)),
            _ => Ok(()),
        }
    }
}

pub fn set_broker(options: *mut Options, broker: Option<i32>) {
    if let Some(broker) = broker {
        // SAFETY: live options. All operations know it.
        unsafe { sys::rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0) };
    }
}

impl Known {
    /// Asks the brokers; `None`: no answer in time.
    ///
    /// # Safety
    /// `rk` is a live client.
    unsafe fn ask(rk: *mut rd::rd_kafka_t, topics: bool, wait: Duration) -> std::result::Result<Option<Known>, i32> {
        let mut metadata = ptr::null();
        let (all, wait) = (i32::from(topics), engine::ms(wait));
        // SAFETY: as above; what comes is copied and given back.
        unsafe {
            match engine::rd_kafka_metadata(rk, all, ptr::null_mut(), &raw mut metadata, wait) {
                0 => {
                    let known = Known::of(&*metadata);
                    rd::rd_kafka_metadata_destroy(metadata);
                    Ok(Some(known))
                }
                // No broker is connected yet, or none answered.
                code::TIMED_OUT | TRANSPORT => Ok(None),
                err => Err(err),
            }
        }
    }

    /// # Safety
    /// What the engine gave is live.
    unsafe fn of(metadata: &rd::rd_kafka_metadata) -> Known {
        /// # Safety
        /// `first` leads to `count` elements unless that is 0.
        unsafe fn slice<'a, T>(first: *const T, count: i32) -> &'a [T] {
            // SAFETY: as above.
            if count <= 0 { &[] } else { unsafe { std::slice::from_raw_parts(first, count as usize) } }
        }
        // SAFETY: counts and arrays belong together. Codes are read as plain integers, through pointers: a slice of
        // structures with the closed enum would vouch for them.
        unsafe {
            let brokers = slice(metadata.brokers, metadata.broker_cnt);
            let brokers = brokers
                .iter()
                .map(|broker| json!({"id": broker.id, "host": engine::text(broker.host), "port": broker.port}));
            let partitions = |topic: *const rd::rd_kafka_metadata_topic| -> Vec<Value> {
                (0..(*topic).partition_cnt.max(0) as usize)
                    .map(|at| {
                        let partition = (*topic).partitions.add(at);
                        let label = json!({
                            "partition": (*partition).id,
                            "leader": (*partition).leader,
                            "replicas": slice((*partition).replicas, (*partition).replica_cnt),
                            "isr": slice((*partition).isrs, (*partition).isr_cnt),
                        });
                        outcome(label, (&raw const (*partition).err).cast::<i32>().read(), ptr::null())
                    })
                    .collect()
            };
            let topics = (0..metadata.topic_cnt.max(0) as usize).map(|at| {
                let topic = metadata.topics.add(at).cast_const();
                let label = json!({"name": engine::text((*topic).topic), "partitions": partitions(topic)});
                outcome(label, (&raw const (*topic).err).cast::<i32>().read(), ptr::null())
            });
            Known { brokers: brokers.collect(), topics: topics.collect() }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeCluster {
    #[serde(default)]
    include_authorized_operations: bool,
}

impl Operation for DescribeCluster {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let any = call.any_broker()?;
        let event = call.ask_one(
            Api::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
            |options| {
                set_broker(options, any);
                let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations;
                switch(options, set, self.include_authorized_operations)
            },
            // SAFETY: a live client, options and queue.
            |options, queue| unsafe {
                rd::rd_kafka_DescribeCluster(call.engine.rk(), options, queue);
                Ok(())
            },
        )?;
        // SAFETY: a live answer to this request; what it gives lives as long.
        unsafe {
            let result = rd::rd_kafka_event_DescribeCluster_result(event.as_ptr());
            let (mut count, mut may) = (0, 0);
            let nodes = array(rd::rd_kafka_DescribeCluster_result_nodes(result, &raw mut count), count);
            let controller = rd::rd_kafka_DescribeCluster_result_controller(result);
            let operations = sys::rd_kafka_DescribeCluster_result_authorized_operations(result, &raw mut may);
            Ok(json!({
                "cluster_id": super::text_or_null(rd::rd_kafka_DescribeCluster_result_cluster_id(result)),
                "controller": if any.is_none() { broker(controller) } else { Value::Null },
                "brokers": nodes.into_iter().map(|node| broker(node)).collect::<Value>(),
                "authorized_operations": authorized(operations, may),
            }))
        }
    }
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Election {
    #[default]
    Preferred = 0,
    Unclean = 1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectLeaders {
    #[serde(default)]
    election_type: Election,
    partitions: Option<Vec<Object<Partition>>>,
}

impl Operation for ElectLeaders {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let ask = |list: Option<&NativeList>, options, queue| {
            let list = list.map_or(ptr::null_mut(), NativeList::as_ptr);
            // SAFETY: a live client, list, options and queue; all is copied.
            unsafe {
                let elect = sys::rd_kafka_ElectLeaders_new(self.election_type as i32, list);
                let elect = Native::new(elect, rd::rd_kafka_ElectLeaders_destroy, String::new)?;
                rd::rd_kafka_ElectLeaders(call.engine.rk(), elect.as_ptr(), options, queue);
                Ok(())
            }
        };
        // SAFETY: a live answer to this request; what it gives lives as long.
        let read = |event: &super::Event| unsafe {
            let result = rd::rd_kafka_event_ElectLeaders_result(event.as_ptr());
            let mut count = 0;
            let results = array(rd::rd_kafka_ElectLeaders_result_partitions(result, &raw mut count), count);
            let results = results.into_iter().map(|one| {
                let partition = rd::rd_kafka_topic_partition_result_partition(one);
                let label = json!({"topic": engine::text((*partition).topic), "partition": (*partition).partition});
                outcome_of(label, rd::rd_kafka_topic_partition_result_error(one))
            });
            results.collect::<Vec<_>>()
        };
        let api = Api::RD_KAFKA_ADMIN_OP_ELECTLEADERS;
        let partitions = match &self.partitions {
            None => read(&call.ask_one(api, nothing_to_set, |options, queue| ask(None, options, queue))?),
            Some(partitions) => {
                let items: Vec<_> = Partition::entries(partitions)?.into_iter().map(Item::of).collect();
                let send = |part: &[Item<engine::Entry>], options, queue| {
                    ask(Some(&NativeList::new(part.iter().map(|item| &item.native))?), options, queue)
                };
                call.ask_each(api, &items, MOST_ITEMS, nothing_to_set, send, read)?
            }
        };
        Ok(json!({"partitions": partitions}))
    }
}
