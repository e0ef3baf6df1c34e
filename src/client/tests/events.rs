//! Events, and descriptors that tell when something waits.

use serde_json::Value;

use super::*;

/// The next event, whatever it is.
fn event(client: &Client, timeout: i32) -> Option<Value> {
    let mut event = None;
    let result = client.next_event(ms(timeout), |text| {
        assert!(text.is_ascii());
        event = Some(serde_json::from_str(text).expect(text));
        true
    });
    match result {
        Ok(()) => event,
        Err(e) if e.code == code::NOTHING => None,
        Err(e) => panic!("{e}"),
    }
}

/// The next event of a kind; others go.
fn event_of(client: &Client, kind: &str) -> Value {
    until(kind, || event(client, 500).filter(|event| event["event"] == kind))
}

fn is_readable(fd: i64, wait: Duration) -> bool {
    let mut poll = libc::pollfd { fd: fd as i32, events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure.
    unsafe { libc::poll(&raw mut poll, 1, wait.as_millis() as i32) == 1 }
}

#[test]
fn what_a_consumer_tells() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..3);
    let conf = [("enable.partition.eof", "true"), ("statistics.interval.ms", "100"), ("debug", "cgrp")];
    let consumer = cluster.consumer("t", &conf);
    assert!(event(&consumer, 0).is_none_or(|event| event["event"] == "log"));
    let (mut got, mut end) = (false, false);
    until("a record and an end", || {
        match next(&consumer) {
            Ok(record) => got |= record.is_some(),
            Err(e) => end |= e.code == code::PARTITION_EOF,
        }
        (got && end).then_some(())
    });
    let rebalance = event_of(&consumer, "rebalance");
    assert_eq!((&rebalance["kind"], &rebalance["pending"]), (&"assign".into(), &false.into()));
    assert_eq!(rebalance["partitions"].as_array().map(Vec::len), Some(4));
    let eof = event_of(&consumer, "eof");
    assert_eq!(eof["topic"], "t");
    assert!(eof["partition"].is_i64() && eof["offset"].is_i64());
    assert!(event_of(&consumer, "stats")["stats"]["brokers"].is_object());
    assert_eq!(event_of(&consumer, "log")["level"], 7);
    consumer.as_consumer(|consumer, inside| consumer.commit_offsets(inside, None, None)).expect("commit");
    let commit = event_of(&consumer, "commit");
    assert_eq!((&commit["code"], &commit["partitions"][0]["topic"]), (&0.into(), &"t".into()));
    cluster.ask(r#"{"BrokerDown": {"broker": 1}}"#);
    let down = until("all brokers down", || {
        Some(event_of(&consumer, "error")).filter(|event| event["name"] == "_ALL_BROKERS_DOWN")
    });
    assert_eq!((&down["code"], &down["fatal"]), (&(-187).into(), &false.into()));
    assert!(
        until("a broker", || Some(event_of(&consumer, "error")["broker"].clone()).filter(Value::is_string)).is_string()
    );
    let _ = consumer.close(ms(0), |_| ());
}

#[test]
fn only_some_events_are_wanted() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..3);
    let consumer =
        cluster.consumer("t", &[("kaffi.events", "commit"), ("debug", "all"), ("enable.auto.commit", "false")]);
    record(&consumer);
    consumer.commit(None).expect("commit");
    consumer.as_consumer(|consumer, inside| consumer.commit_offsets(inside, None, None)).expect("commit");
    assert_eq!(event(&consumer, 10_000).expect("an event")["event"], "commit");
    assert_eq!(event(&consumer, 0), None);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
    let fresh = cluster.client(&[]);
    assert_eq!(code_of(fresh.next_event(ms(0), |_| true)), code::NOT_STARTED);
    assert_eq!(code_of(fresh.ready_descriptor(4)), code::NOT_STARTED);
}

#[test]
fn a_wait_for_events_ends_when_one_comes_or_the_client_closes() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    let producer = cluster.client(&[("kaffi.events", "error")]);
    producer.start(Type::Producer).expect("start");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| event(&producer, -1));
        cluster.ask(r#"{"BrokerDown": {"broker": 1}}"#);
        assert_eq!(waiting.join().expect("no panic").expect("an event")["event"], "error");
        cluster.ask(r#"{"BrokerUp": {"broker": 1}}"#);
        let ended = |call: &dyn Fn()| {
            let waiting = scope.spawn(|| {
                let result = until("an end", || match producer.next_event(ms(-1), |_| true) {
                    Ok(()) => None,
                    Err(e) => Some(e.code),
                });
                (result, Instant::now())
            });
            // Woken again, should it not wait yet.
            while !waiting.is_finished() {
                call();
                thread::yield_now();
            }
            waiting.join().expect("no panic").0
        };
        assert_eq!(ended(&|| producer.wake().expect("wake")), code::NOTHING);
        assert_eq!(ended(&|| drop(producer.close(ms(1000), |_| ()))), code::CLOSED);
    });
}

