//! Transactions, giving up records, keys and partitions, OAUTHBEARER.

use super::super::oauth::Token;
use super::super::partitioner;
use super::super::producer::Purge;
use super::super::transactions::{Advice, Outcome};
use super::*;

const PREV_IN_PROGRESS: i32 = -177;
const CONFLICT: i32 = -173;
const STATE: i32 = -172;
const NOT_CONFIGURED: i32 = -145;
const FENCED: i32 = -144;

impl Cluster {
    fn transactional(&self, id: &str) -> Arc<Client> {
        self.client(&[("transactional.id", id), ("linger.ms", "0")])
    }

    /// A producer in a transaction.
    fn in_transaction(&self, id: &str) -> Arc<Client> {
        let producer = self.transactional(id);
        assert_eq!(producer.init_transactions(ms(20_000)), Ok(()));
        assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
        producer
    }
}

/// Code and advice.
fn said(outcome: &Outcome) -> (i32, Advice) {
    outcome.as_ref().err().map_or((0, Advice::None), |failure| (failure.error.code, failure.advice))
}

fn text(outcome: &Outcome) -> String {
    outcome.as_ref().err().map_or_else(String::new, |failure| failure.error.text.clone())
}

fn undelivered(producer: &Client, timeout: i32) -> (i32, i64, String) {
    let left = std::cell::Cell::new(0);
    let result = producer.close(ms(timeout), |count| left.set(count));
    let text = result.as_ref().map_or_else(|e| e.text.clone(), |_| String::new());
    (code_of(result), left.get(), text)
}

#[test]
fn transactions_in_their_order_and_out_of_it() {
    let cluster = Cluster::new(1, &[("t", 4)]);
    let producer = cluster.transactional("order");
    assert_eq!(said(&producer.begin_transaction(ms(0))), (code::NOT_STARTED, Advice::None));
    assert_eq!(producer.init_transactions(ms(20_000)), Ok(()));
    assert_eq!(said(&producer.init_transactions(ms(20_000))), (STATE, Advice::None));
    let outside = produce(&producer, "t", 0, "a").expect_err("outside of a transaction");
    assert!(outside.code == STATE && outside.text.contains("BeginTransaction is missing"), "{outside}");
    let batch = Batch::new_records();
    batch.set_bytes("value", b"ab", &[1, 1]).expect("values");
    let outcome = producer.produce_batch("t", -1, &batch, ms(0)).expect("tried");
    let outside = outcome.result.expect_err("outside of a transaction");
    assert!(outside.code == STATE && outside.text.contains("BeginTransaction is missing"), "{outside}");
    assert_eq!((outcome.left, outcome.refused), (0, 2));
    let early = producer.commit_transaction(ms(1000));
    assert_eq!(said(&early), (STATE, Advice::None));
    assert!(text(&early).contains("CommitTransaction: ") && text(&early).contains("the order is"), "{}", text(&early));
    assert_eq!(said(&producer.abort_transaction(ms(1000))), (STATE, Advice::None));
    for ending in [Client::commit_transaction, Client::abort_transaction, Client::commit_transaction] {
        assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
        assert_eq!(said(&producer.begin_transaction(ms(0))), (STATE, Advice::None));
        produce(&producer, "t", 0, "a").expect("produce");
        let outcome = producer.produce_batch("t", -1, &batch, ms(5000)).expect("tried");
        assert_eq!((outcome.left, outcome.refused, outcome.result), (0, 0, Ok(())));
        assert_eq!(ending(&producer, ms(20_000)), Ok(()));
        assert_eq!(producer.outstanding().expect("outstanding").in_flight, 0);
    }
    // Nothing in it, and nothing said of it.
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    let aborted = producer.delivery_report_batch(100, ms(0)).expect("reports").rows();
    assert_eq!(aborted, 9);
    assert_eq!(undelivered(&producer, 5000), (0, 0, String::new()));
}

