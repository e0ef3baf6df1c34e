//! The admin operations, on embedded clusters and on a real one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::{Value, json};

use super::super::producer::MessageId;
use super::super::tests::{
    Cluster, closes_within, code_of, configured, list, ms, real, record, until, wake_till_ended,
};
use super::super::{Client, Type};
use super::{WAITING, operations};
use crate::error::{Result, code};

fn admin(client: Arc<Client>) -> Arc<Client> {
    client.start(Type::Admin).expect("start");
    client
}

/// Asks, with room for any reply.
fn ask(client: &Client, request: &str, timeout: i32) -> Result<Value> {
    let mut reply = String::new();
    let take = |text: &str| {
        reply = text.to_string();
        code::DONE
    };
    let answer = client.admin_request(request, ms(timeout), 0, take)?;
    assert_eq!(answer, (code::DONE, 0));
    assert!(reply.is_ascii(), "{reply}");
    Ok(serde_json::from_str(&reply).expect("JSON"))
}

fn done(client: &Client, request: &Value) -> Value {
    ask(client, &request.to_string(), 20_000).unwrap_or_else(|e| panic!("{request}: {e}"))
}

#[test]
fn every_operation_is_told_with_its_members() {
    let all = operations();
    let all = all.as_object().expect("an object");
    assert_eq!(all.len(), 23);
    assert_eq!(all["CreateTopics"], json!(["topics", "validate_only"]));
    assert!(all.values().all(|members| members.as_array().is_some_and(|members| !members.is_empty())), "{all:?}");
}

