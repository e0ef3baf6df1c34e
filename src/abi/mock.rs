//! Embedded cluster: librdkafka's mock brokers on real sockets of the loopback interface, for trying out and for tests.
//!
//! It keeps records in memory, 5 MiB or 100,000 a partition. It has no TLS or SASL, admin operations only in part, no
//! read_committed and no look-up of offsets by time. It refuses commits with 27 while a group rebalances, so records may
//! come again then. Who joins a group that a member has left waits for that one's session timeout (`session.timeout.ms`,
//! 45 s): take 6000 or a new group.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, HandleOut, InOut, Text, TextOut};
use crate::client::mock::MockCluster;
use crate::error::code;

/// Starts an embedded cluster. Topics are made at their first use, with 4 partitions.
///
/// # Parameters
/// - `brokers`: number of brokers, 1 to 100
/// - `mock`: receives the handle of the cluster
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1104: the number of brokers is out of range
/// - -1111: the cluster cannot start: the text says why
/// - -1102, -1112: `mock` is null, too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn NewMockCluster(
    brokers: i32,
    mock: HandleOut<MockCluster>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&mock], || {
        let mock = mock.required("mock")?;
        mock.set(MockCluster::start(brokers)?)?;
        Ok(code::DONE)
    })
}

/// Gives the addresses of an embedded cluster's brokers, for `bootstrap.servers`.
///
/// # Parameters
/// - `mock`: the cluster
/// - `buf`: receives the text, `host:port,host:port`; null where the room is 0
/// - `len`: in: room of `buf` in bytes; out: length without the NUL, or the room needed
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `len` says what is needed, call again
/// - -1102, -1104: a pointer is null, the room is negative
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetMockBootstrap(mock: Handle<MockCluster>, buf: TextOut, len: InOut<i32>) -> i32 {
    boundary(ErrorText::NONE, &[&len], || {
        let buf = buf.with_room(len, "buf")?;
        Ok(buf.put(&mock.get()?.bootstrap()))
    })
}

/// Asks something of an embedded cluster: one operation a call, as JSON.
///
/// - `{"CreateTopic": {"topic": "t", "partitions": 4, "replication_factor": 1}}`
/// - `{"BrokerDown": {"broker": 1}}`, `{"BrokerUp": {"broker": 1}}`: its connections break, new ones are refused
/// - `{"RoundTripTime": {"broker": 1, "ms": 200}}`: how long its answers take
/// - `{"PartitionLeader": {"topic": "t", "partition": 0, "broker": 2}}`: moves the leader
/// - `{"PushErrors": {"api": "Produce", "errors": [6, 6]}}`: what the next requests of this API (name or number) are
///   answered with, by code
/// - `{"CoordinatorFor": {"group": "g", "broker": 2}}`: which broker coordinates a group; `transactional_id` alike
///
/// # Parameters
/// - `mock`: the cluster
/// - `json`: the operation
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1115: the JSON is malformed, or has an unknown or a missing member: the text names it
/// - 3, 36 and others: Kafka's code, when the cluster refuses (no such partition, the topic exists)
/// - -1102, -1103: a pointer is null, the text is not UTF-8
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn MockRequest(mock: Handle<MockCluster>, json: Text, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        mock.get()?.request(json.get("json")?)?;
        Ok(code::DONE)
    })
}

/// Stops an embedded cluster; what it kept is gone. Clients that are connected lose their connections.
///
/// # Parameters
/// - `mock`: the cluster
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn DelMockCluster(mock: Handle<MockCluster>) -> i32 {
    boundary(ErrorText::NONE, &[], || {
        mock.take()?.stop();
        Ok(code::DONE)
    })
}