#[test]
fn a_producer_that_has_no_transactions_says_so() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.client(&[]);
    let outcome = producer.init_transactions(ms(1000));
    assert_eq!(said(&outcome), (NOT_CONFIGURED, Advice::None));
    assert!(text(&outcome).contains("transactional.id is not set"), "{}", text(&outcome));
    // It has not started: the property can still be set.
    assert_eq!(producer.set_conf("linger.ms", "0"), Ok(()));
    produce(&producer, "t", 0, "a").expect("produce");
    assert_eq!(said(&producer.begin_transaction(ms(0))), (NOT_CONFIGURED, Advice::None));
    let consumer = cluster.client(&[("transactional.id", "x")]);
    assert_eq!(said(&producer.send_offsets(&consumer, None, ms(0))), (code::NOT_STARTED, Advice::None));
    consumer.start(Type::Consumer).expect("start");
    assert_eq!(said(&consumer.init_transactions(ms(0))), (code::WRONG_KIND, Advice::None));
    assert_eq!(said(&producer.send_offsets(&consumer, None, ms(0))), (code::START_FAILED, Advice::None));
    assert_eq!(said(&producer.send_offsets(&producer, None, ms(0))), (code::WRONG_KIND, Advice::None));
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
    assert_eq!(closes_within(&producer, 5000, 6000), Ok(0));
}

