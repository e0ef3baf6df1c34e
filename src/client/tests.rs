//! The safe core on embedded clusters.

mod transactions;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::batch::{Batch, OFFSET_INVALID};
use super::mock::MockCluster;
use super::producer::MessageId;
use super::{Client, Running, Timeout, Type};
use crate::error::{Error, Result, code};

mod assignment;
#[cfg(unix)]
mod events;

const LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Cluster(Arc<MockCluster>);

impl Cluster {
    pub(super) fn new(brokers: i32, topics: &[(&str, i32)]) -> Cluster {
        let cluster = Cluster(MockCluster::start(brokers).expect("an embedded cluster"));
        for (topic, partitions) in topics {
            cluster.ask(&format!(r#"{{"CreateTopic": {{"topic": "{topic}", "partitions": {partitions}}}}}"#));
        }
        cluster
    }

    pub(super) fn ask(&self, json: &str) {
        self.0.request(json).expect(json);
    }

    pub(super) fn hang(&self) {
        self.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 60000}}"#);
    }

    pub(super) fn client(&self, conf: &[(&str, &str)]) -> Arc<Client> {
        let client = Client::new();
        client.set_conf("bootstrap.servers", &self.0.bootstrap()).expect("bootstrap.servers");
        for (key, value) in conf {
            client.set_conf(key, value).expect(key);
        }
        client
    }

    fn consumer(&self, topic: &str, conf: &[(&str, &str)]) -> Arc<Client> {
        let client = self.client(&[("group.id", "g"), ("auto.offset.reset", "earliest")]);
        for (key, value) in conf {
            client.set_conf(key, value).expect(key);
        }
        client.subscribe(&list(&[(topic, -1, OFFSET_INVALID)])).expect("subscribe");
        client
    }

    /// Produces `count` records with their numbers as values, to a partition or all of 4 in turn.
    pub(super) fn fill(&self, topic: &str, partition: i32, numbers: std::ops::Range<usize>) {
        // Sent by the flush, all at once: a partition's records come in one answer, so that a batch can hold them all.
        let producer = self.client(&[("linger.ms", "60000")]);
        for number in numbers {
            let partition = if partition < 0 { number as i32 % 4 } else { partition };
            produce(&producer, topic, partition, &number.to_string()).expect("produce");
        }
        producer.flush(ms(20_000), |_| ()).expect("flush");
        assert_eq!(producer.close(ms(20_000), |_| ()), Ok(0));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.0.stop();
    }
}

pub(super) fn ms(ms: i32) -> Timeout {
    Timeout::from_ms(ms).expect("a timeout")
}

pub(super) fn list(entries: &[(&str, i32, i64)]) -> Arc<Batch> {
    let list = Batch::new_list();
    for (topic, partition, offset) in entries {
        list.add_partition(topic, *partition).expect("an entry");
        if *offset >= 0 {
            list.set_offset(topic, *partition, *offset).expect("an offset");
        }
    }
    list
}

fn produce(producer: &Client, topic: &str, partition: i32, value: &str) -> Result<()> {
    producer.produce(MessageId::next(), topic, partition, None, Some(value.as_bytes()))
}

/// Repeats till something comes.
pub(super) fn until<T>(what: &str, mut try_it: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = try_it() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "waited in vain for {what}");
    }
}

/// The next record: partition, offset, value. `None`: none came in time.
fn next(consumer: &Client) -> Result<Option<(i32, i64, String)>> {
    let mut got = None;
    let result = consumer.consume(|record| {
        let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
        got = Some((record.partition, record.offset, value));
        Ok(())
    });
    match result {
        Err(e) if e.code == code::NOTHING => Ok(None),
        result => result.map(|()| got),
    }
}

pub(super) fn record(consumer: &Client) -> (i32, i64, String) {
    until("a record", || next(consumer).expect("consume"))
}

/// A batch of exactly `rows` records.
fn batch(consumer: &Client, rows: usize) -> Arc<Batch> {
    let batch = until("a batch", || consumer.consume_batch(rows, ms(500)).ok());
    assert_eq!(batch.rows(), rows);
    batch
}

