//! Assigning, pausing, seeking, and what is known of offsets.

use super::*;
use crate::client::batch::Id;
use crate::client::sys::Entry;

fn assigned(client: &Client, entries: &[(&str, i32, i64)]) -> Result<()> {
    let entries = list(entries).entries()?;
    client.assign(|consumer, inside| consumer.assign(inside, Some(&entries)))
}

fn entries(of: &[(&str, i32)]) -> Vec<Entry> {
    of.iter().map(|(topic, partition)| Entry::of(topic, *partition)).collect()
}

fn pause(client: &Client, of: Option<&[Entry]>) -> Result<()> {
    client.as_consumer(|consumer, inside| consumer.pause(inside, of))
}

fn resume(client: &Client, of: Option<&[Entry]>) -> Result<()> {
    client.as_consumer(|consumer, inside| consumer.resume(inside, of))
}

fn seek(client: &Client, to: &[(&str, i32, i64)]) -> Result<()> {
    let mut entries = list(to).entries()?;
    entries.iter_mut().zip(to).for_each(|(entry, (.., offset))| entry.offset = *offset);
    client.as_consumer(|consumer, inside| consumer.seek(inside, &mut entries, ms(10_000)))
}

fn position(client: &Client, topic: &str, partition: i32) -> i64 {
    let list = list(&[(topic, partition, OFFSET_INVALID)]);
    client.as_consumer(|consumer, inside| consumer.get_positions(inside, &list)).expect("positions");
    list.entries().expect("entries")[0].offset
}

fn committed(client: &Client, topic: &str, partition: i32) -> i64 {
    let list = list(&[(topic, partition, OFFSET_INVALID)]);
    client.as_consumer(|consumer, inside| consumer.get_committed(inside, &list, ms(20_000))).expect("committed");
    list.entries().expect("entries")[0].offset
}

fn assignment(client: &Client) -> Vec<(String, i32)> {
    let entries = client.as_consumer(|consumer, inside| consumer.assignment(inside)).expect("assignment");
    entries.into_iter().map(|entry| (entry.topic, entry.partition)).collect()
}

/// The numbers of the next `count` records, in the order of partition and number.
fn numbers(client: &Client, count: usize) -> Vec<(i32, usize)> {
    let mut all: Vec<_> =
        (0..count).map(|_| record(client)).map(|(p, _, value)| (p, value.parse().expect("a number"))).collect();
    all.sort_unstable();
    all
}