#[test]
fn each_error_has_its_advice() {
    let cases: &[(&str, &[i32], i32, Advice)] = &[
        // Retried until they are gone.
        ("InitProducerId", &[14, 15, 16], 0, Advice::None),
        ("AddPartitionsToTxn", &[51, 14], 0, Advice::None),
        ("AddOffsetsToTxn", &[51, 15, 16], 0, Advice::None),
        ("TxnOffsetCommit", &[14, 15], 0, Advice::None),
        ("EndTxn", &[51, 14, 15], 0, Advice::None),
        // The transaction is over.
        ("AddPartitionsToTxn", &[29], 29, Advice::Abort),
        ("AddOffsetsToTxn", &[30], 30, Advice::Abort),
        ("TxnOffsetCommit", &[22], 22, Advice::Abort),
        ("TxnOffsetCommit", &[25], 25, Advice::Abort),
        ("Produce", &[10], 10, Advice::Abort),
        ("EndTxn", &[59], 59, Advice::Abort),
        ("EndTxn", &[120], 120, Advice::Abort),
        // The producer is over.
        ("InitProducerId", &[53], 53, Advice::Fatal),
        ("InitProducerId", &[90], FENCED, Advice::Fatal),
        ("AddPartitionsToTxn", &[47], FENCED, Advice::Fatal),
        ("AddOffsetsToTxn", &[53], 53, Advice::Fatal),
        ("TxnOffsetCommit", &[47], FENCED, Advice::Fatal),
        ("EndTxn", &[47], FENCED, Advice::Fatal),
        ("EndTxn", &[48], 48, Advice::Fatal),
    ];
    for (number, (api, errors, code, advice)) in cases.iter().enumerate() {
        let cluster = Cluster::new(1, &[("t", 1)]);
        let consumer = cluster.client(&[("group.id", "g")]);
        consumer.start(Type::Consumer).expect("start");
        let producer = cluster.transactional(&format!("id-{number}"));
        cluster.ask(&format!(r#"{{"PushErrors": {{"api": "{api}", "errors": {errors:?}}}}}"#));
        let transaction = || {
            producer.begin_transaction(ms(0))?;
            produce(&producer, "t", 0, "a")?;
            // What has failed before it would only say that it comes at the wrong time.
            if !(matches!(*api, "AddPartitionsToTxn" | "Produce") && *advice == Advice::Abort) {
                producer.send_offsets(&consumer, Some(&list(&[("t", 0, 7)])), ms(20_000))?;
            }
            producer.commit_transaction(ms(20_000))
        };
        let outcome = producer.init_transactions(ms(20_000)).and_then(|()| transaction());
        assert_eq!(said(&outcome), (*code, *advice), "{api} {errors:?}: {}", text(&outcome));
        match advice {
            Advice::None | Advice::CallAgain => {}
            Advice::Abort => {
                assert!(text(&outcome).contains("AbortTransaction"), "{}", text(&outcome));
                assert_eq!(producer.abort_transaction(ms(20_000)), Ok(()), "{api} {errors:?}");
                // The embedded cluster minds the gap that a refused record leaves in the producer's sequence.
                assert!(*api == "Produce" || transaction() == Ok(()), "{api} {errors:?}");
            }
            Advice::Fatal => {
                assert!(text(&outcome).contains("make a new one"), "{}", text(&outcome));
                let again = [producer.begin_transaction(ms(0)), producer.abort_transaction(ms(1000))];
                assert!(again.iter().all(|outcome| said(outcome) == (*code, Advice::Fatal)), "{again:?}");
            }
        }
        assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
        producer.delivery_reports(100, |_| ()).expect("reports");
        let (_, left, text) = undelivered(&producer, 5000);
        // A fatal error leaves the transaction open.
        assert!(left == 0 || *advice == Advice::Fatal, "{api} {errors:?}: {left} {text}");
    }
}

#[test]
fn what_takes_longer_goes_on_at_the_next_call() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let slow = |ms: i32| cluster.ask(&format!(r#"{{"RoundTripTime": {{"broker": 1, "ms": {ms}}}}}"#));
    let producer = cluster.transactional("slow");
    let finish = |call: &dyn Fn() -> Outcome| {
        let start = Instant::now();
        let outcome = call();
        assert_eq!(said(&outcome), (code::TIMED_OUT, Advice::CallAgain), "{}", text(&outcome));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        until("the end", || match call() {
            Ok(()) => Some(()),
            outcome => {
                assert_eq!(said(&outcome), (code::TIMED_OUT, Advice::CallAgain));
                None
            }
        });
    };
    slow(400);
    finish(&|| producer.init_transactions(ms(0)));
    slow(0);
    for ending in [Client::commit_transaction, Client::abort_transaction] {
        assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
        produce(&producer, "t", 0, "a").expect("produce");
        producer.flush(ms(10_000), |_| ()).expect("flush");
        slow(1500);
        finish(&|| ending(&producer, ms(300)));
        slow(0);
    }
    assert_eq!(undelivered(&producer, 5000).0, 0);
}

#[test]
fn a_commit_that_waits_can_be_woken_and_closed() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.in_transaction("woken");
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    cluster.hang();
    let waiting = || {
        let outcome = producer.commit_transaction(ms(-1));
        (outcome, Instant::now())
    };
    let Some(Running::Producer(running)) = producer.running.get() else { panic!("it has started") };
    let inside = || until("it to be inside", || running.transaction.is_locked().then_some(()));
    thread::scope(|scope| {
        let commit = scope.spawn(waiting);
        inside();
        assert_eq!(said(&producer.begin_transaction(ms(0))), (PREV_IN_PROGRESS, Advice::None));
        let start = Instant::now();
        producer.wake().expect("wake");
        let (outcome, ended) = commit.join().expect("no panic");
        assert_eq!(said(&outcome), (code::NOTHING, Advice::CallAgain));
        assert!(ended - start < Duration::from_secs(5), "{:?}", ended - start);
    });
    let conflict = producer.abort_transaction(ms(1000));
    assert_eq!(said(&conflict), (CONFLICT, Advice::None), "{}", text(&conflict));
    thread::scope(|scope| {
        let commit = scope.spawn(waiting);
        inside();
        let start = Instant::now();
        let (closed, left, _) = undelivered(&producer, 300);
        assert_eq!((closed, left), (code::UNDELIVERED, 1));
        let (outcome, ended) = commit.join().expect("no panic");
        assert_eq!(said(&outcome), (code::CLOSED, Advice::None));
        assert!(ended - start < Duration::from_secs(5), "{:?}", ended - start);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
}

#[test]
fn what_an_aborted_transaction_gave_up_is_not_undelivered() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.in_transaction("aborted");
    (0..5).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
    assert_eq!(producer.abort_transaction(ms(20_000)), Ok(()));
    assert_eq!(undelivered(&producer, 5000), (0, 0, String::new()));
}

#[test]
fn closing_aborts_an_open_transaction() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    // What was committed before counts as delivered, what failed before and was not read does not.
    let producer = cluster.in_transaction("closed");
    produce(&producer, "t", 0, "a").expect("produce");
    assert_eq!(producer.commit_transaction(ms(20_000)), Ok(()));
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    (0..5).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
    producer.flush(ms(10_000), |_| ()).expect("flush");
    let mut delivered = 0;
    producer.delivery_reports(100, |report| delivered += usize::from(report.error == 0)).expect("reports");
    assert_eq!(delivered, 6);
    let (closed, left, text) = undelivered(&producer, 5000);
    assert_eq!((closed, left), (code::UNDELIVERED, 5));
    assert!(text.contains("the open transaction was aborted"), "{text}");
}

#[test]
fn closing_goes_on_with_a_commit_that_has_begun() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let producer = cluster.in_transaction("committing");
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 1500}}"#);
    assert_eq!(said(&producer.commit_transaction(ms(200))), (code::TIMED_OUT, Advice::CallAgain));
    assert_eq!(undelivered(&producer, 10_000), (0, 0, String::new()));
}

