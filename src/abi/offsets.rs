//! Offsets: what counts as processed, what a group has committed, where a consumer is and how far behind.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{Consumed, ErrorText, Handle, HandleOut, InOut, Out, Text, TextOut};
use crate::client::batch::Batch;
use crate::client::{Client, Timeout};
use crate::error::{Error, code};

/// Says how much of the last batch is processed so far, so that a host can take a batch and work record by record.
///
/// Until the next `ConsumeBatch` no commit, close or transaction counts more of it than these rows.
///
/// # Parameters
/// - `cons`: the consumer
/// - `batch`: the batch that its last `ConsumeBatch` gave
/// - `rows`: how many of its first rows are processed
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -1104: more rows than the batch has, or a negative number
/// - -1114: not the last batch of this consumer
/// - -1101, -1106: not a consumer; it has not started
/// - -1100, -1107, -1108: a handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn StoreBatchOffsets(
    cons: Handle<Client>,
    batch: Handle<Batch>,
    rows: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let rows = usize::try_from(rows)
            .map_err(|_| Error::new(code::BAD_ARGUMENT, format!("the number of rows is negative: {rows}")))?;
        cons.get()?.store_batch_offsets(&*batch.get()?, rows)?;
        Ok(code::DONE)
    })
}

/// Commits offsets to the group and waits for the answer, `kaffi.request.timeout.ms` (60 s) at most.
///
/// Without a list it commits the positions of the current assignment: what was handed out so far, also after a seek
/// back. Waits for the broker.
///
/// ⎕NA: `I4 %P|Commit P P`
///
/// # Parameters
/// - `cons`: the consumer
/// - `subscr`: a list with offsets (of the record to be read next), which stays the host's and gets an error for each
///   entry; or 0
///
/// # Codes
/// - 0: committed, or there was nothing to commit
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time
/// - -1106: the consumer has not started
/// - -1101: not a consumer, or `subscr` is no list
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - -1114: the columns of the list do not fit together
/// - other: why the group refused; after a rebalance (22, 25, 27) the records come again elsewhere. Where one entry of a
///   list is refused, all have its error, though the others are committed
#[unsafe(no_mangle)]
pub extern "C" fn Commit(cons: Handle<Client>, subscr: Handle<Batch>) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        let list = subscr.optional()?;
        cons.get()?.commit(list.as_deref())?;
        Ok(code::DONE)
    })
}

/// Asks the group for the committed offset of the first entry of a list.
///
/// Waits for the broker, `kaffi.request.timeout.ms` (60 s) at most.
///
/// ⎕NA: `I4 %P|Committed P P >I8`
///
/// # Parameters
/// - `cons`: the consumer
/// - `subscr`: the list; the call consumes it: the handle ends, also on failure
/// - `offset`: receives the offset of the record to be read next, -1001 if none is committed
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time
/// - -1104: the list is empty
/// - -1106: the consumer has not started
/// - -1101, -1102: not a consumer or `subscr` is no list, `offset` is null
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: an error of Kafka
#[unsafe(no_mangle)]
pub extern "C" fn Committed(cons: Handle<Client>, subscr: Handle<Batch>, offset: Out<i64>) -> c_int {
    boundary(ErrorText::NONE, &[&Consumed(subscr), &offset], || {
        let offset = offset.required("offset")?;
        let list = subscr.take()?;
        offset.set(cons.get()?.committed(&list)?);
        Ok(code::DONE)
    })
}

/// Says which offsets are processed, for the next commit. Only with `kaffi.offset.store` manual.
///
/// Nothing is sent: with `enable.auto.commit` it is committed in the background and when the partition leaves or the
/// consumer closes, else by `Commit` or `CommitOffsets`.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: partitions with the offset of the record to be read next, leader_epoch and metadata, which
///   stays the host's
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -186: `kaffi.offset.store` is not manual: what is handed out counts by itself
/// - -172: a partition is not assigned: nothing is stored
/// - -1104, -1114: a partition or offset is below 0, a partition twice in the list; its columns do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn StoreOffsets(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let list = tplist.get()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.store_offsets(inside, &list))?;
        Ok(code::DONE)
    })
}

/// Commits offsets to the group, with a time limit or without waiting.
///
/// Without a list it commits the positions of the current assignment, as `Commit` does.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: partitions with the offset of the record to be read next, leader_epoch and metadata; each entry
///   gets its error where the call waits; or 0
/// - `timeout_ms`: how long to wait for the group; 0 does not wait: the result is a `commit` event (`NextEvent`); -1 as long as it
///   takes
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: committed, sent, or there was nothing to commit
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time; it may have been done
/// - -1111: there is no `group.id`
/// - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the group refused; after a rebalance (22, 25, 27) the records come again elsewhere
#[unsafe(no_mangle)]
pub extern "C" fn CommitOffsets(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    timeout_ms: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let wait = if timeout_ms == 0 { None } else { Some(Timeout::from_ms(timeout_ms)?) };
        let list = tplist.optional()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.commit_offsets(inside, list.as_deref(), wait))?;
        Ok(code::DONE)
    })
}