pub(super) fn closes_within(client: &Client, timeout: i32, limit: u64) -> Result<i32> {
    let start = Instant::now();
    let result = client.close(ms(timeout), |_| ());
    assert!(start.elapsed() < Duration::from_millis(limit), "closing took {:?}", start.elapsed());
    result
}

/// Wakes a thread that waits in a client, also if it does not wait there yet.
pub(super) fn wake_till_ended<T>(client: &Client, waiting: &thread::ScopedJoinHandle<'_, T>) {
    until("the wait to end", || {
        client.wake().expect("wake");
        thread::park_timeout(Duration::from_millis(5));
        waiting.is_finished().then_some(())
    });
}

pub(super) fn code_of<T>(result: Result<T>) -> i32 {
    result.map_or_else(|e| e.code, |_| code::DONE)
}

#[test]
fn all_brokers_down_is_said() {
    // Only with the CFLAGS of .cargo/config.toml does the engine notice.
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.client(&[("kaffi.produce.timeout.ms", "0")]);
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    cluster.ask(r#"{"BrokerDown": {"broker": 1}}"#);
    produce(&producer, "t", 0, "b").expect("produce");
    let text = until("all brokers are down", || {
        let e = producer.flush(ms(100), |_| ()).expect_err("no broker");
        e.text.contains("all brokers are down").then_some(e.text)
    });
    assert!(text.contains("127.0.0.1:"), "{text}");
    assert_eq!(code_of(closes_within(&producer, 0, 5000)), code::UNDELIVERED);
}

#[test]
fn an_end_of_partition_skips_no_record() {
    let cluster = Cluster::new(1, &[("t", 1), ("u", 1)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.consumer("t", &[("enable.partition.eof", "true"), ("session.timeout.ms", "6000")]);
    for number in 0..10 {
        assert_eq!(record(&consumer).1, number);
    }
    assert_eq!(code_of(until("the end", || next(&consumer).map(|r| r.map(|_| ())).transpose())), code::PARTITION_EOF);
    cluster.fill("t", 0, 10..12);
    // A new subscription starts again at the engine's position.
    consumer.commit(None).expect("commit");
    consumer.subscribe(&list(&[("t", -1, OFFSET_INVALID), ("u", -1, OFFSET_INVALID)])).expect("subscribe");
    for number in 10..12 {
        let offset = until("a record", || match next(&consumer) {
            Err(e) if e.code == code::PARTITION_EOF => None,
            other => other.expect("consume"),
        });
        assert_eq!(offset.1, number);
    }
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn a_fetch_error_skips_no_record() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..5);
    let consumer = cluster.consumer("t", &[]);
    for number in 0..5 {
        assert_eq!(record(&consumer).1, number);
    }
    cluster.ask(r#"{"PushErrors": {"api": "Fetch", "errors": [29, 29, 29]}}"#);
    assert_eq!(code_of(until("the error", || next(&consumer).map(|r| r.map(|_| ())).transpose())), 29);
    cluster.fill("t", 0, 5..8);
    for number in 5..8 {
        let got = until("a record", || next(&consumer).unwrap_or_default());
        assert_eq!(got.1, number);
    }
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn a_fetch_error_does_not_wait_for_an_engine_that_is_held_up() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..20);
    // Each error comes by a call of its own, and the engine's own thread writes a log line ten times a second.
    let conf = [
        ("enable.partition.eof", "true"),
        ("kaffi.poll.timeout.ms", "5000"),
        ("heartbeat.interval.ms", "100"),
        ("debug", "cgrp"),
    ];
    let consumer = cluster.consumer("t", &conf);
    let (mut rows, mut ends) = (0, 0);
    until("all", || {
        match next(&consumer) {
            Err(e) => ends += usize::from(e.code == code::PARTITION_EOF),
            Ok(record) => rows += usize::from(record.is_some()),
        }
        (rows == 20 && ends == 4).then_some(())
    });
    // Where that line is written.
    let held_up = consumer.hub.secrets.write();
    cluster.ask(r#"{"PushErrors": {"api": "Fetch", "errors": [29]}}"#);
    let start = Instant::now();
    let errors = [(); 4].map(|()| code_of(next(&consumer)));
    let took = start.elapsed();
    drop(held_up);
    assert_eq!(errors, [29; 4]);
    assert!(took < Duration::from_secs(5), "{took:?}");
    cluster.fill("t", -1, 20..32);
    let mut seen = BTreeSet::new();
    until("the rest", || {
        match next(&consumer) {
            Ok(record) => assert!(record.is_none_or(|(partition, offset, value)| {
                let number = 4 * offset + i64::from(partition);
                value == number.to_string() && offset >= 5 && seen.insert(number)
            })),
            Err(e) => assert_eq!(e.code, code::PARTITION_EOF),
        }
        (seen.len() == 12).then_some(())
    });
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn commit_goes_on_while_another_thread_waits() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..3);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "30000")]);
    (0..3).for_each(|_| drop(record(&consumer)));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| next(&consumer));
        let start = Instant::now();
        consumer.commit(None).expect("commit");
        // Far from the 30 s that the other one waits.
        assert!(start.elapsed() < Duration::from_secs(20));
        assert!(!waiting.is_finished());
        assert_eq!(consumer.committed(&list(&[("t", 0, OFFSET_INVALID)])), Ok(3));
        wake_till_ended(&consumer, &waiting);
        assert_eq!(waiting.join().expect("no panic"), Ok(None));
    });
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn several_threads_share_the_records() {
    const COUNT: usize = 2000;
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..COUNT);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "100")]);
    let left = AtomicUsize::new(COUNT);
    let start = Instant::now();
    let got: Vec<_> = thread::scope(|scope| {
        let one = || {
            let mut mine = Vec::new();
            while left.load(Ordering::Relaxed) > 0 && start.elapsed() < LIMIT {
                if let Some(record) = next(&consumer).expect("consume") {
                    left.fetch_sub(1, Ordering::Relaxed);
                    mine.push(record.2);
                }
            }
            mine
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(got.len(), COUNT);
    assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), COUNT);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn a_waiting_call_ends_when_another_thread_closes() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let consumer = cluster.consumer("t", &[]);
    let entered = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            entered.store(1, Ordering::SeqCst);
            let result = consumer.consume_batch(10, ms(-1)).map(|_| ());
            (result, Instant::now())
        });
        until("the thread", || (entered.load(Ordering::SeqCst) == 1).then_some(()));
        let start = Instant::now();
        assert_eq!(consumer.close(ms(5000), |_| ()), Ok(0));
        let (result, ended) = waiting.join().expect("no panic");
        assert_eq!(code_of(result), code::CLOSED);
        assert!(ended - start < Duration::from_secs(5), "{:?}", ended - start);
    });
    assert_eq!(code_of(consumer.wake()), code::CLOSED);
    assert_eq!(code_of(consumer.commit(None)), code::CLOSED);
}