#[test]
fn partitions_assigned_by_hand_are_read_from_their_offsets() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..40);
    // Without a group: nothing can be committed, and reading starts as auto.offset.reset says.
    let consumer = cluster.client(&[("auto.offset.reset", "earliest"), ("kaffi.poll.timeout.ms", "100")]);
    assigned(&consumer, &[("t", 1, 7), ("t", 2, OFFSET_INVALID)]).expect("assign");
    assert_eq!(assignment(&consumer), [("t".to_string(), 1), ("t".to_string(), 2)]);
    assert_eq!(position(&consumer, "t", 1), 7);
    let expected: Vec<_> =
        [29, 33, 37].map(|n| (1, n)).into_iter().chain((0..10).map(|row| (2, 4 * row + 2))).collect();
    assert_eq!(numbers(&consumer, 13), expected);
    assert_eq!((position(&consumer, "t", 1), position(&consumer, "t", 2)), (10, 10));
    assert_eq!(code_of(consumer.commit(None)), code::START_FAILED);
    assert_eq!(code_of(consumer.subscribe(&list(&[("t", -1, OFFSET_INVALID)]))), code::START_FAILED);

    // Added and taken away, one by one.
    let add = |of: &[(&str, i32)]| consumer.assign(|consumer, inside| consumer.add(inside, &entries(of)));
    let remove =
        |of: &[(&str, i32)]| consumer.as_consumer(|consumer, inside| consumer.unassign(inside, Some(&entries(of))));
    add(&[("t", 0)]).expect("add");
    assert_eq!(code_of(add(&[("t", 0)])), code::WRONG_STATE);
    assert_eq!(numbers(&consumer, 10), (0..10).map(|row| (0, 4 * row)).collect::<Vec<_>>());
    remove(&[("t", 1), ("t", 2)]).expect("remove");
    assert_eq!(code_of(remove(&[("t", 1)])), code::WRONG_STATE);
    assert_eq!(assignment(&consumer), [("t".to_string(), 0)]);
    // Replaced: what was fetched before is void.
    assigned(&consumer, &[("t", 0, 5), ("t", 3, 9)]).expect("assign");
    assert_eq!(numbers(&consumer, 6), [(0, 20), (0, 24), (0, 28), (0, 32), (0, 36), (3, 39)]);
    for wrong in [&[("t", -1, 0)][..], &[("t", 0, 0), ("t", -1, 1)]] {
        assert_eq!(code_of(assigned(&consumer, wrong)), code::BAD_ARGUMENT);
    }
    consumer.as_consumer(|consumer, inside| consumer.unassign(inside, None)).expect("unassign");
    assert_eq!(assignment(&consumer), []);
    assert_eq!(code_of(next(&consumer)), code::NOT_STARTED);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_pause_keeps_what_was_fetched() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..400);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "100")]);
    let mut got = vec![record(&consumer)];
    // The partition whose rows are in the inner batch now.
    let paused = entries(&[("t", got[0].0)]);
    pause(&consumer, Some(&paused)).expect("pause");
    assert_eq!(code_of(pause(&consumer, Some(&entries(&[("t", 9)])))), code::WRONG_STATE);
    while got.len() < 301 {
        let one = record(&consumer);
        assert_ne!(one.0, got[0].0, "paused");
        got.push(one);
    }
    assert_eq!(next(&consumer), Ok(None));
    assert_eq!(position(&consumer, "t", got[0].0), 1);
    resume(&consumer, Some(&paused)).expect("resume");
    while got.len() < 400 {
        got.push(record(&consumer));
    }
    for partition in 0..4 {
        let offsets: Vec<_> = got.iter().filter(|one| one.0 == partition).map(|one| one.1).collect();
        assert_eq!(offsets, (0..100).collect::<Vec<_>>(), "partition {partition}");
    }
    // All at once; and a paused partition can be sought.
    pause(&consumer, None).expect("pause");
    seek(&consumer, &[("t", 0, 90), ("t", 1, 95)]).expect("seek");
    assert_eq!(next(&consumer), Ok(None));
    resume(&consumer, None).expect("resume");
    assert_eq!(numbers(&consumer, 15).iter().map(|one| one.0).filter(|&partition| partition == 0).count(), 10);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_seek_goes_back_and_forth() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..1000);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "100")]);
    assert_eq!(record(&consumer).1, 0);
    for to in [500, 2, 999, 0, 700] {
        seek(&consumer, &[("t", 0, to)]).expect("seek");
        assert_eq!(position(&consumer, "t", 0), to);
        // As in Java, the position is what a commit commits.
        consumer.commit(None).expect("commit");
        assert_eq!(committed(&consumer, "t", 0), to);
        for offset in to..(to + 3).min(1000) {
            assert_eq!(record(&consumer).1, offset);
        }
    }
    seek(&consumer, &[("t", 0, -1)]).expect("seek to the end");
    assert_eq!(next(&consumer), Ok(None));
    seek(&consumer, &[("t", 0, -2)]).expect("seek to the beginning");
    assert_eq!(record(&consumer).1, 0);
    assert_eq!(code_of(seek(&consumer, &[("t", 7, 0)])), code::WRONG_STATE);
    assert_eq!(code_of(seek(&consumer, &[("t", 0, -5)])), code::BAD_ARGUMENT);
    assert_eq!(record(&consumer).1, 1);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_seek_holds_though_the_partition_was_paused_before_its_first_record() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..200);
    for _ in 0..3 {
        let conf = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
        let consumer = cluster.client(&conf);
        assigned(&consumer, &[("t", 0, OFFSET_INVALID)]).expect("assign");
        pause(&consumer, None).expect("pause");
        resume(&consumer, None).expect("resume");
        seek(&consumer, &[("t", 0, 163)]).expect("seek");
        for offset in 163..200 {
            assert_eq!(record(&consumer).1, offset);
        }
        assert_eq!(next(&consumer), Ok(None));
        let _ = consumer.close(ms(0), |_| ());
    }
}

