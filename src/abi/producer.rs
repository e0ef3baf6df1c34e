//! Producers: producing records and reading their delivery reports.

use std::ffi::{c_int, c_ulonglong};

use super::boundary::boundary;
use super::types::{ColumnOut, Data, ErrorText, Handle, HandleOut, IdOut, In, InOut, Out, Text, TextOut};
use crate::client::batch::Batch;
use crate::client::producer::{MessageId, Purge};
use crate::client::{Client, Timeout};
use crate::error::{self, Error, code};

/// Hands a record to the producer, which copies it and delivers it in the background. The first call starts the client
/// as a producer.
///
/// Whether the record was delivered comes by `DeliveryReport`, under its id. Waits for room when the queue is full,
/// `kaffi.produce.timeout.ms` (60 s) at most.
///
/// ⎕NA: `I4 %P|Produce P <0T1 <0T1 U4 <0T1 U4 I4 >U8 >0T1 =I4`
///
/// # Parameters
/// - `prod`: the producer
/// - `topic`: name of the topic
/// - `payload`: the value, any bytes; null where `paylen` is 0
/// - `paylen`: length of `payload` in bytes; 0xFFFFFFFF: no value (null, a tombstone)
/// - `key`: the key, any bytes; null where `keylen` is 0
/// - `keylen`: length of `key` in bytes; 0xFFFFFFFF: no key (null). A null `key` with length 0 is empty
/// - `partition`: the partition; -1: the partitioner chooses, by the key
/// - `msgid`: receives the id of the record, unique and increasing in the process; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: taken; its delivery report will come
/// - 1: the producer cannot start as it is configured: the text says why
/// - -184: the queue is full and no room came in time; try again
/// - 10: the record is larger than `message.max.bytes`
/// - -190: the topic has no such partition
/// - -172: BeginTransaction is missing (with `transactional.id`), or the transaction takes no more
/// - -1101, -1102, -1103, -1104: not a producer, a pointer is null, the topic or the partition is not right
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka; the record was not taken
#[unsafe(no_mangle)]
pub extern "C" fn Produce(
    prod: Handle<Client>,
    topic: Text,
    payload: Data,
    paylen: u32,
    key: Data,
    keylen: u32,
    partition: i32,
    msgid: Out<u64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::new(errtxt, plen), &[&IdOut(msgid)], || {
        let msgid = msgid.required("msgid")?;
        let id = MessageId::next();
        msgid.set(id.number());
        let value = payload.get(paylen, "payload")?;
        let key = key.get(keylen, "key")?;
        prod.get()?.produce(id, topic.get("topic")?, partition, key, value)?;
        Ok(code::DONE)
    })
}

/// Reads delivery reports: which records were delivered, which failed and why.
///
/// Waits for the first report, `kaffi.poll.timeout.ms` (500) at most, and only while records are in flight. Before any
/// `Produce` there are none.
///
/// ⎕NA: `I4 %P|DeliveryReport P >I8[] >I4[] =I4`
///
/// # Parameters
/// - `prod`: the producer
/// - `msgid`: receives the ids, room for `plength`
/// - `err`: receives the codes, room for `plength`: 0 delivered, else why not (`DRMessageError` gives the text)
/// - `plength`: in: room in reports; out: how many were written
///
/// # Codes
/// - 0: done; `plength` may be 0
/// - -1102, -1104: a pointer is null, the room is negative
/// - -1101: not a producer
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn DeliveryReport(
    prod: Handle<Client>,
    msgid: ColumnOut<c_ulonglong>,
    err: ColumnOut<c_int>,
    plength: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::NONE, &[&plength], || {
        let room = plength.room("plength")?;
        let msgid = msgid.required(room, "msgid")?;
        let err = err.required(room, "err")?;
        let mut count = 0;
        prod.get()?.delivery_reports(room, |report| {
            msgid.set(count, report.id.number());
            err.set(count, report.error);
            count += 1;
        })?;
        plength.set(count);
        Ok(code::DONE)
    })
}