#[test]
fn reports_max_pushes_back_till_reports_are_read() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let conf = [
        ("kaffi.delivery.reports.max", "5"),
        ("kaffi.delivery.reports", "all"),
        ("kaffi.produce.timeout.ms", "300"),
        ("linger.ms", "0"),
    ];
    let producer = cluster.client(&conf);
    (0..5).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
    producer.flush(ms(10_000), |_| ()).expect("flush");
    let full = produce(&producer, "t", 0, "a").expect_err("full");
    assert_eq!(full.code, code::QUEUE_FULL);
    assert!(full.text.contains("kaffi.delivery.reports.max"), "{}", full.text);
    let mut read = 0;
    producer.delivery_reports(2, |report| read += usize::from(report.error == 0)).expect("reports");
    assert_eq!(read, 2);
    (0..2).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
    assert_eq!(code_of(produce(&producer, "t", 0, "a")), code::QUEUE_FULL);
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

#[test]
fn which_reports_are_kept() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    for (mode, unread, forgotten) in [("auto", 4, 6), ("errors", 0, 10), ("none", 0, 10)] {
        let conf = [("kaffi.delivery.reports", mode), ("kaffi.delivery.reports.max", "4"), ("linger.ms", "0")];
        let producer = cluster.client(&conf);
        for _ in 0..10 {
            produce(&producer, "t", 0, "a").expect("produce");
            producer.flush(ms(10_000), |_| ()).expect("flush");
        }
        let outstanding = producer.outstanding().expect("outstanding");
        assert_eq!(
            (outstanding.in_flight, outstanding.unread, outstanding.forgotten),
            (0, unread, forgotten),
            "{mode}"
        );
        assert_eq!(closes_within(&producer, 5000, 6000), Ok(0), "{mode}");
    }
}