#[test]
fn a_seek_voids_what_was_handed_out() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.consumer("t", &[("kaffi.offset.store", "manual")]);
    let handed = batch(&consumer, 10);
    seek(&consumer, &[("t", 0, 3)]).expect("seek");
    consumer.store_batch_offsets(&handed, 10).expect("store");
    consumer.commit(None).expect("commit");
    assert_eq!(committed(&consumer, "t", 0), OFFSET_INVALID);
    assert_eq!(record(&consumer).1, 3);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_partition_that_was_just_assigned_can_seek() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..40);
    let consumer = cluster.client(&[("group.id", "g")]);
    assigned(&consumer, &[("t", 0, OFFSET_INVALID), ("t", 1, 0)]).expect("assign");
    seek(&consumer, &[("t", 0, 3), ("t", 1, 4)]).expect("seek");
    let expected: Vec<_> = (3..10).map(|row| (0, 4 * row)).chain((4..10).map(|row| (1, 4 * row + 1))).collect();
    assert_eq!(numbers(&consumer, 13), expected);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn a_subscription_is_shown_replaced_and_ended() {
    let cluster = Cluster::new(1, &[("t", 4), ("u", 1)]);
    cluster.fill("t", 0, 0..5);
    cluster.fill("u", 0, 0..5);
    let consumer = cluster.consumer("t", &[("kaffi.poll.timeout.ms", "100"), ("session.timeout.ms", "6000")]);
    let subscription = || consumer.as_consumer(|consumer, inside| consumer.subscription(inside)).expect("subscription");
    assert_eq!(subscription(), ["t"]);
    record(&consumer);
    assert_eq!(assignment(&consumer).len(), 4);
    assert_eq!(code_of(assigned(&consumer, &[("u", 0, 0)])), code::WRONG_STATE);
    consumer.as_consumer(|consumer, inside| consumer.unsubscribe(inside)).expect("unsubscribe");
    assert_eq!((subscription(), assignment(&consumer)), (vec![], vec![]));
    assert_eq!(code_of(next(&consumer)), code::NOT_STARTED);
    // What was handed out was committed on the way.
    assert_eq!(committed(&consumer, "t", 0), 1);
    assigned(&consumer, &[("u", 0, 3)]).expect("assign");
    assert_eq!(code_of(consumer.subscribe(&list(&[("t", -1, OFFSET_INVALID)]))), code::WRONG_STATE);
    assert_eq!(numbers(&consumer, 2), [(0, 3), (0, 4)]);
    consumer.as_consumer(|consumer, inside| consumer.unsubscribe(inside)).expect("unsubscribe");
    consumer.subscribe(&list(&[("t", -1, OFFSET_INVALID)])).expect("subscribe");
    assert_eq!(record(&consumer).1, 1);
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

/// Waits till a rebalance asks for an answer, and tells whether it gives partitions, and which.
fn rebalance(client: &Client) -> (bool, Vec<i32>) {
    let pending = until("a rebalance", || {
        match next(client) {
            Err(e) => panic!("{e}"),
            Ok(Some(record)) => panic!("{record:?} without an answer"),
            Ok(None) => {}
        }
        client.as_consumer(|consumer, _| Ok(consumer.pending())).expect("pending")
    });
    (pending.assigns, pending.entries.iter().map(|entry| entry.partition).collect())
}

#[test]
fn the_host_answers_rebalances() {
    for (strategy, cooperative) in [("range", false), ("cooperative-sticky", true)] {
        let cluster = Cluster::new(1, &[("t", 4)]);
        cluster.fill("t", -1, 0..40);
        let conf = &[
            ("kaffi.rebalance", "manual"),
            // The embedded cluster refuses commits while a group rebalances.
            ("enable.auto.commit", "false"),
            ("partition.assignment.strategy", strategy),
            ("kaffi.poll.timeout.ms", "100"),
            ("session.timeout.ms", "6000"),
        ];
        let one = cluster.consumer("t", conf);
        assert_eq!(rebalance(&one), (true, vec![0, 1, 2, 3]), "{strategy}");
        assert_eq!(assignment(&one), []);
        let unassign = |client: &Client| client.as_consumer(|consumer, inside| consumer.unassign(inside, None));
        let assign = |client: &Client| client.as_consumer(|consumer, inside| consumer.assign(inside, None));
        // A wrong answer is none.
        assert_eq!(code_of(unassign(&one)), code::WRONG_STATE);
        // With offsets of its own.
        let from = list(&[("t", 0, 2), ("t", 1, 0), ("t", 2, 0), ("t", 3, 9)]).entries().expect("entries");
        one.as_consumer(|consumer, inside| consumer.assign(inside, Some(&from))).expect("assign");
        let seen = numbers(&one, 8 + 10 + 10 + 1);
        assert_eq!((seen[0], seen[28]), ((0, 8), (3, 39)));

        // Another member: some of the partitions go, after an answer.
        let two = cluster.consumer("t", conf);
        let (assigns, taken) = until("a revocation", || {
            let _ = next(&two);
            let _ = next(&one);
            let pending = one.as_consumer(|consumer, _| Ok(consumer.pending())).expect("pending")?;
            Some((pending.assigns, pending.entries.len()))
        });
        assert_eq!((assigns, taken), (false, if cooperative { 2 } else { 4 }), "{strategy}");
        unassign(&one).expect("unassign");
        let both = || assignment(&one).len() + assignment(&two).len();
        until("both have their partitions", || {
            for client in [&one, &two] {
                let _ = next(client);
                if let Some(pending) = client.as_consumer(|consumer, _| Ok(consumer.pending())).expect("pending") {
                    if pending.assigns { assign(client) } else { unassign(client) }.expect("an answer");
                }
            }
            (both() == 4 && assignment(&one).len() == 2).then_some(())
        });
        // Closing answers what waits.
        assert_eq!(closes_within(&two, 10_000, 11_000), Ok(0));
        let start = Instant::now();
        while one.as_consumer(|consumer, _| Ok(consumer.pending())).expect("pending").is_none() {
            let _ = next(&one);
            if start.elapsed() > Duration::from_secs(20) {
                break;
            }
        }
        assert_eq!(closes_within(&one, 10_000, 11_000), Ok(0));
    }
}

#[test]
fn what_the_host_stores_is_committed() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.consumer("t", &[("kaffi.offset.store", "manual"), ("session.timeout.ms", "6000")]);
    let store = |client: &Client, offset| {
        let list = list(&[("t", 0, offset)]);
        list.set_bytes("metadata", b"mine", &[4]).expect("metadata");
        client.as_consumer(|consumer, inside| consumer.store_offsets(inside, &list))
    };
    assert_eq!(code_of(store(&consumer, 3)), code::WRONG_STATE);
    numbers(&consumer, 10);
    consumer.commit(None).expect("nothing to commit");
    assert_eq!(committed(&consumer, "t", 0), OFFSET_INVALID);
    store(&consumer, 3).expect("store");
    consumer.commit(None).expect("commit");
    assert_eq!(committed(&consumer, "t", 0), 3);
    let list = list(&[("t", 0, OFFSET_INVALID)]);
    consumer.as_consumer(|consumer, inside| consumer.get_committed(inside, &list, ms(20_000))).expect("committed");
    assert_eq!(list.entries().expect("entries")[0].metadata.as_deref(), Some(&b"mine"[..]));
    store(&consumer, 6).expect("store");
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
    let again = cluster.consumer("t", &[]);
    assert_eq!(code_of(store(&again, 3)), code::INVALID_ARG);
    assert_eq!(record(&again).1, 6);
}

