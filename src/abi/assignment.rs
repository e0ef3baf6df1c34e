//! Assignment: which partitions a consumer reads, by hand or by its group; pausing and seeking.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, HandleOut, InOut, TextOut};
use crate::client::batch::Batch;
use crate::client::{Client, Timeout};
use crate::error::code;

/// Assigns partitions by hand, in place of what was assigned so; or answers a rebalance that gives partitions.
///
/// Starts a client as a consumer if it has not started. Reading starts at each entry's offset: that of a record, -2 the
/// beginning, -1 the end, -1000 or -1001 what the group has committed, else as `auto.offset.reset` says. Without
/// `group.id` there is no group: commits are refused. Pauses end. With `kaffi.rebalance` manual and a rebalance event
/// waiting, this is the answer to it.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions with their offsets, which stays the host's; or 0: accepts what the rebalance proposes, or,
///   without one, assigns nothing
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: the consumer is subscribed and no rebalance waits, or the one that waits takes partitions: the text says what to do
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1111: the client cannot start as it is configured
/// - -1101: not a consumer, or `tplist` is no list
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn AssignPartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let entries = tplist.optional()?.map(|list| list.entries()).transpose()?;
        cons.get()?.assign(|consumer, inside| consumer.assign(inside, entries.as_deref()))?;
        Ok(code::DONE)
    })
}

/// Adds partitions to those that are assigned by hand; or answers a rebalance that gives partitions.
///
/// Starts a client as a consumer if it has not started. Offsets are those of `AssignPartitions`.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions with their offsets, which stays the host's
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: a partition is assigned already, the consumer is subscribed and no rebalance waits, or the one that waits takes partitions
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1111: the client cannot start as it is configured
/// - -1101: not a consumer, or `tplist` is no list
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn AddPartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let entries = tplist.get()?.entries()?;
        cons.get()?.assign(|consumer, inside| consumer.add(inside, &entries))?;
        Ok(code::DONE)
    })
}

/// Takes partitions out of those that are assigned by hand; or answers a rebalance that takes partitions.
///
/// What was handed out of them counts as processed and, with `enable.auto.commit`, is committed. Records fetched of them
/// and not handed out go.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions, which stays the host's; or 0: what the rebalance takes, or, without one, all
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: a partition is not assigned, the consumer is subscribed and no rebalance waits, or the one that waits gives partitions
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn UnassignPartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let entries = tplist.optional()?.map(|list| list.entries()).transpose()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.unassign(inside, entries.as_deref()))?;
        Ok(code::DONE)
    })
}

/// Ends the subscription, or what was assigned by hand. Without either nothing happens.
///
/// Waits until the group has taken the partitions back, `kaffi.request.timeout.ms` (60 s) at most. With `kaffi.rebalance`
/// manual it leaves a rebalance event to be answered with `UnassignPartitions`.
///
/// # Parameters
/// - `cons`: the consumer
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: the group has not taken the partitions back yet: the next consuming call lets it
/// - -1101, -1106: not a consumer; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn UnsubscribeConsumer(cons: Handle<Client>, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        cons.get()?.as_consumer(|consumer, inside| consumer.unsubscribe(inside))?;
        Ok(code::DONE)
    })
}

/// Stops handing out records of partitions. What was fetched of them waits.
///
/// A pause ends with `ResumePartitions`, and when the partition leaves this consumer. Consuming goes on with the others,
/// and keeps the membership in the group alive.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions, which stays the host's; or 0: all that are assigned
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: a partition is not assigned: none is paused
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn PausePartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let entries = tplist.optional()?.map(|list| list.entries()).transpose()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.pause(inside, entries.as_deref()))?;
        Ok(code::DONE)
    })
}

/// Goes on handing out records of partitions that were paused.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions, which stays the host's; or 0: all that are assigned
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -172: a partition is not assigned: none is resumed
/// - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn ResumePartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let entries = tplist.optional()?.map(|list| list.entries()).transpose()?;
        cons.get()?.as_consumer(|consumer, inside| consumer.resume(inside, entries.as_deref()))?;
        Ok(code::DONE)
    })
}

/// Goes to other offsets: the next record of a partition is the one at the offset of its entry.
///
/// What was fetched of the partition and not handed out goes. The offset that is sought is the position from then on, also
/// for a commit (but with `kaffi.offset.store` manual). A partition that was just assigned can seek a moment later: the
/// call waits for that.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: the partitions with their offsets (-2 beginning, -1 end); each entry gets its error
/// - `timeout_ms`: how long to wait for the engine; 0 asks once, -1 as long as it takes
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 1: another thread called `WakeKafka`
/// - -185: not done in time: the entries' errors say which; call again
/// - -172: a partition is not assigned: nothing was done
/// - -1104: a partition, an offset or `timeout_ms` is out of range; a partition is twice in the list
/// - -1114: the columns of the list do not fit together
/// - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
/// - other: why the engine refused
#[unsafe(no_mangle)]
pub extern "C" fn SeekPartitions(
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    timeout_ms: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let timeout = Timeout::from_ms(timeout_ms)?;
        let list = tplist.get()?;
        let mut entries = list.entries()?;
        let result = cons.get()?.as_consumer(|consumer, inside| consumer.seek(inside, &mut entries, timeout));
        list.set_entries(&entries);
        result.map(|()| code::DONE)
    })
}

/// Gives the partitions that are assigned to a consumer, as a list without offsets, in the order of topic and partition.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: receives the handle of the list; `DelBatch` deletes it
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done; the list may be empty
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn GetAssignment(
    cons: Handle<Client>,
    tplist: HandleOut<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&tplist], || {
        let tplist = tplist.required("tplist")?;
        let entries = cons.get()?.as_consumer(|consumer, inside| consumer.assignment(inside))?;
        let list = Batch::new_list();
        list.set_entries(&entries);
        tplist.set(list)?;
        Ok(code::DONE)
    })
}

/// Gives the topics that a consumer is subscribed to, as a list with partition -1.
///
/// # Parameters
/// - `cons`: the consumer
/// - `tplist`: receives the handle of the list; `DelBatch` deletes it
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done; the list is empty without a subscription
/// - 1: another thread called `WakeKafka` before the consumer was free
/// - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
/// - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn GetSubscription(
    cons: Handle<Client>,
    tplist: HandleOut<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&tplist], || {
        let tplist = tplist.required("tplist")?;
        let list = Batch::new_list();
        for topic in cons.get()?.as_consumer(|consumer, inside| consumer.subscription(inside))? {
            list.add_partition(&topic, -1)?;
        }
        tplist.set(list)?;
        Ok(code::DONE)
    })
}