/// Fills a list with what the group has committed: offset, leader_epoch, metadata. Offset -1001: nothing.
///
/// Waits for the broker, `timeout_ms` at most.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions, which need not be assigned; each entry gets its error
/// - `timeout_ms`: how long to wait; 0 asks without waiting for a slow answer, -1 waits as long as it takes
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time
/// - -1111: there is no `group.id`
/// - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: an error of Kafka, that of the first entry which has one
#[unsafe(no_mangle)]
pub extern "C" fn GetCommitted(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    timeout_ms: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let timeout = Timeout::from_ms(timeout_ms)?;
        let list = tplist.get()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.get_committed(inside, &list, timeout))?;
        Ok(code::DONE)
    })
}

/// Fills a list with the positions: the offset of the record that is handed out next. Offset -1001: not known before the
/// first record.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: a partition is not assigned: nothing is filled
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn GetPositions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let list = tplist.get()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.get_positions(inside, &list))?;
        Ok(code::DONE)
    })
}

/// Fills a list with the offset of the first record whose timestamp is at or after a time. Offset -1: there is none.
///
/// The embedded cluster cannot look up times. Waits for the brokers, `timeout_ms` at most.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions, which need not be assigned; in: the offset is the time, ms since 1970; out: each entry's offset
///   and error
/// - `timeout_ms`: how long to wait; -1 as long as it takes
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time
/// - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: an error of Kafka, that of the first entry which has one
#[unsafe(no_mangle)]
pub extern "C" fn GetOffsetsForTimes(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    timeout_ms: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let timeout = Timeout::from_ms(timeout_ms)?;
        let list = tplist.get()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.get_offsets_for_times(inside, &list, timeout))?;
        Ok(code::DONE)
    })
}

/// Gives the offset of the first record of a partition, and that of the next one which will be written.
///
/// Waits for the broker, `timeout_ms` at most.
///
/// # Parameters
/// - `cons`: the consumer
/// - `topic`: name of the topic
/// - `partition`: the partition, which need not be assigned
/// - `timeout_ms`: how long to wait; 0: what the engine heard last while fetching; -1 as long as it takes
/// - `low`: receives the first offset; -1001: not known
/// - `high`: receives the offset behind the last record; -1001: not known
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: no answer in time
/// - -1102, -1103, -1104: a pointer is null, the topic is empty or not UTF-8, a number is out of range
/// - -1101, -1106: not a consumer; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: an error of Kafka
#[unsafe(no_mangle)]
pub extern "C" fn GetWatermarks(
    cons: Handle<Client>,
    topic: Text,
    partition: i32,
    timeout_ms: i32,
    low: Out<i64>,
    high: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&low, &high], || {
        let low = low.required("low")?;
        let high = high.required("high")?;
        let (topic, timeout) = (topic.get("topic")?, Timeout::from_ms(timeout_ms)?);
        if topic.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "the topic is empty"));
        }
        if partition < 0 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("partition {partition}: give 0 or more")));
        }
        let (first, next) =
            cons.get()?.as_consumer(|consumer, inside| consumer.get_watermarks(inside, topic, partition, timeout))?;
        low.set(first);
        high.set(next);
        Ok(code::DONE)
    })
}

/// Says how far a consumer is behind, for each partition that is assigned: columns topic, topic.name, partition, position,
/// end, lag.
///
/// Nothing is asked: ends are those that the engine heard last while fetching (-1001: not known yet).
///
/// # Parameters
/// - `cons`: the consumer
/// - `batch`: receives the handle of the batch; `DelBatch` deletes it
/// - `rows`: receives the number of partitions
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn GetLag(
    cons: Handle<Client>,
    batch: HandleOut<Batch>,
    rows: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&batch, &rows], || {
        let batch = batch.required("batch")?;
        let rows = rows.required("rows")?;
        let lag = cons.get()?.as_consumer(|consumer, inside| consumer.get_lag(inside))?;
        let count = lag.rows() as i32;
        batch.set(lag)?;
        rows.set(count);
        Ok(code::DONE)
    })
}

/// Says who a consumer is in its group, as JSON: `{"group_id","member_id","generation_id","group_instance_id"}`.
///
/// Before it has joined, member_id is empty and generation_id -1.
///
/// # Parameters
/// - `cons`: the consumer
/// - `json`: receives the text with its NUL; null where the room is 0
/// - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `len` says what is needed, call again
/// - -1111: there is no `group.id`
/// - -1101, -1102, -1104, -1106: not a consumer, a pointer is null, the room is negative, the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn GetGroupMetadata(
    cons: Handle<Client>,
    json: TextOut,
    len: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&len], || {
        let room = json.with_room(len, "json")?;
        Ok(room.put(&cons.get()?.as_consumer(|consumer, _| consumer.group_metadata())?))
    })
}
