//! Topic-partition lists: what to subscribe to, which offsets to commit. A list is a batch with the columns topic,
//! topic.name, partition, offset, leader_epoch, metadata and error; the functions on batches read and set them.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, HandleOut, Text};
use crate::client::batch::Batch;
use crate::error::code;

/// Makes an empty topic-partition list. `DelBatch` deletes it, unless a call consumes it.
///
/// ⎕NA: `I4 %P|NewTopicPartitionList >P`
///
/// # Parameters
/// - `subscr`: receives the handle of the list
///
/// # Codes
/// - 0: done
/// - -1102: `subscr` is null
/// - -1112: too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn NewTopicPartitionList(subscr: HandleOut<Batch>) -> c_int {
    boundary(ErrorText::NONE, &[&subscr], || {
        subscr.required("subscr")?.set(Batch::new_list())?;
        Ok(code::DONE)
    })
}

/// Adds a topic and partition to a list, with no offset. What is there already stays as it is.
///
/// ⎕NA: `I4 %P|SetTopicPartitionList P <0T1 I4`
///
/// # Parameters
/// - `subscr`: the list
/// - `topic`: name of the topic; where a list is subscribed to, a name that begins with `^` is a regular expression
/// - `partition`: number of the partition; -1 where it does not matter
///
/// # Codes
/// - 0: done
/// - -1103: the topic is empty or not UTF-8
/// - -1104: the partition is below -1
/// - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right
/// - -1114: the handle is a batch of another kind, or its columns do not fit together
#[unsafe(no_mangle)]
pub extern "C" fn SetTopicPartitionList(subscr: Handle<Batch>, topic: Text, partition: i32) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        subscr.get()?.add_partition(topic.get("topic")?, partition)?;
        Ok(code::DONE)
    })
}

/// Sets the offset of an entry of a list.
///
/// ⎕NA: `I4 %P|SetOffset P <0T1 I4 I8`
///
/// # Parameters
/// - `subscr`: the list
/// - `topic`: name of the entry's topic
/// - `partition`: the entry's partition
/// - `offset`: offset of the record that is to be read next; -2 beginning, -1 end, -1000 stored, -1001 none
///
/// # Codes
/// - 0: done
/// - -190: the list has no such entry: add it with `SetTopicPartitionList` first
/// - -1103, -1104: the topic is not right; the offset is negative and none of these
/// - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right
/// - -1114: the handle is a batch of another kind, or its columns do not fit together
#[unsafe(no_mangle)]
pub extern "C" fn SetOffset(subscr: Handle<Batch>, topic: Text, partition: i32, offset: i64) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        subscr.get()?.set_offset(topic.get("topic")?, partition, offset)?;
        Ok(code::DONE)
    })
}