#[test]
fn offsets_are_committed_with_a_limit_or_without_waiting() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.consumer("t", &[("enable.auto.commit", "false")]);
    numbers(&consumer, 10);
    let commit = |list: Option<&Batch>, timeout: Option<i32>| {
        consumer.as_consumer(|consumer, inside| consumer.commit_offsets(inside, list, timeout.map(ms)))
    };
    commit(None, Some(20_000)).expect("commit");
    assert_eq!(committed(&consumer, "t", 0), 10);
    commit(Some(&list(&[("t", 0, 4)])), Some(20_000)).expect("commit");
    assert_eq!(committed(&consumer, "t", 0), 4);
    commit(None, None).expect("commit");
    until("the commit", || (committed(&consumer, "t", 0) == 10).then_some(()));
    assert_eq!(code_of(commit(Some(&list(&[("t", 0, OFFSET_INVALID)])), None)), code::BAD_ARGUMENT);
    cluster.hang();
    let start = Instant::now();
    assert_eq!(code_of(commit(None, Some(300))), code::TIMED_OUT);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let _ = consumer.close(ms(0), |_| ());
}

#[test]
fn lag_and_watermarks() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", -1, 0..40);
    let consumer = cluster.consumer("t", &[]);
    let watermarks = |partition, timeout| {
        consumer.as_consumer(|consumer, inside| consumer.get_watermarks(inside, "t", partition, ms(timeout)))
    };
    assert_eq!(watermarks(0, 10_000), Ok((0, 10)));
    let first = record(&consumer);
    let lag = || {
        let batch = consumer.as_consumer(|consumer, inside| consumer.get_lag(inside)).expect("lag");
        let read = |id| {
            let mut values = Vec::new();
            crate::client::batch::Ints(batch.values(id)).for_each(|_, value| values.push(value));
            values
        };
        let rows: Vec<_> =
            read(Id::Partition).into_iter().zip(read(Id::Position).into_iter().zip(read(Id::Lag))).collect();
        rows
    };
    assert_eq!(lag().len(), 4);
    assert!(lag().contains(&(i64::from(first.0), (1, 9))), "{:?}", lag());
    numbers(&consumer, 39);
    assert!(lag().iter().all(|(_, known)| *known == (10, 0)), "{:?}", lag());
    assert_eq!(watermarks(first.0, 0), Ok((0, 10)));
    let metadata = consumer.as_consumer(|consumer, _| consumer.group_metadata()).expect("metadata");
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("JSON");
    assert_eq!(metadata["group_id"], "g");
    assert!(!metadata["member_id"].as_str().expect("a text").is_empty());
    assert!(metadata["generation_id"].as_i64().expect("a number") >= 1);
    cluster.hang();
    let start = Instant::now();
    assert_eq!(code_of(watermarks(0, 300)), code::TIMED_OUT);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let _ = consumer.close(ms(0), |_| ());
}