#[test]
fn what_the_embedded_cluster_knows() {
    let cluster = Cluster::new(2, &[("t\u{e9}", 3)]);
    let client = admin(cluster.client(&[]));
    let found = done(&client, &json!({"Metadata": {"topics": ["t\u{e9}", "none"]}}));
    assert_eq!(found["brokers"].as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(found["topics"][0]["partitions"].as_array().map(Vec::len), Some(3), "{found}");
    assert_eq!((&found["topics"][1]["name"], &found["topics"][1]["code"]), (&json!("none"), &json!(3)));
    let found = done(&client, &json!({"ListTopics": {}}));
    let topic = json!({"name": "t\u{e9}", "partitions": 3, "code": 0, "text": "", "is_internal": false});
    assert_eq!(found, json!({"topics": [topic]}), "none was made by asking");
    let found = done(&client, &json!({"DescribeCluster": {}}));
    assert_eq!(found["brokers"].as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(found["authorized_operations"], Value::Null);
    let found = done(&client, &json!({"DescribeTopics": {"topics": ["t\u{e9}"]}}));
    assert_eq!(found["topics"][0]["partitions"][2]["partition"], 2, "{found}");
    cluster.fill("t\u{e9}", 1, 0..7);
    let at = |offset: &str, partition: i32| json!({"topic": "t\u{e9}", "partition": partition, "offset": offset});
    let found = done(&client, &json!({"ListOffsets": {"partitions": [at("latest", 1), at("earliest", 0)]}}));
    assert_eq!((&found["partitions"][0]["offset"], &found["partitions"][1]["offset"]), (&json!(7), &json!(0)));
    let commit = |group: &str, offset: i64| json!({"group": group, "partitions": [{"topic": "t\u{e9}", "partition": 1, "offset": offset, "metadata": "\u{e9}"}]});
    done(&client, &json!({"AlterGroupOffsets": {"groups": [commit("a", 4), commit("b", 5)]}}));
    let asked = |group: &str| json!({"group": group, "partitions": [{"topic": "t\u{e9}", "partition": 1}]});
    let found = done(&client, &json!({"ListGroupOffsets": {"groups": [asked("b"), asked("a")]}}));
    let offset = |at: usize| found["groups"][at]["partitions"][0]["offset"].as_i64();
    assert_eq!((offset(0), offset(1)), (Some(5), Some(4)), "{found}");
    assert_eq!(found["groups"][0]["partitions"][0]["metadata"], "\u{e9}");
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn any_started_client_asks() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let client = cluster.client(&[("group.id", "g")]);
    let refused = ask(&client, r#"{"ListTopics": {}}"#, 5000).expect_err("not started");
    assert_eq!(refused.code, code::NOT_STARTED);
    assert!(refused.text.contains("StartKafka"), "{}", refused.text);
    for kind in [Type::Producer, Type::Consumer, Type::Admin] {
        let client = cluster.client(&[("group.id", "g")]);
        client.start(kind).expect("start");
        assert_eq!(done(&client, &json!({"ListTopics": {}}))["topics"][0]["name"], "t");
        assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
    }
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_sent() {
    // Nobody listens there: what is not refused at once waits.
    let client = admin(configured("127.0.0.1:1", &[]));
    let long = "x".repeat(32_768);
    let huge = format!(r#"{{"DeleteTopics": {{"topics": ["{}"]}}}}"#, "x".repeat(10_000_000));
    let many: Vec<_> = (0..100_001).map(|number| number.to_string()).collect();
    let many = json!({"DeleteTopics": {"topics": many}}).to_string();
    let groups: Vec<_> = (0..10_001).map(|number| number.to_string()).collect();
    let groups = json!({"DeleteGroups": {"groups": groups}}).to_string();
    let deep = format!(r#"{{"ListTopics": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let deep_member = format!(r#"{{"CreateTopics": {{"topics": {}"#, r#"[{"name": "#.repeat(100_000));
    let text = |value: Value| value.to_string();
    let (json_code, argument, text_code) = (code::BAD_JSON, code::BAD_ARGUMENT, code::BAD_TEXT);
    let acl = |member: &str, value: &str| {
        let mut acl = json!({"resource_type": "TOPIC", "resource_name": "t", "principal": "User:a", "operation": "READ",
            "permission": "ALLOW"});
        acl[member] = value.into();
        text(json!({"CreateAcls": {"acls": [acl]}}))
    };
    let scram = |member: &str, value: Value| {
        let mut user = json!({"name": "u", "mechanism": "SCRAM-SHA-256", "password": "hunter2"});
        user[member] = value;
        text(json!({"AlterScramCredentials": {"upsertions": [user]}}))
    };
    let offsets = |at: Value| text(json!({"ListOffsets": {"partitions": [at]}}));
    let configs = |resource: Value| text(json!({"AlterConfigs": {"resources": [resource]}}));
    let topic = |topic: Value| text(json!({"CreateTopics": {"topics": [{"name": "good"}, topic]}}));
    let cases: Vec<(String, i32, &[&str])> = vec![
        ("".into(), json_code, &["EOF"]),
        ("{".into(), json_code, &["EOF"]),
        ("{}".into(), json_code, &["line 1"]),
        ("[]".into(), json_code, &[]),
        ("7".into(), json_code, &[]),
        (r#""ListTopics""#.into(), json_code, &[]),
        (r#"{"ListTopics": {}} x"#.into(), json_code, &["trailing"]),
        (r#"{"ListTopics": {}, "Metadata": {}}"#.into(), json_code, &[]),
        (r#"{"MakeTopics": {}}"#.into(), json_code, &["MakeTopics", "CreateTopics", "ElectLeaders"]),
        (r#"{"ListTopics": null}"#.into(), json_code, &["an object"]),
        (r#"{"ListTopics": []}"#.into(), json_code, &["an object"]),
        (r#"{"ListTopics": {"internal": true}}"#.into(), json_code, &["internal", "include_internal"]),
        (r#"{"ListTopics": {"include_internal": 1}}"#.into(), json_code, &["boolean"]),
        (r#"{"DeleteTopics": {}}"#.into(), json_code, &["topics"]),
        (r#"{"DeleteTopics": [["good"]]}"#.into(), json_code, &["an object"]),
        (r#"{"DeleteTopics": {"topics": "good"}}"#.into(), json_code, &["sequence"]),
        (r#"{"DeleteTopics": {"topics": ["good", 7]}}"#.into(), json_code, &["string"]),
        (r#"{"DeleteTopics": {"topics": ["good"], "topics": ["x"]}}"#.into(), json_code, &["duplicate", "topics"]),
        (r#"{"DeleteTopics": {"topics": []}}"#.into(), argument, &["topics is empty"]),
        (r#"{"DeleteTopics": {"topics": ["good", ""]}}"#.into(), text_code, &["topic is empty"]),
        (r#"{"DeleteTopics": {"topics": ["good", "a\u0000b"]}}"#.into(), text_code, &["NUL"]),
        (r#"{"DeleteTopics": {"topics": ["good", "good"]}}"#.into(), argument, &["good", "twice"]),
        (text(json!({"DeleteTopics": {"topics": ["good", long]}})), argument, &["32767"]),
        (many, argument, &["100001", "100000"]),
        (groups, argument, &["10001", "10000"]),
        (huge, argument, &["10000000 bytes"]),
        (deep, json_code, &[]),
        (deep_member, json_code, &[]),
        (r#"{"CreateTopics": {"topics": [["good", 4]]}}"#.into(), json_code, &["an object"]),
        (topic(json!({"name": "bad", "partitions": 0})), argument, &["bad", "partitions is 0"]),
        (topic(json!({"name": "bad", "partitions": 100_001})), argument, &["bad", "100000"]),
        (topic(json!({"name": "bad", "partitions": 1_i64 << 40})), json_code, &["i32"]),
        (topic(json!({"name": "bad", "replication_factor": -2})), argument, &["bad", "replication_factor"]),
        (
            topic(json!({"name": "bad", "replication_factor": 1, "replica_assignment": [[1]]})),
            argument,
            &["bad", "leave"],
        ),
        (topic(json!({"name": "bad", "partitions": 2, "replica_assignment": [[1]]})), argument, &["bad", "leave"]),
        (topic(json!({"name": "bad", "replica_assignment": [[]]})), argument, &["bad", "partition 0", "empty"]),
        (topic(json!({"name": "bad", "configs": {"retention.ms": 1}})), json_code, &["string"]),
        (topic(json!({"name": "bad", "configs": {"": "1"}})), text_code, &["configs is empty"]),
        (topic(json!({"name": "good"})), argument, &["good", "twice"]),
        (text(json!({"CreatePartitions": {"topics": [{"name": "t", "partitions": -1}]}})), argument, &["t", "-1"]),
        (text(json!({"DescribeTopics": {"topics": ["t"], "include": true}})), json_code, &["include"]),
        (text(json!({"Metadata": {"topics": []}})), argument, &["topics is empty"]),
        (
            text(json!({"DeleteRecords": {"partitions": [{"topic": "t", "partition": 0, "offset": -2}]}})),
            argument,
            &["-2"],
        ),
        (
            text(json!({"DeleteRecords": {"partitions": [{"topic": "t", "partition": -1, "offset": 0}]}})),
            argument,
            &["-1"],
        ),
        (offsets(json!({"topic": "t", "partition": 0})), argument, &["t", "timestamp"]),
        (
            offsets(json!({"topic": "t", "partition": 0, "offset": "latest", "timestamp": 1})),
            argument,
            &["one of them"],
        ),
        (offsets(json!({"topic": "t", "partition": 0, "timestamp": -1})), argument, &["timestamp"]),
        (offsets(json!({"topic": "t", "partition": 0, "offset": "newest"})), json_code, &["newest", "latest"]),
        (offsets(json!({"topic": "", "partition": 0, "offset": "latest"})), text_code, &["topic is empty"]),
        (
            configs(json!({"type": "BROKER", "name": "one", "configs": [{"name": "a", "value": "b"}]})),
            argument,
            &["one"],
        ),
        (
            configs(json!({"type": "CAR", "name": "1", "configs": [{"name": "a", "value": "b"}]})),
            json_code,
            &["CAR", "TOPIC"],
        ),
        (configs(json!({"type": "TOPIC", "name": "t", "configs": []})), argument, &["configs is empty"]),
        (configs(json!({"type": "TOPIC", "name": "t", "configs": [{"name": "a"}]})), argument, &["a", "value"]),
        (
            configs(
                json!({"type": "TOPIC", "name": "t", "configs": [{"name": "a", "operation": "DELETE", "value": "1"}]}),
            ),
            argument,
            &["DELETE"],
        ),
        (text(json!({"ListGroups": {"states": ["stable"]}})), json_code, &["stable", "Stable"]),
        (text(json!({"ListGroups": {"types": ["Classic", "Classic"]}})), argument, &["twice"]),
        (text(json!({"DescribeGroups": {"groups": [""]}})), text_code, &["group is empty"]),
        (text(json!({"ListGroupOffsets": {"groups": [{"group": "g", "partitions": []}]}})), argument, &["partitions"]),
        (
            text(json!({"AlterGroupOffsets": {"groups": [{"group": "g", "partitions":
                [{"topic": "t", "partition": 0, "offset": -1}]}]}})),
            argument,
            &["-1"],
        ),
        (text(json!({"DeleteGroupOffsets": {"groups": [{"group": "g"}]}})), json_code, &["partitions"]),
        (acl("resource_type", "ANY"), argument, &["resource_type"]),
        (acl("pattern_type", "MATCH"), argument, &["pattern_type"]),
        (acl("operation", "EAT"), json_code, &["EAT", "READ"]),
        (acl("principal", "alice"), argument, &["User:alice"]),
        (acl("resource_name", ""), text_code, &["resource_name"]),
        (text(json!({"DescribeAcls": {"filter": {"user": "a"}}})), json_code, &["user", "principal"]),
        (text(json!({"DeleteAcls": {"filters": []}})), argument, &["filters is empty"]),
        (scram("mechanism", json!("hunter2")), argument, &["u", "SCRAM-SHA-512"]),
        (scram("password", json!("")), text_code, &["u", "password is empty"]),
        (scram("password", json!(["hunter2"])), json_code, &["string"]),
        (scram("password", json!({"hunter2": 1})), json_code, &["string"]),
        (scram("iterations", json!("hunter2")), json_code, &["i32"]),
        (scram("iterations", json!(0)), argument, &["4096"]),
        (scram("salt", json!("hunter2")), argument, &["salt", "base64"]),
        (text(json!({"AlterScramCredentials": "hunter2"})), json_code, &["an object"]),
        (text(json!({"AlterScramCredentials": {}})), argument, &["empty"]),
        (text(json!({"ElectLeaders": {"election_type": "FREE"}})), json_code, &["FREE", "UNCLEAN"]),
        (text(json!({"ElectLeaders": {"partitions": []}})), argument, &["partitions is empty"]),
    ];
    for (request, wanted, said) in cases {
        let start = Instant::now();
        let brief: String = request.chars().take(100).collect();
        let refused = ask(&client, &request, 60_000).expect_err(&brief);
        assert_eq!(refused.code, wanted, "{brief}: {}", refused.text);
        assert!(start.elapsed() < Duration::from_secs(5), "{brief}");
        assert!(said.iter().all(|word| refused.text.contains(word)), "{brief}: {}", refused.text);
        assert!(!refused.text.contains("hunter2"), "{brief}: {}", refused.text);
    }
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn a_reply_waits_until_there_is_room() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let client = admin(cluster.client(&[]));
    let request = r#"{"ListTopics": {}}"#;
    let no_room =
        |id| client.admin_request(if id == 0 { request } else { "ignored" }, ms(5000), id, |_| code::TOO_SMALL);
    let room = |id| client.admin_request("ignored", ms(0), id, |_| code::DONE);
    let ids: Vec<i64> = (0..WAITING)
        .map(|_| {
            let (code, id) = no_room(0).expect("done");
            assert_eq!(code, code::TOO_SMALL);
            id
        })
        .collect();
    assert_eq!(code_of(no_room(0)), code::QUEUE_FULL);
    assert_eq!(code_of(ask(&client, request, 5000)), code::QUEUE_FULL, "before anything is done");
    assert_eq!(no_room(ids[3]), Ok((code::TOO_SMALL, ids[3])), "it goes on waiting");
    assert_eq!(room(ids[3]), Ok((code::DONE, 0)));
    for unknown in [ids[3], -1, i64::MAX] {
        let refused = room(unknown).expect_err("unknown");
        assert_eq!(refused.code, code::BAD_ARGUMENT);
        assert!(refused.text.contains(&unknown.to_string()), "{}", refused.text);
    }
    assert!(ask(&client, request, 5000).is_ok());
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn closing_and_waking_end_a_wait() {
    let requests =
        [r#"{"Metadata": {}}"#, r#"{"DescribeGroups": {"groups": ["a"]}}"#, r#"{"DeleteTopics": {"topics": ["a"]}}"#];
    for request in requests {
        let cluster = Cluster::new(1, &[("t", 1)]);
        let client = admin(cluster.client(&[]));
        done(&client, &json!({"ListTopics": {}}));
        cluster.hang();
        let aside = || client.hub.aside.load(Ordering::SeqCst);
        thread::scope(|scope| {
            let under_way = || {
                let before = aside();
                let waiting = scope.spawn(|| ask(&client, request, 60_000));
                // Metadata is asked for on a thread of its own when the first answer is late.
                until("it to be under way", || {
                    thread::yield_now();
                    let inside = client.hub.gate.inside.load(Ordering::SeqCst) > 0;
                    (if request.contains("Metadata") { aside() > before } else { inside }).then_some(())
                });
                waiting
            };
            let waiting = under_way();
            let start = Instant::now();
            wake_till_ended(&client, &waiting);
            let woken = waiting.join().expect("no panic").expect_err("woken");
            assert!(start.elapsed() < Duration::from_secs(5), "{request}: {:?}", start.elapsed());
            assert_eq!(woken.code, code::NOTHING);
            assert_eq!(woken.text.contains("may be done"), request.contains("Delete"), "{}", woken.text);
            let waiting = under_way();
            let start = Instant::now();
            assert_eq!(closes_within(&client, 200, 5000), Ok(0));
            assert_eq!(code_of(waiting.join().expect("no panic")), code::CLOSED);
            assert!(start.elapsed() < Duration::from_secs(5), "{request}: {:?}", start.elapsed());
        });
    }
}

#[test]
fn a_slow_answer_is_waited_for() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let client = admin(cluster.client(&[]));
    done(&client, &json!({"ListTopics": {}}));
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 800}}"#);
    assert_eq!(done(&client, &json!({"ListTopics": {}}))["topics"][0]["name"], "t");
    assert_eq!(done(&client, &json!({"DescribeTopics": {"topics": ["t"]}}))["topics"][0]["code"], 0);
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn no_broker_is_said_in_words() {
    let client = admin(configured("127.0.0.1:1", &[]));
    let requests = [r#"{"ListTopics": {}}"#, r#"{"DeleteTopics": {"topics": ["a"]}}"#, r#"{"ListGroups": {}}"#];
    for request in requests {
        let failed = ask(&client, request, 1500).expect_err("no broker");
        assert_eq!(failed.code, code::TIMED_OUT, "{}", failed.text);
        assert!(failed.text.contains("127.0.0.1:1") && failed.text.contains("refused"), "{}", failed.text);
        assert_eq!(failed.text.contains("may be done"), request.contains("Delete"), "{}", failed.text);
    }
    let failed = ask(&client, requests[1], 0).expect_err("no time");
    assert!(failed.code == code::TIMED_OUT && failed.text.contains("nothing was sent"), "{}", failed.text);
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

/// Whether a reply has the members and types of the documented one, and the same codes.
fn alike(documented: &Value, got: &Value, at: &str) -> std::result::Result<(), String> {
    match (documented, got) {
        (Value::Null, _) | (_, Value::Null) => Ok(()),
        (Value::Object(documented), Value::Object(got)) => {
            let names = |all: &serde_json::Map<String, Value>| all.keys().cloned().collect::<Vec<_>>();
            if names(documented) != names(got) {
                return Err(format!("{at}: {:?}, documented {:?}", names(got), names(documented)));
            }
            documented.iter().try_for_each(|(name, value)| match (name.as_str(), &got[name]) {
                ("code", code) if code != value => {
                    Err(format!("{at}: code {code}, documented {value}: {}", got["text"]))
                }
                (_, found) => alike(value, found, &format!("{at}.{name}")),
            })
        }
        (Value::Array(documented), Value::Array(got)) if documented.is_empty() || !got.is_empty() => {
            documented.iter().zip(got).try_for_each(|(documented, got)| alike(documented, got, at))
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => Ok(()),
        _ => Err(format!("{at}: {got}, documented {documented}")),
    }
}

/// The request and the reply of each chapter of the page, with names that are unique to the run.
fn examples(name: &str) -> Vec<(String, Value, Value)> {
    let page = include_str!("../../../docs/admin.md");
    let chapters = page.split("\n## ").skip(1).map(|chapter| {
        let (operation, text) = chapter.split_once('\n').expect("a heading");
        let mut blocks = text.split("```json\n").skip(1).map(|block| {
            let block = block.split("```").next().unwrap_or_default();
            let unique = block.replace("orders", name).replace("billing", name).replace("alice", name);
            serde_json::from_str::<Value>(&unique).unwrap_or_else(|e| panic!("{operation}: {e}"))
        });
        let mut next = || blocks.next().unwrap_or_else(|| panic!("{operation}: an example is missing"));
        (operation.to_string(), next(), next())
    });
    chapters.collect()
}

#[test]
fn the_page_has_an_example_of_every_operation() {
    let chapters: Vec<_> = examples("x").into_iter().map(|(name, ..)| name).collect();
    let all = operations();
    assert_eq!(chapters, all.as_object().expect("an object").keys().cloned().collect::<Vec<_>>());
}

#[test]
fn on_kafka_every_example_of_the_page_is_true() {
    let Some((bootstrap, name)) = real("page") else { return };
    let client = admin(configured(&bootstrap, &[]));
    let mut examples = examples(&name);
    let mut play = |operation: &str| {
        let at = examples.iter().position(|(name, ..)| name == operation).expect(operation);
        let (_, request, documented) = examples.remove(at);
        let start = Instant::now();
        loop {
            let got = done(&client, &request);
            match alike(&documented, &got, operation) {
                Ok(()) => break,
                // What was made a moment ago need not be known to every broker.
                Err(_) if start.elapsed() < Duration::from_secs(20) && !operation.starts_with("Create") => {
                    thread::park_timeout(Duration::from_millis(100));
                }
                Err(difference) => panic!("{difference}\n{got}"),
            }
        }
    };
    for operation in ["CreateTopics", "Metadata", "DescribeCluster", "ListTopics", "DescribeTopics", "CreatePartitions"]
    {
        play(operation);
    }
    for operation in ["DeleteRecords", "ListOffsets", "DescribeConfigs", "AlterConfigs", "ElectLeaders"] {
        play(operation);
    }
    for operation in ["AlterGroupOffsets", "ListGroupOffsets", "ListGroups"] {
        play(operation);
    }
    let producer = configured(&bootstrap, &[("linger.ms", "0")]);
    // With a key: the topic is compacted by now.
    producer.produce(MessageId::next(), &name, 0, Some(b"k"), Some(b"v")).expect("produce");
    producer.flush(ms(20_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
    let consumer = configured(&bootstrap, &[("group.id", name.as_str()), ("auto.offset.reset", "earliest")]);
    consumer.subscribe(&list(&[(&name, -1, -1001)])).expect("subscribe");
    record(&consumer);
    play("DescribeGroups");
    let groups = done(&client, &json!({"DescribeGroups": {"groups": [name]}}));
    assert_eq!(groups["groups"][0]["members"][0]["assignment"].as_array().map(Vec::len), Some(2), "{groups}");
    let refused = done(&client, &json!({"DeleteGroups": {"groups": [name, format!("{name}-none")]}}));
    let codes = |at: usize| refused["groups"][at]["code"].as_i64();
    assert_eq!((codes(0), codes(1)), (Some(68), Some(69)), "{refused}");
    assert_eq!(closes_within(&consumer, 10_000, 11_000), Ok(0));
    for operation in ["DeleteGroupOffsets", "DeleteGroups", "CreateAcls", "DescribeAcls", "DeleteAcls"] {
        play(operation);
    }
    for operation in ["AlterScramCredentials", "DescribeScramCredentials", "DeleteTopics"] {
        play(operation);
    }
    let gone = json!({"AlterScramCredentials": {"deletions": [{"name": name, "mechanism": "SCRAM-SHA-256"}]}});
    assert_eq!(done(&client, &gone)["users"][0]["code"], 0);
    assert!(examples.is_empty(), "not played: {examples:?}");
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn on_kafka_what_is_refused_changes_nothing() {
    let Some((bootstrap, name)) = real("refused") else { return };
    let client = admin(configured(&bootstrap, &[]));
    let topics = |topics: Value, validate_only: bool| json!({"CreateTopics": {"topics": topics, "validate_only": validate_only}});
    let bad = topics(json!([{"name": name}, {"name": "bad", "partitions": 0}]), false);
    assert_eq!(code_of(ask(&client, &bad.to_string(), 20_000)), code::BAD_ARGUMENT);
    assert_eq!(done(&client, &topics(json!([{"name": name}]), true))["topics"][0]["code"], 0);
    let found = done(&client, &json!({"Metadata": {"topics": [name]}}));
    assert_eq!(found["topics"][0]["code"], 3, "{found}");
    // What the broker refuses is the result of that topic alone.
    let made = done(&client, &topics(json!([{"name": name}, {"name": "no good"}]), false));
    let codes = |at: usize| made["topics"][at]["code"].as_i64();
    assert_eq!((codes(0), codes(1)), (Some(0), Some(17)), "{made}");
    let config = |name: &str, value: &str| json!({"name": name, "value": value});
    let resource = |configs: Value| json!({"type": "TOPIC", "name": name, "configs": configs});
    let alter = |configs: Value, validate_only: bool| json!({"AlterConfigs": {"resources": [resource(configs)], "validate_only": validate_only}});
    assert_eq!(done(&client, &alter(json!([config("retention.ms", "7")]), true))["resources"][0]["code"], 0);
    let twice = alter(json!([config("retention.ms", "7"), config("retention.ms", "8")]), false);
    assert_eq!(code_of(ask(&client, &twice.to_string(), 20_000)), code::BAD_ARGUMENT);
    let all = json!({"DescribeConfigs": {"resources": [resource(json!(["retention.ms"])),
        {"type": "BROKER", "name": "1", "configs": ["log.cleaner.threads"]}]}});
    let found = until("the topic", || Some(done(&client, &all)).filter(|found| found["resources"][0]["code"] == 0));
    assert_eq!(found["resources"][0]["configs"][0]["is_default"], true, "{found}");
    assert_eq!(found["resources"][1]["configs"][0]["name"], "log.cleaner.threads", "{found}");
    // Thousands in one request, of which none is there.
    let many: Vec<_> = (0..5000).map(|number| format!("{name}-{number}")).collect();
    let found = done(&client, &json!({"DescribeTopics": {"topics": many}}));
    assert_eq!(found["topics"].as_array().map(Vec::len), Some(5000));
    assert!(found["topics"].as_array().is_some_and(|all| all.iter().all(|topic| topic["code"] == 3)));
    let none = json!({"topic": many[0], "partition": 0, "offset": -1});
    assert_eq!(done(&client, &json!({"DeleteRecords": {"partitions": [none]}}))["partitions"][0]["code"], 3);
    assert_eq!(done(&client, &json!({"DeleteTopics": {"topics": [name]}}))["topics"][0]["code"], 0);
    let user = |mechanism: &str| json!({"name": name, "mechanism": mechanism, "password": "hunter2"});
    let both = json!({"upsertions": [user("SCRAM-SHA-256"), user("SCRAM-SHA-512")]});
    let refused = done(&client, &json!({"AlterScramCredentials": both}));
    assert_eq!(refused["users"][0]["code"], 92, "{refused}");
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}

#[test]
fn on_kafka_a_user_without_rights_is_told_so() {
    let Some((bootstrap, name)) = real("rights") else { return };
    let given = |key: &str| env::var(format!("KAFFI_TEST_{key}")).ok();
    let (Some(servers), Some(ca)) = (given("SASL_BOOTSTRAP"), given("CA")) else {
        println!("skip rights: KAFFI_TEST_SASL_BOOTSTRAP is not set");
        return;
    };
    let client = admin(configured(&bootstrap, &[]));
    let user = json!({"name": name, "mechanism": "SCRAM-SHA-512", "password": "hunter2", "salt": "c2FsdHlzYWx0"});
    let made = done(&client, &json!({"AlterScramCredentials": {"upsertions": [user]}}));
    assert_eq!(made["users"][0]["code"], 0, "{made}");
    let acl = json!({"resource_type": "CLUSTER", "resource_name": "kafka-cluster", "principal": format!("User:{name}"),
        "operation": "ALL", "permission": "DENY"});
    let mut topic = acl.clone();
    (topic["resource_type"], topic["resource_name"]) = ("TOPIC".into(), name.clone().into());
    let made = done(&client, &json!({"CreateAcls": {"acls": [acl, topic]}}));
    assert_eq!((&made["acls"][0]["code"], &made["acls"][1]["code"]), (&json!(0), &json!(0)), "{made}");
    let poor = admin(configured(
        &servers,
        &[
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", &ca),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", &name),
            ("sasl.password", "hunter2"),
        ],
    ));
    // The broker that answers may learn of both a moment later.
    until("the refusal", || {
        ask(&poor, r#"{"DescribeAcls": {}}"#, 20_000).err().map(|e| assert_eq!(e.code, 31, "{}", e.text))
    });
    for request in [r#"{"DescribeScramCredentials": {}}"#, r#"{"DescribeScramCredentials": {"users": ["a"]}}"#] {
        let refused = ask(&poor, request, 20_000).expect_err("refused");
        assert_eq!(refused.code, 31, "{}", refused.text);
    }
    let user = json!({"name": "a", "mechanism": "SCRAM-SHA-512", "password": "hunter2"});
    let refused = done(&poor, &json!({"AlterScramCredentials": {"upsertions": [user]}}));
    assert_eq!(refused["users"][0]["code"], 31, "{refused}");
    let refused = done(&poor, &json!({"CreateTopics": {"topics": [{"name": name}]}}));
    assert_eq!(refused["topics"][0]["code"], 29, "{refused}");
    let refused = done(&poor, &json!({"DeleteAcls": {"filters": [{"principal": "User:nobody"}]}}));
    assert_eq!(refused["filters"][0]["code"], 31, "{refused}");
    assert_eq!(closes_within(&poor, 5000, 6000), Ok(0));
    done(&client, &json!({"DeleteAcls": {"filters": [{"principal": format!("User:{name}")}]}}));
    done(&client, &json!({"AlterScramCredentials": {"deletions": [{"name": name, "mechanism": "SCRAM-SHA-512"}]}}));
    assert_eq!(closes_within(&client, 5000, 6000), Ok(0));
}