#[test]
fn an_event_that_does_not_fit_stays_first() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    let producer = cluster.client(&[("statistics.interval.ms", "100"), ("kaffi.events", "stats")]);
    producer.start(Type::Producer).expect("start");
    let mut first = String::new();
    producer
        .next_event(ms(10_000), |text| {
            first = text.to_string();
            false
        })
        .expect("an event");
    let mut again = String::new();
    producer
        .next_event(ms(0), |text| {
            again = text.to_string();
            true
        })
        .expect("the event");
    assert_eq!(first, again);
    assert_eq!(producer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_descriptor_is_readable_as_long_as_something_waits() {
    const SOON: Duration = Duration::from_secs(20);
    let cluster = Cluster::new(1, &[("t", 4)]);
    let producer = cluster.client(&[("kaffi.events", "rebalance"), ("linger.ms", "0")]);
    producer.start(Type::Producer).expect("start");
    let reports = producer.ready_descriptor(2).expect("a descriptor");
    assert_eq!(code_of(producer.ready_descriptor(1)), code::BAD_ARGUMENT);
    assert_eq!(code_of(producer.ready_descriptor(8)), code::BAD_ARGUMENT);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "0"), ("kaffi.events", "rebalance")]);
    let (records, events) = (consumer.ready_descriptor(1).expect("one"), consumer.ready_descriptor(4).expect("one"));
    let mut got = 0;
    let mut for_nothing = 0;
    for number in 0..50 {
        produce(&producer, "t", number % 4, "x").expect("produce");
        assert!(is_readable(reports, SOON));
        until("the report", || producer.delivery_report_batch(10, ms(0)).ok());
        while got <= number {
            assert!(is_readable(records, SOON), "record {number}");
            match next(&consumer).expect("consume") {
                Some(_) => got += 1,
                None => for_nothing += 1,
            }
        }
    }
    assert!(is_readable(events, SOON), "the assignment");
    assert_eq!(event(&consumer, 0).expect("the assignment")["event"], "rebalance");
    let calls: [(i64, &dyn Fn() -> i32); 3] = [
        (reports, &|| code_of(producer.delivery_report_batch(10, ms(0)))),
        (records, &|| code_of(consumer.consume_batch(10, ms(0)))),
        (events, &|| code_of(consumer.next_event(ms(0), |_| true))),
    ];
    for (fd, call) in calls {
        until("nothing more", || (call() == code::NOTHING).then_some(()));
        assert!(!is_readable(fd, Duration::ZERO));
    }
    assert!(for_nothing < 100, "{for_nothing} times for nothing");
    // What was fetched and waits for a resumption is not there; then it is.
    cluster.fill("t", 0, 0..10);
    assert!(is_readable(records, SOON));
    until("a record", || next(&consumer).expect("consume"));
    consumer.as_consumer(|consumer, inside| consumer.pause(inside, None)).expect("pause");
    until("nothing more", || next(&consumer).expect("consume").is_none().then_some(()));
    assert!(!is_readable(records, Duration::from_millis(100)));
    consumer.as_consumer(|consumer, inside| consumer.resume(inside, None)).expect("resume");
    assert!(is_readable(records, SOON));
    assert_eq!(producer.close(ms(10_000), |_| ()), Ok(0));
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_rebalance_that_waits_is_an_event() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    let consumer = cluster.consumer("t", &[("kaffi.rebalance", "manual"), ("kaffi.events", "")]);
    let rebalance = until("a rebalance", || {
        assert_eq!(next(&consumer), Ok(None));
        event(&consumer, 0)
    });
    assert_eq!((&rebalance["kind"], &rebalance["pending"]), (&"assign".into(), &true.into()));
    consumer.as_consumer(|consumer, inside| consumer.assign(inside, None)).expect("assign");
    cluster.fill("t", 0, 0..3);
    assert_eq!(record(&consumer).2, "0");
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}