#[test]
fn a_transaction_whose_broker_hangs_is_closed_in_time() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    for timeout in [0, 700] {
        cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 0}}"#);
        let producer = cluster.in_transaction(&format!("hung-{timeout}"));
        produce(&producer, "t", 0, "a").expect("produce");
        producer.flush(ms(10_000), |_| ()).expect("flush");
        cluster.hang();
        (0..10).for_each(|_| produce(&producer, "t", 0, "a").expect("produce"));
        let start = Instant::now();
        let (closed, left, text) = undelivered(&producer, timeout);
        assert_eq!((closed, left), (code::UNDELIVERED, 11), "{text}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(text.contains("the open transaction"), "{text}");
    }
}

#[test]
fn what_was_handed_out_goes_with_the_transaction() {
    let cluster = Cluster::new(1, &[("t", 1), ("u", 1)]);
    cluster.fill("t", 0, 0..2);
    let consumer = cluster.consumer("t", &[("enable.auto.commit", "false")]);
    let producer = cluster.transactional("offsets");
    assert_eq!(producer.init_transactions(ms(20_000)), Ok(()));
    assert_eq!(said(&producer.send_offsets(&consumer, Some(&list(&[("t", 0, 1)])), ms(5000))), (STATE, Advice::None));
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    // The embedded cluster keeps no such offsets; an error shows whether there were any.
    cluster.ask(r#"{"PushErrors": {"api": "TxnOffsetCommit", "errors": [22]}}"#);
    assert_eq!(producer.send_offsets(&consumer, None, ms(20_000)), Ok(()));
    assert_eq!(producer.send_offsets(&consumer, Some(&list(&[])), ms(20_000)), Ok(()));
    let rows = batch(&consumer, 2);
    assert_eq!(producer.produce_batch("u", -1, &rows, ms(5000)).map(|outcome| outcome.left), Ok(0));
    let outcome = producer.send_offsets(&consumer, None, ms(20_000));
    assert_eq!(said(&outcome), (22, Advice::Abort), "{}", text(&outcome));
    assert_eq!(producer.abort_transaction(ms(20_000)), Ok(()));
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    assert_eq!(producer.send_offsets(&consumer, None, ms(20_000)), Ok(()));
    assert_eq!(producer.commit_transaction(ms(20_000)), Ok(()));
    // What was not sent yet when it was aborted has failed.
    producer.delivery_reports(100, |report| assert!(matches!(report.error, 0 | -152), "{report:?}")).expect("reports");
    assert_eq!(undelivered(&producer, 5000).0, 0);
    assert_eq!(closes_within(&consumer, 5000, 6000), Ok(0));
}

#[test]
fn sending_offsets_ends_at_its_time() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let consumer = cluster.client(&[("group.id", "g")]);
    consumer.start(Type::Consumer).expect("start");
    let producer = cluster.in_transaction("late");
    let offsets = list(&[("t", 0, 1)]);
    let in_time = |call: &dyn Fn() -> Outcome| {
        let start = Instant::now();
        let outcome = call();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(said(&outcome), (code::TIMED_OUT, Advice::CallAgain), "{}", text(&outcome));
    };
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 2000}}"#);
    in_time(&|| producer.send_offsets(&consumer, Some(&offsets), ms(700)));
    // It has not ended: what comes next waits for it.
    in_time(&|| producer.abort_transaction(ms(300)));
    cluster.ask(r#"{"RoundTripTime": {"broker": 1, "ms": 0}}"#);
    assert_eq!(producer.abort_transaction(ms(20_000)), Ok(()));
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    assert_eq!(producer.send_offsets(&consumer, Some(&offsets), ms(20_000)), Ok(()));
    assert_eq!(producer.commit_transaction(ms(20_000)), Ok(()));
    // Closing does not wait for it either.
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    produce(&producer, "t", 0, "a").expect("produce");
    producer.flush(ms(10_000), |_| ()).expect("flush");
    cluster.hang();
    thread::scope(|scope| {
        let sending = scope.spawn(|| producer.send_offsets(&consumer, Some(&offsets), ms(-1)));
        let Some(Running::Producer(running)) = producer.running.get() else { panic!("it has started") };
        until("it to be inside", || running.transaction.is_locked().then_some(()));
        let start = Instant::now();
        assert_eq!(undelivered(&producer, 500).1, 1);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(said(&sending.join().expect("no panic")), (code::CLOSED, Advice::None));
    });
}