#[test]
fn only_errors_as_librdkafka_says_it() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.client(&[("delivery.report.only.error", "true"), ("linger.ms", "0")]);
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("every record is heard of");
    let outstanding = producer.outstanding().expect("outstanding");
    assert_eq!((outstanding.in_flight, outstanding.unread, outstanding.forgotten), (0, 0, 1));
    assert_eq!(producer.get_conf("delivery.report.only.error"), Ok("true".to_string()));
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

#[test]
fn produce_waits_for_room_and_goes_on() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 300}}"#);
    let conf = [("queue.buffering.max.messages", "2"), ("linger.ms", "0"), ("kaffi.produce.timeout.ms", "20000")];
    let producer = cluster.client(&conf);
    (0..6).for_each(|number| produce(&producer, "t", 0, &number.to_string()).expect("room comes"));
    producer.flush(ms(20_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

#[test]
fn a_topic_that_cannot_be_is_refused_again_and_again() {
    let cluster = Cluster::new(1, &[]);
    let producer = cluster.client(&[]);
    for _ in 0..3 {
        assert_eq!(code_of(produce(&producer, &"x".repeat(600), 0, "a")), -186);
    }
    assert_eq!(producer.close(ms(20_000), |_| ()), Ok(0));
}

#[test]
fn a_failed_record_has_its_report() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.ask(r#"{"PushErrors": {"api": "Produce", "errors": [29]}}"#);
    let producer = cluster.client(&[("kaffi.delivery.reports", "errors"), ("linger.ms", "0")]);
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    let mut codes = Vec::new();
    producer.delivery_reports(10, |report| codes.push(report.error)).expect("reports");
    assert_eq!(codes, [29]);
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

#[test]
fn a_producer_of_a_hung_broker_closes_in_time() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.client(&[]);
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    cluster.hang();
    (0..100).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
    let mut left = 0;
    let start = Instant::now();
    assert_eq!(code_of(producer.close(ms(500), |count| left = count)), code::UNDELIVERED);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(left, 100);
}

#[test]
fn a_consumer_of_a_hung_broker_closes_in_time() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..3);
    let consumer = cluster.consumer("t", &[]);
    record(&consumer);
    cluster.hang();
    assert_eq!(code_of(closes_within(&consumer, 700, 5000)), code::TIMED_OUT);
}

