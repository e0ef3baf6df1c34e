//! Consumers: subscribing and consuming.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{Consumed, ErrorText, Handle, HandleOut, InOut, Out, TextOut};
use crate::client::batch::Batch;
use crate::client::{Client, Timeout};
use crate::error::{Error, code};

/// Starts a client as a consumer if it has not started, and subscribes it to the topics of a list. Subscribing again
/// replaces. Records come by `Consume`.
///
/// ⎕NA: `I4 %P|SubscribeConsumerTPList P P >0T1 =I4`
///
/// # Parameters
/// - `kafka`: the client; `bootstrap.servers` and `group.id` must be set
/// - `subscr`: the list; its partitions do not matter; a name that begins with `^` is a regular expression. The call
///   consumes it: the handle ends, also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1111: the client cannot start as it is configured: the text says why; set it right and try again
/// - -186: the list is empty, or a topic name is not right
/// - -172: partitions are assigned by hand: `UnsubscribeConsumer` first
/// - -1101, -1114: the client is a producer; `subscr` is no list, or its columns do not fit together
/// - -1100, -1107, -1108: a handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn SubscribeConsumerTPList(
    kafka: Handle<Client>,
    subscr: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::new(errtxt, plen), &[&Consumed(subscr)], || {
        let list = subscr.take()?;
        kafka.get()?.subscribe(&list)?;
        Ok(code::DONE)
    })
}

/// Takes the next record.
///
/// Waits `kaffi.poll.timeout.ms` (500) at most. Each call counts as a poll for `max.poll.interval.ms`. A record that a
/// call hands out counts as processed at the next consuming call, commit or close (`kaffi.offset.store`). Texts and
/// bytes have a NUL behind them where there is room, which the lengths do not count.
///
/// ⎕NA: `I4 %P|Consume P >0T1 =U4 >0T1 =U4 >0T1 =U4 >U4 >I8 >0T1 =I4`
///
/// # Parameters
/// - `cons`: the consumer
/// - `topic`: receives the name of the topic
/// - `topiclen`: in: room of `topic` in bytes; out: length, or the room needed
/// - `payload`: receives the value; may hold NUL bytes
/// - `paylen`: in: room of `payload` in bytes; out: length (0 also for null), or the room needed
/// - `key`: receives the key; may hold NUL bytes
/// - `keylen`: in: room of `key` in bytes; out: length (0 also for null), or the room needed
/// - `partition`: receives the partition
/// - `offset`: receives the offset
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a record; may be null
///
/// # Codes
/// - 0: a record
/// - 1: no record came in time; the text is `no msg`
/// - 2: a buffer is too small: the three lengths needed are set and the record is kept; call again with that room
/// - -1106: nothing was subscribed to yet
/// - -191: the end of a partition was reached (only with `enable.partition.eof`)
/// - -1101: not a consumer
/// - -1102: a pointer is null
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka, with its text; call again, unless it is fatal
#[unsafe(no_mangle)]
pub extern "C" fn Consume(
    cons: Handle<Client>,
    topic: TextOut,
    topiclen: InOut<u32>,
    payload: TextOut,
    paylen: InOut<u32>,
    key: TextOut,
    keylen: InOut<u32>,
    partition: Out<i32>,
    offset: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::new(errtxt, plen), &[&topiclen, &paylen, &keylen, &partition, &offset], || {
        let partition = partition.required("partition")?;
        let offset = offset.required("offset")?;
        let topic_room = topiclen.room("topiclen")?;
        let value_room = paylen.room("paylen")?;
        let key_room = keylen.room("keylen")?;
        let topic = topic.required(topic_room, "topic")?;
        let payload = payload.required(value_room, "payload")?;
        let key = key.required(key_room, "key")?;
        let put = |out: TextOut, room: usize, data: &[u8]| {
            out.write_data(data);
            if data.len() < room {
                out.write_nul(data.len());
            }
        };
        cons.get()?.consume(|record| {
            let name = record.topic.as_bytes();
            let value = record.value.unwrap_or_default();
            let key_data = record.key.unwrap_or_default();
            topiclen.set(name.len());
            paylen.set(value.len());
            keylen.set(key_data.len());
            if name.len() > topic_room || value.len() > value_room || key_data.len() > key_room {
                return Err(Error::new(
                    code::TOO_SMALL,
                    format!(
                        "too small: topic needs {}, payload {}, key {} bytes; the record is kept",
                        name.len(),
                        value.len(),
                        key_data.len()
                    ),
                ));
            }
            put(topic, topic_room, name);
            put(payload, value_room, value);
            put(key, key_room, key_data);
            partition.set(record.partition);
            offset.set(record.offset);
            Ok(())
        })?;
        Ok(code::DONE)
    })
}

/// Takes the records that are there, as a batch with columns (`GetBatchInts`, `GetBatchBytes`).
///
/// Waits for the first record only. Columns: topic, topic.name, partition, offset, timestamp, timestamp_type,
/// leader_epoch, key, value, header.count, header.name, header.value. An error of the consumer comes by itself, after
/// the records before it. Records handed out count as processed at the next consuming call, commit or close
/// (`kaffi.offset.store`). `DelBatch` deletes the batch.
///
/// # Parameters
/// - `cons`: the consumer
/// - `max_rows`: how many records at most; 0 takes none, but counts as a poll and answers 1
/// - `timeout_ms`: how long to wait for the first record; 0 does not wait, -1 as long as it takes
/// - `batch`: receives the handle of the batch
/// - `rows`: receives the number of its records
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a batch; may be null
///
/// # Codes
/// - 0: a batch
/// - 1: no record came in time
/// - -1106: nothing was subscribed to yet
/// - -191: the end of a partition was reached (only with `enable.partition.eof`)
/// - -1101, -1102, -1104: not a consumer, a pointer is null, a number is out of range
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka, with its text; call again, unless it is fatal
#[unsafe(no_mangle)]
pub extern "C" fn ConsumeBatch(
    cons: Handle<Client>,
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
        let taken = cons.get()?.consume_batch(max_rows, timeout)?;
        let count = taken.rows() as i32;
        batch.set(taken)?;
        rows.set(count);
        Ok(code::DONE)
    })
}