#[test]
fn offsets_for_times_are_told_though_slowly_or_not_in_time() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    cluster.fill("t", 0, 0..10);
    let consumer = cluster.client(&[]);
    consumer.start(Type::Consumer).expect("start");
    let offsets = |time: i64, timeout| {
        let list = list(&[("t", 0, time)]);
        consumer.as_consumer(|consumer, inside| consumer.get_offsets_for_times(inside, &list, ms(timeout)))?;
        Ok(list.entries()?[0].offset)
    };
    // The embedded cluster knows no times: for any of them there is no record.
    assert_eq!(offsets(1, 20_000), Ok(-1));
    // Longer than the engine is asked without looking up.
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 700}}"#);
    assert_eq!(offsets(1, 20_000), Ok(-1));
    cluster.hang();
    let start = Instant::now();
    assert_eq!(code_of(offsets(1, 600)), code::TIMED_OUT);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let _ = consumer.close(ms(0), |_| ());
}

#[test]
fn a_pattern_finds_the_topics_that_match() {
    let cluster = Cluster::new(1, &[("orders-a", 1), ("orders-b", 1), ("other", 1)]);
    for topic in ["orders-a", "orders-b", "other"] {
        cluster.fill(topic, 0, 0..2);
    }
    let consumer = cluster.consumer("^orders-.*", &[]);
    (0..4).for_each(|_| drop(record(&consumer)));
    assert_eq!(assignment(&consumer), [("orders-a".to_string(), 0), ("orders-b".to_string(), 0)]);
    assert_eq!(next(&consumer), Ok(None));
    assert_eq!(consumer.close(ms(10_000), |_| ()), Ok(0));
}

#[test]
fn on_kafka_a_static_member_that_comes_back_moves_nothing() {
    let Some((bootstrap, name)) = real("static") else { return };
    let producer = configured(&bootstrap, &[("linger.ms", "0")]);
    (0..4).for_each(|partition| produce(&producer, &name, partition, "x").expect("produce"));
    producer.flush(ms(20_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
    let member = |id: &str| {
        let conf = [("group.id", name.as_str()), ("group.instance.id", id), ("auto.offset.reset", "earliest")];
        let client = configured(&bootstrap, &conf);
        client.subscribe(&list(&[(&name, -1, OFFSET_INVALID)])).expect("subscribe");
        client
    };
    let (one, two) = (member("one"), member("two"));
    let both = || {
        until("two partitions each", || {
            let _ = (next(&one), next(&two));
            (assignment(&one).len() == 2 && assignment(&two).len() == 2).then(|| assignment(&two))
        })
    };
    let of_two = both();
    let of_one = assignment(&one);
    assert_eq!(closes_within(&one, 10_000, 11_000), Ok(0));
    let one = member("one");
    until("the same partitions", || {
        let _ = (next(&one), next(&two));
        assert_eq!(assignment(&two), of_two);
        (assignment(&one) == of_one).then_some(())
    });
    assert_eq!(closes_within(&one, 10_000, 11_000), Ok(0));
    assert_eq!(closes_within(&two, 10_000, 11_000), Ok(0));
}