/// Gives the text of a code, as a delivery report or any function answered it.
///
/// ⎕NA: `I4 %P|DRMessageError <I4 >0T1 =I4`
///
/// # Parameters
/// - `err`: the code
/// - `errtxt`: receives the text, cut to the room; null where the room is 0
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text
///
/// # Codes
/// - 0: done
/// - -1102, -1104: a pointer is null, the room is negative
#[unsafe(no_mangle)]
pub extern "C" fn DRMessageError(err: In<c_int>, errtxt: TextOut, plen: InOut<c_int>) -> c_int {
    boundary(ErrorText::NONE, &[&plen], || {
        let room = plen.room("plen")?;
        let errtxt = errtxt.required(room, "errtxt")?;
        plen.set(errtxt.write_cut(room, &error::text(err.get("err")?)));
        Ok(code::DONE)
    })
}

/// Hands the records of a batch to the producer, which copies them. The first call starts the client as a producer.
///
/// Row i has the id `first_msgid` + i. Timestamps (-1 or 0: now) and headers of the batch go along; a consumed batch can be
/// produced as it is: its offsets, leader epochs and timestamp types are ignored. The order of the rows is kept for each
/// key and for each partition. A row that is refused for itself (too large, no such partition) does not stop the others
/// and gets no report; column `error` says for each row 0, -184 (left) or why. Waits for room when the queue is full.
///
/// # Parameters
/// - `prod`: the producer
/// - `topic`: name of the topic for all rows; empty: the batch's own (columns topic, topic.name)
/// - `partition`: partition for all rows; -1: the partitioner chooses, by the key; -2: the batch's own (column partition)
/// - `batch`: the batch; a missing key or value column is null
/// - `timeout_ms`: how long to wait for room; 0 does not wait, -1 as long as it takes
/// - `first_msgid`: receives the id of row 0
/// - `left`: receives how many rows found no room in time
/// - `refused`: receives how many rows were refused
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: every row was tried; look at `refused`
/// - -184: `left` rows found no room in time: the same call with the same batch takes those, with the same `first_msgid`
/// - -1111: the producer cannot start as it is configured: the text says why
/// - -1114: the columns do not fit together, or one that the call needs is missing: the text names it
/// - -172: BeginTransaction is missing (with `transactional.id`), or the transaction takes no more: column `error` says
///   which rows were not taken
/// - -1101, -1102, -1103, -1104: not a producer, a pointer is null, a text or a number is not right
/// - -1100, -1107, -1108: a handle is not right, or was closed meanwhile
/// - other: an error of Kafka; the rows that are left were not taken
#[unsafe(no_mangle)]
pub extern "C" fn ProduceBatch(
    prod: Handle<Client>,
    topic: Text,
    partition: i32,
    batch: Handle<Batch>,
    timeout_ms: i32,
    first_msgid: Out<u64>,
    left: Out<i32>,
    refused: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&first_msgid, &left, &refused], || {
        let first_msgid = first_msgid.required("first_msgid")?;
        let left = left.required("left")?;
        let refused = refused.required("refused")?;
        let timeout = Timeout::from_ms(timeout_ms)?;
        let batch = batch.get()?;
        let outcome = prod.get()?.produce_batch(topic.get("topic")?, partition, &batch, timeout)?;
        first_msgid.set(outcome.first.number());
        left.set(outcome.left as i32);
        refused.set(outcome.refused as i32);
        outcome.result?;
        Ok(code::DONE)
    })
}