#[test]
fn each_record_that_is_given_up_has_its_report() {
    let cluster = Cluster::new(1, &[("t", 1)]);
    let codes = |producer: &Client, count: usize| {
        let mut codes = Vec::new();
        until("the reports", || {
            producer.delivery_reports(100, |report| codes.push(report.error)).expect("reports");
            (codes.len() == count).then_some(())
        });
        codes
    };
    let waiting = cluster.client(&[("linger.ms", "60000")]);
    assert_eq!(waiting.purge(Purge::from_number(3).expect("3")), Ok(()));
    (0..10).for_each(|_| produce(&waiting, "t", 0, "a").expect("produce"));
    assert_eq!(waiting.purge(Purge::from_number(1).expect("1")), Ok(()));
    assert_eq!(codes(&waiting, 10), [-152; 10]);
    assert_eq!(undelivered(&waiting, 5000).0, 0);
    let flying = cluster.client(&[("linger.ms", "0")]);
    produce(&flying, "t", 0, "a").expect("produce");
    flying.flush(ms(10_000), |_| ()).expect("flush");
    assert_eq!(codes(&flying, 1), [0]);
    cluster.hang();
    (0..10).for_each(|_| produce(&flying, "t", 0, "a").expect("produce"));
    let mut all = Vec::new();
    until("the reports", || {
        // What is in flight by now; what waits behind it stays.
        flying.purge(Purge::from_number(2).expect("2")).expect("purge");
        flying.delivery_reports(100, |report| all.push(report.error)).expect("reports");
        (!all.is_empty()).then_some(())
    });
    assert!(all.iter().all(|&code| code == -151), "{all:?}");
    flying.purge(Purge::from_number(3).expect("3")).expect("purge");
    all.extend(codes(&flying, 10 - all.len()));
    assert!(all.iter().all(|&code| matches!(code, -151 | -152)), "{all:?}");
    assert_eq!(undelivered(&flying, 5000).0, 0);
    for what in [0, 4, -1] {
        assert_eq!(Purge::from_number(what).map(|_| ()).map_err(|e| e.code), Err(code::BAD_ARGUMENT));
    }
}

