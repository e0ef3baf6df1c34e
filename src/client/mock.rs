//! The embedded cluster: librdkafka's mock brokers, on real sockets of the loopback interface.

use std::net::TcpListener;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Deserialize;

use super::Type;
use super::admin::members::Object;
use super::config::NativeConf;
use super::engine::{Engine, Hub};
use super::gate::Timeout;
use super::sys::{self, SignalsBlocked, c_text, rd};
use crate::error::{Error, Result, code};
use crate::handle::Kind;

/// A cluster and the client that it belongs to; `None` once stopped.
pub struct MockCluster(Mutex<Option<Cluster>>);

struct Cluster {
    raw: *mut rd::rd_kafka_mock_cluster_t,
    engine: Engine,
    brokers: i32,
}

// SAFETY: the mock cluster's functions hand over to its own thread.
unsafe impl Send for Cluster {}

impl Kind for MockCluster {
    const KIND: u64 = 4;
    const NAME: &'static str = "embedded cluster";
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Request {
    CreateTopic(Object<CreateTopic>),
    BrokerDown(Object<Broker>),
    BrokerUp(Object<Broker>),
    RoundTripTime(Object<RoundTripTime>),
    PartitionLeader(Object<PartitionLeader>),
    PushErrors(Object<PushErrors>),
    CoordinatorFor(Object<CoordinatorFor>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateTopic {
    topic: String,
    partitions: i32,
    #[serde(default = "one")]
    replication_factor: i32,
}

fn one() -> i32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Broker {
    broker: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundTripTime {
    broker: i32,
    ms: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartitionLeader {
    topic: String,
    partition: i32,
    broker: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushErrors {
    api: Api,
    errors: Vec<i32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Api {
    Number(i16),
    Name(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoordinatorFor {
    group: Option<String>,
    transactional_id: Option<String>,
    broker: i32,
}

/// Kafka's API keys, in the order of their numbers.
const APIS: &[&str] = &[
    "Produce",
    "Fetch",
    "ListOffsets",
    "Metadata",
    "LeaderAndIsr",
    "StopReplica",
    "UpdateMetadata",
    "ControlledShutdown",
    "OffsetCommit",
    "OffsetFetch",
    "FindCoordinator",
    "JoinGroup",
    "Heartbeat",
    "LeaveGroup",
    "SyncGroup",
    "DescribeGroups",
    "ListGroups",
    "SaslHandshake",
    "ApiVersions",
    "CreateTopics",
    "DeleteTopics",
    "DeleteRecords",
    "InitProducerId",
    "OffsetForLeaderEpoch",
    "AddPartitionsToTxn",
    "AddOffsetsToTxn",
    "EndTxn",
    "WriteTxnMarkers",
    "TxnOffsetCommit",
];

impl Api {
    fn number(&self) -> Result<i16> {
        let unknown = |what: &dyn std::fmt::Display| Error::new(code::BAD_JSON, format!("there is no API {what}"));
        match self {
            Api::Number(number) if (0..100).contains(number) => Ok(*number),
            Api::Number(number) => Err(unknown(number)),
            Api::Name(name) if name == "ConsumerGroupHeartbeat" => Ok(68),
            Api::Name(name) => {
                APIS.iter().position(|known| known == name).map(|at| at as i16).ok_or_else(|| unknown(name))
            }
        }
    }
}

impl MockCluster {
    pub fn start(brokers: i32) -> Result<Arc<MockCluster>> {
        if !(1..=100).contains(&brokers) {
            return Err(Error::new(code::BAD_ARGUMENT, format!("{brokers} brokers: give 1 to 100")));
        }
        // A mock that cannot listen would abort the process: see first whether the sockets are to be had.
        let sockets: std::io::Result<Vec<_>> = (0..2 * brokers + 8).map(|_| TcpListener::bind("127.0.0.1:0")).collect();
        drop(sockets.map_err(|e| Error::new(code::START_FAILED, format!("the embedded cluster cannot listen: {e}")))?);
        let hub = Arc::new(Hub::default());
        let engine = Engine::start(Type::Admin, NativeConf::new(), &hub)?;
        let _signals = SignalsBlocked::new();
        // SAFETY: a live client, which outlives the cluster.
        let raw = unsafe { rd::rd_kafka_mock_cluster_new(engine.rk(), brokers) };
        if raw.is_null() {
            engine.end(Timeout::of(std::time::Duration::from_secs(5)).deadline(), None);
            return Err(Error::new(code::START_FAILED, "the embedded cluster cannot start"));
        }
        // SAFETY: a live cluster. Without this the first member of a group waits 3 s for others.
        unsafe { rd::rd_kafka_mock_group_initial_rebalance_delay_ms(raw, 0) };
        Ok(Arc::new(MockCluster(Mutex::new(Some(Cluster { raw, engine, brokers })))))
    }

    pub fn bootstrap(&self) -> String {
        // SAFETY: a live cluster; the text lives as long.
        let text = |cluster: &Cluster| sys::text(unsafe { rd::rd_kafka_mock_cluster_bootstraps(cluster.raw) });
        self.0.lock().as_ref().map(text).unwrap_or_default()
    }

    pub fn request(&self, json: &str) -> Result<()> {
        let request = serde_json::from_str(json).map_err(|e| Error::new(code::BAD_JSON, e.to_string()))?;
        let place = self.0.lock();
        let cluster = place.as_ref().ok_or_else(|| Error::new(code::CLOSED, "this embedded cluster is closed"))?;
        cluster.request(request)
    }

    pub fn stop(&self) {
        if let Some(cluster) = self.0.lock().take() {
            // SAFETY: ours, once, before its client.
            unsafe { rd::rd_kafka_mock_cluster_destroy(cluster.raw) };
            cluster.engine.end(Timeout::of(std::time::Duration::from_secs(5)).deadline(), None);
        }
    }
}

impl Cluster {
    fn broker(&self, broker: i32) -> Result<i32> {
        if (1..=self.brokers).contains(&broker) {
            return Ok(broker);
        }
        Err(Error::new(code::BAD_ARGUMENT, format!("there is no broker {broker}; there are 1 to {}", self.brokers)))
    }

    fn request(&self, request: Request) -> Result<()> {
        let raw = self.raw;
        // SAFETY: a live cluster, NUL-terminated texts, numbers in their range.
        let (what, err) = unsafe {
            match request {
                Request::CreateTopic(Object(r)) => {
                    if !(1..=10_000).contains(&r.partitions) || !(1..=self.brokers).contains(&r.replication_factor) {
                        let text = format!(
                            "partitions: 1 to 10000, replication_factor: 1 to the number of brokers, {}",
                            self.brokers
                        );
                        return Err(Error::new(code::BAD_ARGUMENT, text));
                    }
                    if r.topic.is_empty() {
                        return Err(Error::new(code::BAD_TEXT, "topic is empty"));
                    }
                    let topic = c_text(&r.topic)?;
                    let err = sys::rd_kafka_mock_topic_create(raw, topic.as_ptr(), r.partitions, r.replication_factor);
                    // What is there already answers with this code of the engine.
                    ("CreateTopic", if err == -186 { 36 } else { err })
                }
                Request::BrokerDown(Object(r)) => {
                    ("BrokerDown", sys::rd_kafka_mock_broker_set_down(raw, self.broker(r.broker)?))
                }
                Request::BrokerUp(Object(r)) => {
                    ("BrokerUp", sys::rd_kafka_mock_broker_set_up(raw, self.broker(r.broker)?))
                }
                Request::RoundTripTime(Object(r)) => {
                    if r.ms < 0 {
                        return Err(Error::new(code::BAD_ARGUMENT, format!("ms is negative: {}", r.ms)));
                    }
                    ("RoundTripTime", sys::rd_kafka_mock_broker_set_rtt(raw, self.broker(r.broker)?, r.ms))
                }
                Request::PartitionLeader(Object(r)) => {
                    let (topic, broker) = (c_text(&r.topic)?, self.broker(r.broker)?);
                    if r.partition < 0 {
                        let text = format!("partition {}: a partition is 0 or more", r.partition);
                        return Err(Error::new(code::BAD_ARGUMENT, text));
                    }
                    (
                        "PartitionLeader",
                        sys::rd_kafka_mock_partition_set_leader(raw, topic.as_ptr(), r.partition, broker),
                    )
                }
                Request::PushErrors(Object(r)) => {
                    let errors: Vec<i32> = r.errors.iter().map(|&error| code::to_engine(error)).collect();
                    sys::rd_kafka_mock_push_request_errors_array(raw, r.api.number()?, errors.len(), errors.as_ptr());
                    ("PushErrors", 0)
                }
                Request::CoordinatorFor(Object(r)) => {
                    let (kind, key) = match (&r.group, &r.transactional_id) {
                        (Some(group), None) => (c"group", group),
                        (None, Some(id)) => (c"transaction", id),
                        _ => return Err(Error::new(code::BAD_JSON, "give one of group and transactional_id")),
                    };
                    let (key, broker) = (c_text(key)?, self.broker(r.broker)?);
                    let err = sys::rd_kafka_mock_coordinator_set(raw, kind.as_ptr(), key.as_ptr(), broker);
                    ("CoordinatorFor", err)
                }
            }
        };
        if err == 0 { Ok(()) } else { Err(Error::engine(err, what)) }
    }
}