/// Reads delivery reports as a batch with the columns msgid, error, topic, topic.name, partition, offset, timestamp,
/// timestamp_type, status (0 not persisted, 1 possibly, 2 persisted) and latency (µs). It and `DeliveryReport` drain one ledger.
///
/// Waits for the first report only, and only while records are in flight. `DelBatch` deletes the batch.
///
/// # Parameters
/// - `prod`: the producer
/// - `max_rows`: how many reports at most
/// - `timeout_ms`: how long to wait for the first; 0 does not wait, -1 as long as it takes
/// - `batch`: receives the handle of the batch
/// - `rows`: receives the number of its reports
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a batch; may be null
///
/// # Codes
/// - 0: a batch
/// - 1: no report came in time, or nothing is in flight
/// - -1101, -1102, -1104: not a producer, a pointer is null, a number is out of range
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn DeliveryReportBatch(
    prod: Handle<Client>,
    max_rows: i32,
    timeout_ms: i32,
    batch: HandleOut<Batch>,
    rows: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&batch, &rows], || {
        let batch = batch.required("batch")?;
        let rows = rows.required("rows")?;
        let timeout = Timeout::from_ms(timeout_ms)?;
        let max_rows = usize::try_from(max_rows)
            .map_err(|_| Error::new(code::BAD_ARGUMENT, format!("max_rows is negative: {max_rows}")))?;
        let taken = prod.get()?.delivery_report_batch(max_rows, timeout)?;
        let count = taken.rows() as i32;
        batch.set(taken)?;
        rows.set(count);
        Ok(code::DONE)
    })
}

/// Counts the records of a producer that are on their way.
///
/// # Parameters
/// - `prod`: the producer; one that has not started has none
/// - `in_flight`: receives how many records have no report yet
/// - `unread`: receives how many reports wait to be read
/// - `forgotten`: receives how many reports of success were dropped unread (`kaffi.delivery.reports`)
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1101, -1102: not a producer, a pointer is null
/// - -1100, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetOutstanding(
    prod: Handle<Client>,
    in_flight: Out<i64>,
    unread: Out<i64>,
    forgotten: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&in_flight, &unread, &forgotten], || {
        let in_flight = in_flight.required("in_flight")?;
        let unread = unread.required("unread")?;
        let forgotten = forgotten.required("forgotten")?;
        let outstanding = prod.get()?.outstanding()?;
        in_flight.set(outstanding.in_flight as i64);
        unread.set(outstanding.unread as i64);
        forgotten.set(outstanding.forgotten as i64);
        Ok(code::DONE)
    })
}

/// Sends what is queued without waiting for `linger.ms`.
///
/// Waits until every record has its report, for `timeout_ms` at most.
///
/// # Parameters
/// - `prod`: the producer; one that has not started has nothing to send
/// - `timeout_ms`: how long to wait; 0 does not wait, -1 as long as it takes
/// - `left`: receives how many records have no report yet
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: every record has its report; some may have failed: read the reports
/// - -185: `left` records have none yet; they stay on their way
/// - 1: another thread called `WakeKafka`; `left` records have no report yet
/// - -1101, -1102, -1104: not a producer, a pointer is null, `timeout_ms` is below -1
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn FlushProducer(
    prod: Handle<Client>,
    timeout_ms: i32,
    left: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&left], || {
        let left = left.required("left")?;
        let timeout = Timeout::from_ms(timeout_ms)?;
        prod.get()?.flush(timeout, |count| left.set(count))?;
        Ok(code::DONE)
    })
}

/// Gives up records that are on their way. Each of them gets its report, with -152 (waited to be sent) or -151 (was in
/// flight: it may have been stored all the same).
///
/// Does not wait: the reports follow within moments. A transaction whose records were given up cannot be committed.
///
/// # Parameters
/// - `prod`: the producer; one that has not started has nothing to give up
/// - `what`: 1 what waits to be sent, 2 what is in flight, 3 both
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1101, -1104: not a producer, `what` is none of these
/// - -1100, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn PurgeProducer(prod: Handle<Client>, what: i32, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        prod.get()?.purge(Purge::from_number(what)?)?;
        Ok(code::DONE)
    })
}
