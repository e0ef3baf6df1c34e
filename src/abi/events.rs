//! Events: what clients tell by themselves, and waiting for it in an event loop.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, InOut, Out, TextOut};
use crate::client::{Client, Timeout};
use crate::error::code;

/// Takes the next event of a client, as JSON: `{"event": "error", "time": ms since 1970, ...}`.
///
/// Kinds and their members: `DescribeAll`, member `events`. `count` says how often the same error came, `lost` how many
/// events went unread before this one because more than `kaffi.events.max` waited. Which are queued: `kaffi.events`. A
/// rebalance event comes inside a consuming call. Statistics need `statistics.interval.ms`, and someone who calls on the
/// client. Waits for `timeout_ms` at most.
///
/// # Parameters
/// - `kafka`: the client
/// - `timeout_ms`: how long to wait; 0 does not wait, -1 as long as it takes
/// - `json`: receives the text with its NUL; null where the room is 0
/// - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: an event
/// - 1: no event came in time, or another thread called `WakeKafka`
/// - 2: the room is too small: `len` says what is needed; the event stays first, call again
/// - -1106: the client has not started
/// - -1102, -1104: a pointer is null, a number is out of range
/// - -1100, -1101, -1107, -1108: the handle is not right, or was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn NextEvent(
    kafka: Handle<Client>,
    timeout_ms: i32,
    json: TextOut,
    len: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&len], || {
        let timeout = Timeout::from_ms(timeout_ms)?;
        let room = json.with_room(len, "json")?;
        let mut result = code::DONE;
        kafka.get()?.next_event(timeout, |text| {
            result = room.put(text);
            result == code::DONE
        })?;
        Ok(result)
    })
}

/// Gives a descriptor that is readable as long as something waits, for epoll, poll, asyncio, libuv and the like.
///
/// When it is readable, call what reads (`ConsumeBatch`, `DeliveryReportBatch`, `NextEvent`, with timeout 0) till that
/// answers 1: then it is not readable any more. Now and then it is readable for nothing; the call then answers 1. The host
/// never reads, writes or closes it; it ends when the client closes: take it out of the event loop before. A consumer that
/// only waits for it has still to call `ConsumeBatch` within `max.poll.interval.ms`.
///
/// # Parameters
/// - `kafka`: the client, started
/// - `what`: a sum of 1 (records, of a consumer), 2 (delivery reports, of a producer), 4 (events)
/// - `fd`: receives the descriptor; the same `what` gives the same one
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -170: there are no such descriptors on this system (Windows)
/// - -1106: the client has not started
/// - -1102, -1104: `fd` is null; `what` is no such sum, or of another type of client
/// - -1112: the process has no descriptor left
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetReadyFd(
    kafka: Handle<Client>,
    what: i32,
    fd: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&fd], || {
        let fd = fd.required("fd")?;
        fd.set(kafka.get()?.ready_descriptor(what)?);
        Ok(code::DONE)
    })
}
