//! Admin: topics, configurations, groups, access and users of a cluster, asked for as JSON.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, InOut, Text, TextOut};
use crate::client::{Client, Timeout};

/// Does one admin operation: JSON in, JSON out. Any client that has started will do; `StartKafka` with kind 3 starts one
/// for this alone.
///
/// The request is an object with one member, the name of the operation. `docs/admin.md` has all of them with requests and
/// replies; `DescribeAll` tells the members of each. Those with `?` may be left away:
///
/// - `Metadata`: topics?; `DescribeCluster`: include_authorized_operations?; `ElectLeaders`: election_type?, partitions?
/// - `ListTopics`: include_internal?; `DescribeTopics`: topics, include_authorized_operations?; `DeleteTopics`: topics
/// - `CreateTopics`: topics (name, partitions?, replication_factor?, replica_assignment?, configs?), validate_only?
/// - `CreatePartitions`: topics (name, partitions, replica_assignment?), validate_only?
/// - `DeleteRecords`: partitions (topic, partition, offset)
/// - `ListOffsets`: partitions (topic, partition, offset or timestamp), isolation_level?
/// - `DescribeConfigs`: resources (type, name, configs?)
/// - `AlterConfigs`: resources (type, name, configs (name, operation?, value?)), validate_only?
/// - `ListGroups`: states?, types?; `DescribeGroups`: groups, include_authorized_operations?; `DeleteGroups`: groups
/// - `ListGroupOffsets`: groups (group, partitions?), require_stable?; `DeleteGroupOffsets`: groups (group, partitions)
/// - `AlterGroupOffsets`: groups (group, partitions (topic, partition, offset, leader_epoch?, metadata?))
/// - `CreateAcls`: acls (resource_type, resource_name, pattern_type?, principal, host?, operation, permission)
/// - `DescribeAcls`: filter? (members of an ACL, each may be left away); `DeleteAcls`: filters
/// - `DescribeScramCredentials`: users?; `AlterScramCredentials`: upsertions? (name, mechanism, iterations?, password,
///   salt?), deletions? (name, mechanism)
///
/// All of a request is checked before anything is sent. Each thing that was asked about has a result with `code` and
/// `text` in the reply. A reply that finds too little room waits, up to 16 of a client: nothing is done twice.
///
/// Waits for `timeout_ms` at most.
///
/// # Parameters
/// - `kafka`: the client
/// - `request`: the operation; ignored where `reply_id` is not 0
/// - `timeout_ms`: how long to wait for the brokers, -1: an hour; with 0 nothing is changed
/// - `reply_id`: in: 0 does the operation, another number gives the reply that waits under it; out: where the reply
///   waits when the code is 2, else 0
/// - `reply`: receives the reply, ASCII; null where the room is 0
/// - `len`: in: room of `reply` in bytes; out: length without the NUL, or the room needed
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done; the reply has the result of each thing
/// - 1: another thread called `WakeKafka`; what was asked for may be done all the same
/// - 2: done, but the room is too small: call again with `reply_id` as it is now and the room that `len` says
/// - -185: no broker answered in time: the text says why, as far as it is known; what was asked for may be done
/// - -184: nothing was done: 16 replies of this client wait
/// - -1115: the request is malformed, or has an unknown operation or member, or a value of the wrong type: the text names it
/// - -1104: a value of the request is outside its range, or something is there twice; no reply waits under `reply_id`;
///   `timeout_ms` is below -1, or the room negative
/// - -1103: a text is not UTF-8, or is empty where it may not be
/// - -1106: the client has not started
/// - 31 and others: Kafka's code, where it refuses the whole
/// - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right, or the client was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn AdminRequest(
    kafka: Handle<Client>,
    request: Text,
    timeout_ms: i32,
    reply_id: InOut<i64>,
    reply: TextOut,
    len: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&reply_id, &len], || {
        let id = reply_id.take("reply_id")?;
        let reply = reply.with_room(len, "reply")?;
        let timeout = Timeout::from_ms(timeout_ms)?;
        let client = kafka.get()?;
        let request = if id == 0 { request.get("request")? } else { "" };
        let (code, waits) = client.admin_request(request, timeout, id, |text| reply.put(text))?;
        reply_id.put(waits);
        Ok(code)
    })
}