#[test]
fn a_slow_answer_is_an_answer() {
    let cluster = Cluster::new(1, &[]);
    for rtt in [300, 600] {
        cluster.ask(&format!(r#"{{"RoundTripTime": {{"broker": 1, "ms": {rtt}}}}}"#));
        assert_eq!(cluster.client(&[]).check_connection(ms(10_000)), Ok(0), "{rtt} ms");
    }
}

#[test]
fn an_eager_rebalance_loses_no_record() {
    rebalances("range");
}

#[test]
fn a_cooperative_rebalance_loses_no_record() {
    rebalances("cooperative-sticky");
}

/// A consumer comes and goes while records are read; both together get every record.
fn rebalances(strategy: &str) {
    const COUNT: usize = 4000;
    let cluster = Cluster::new(1, &[("t", 4)]);
    let conf = [
        ("partition.assignment.strategy", strategy),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "100"),
        ("kaffi.poll.timeout.ms", "100"),
    ];
    cluster.fill("t", -1, 0..COUNT);
    let first = cluster.consumer("t", &conf);
    let mut seen = BTreeSet::new();
    seen.insert(record(&first).2);
    let second = cluster.consumer("t", &conf);
    let mut of_second = 0;
    until("both to have something", || {
        seen.extend(next(&first).expect("consume").map(|record| record.2));
        let got = next(&second).expect("consume");
        of_second += usize::from(got.is_some());
        seen.extend(got.map(|record| record.2));
        (of_second > 10).then_some(())
    });
    assert!(seen.len() < COUNT);
    thread::scope(|scope| {
        // The first has to give its partitions up while the second leaves.
        let closing = scope.spawn(|| closes_within(&second, 10_000, 11_000));
        until("every record", || {
            if let Ok(batch) = first.consume_batch(100, ms(100)) {
                let values = batch.bytes("value").expect("values");
                let texts = (0..values.rows()).filter_map(|row| values.get(row));
                seen.extend(texts.map(|value| String::from_utf8_lossy(value).into_owned()));
            }
            (seen.len() == COUNT).then_some(())
        });
        assert_eq!(closing.join().expect("no panic"), Ok(0));
    });
    assert_eq!(closes_within(&first, 10_000, 11_000), Ok(0));
}

#[test]
fn a_record_right_behind_a_rebalance_is_kept() {
    let cluster = Cluster::new(1, &[("t", 2)]);
    cluster.fill("t", 0, 0..3);
    cluster.fill("t", 1, 0..3);
    let conf = [
        ("partition.assignment.strategy", "range"),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "100"),
        ("enable.auto.commit", "false"),
    ];
    let first = cluster.consumer("t", &conf);
    (0..6).for_each(|_| drop(record(&first)));
    let second = cluster.consumer("t", &conf);
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while done.load(Ordering::SeqCst) == 0 {
                let _ = next(&second);
            }
        });
        // Nothing was committed: what is assigned again comes again, from the first record on, while this call waits.
        let again = first.consume_batch(1, ms(60_000)).map(|batch| {
            let mut first = -1;
            batch.ints("offset").expect("offsets").for_each(|_, offset| first = offset);
            first
        });
        done.store(1, Ordering::SeqCst);
        assert_eq!(again, Ok(0));
    });
    assert_eq!(closes_within(&second, 10_000, 11_000), Ok(0));
    assert_eq!(closes_within(&first, 10_000, 11_000), Ok(0));
}

#[test]
fn the_new_group_protocol() {
    let cluster = Cluster::new(1, &[("t", 2)]);
    cluster.fill("t", 0, 0..3);
    let conf = [("group.protocol", "consumer")];
    let consumer = cluster.consumer("t", &conf);
    assert_eq!(record(&consumer).1, 0);
    assert_eq!(record(&consumer).1, 1);
    consumer.commit(None).expect("commit");
    assert_eq!(consumer.committed(&list(&[("t", 0, OFFSET_INVALID)])), Ok(2));
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn a_part_of_a_batch_counts_till_the_next_call() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.consumer("t", &[("enable.auto.commit", "false")]);
    let taken = batch(&consumer, 10);
    let committed = || consumer.committed(&list(&[("t", 0, OFFSET_INVALID)])).expect("committed");
    consumer.store_batch_offsets(&taken, 4).expect("store");
    consumer.commit(None).expect("commit");
    assert_eq!(committed(), 4);
    assert_eq!(code_of(consumer.consume_batch(0, ms(0))), code::NOTHING);
    consumer.commit(None).expect("commit");
    assert_eq!(committed(), 4);
    assert_eq!(code_of(consumer.consume_batch(10, ms(0))), code::NOTHING);
    consumer.commit(None).expect("commit");
    assert_eq!(committed(), 10);
    assert_eq!(code_of(consumer.store_batch_offsets(&taken, 11)), code::BAD_ARGUMENT);
    assert_eq!(code_of(consumer.store_batch_offsets(&list(&[]), 0)), code::BAD_BATCH);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn what_was_handed_out_counts_as_configured() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..5);
    for (store, committed) in [("next-call", 2), ("delivered", 2), ("manual", OFFSET_INVALID)] {
        let consumer = cluster.consumer("t", &[("group.id", store), ("kaffi.offset.store", store)]);
        record(&consumer);
        record(&consumer);
        assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
        let other = cluster.client(&[("group.id", store)]);
        other.start(Type::Consumer).expect("start");
        assert_eq!(other.committed(&list(&[("t", 0, OFFSET_INVALID)])), Ok(committed), "{store}");
        assert_eq!(closes_within(&other, 5000, 6000), Ok(0));
    }
}