#[test]
fn a_key_goes_where_it_is_said_to_go() {
    const PARTITIONS: i32 = 7;
    let cluster = Cluster::new(1, &[("t", PARTITIONS)]);
    for name in ["", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"] {
        let conf: &[_] = if name.is_empty() { &[] } else { &[("partitioner", name)] };
        let producer = cluster.client(conf);
        let mut expected = Vec::new();
        for number in 0..50 {
            let key = format!("key-{number}");
            producer.produce(MessageId::next(), "t", -1, Some(key.as_bytes()), None).expect("produce");
            expected.push(partitioner::partition(name, Some(key.as_bytes()), PARTITIONS).expect("a partition"));
        }
        producer.flush(ms(10_000), |_| ()).expect("flush");
        let mut reports = Vec::new();
        producer.delivery_reports(100, |report| reports.push((report.id.number(), report.partition))).expect("reports");
        reports.sort_unstable();
        assert_eq!(reports.into_iter().map(|(_, partition)| partition).collect::<Vec<_>>(), expected, "{name}");
        assert_eq!(undelivered(&producer, 5000).0, 0);
    }
}

#[test]
fn a_client_asks_for_its_token_and_says_so() {
    const SECRET: &str = "Geheim1.Geheim2.Geheim3";
    let cluster = Cluster::new(1, &[]);
    let conf = [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "OAUTHBEARER")];
    let in_ms = |ms: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
        now.as_millis() as i64 + ms
    };
    let in_a_minute = in_ms(60_000);
    let token = || Token::new(SECRET, in_a_minute, "me", r#"{"traceId": "Geheim4"}"#).expect("a token");
    // Why there is no connection, once that is known.
    let reason = |client: &Client, word: &str| {
        until(word, || {
            let e = client.check_connection(ms(500)).expect_err("no such listener");
            assert!(!e.text.contains("Geheim"), "{e}");
            Some(e).filter(|e| e.text.contains(word))
        })
    };
    /// What the client's wishes for a token say.
    fn wishes(client: &Client) -> Vec<&'static str> {
        let mut wishes = Vec::new();
        while client.hub.events.first(|event| {
            if event.contains(r#""event":"oauth""#) {
                wishes.push(if event.contains(r#""refresh":true"#) { "true" } else { "false" });
            }
            true
        }) {}
        wishes
    }
    for start in [false, true] {
        let client = cluster.client(&conf);
        if start {
            client.start(Type::Producer).expect("start");
        }
        let wants = reason(&client, "SetOAuthToken");
        assert_eq!(wishes(&client), if start { &["false"][..] } else { &[] });
        assert_eq!(wants.code, -169, "{wants}");
        client.set_oauth_failure("the vault is locked").expect("a reason");
        let fails = reason(&client, "the vault is locked");
        assert_eq!(fails.code, -169, "{fails}");
        // With a token it tries the broker, which knows no SASL.
        client.set_oauth_token(token()).expect("a token");
        let tries = reason(&client, "127.0.0.1");
        assert!(!tries.text.contains("SetOAuthToken") && !tries.text.contains("vault"), "{tries}");
        assert_eq!(closes_within(&client, 2000, 3000), Ok(0));
    }
    // Given before the start, it answers the first wish.
    let early = cluster.client(&conf);
    early.set_oauth_token(token()).expect("a token");
    early.start(Type::Consumer).expect("start");
    let tries = reason(&early, "127.0.0.1");
    assert!(!tries.text.contains("SetOAuthToken"), "{tries}");
    assert!(wishes(&early).is_empty());
    assert_eq!(closes_within(&early, 2000, 3000), Ok(0));
    // Four fifths of its time later it wants the next one.
    let brief = cluster.client(&conf);
    brief.set_oauth_token(Token::new(SECRET, in_ms(2000), "", "").expect("a token")).expect("a token");
    brief.start(Type::Producer).expect("start");
    until("the next wish", || {
        thread::park_timeout(Duration::from_millis(20));
        (wishes(&brief) == ["true"]).then_some(())
    });
    assert_eq!(closes_within(&brief, 2000, 3000), Ok(0));
    let other = cluster.client(&[]);
    assert_eq!(other.set_oauth_token(token()), Ok(()));
    other.start(Type::Producer).expect("a token that nobody wants does no harm");
    assert_eq!(code_of(other.set_oauth_token(token())), STATE);
    assert_eq!(code_of(other.set_oauth_failure("x")), STATE);
    assert_eq!(code_of(other.set_oauth_failure("")), code::BAD_TEXT);
    assert_eq!(closes_within(&other, 2000, 3000), Ok(0));
    let cases = [
        ("", in_a_minute, "", code::BAD_TEXT),
        ("Geheim\u{7f}", in_a_minute, "", code::BAD_TEXT),
        (SECRET, 0, "", code::BAD_ARGUMENT),
        (SECRET, i64::MIN, "", code::BAD_ARGUMENT),
        (SECRET, in_a_minute, "Geheim", code::BAD_JSON),
        (SECRET, in_a_minute, r#"{"a": {"b": "Geheim"}}"#, code::BAD_JSON),
        (SECRET, in_a_minute, r#"["Geheim"]"#, code::BAD_JSON),
        (SECRET, in_a_minute, r#"{"auth": "Geheim"}"#, code::BAD_JSON),
        (SECRET, in_a_minute, r#"{"a1": "Geheim"}"#, code::BAD_JSON),
        (SECRET, in_a_minute, r#"{"a": "Geheim\u0000"}"#, code::BAD_JSON),
    ];
    for (token, expires, extensions, code) in cases {
        let e = Token::new(token, expires, "", extensions).map(|_| ()).expect_err("wrong");
        assert!(e.code == code && !e.text.contains("Geheim"), "{e}");
    }
    assert!(Token::new(SECRET, i64::MAX, "", "{}").is_ok());
}

/// All values that a read_committed consumer sees of a topic up to `last`.
fn committed_values(bootstrap: &str, topic: &str, last: &str) -> Vec<String> {
    let group = format!("{topic}-reader");
    let conf = [("group.id", group.as_str()), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    let reader = configured(bootstrap, &conf);
    reader.subscribe(&list(&[(topic, -1, OFFSET_INVALID)])).expect("subscribe");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|value| value != last) {
        seen.push(record(&reader).2);
    }
    assert_eq!(closes_within(&reader, 10_000, 11_000), Ok(0));
    seen
}

#[test]
fn on_kafka_only_what_is_committed_is_seen() {
    let Some((bootstrap, name)) = real("transactions") else { return };
    let start = || {
        let producer = configured(&bootstrap, &[("transactional.id", name.as_str()), ("linger.ms", "0")]);
        assert_eq!(producer.init_transactions(ms(30_000)), Ok(()));
        producer
    };
    let run = |producer: &Client, value: &str, ending: fn(&Client, Timeout) -> Outcome| {
        assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
        produce(producer, &name, 0, value).expect("produce");
        assert_eq!(ending(producer, ms(30_000)), Ok(()), "{value}");
    };
    let producer = start();
    run(&producer, "1 committed", Client::commit_transaction);
    run(&producer, "2 aborted", |producer, timeout| {
        producer.flush(timeout, |_| ())?;
        producer.abort_transaction(timeout)
    });
    run(&producer, "3 committed", Client::commit_transaction);
    // Closing in a transaction aborts it, also what was delivered.
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    produce(&producer, &name, 0, "4 left open").expect("produce");
    producer.flush(ms(30_000), |_| ()).expect("flush");
    assert_eq!(undelivered(&producer, 10_000).1, 1);
    // A second instance fences the first, and aborts what that has open.
    let first = start();
    assert_eq!(first.begin_transaction(ms(0)), Ok(()));
    produce(&first, &name, 0, "5 fenced").expect("produce");
    first.flush(ms(30_000), |_| ()).expect("flush");
    let second = start();
    let outcome = first.commit_transaction(ms(30_000));
    assert_eq!(said(&outcome), (FENCED, Advice::Fatal), "{}", text(&outcome));
    assert_eq!(undelivered(&first, 10_000).1, 1);
    run(&second, "6 committed", Client::commit_transaction);
    run(&second, "the end", Client::commit_transaction);
    assert_eq!(undelivered(&second, 10_000).0, 0);
    assert_eq!(
        committed_values(&bootstrap, &name, "the end"),
        ["1 committed", "3 committed", "6 committed", "the end"]
    );
}

#[test]
fn on_kafka_offsets_are_committed_with_the_transaction() {
    let Some((bootstrap, name)) = real("offsets") else { return };
    let (source, sink) = (format!("{name}-in"), format!("{name}-out"));
    // In order also where the topic is made while they are sent.
    let filler = configured(&bootstrap, &[("linger.ms", "0"), ("enable.idempotence", "true")]);
    (0..6).for_each(|number| produce(&filler, &source, 0, &number.to_string()).expect("produce"));
    filler.flush(ms(30_000), |_| ()).expect("flush");
    assert_eq!(closes_within(&filler, 5000, 6000), Ok(0));
    let conf = [("group.id", name.as_str()), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    let consumer = || {
        let consumer = configured(&bootstrap, &conf);
        consumer.subscribe(&list(&[(&source, -1, OFFSET_INVALID)])).expect("subscribe");
        consumer
    };
    let producer = configured(&bootstrap, &[("transactional.id", name.as_str())]);
    assert_eq!(producer.init_transactions(ms(30_000)), Ok(()));
    let work = |consumer: &Client, expected: &str| {
        assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
        let value = record(consumer).2;
        assert_eq!(value, expected);
        produce(&producer, &sink, 0, &value).expect("produce");
        assert_eq!(producer.send_offsets(consumer, None, ms(30_000)), Ok(()));
    };
    let committed = |consumer: &Client| consumer.committed(&list(&[(&source, 0, OFFSET_INVALID)]));
    let first = consumer();
    work(&first, "0");
    assert_eq!(producer.commit_transaction(ms(30_000)), Ok(()));
    assert_eq!(committed(&first), Ok(1));
    work(&first, "1");
    assert_eq!(producer.abort_transaction(ms(30_000)), Ok(()));
    assert_eq!(committed(&first), Ok(1));
    assert_eq!(closes_within(&first, 10_000, 11_000), Ok(0));
    // The one that comes after it gets the record of the aborted transaction again.
    let second = consumer();
    work(&second, "1");
    assert_eq!(producer.commit_transaction(ms(30_000)), Ok(()));
    assert_eq!(committed(&second), Ok(2));
    assert_eq!(producer.begin_transaction(ms(0)), Ok(()));
    produce(&producer, &sink, 0, "the end").expect("produce");
    assert_eq!(producer.commit_transaction(ms(30_000)), Ok(()));
    assert_eq!(committed_values(&bootstrap, &sink, "the end"), ["0", "1", "the end"]);
    assert_eq!(closes_within(&second, 10_000, 11_000), Ok(0));
    assert_eq!(undelivered(&producer, 10_000).0, 0);
}