#[test]
fn a_refused_commit_says_which_entry() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..1);
    let consumer = cluster.consumer("t", &[]);
    record(&consumer);
    let offsets = list(&[("t", 0, 7)]);
    cluster.ask(r#"{"PushErrors": {"api": "OffsetCommit", "errors": [29]}}"#);
    assert_eq!(code_of(consumer.commit(Some(&offsets))), 29);
    let error = || {
        let mut error = -1;
        offsets.ints("error").expect("errors").for_each(|_, value| error = value);
        error
    };
    assert_eq!(error(), 29);
    assert_eq!(consumer.commit(Some(&offsets)), Ok(()));
    assert_eq!(error(), 0);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn partitions_do_not_matter_in_a_subscription() {
    let cluster = Cluster::new(1, &[("t", 2)]);
    cluster.fill("t", 1, 0..1);
    let consumer = cluster.client(&[("group.id", "g"), ("auto.offset.reset", "earliest")]);
    consumer.subscribe(&list(&[("t", 0, OFFSET_INVALID), ("t", 1, OFFSET_INVALID)])).expect("subscribe");
    assert_eq!(record(&consumer).0, 1);
    assert_eq!(code_of(consumer.subscribe(&list(&[]))), -186);
    assert_eq!(code_of(consumer.subscribe(&list(&[("^[", -1, OFFSET_INVALID)]))), -186);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn without_a_group_nothing_is_waited_for() {
    let cluster = Cluster::new(1, &[]);
    let consumer = cluster.client(&[]);
    assert_eq!(code_of(next(&consumer)), code::NOT_STARTED);
    consumer.start(Type::Consumer).expect("start");
    assert_eq!(code_of(next(&consumer)), code::NOT_STARTED);
    assert_eq!(code_of(consumer.consume_batch(1, ms(-1))), code::NOT_STARTED);
    assert_eq!(code_of(consumer.commit(Some(&list(&[("t", 0, 1)])))), code::START_FAILED);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn a_batch_keeps_to_its_bytes() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 100..130);
    let consumer = cluster.consumer("t", &[("kaffi.batch.max.bytes", "10")]);
    let mut rows = 0;
    until("all", || {
        if let Ok(batch) = consumer.consume_batch(100, ms(200)) {
            assert!(batch.bytes("value").expect("values").data().len() <= 10);
            rows += batch.rows();
        }
        (rows == 30).then_some(())
    });
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn records_come_in_order_by_record_and_by_batch() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    cluster.fill("t", 0, 0..1500);
    let consumer = cluster.consumer("t", &[]);
    let mut offset = 0;
    while offset < 1500 {
        assert_eq!(record(&consumer).1, offset);
        let taken = until("a batch", || consumer.consume_batch(99, ms(500)).ok());
        taken.ints("offset").expect("offsets").for_each(|row, value| assert_eq!(value, offset + 1 + row as i64));
        offset += 1 + taken.rows() as i64;
        if offset < 1500 {
            let refused = until("a record", || match consumer.consume(|_| Err(Error::new(code::TOO_SMALL, ""))) {
                Err(e) if e.code == code::NOTHING => None,
                other => Some(other),
            });
            assert_eq!(code_of(refused), code::TOO_SMALL);
        }
    }
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn the_position_of_a_started_consumer_survives_wrong_calls() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.client(&[]);
    produce(&producer, "t", 0, "a").expect("produce");
    assert_eq!(code_of(producer.commit(None)), code::WRONG_KIND);
    assert_eq!(code_of(producer.subscribe(&list(&[("t", 0, OFFSET_INVALID)]))), code::WRONG_KIND);
    assert_eq!(code_of(producer.set_conf("linger.ms", "1")), code::ALREADY_STARTED);
    assert_eq!(code_of(producer.set_conf("no.such", "1")), code::UNKNOWN_PROPERTY);
    assert!(matches!(producer.running.get(), Some(Running::Producer(_))));
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

/// A client of the real cluster that `KAFFI_TEST_BOOTSTRAP` names, with a name that is unique to the run.
pub(super) fn real(test: &str) -> Option<(String, String)> {
    let Ok(bootstrap) = std::env::var("KAFFI_TEST_BOOTSTRAP") else {
        println!("skip {test}: KAFFI_TEST_BOOTSTRAP is not set");
        return None;
    };
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_nanos();
    Some((bootstrap, format!("kaffi-{test}-{time}")))
}

pub(super) fn configured(bootstrap: &str, conf: &[(&str, &str)]) -> Arc<Client> {
    let client = Client::new();
    for (key, value) in [&[("bootstrap.servers", bootstrap)], conf].concat() {
        client.set_conf(key, value).expect(key);
    }
    client
}

#[test]
fn on_kafka_a_record_right_behind_a_rebalance_is_kept() {
    let Some((bootstrap, name)) = real("rebalance") else { return };
    let producer = configured(&bootstrap, &[("linger.ms", "0")]);
    (0..3).for_each(|number| produce(&producer, &name, 0, &number.to_string()).expect("produce"));
    producer.flush(ms(20_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
    let conf = [
        ("group.id", name.as_str()),
        ("auto.offset.reset", "earliest"),
        ("heartbeat.interval.ms", "100"),
        ("enable.auto.commit", "false"),
    ];
    let topics = list(&[(&name, -1, OFFSET_INVALID)]);
    let first = configured(&bootstrap, &conf);
    first.subscribe(&topics).expect("subscribe");
    (0..3).for_each(|_| drop(record(&first)));
    // The second gets nothing, the one partition comes back to the first: nothing was committed, so from the start on.
    let second = configured(&bootstrap, &[&conf[..], &[("client.id", "zzz")]].concat());
    second.subscribe(&topics).expect("subscribe");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| until("a record of the second", || next(&second).expect("consume")));
        let again = first.consume_batch(1, ms(60_000)).map(|batch| {
            let mut first = -1;
            batch.ints("offset").expect("offsets").for_each(|_, offset| first = offset);
            first
        });
        assert_eq!(again, Ok(0));
        assert_eq!(closes_within(&first, 10_000, 11_000), Ok(0));
        assert_eq!(waiting.join().expect("no panic").1, 0);
    });
    assert_eq!(closes_within(&second, 10_000, 11_000), Ok(0));
}

#[test]
fn on_kafka_a_commit_is_done_but_for_the_entry_that_is_refused() {
    let Some((bootstrap, name)) = real("commit") else { return };
    let producer = configured(&bootstrap, &[("linger.ms", "0")]);
    produce(&producer, &name, 0, "a").expect("produce");
    producer.flush(ms(20_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
    let consumer = configured(&bootstrap, &[("group.id", &name)]);
    consumer.start(Type::Consumer).expect("start");
    let offsets = list(&[(&name, 0, 1), ("kaffi-no-such-topic", 0, 1)]);
    // The engine spreads the error over all entries, but what could be committed is.
    assert_eq!(code_of(consumer.commit(Some(&offsets))), 3);
    assert_eq!(consumer.committed(&list(&[(&name, 0, OFFSET_INVALID)])), Ok(1));
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}
