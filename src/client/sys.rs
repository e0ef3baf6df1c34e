//! What kaffi uses of librdkafka beyond the crate's own declarations.
//!
//! The bindings declare `rd_kafka_resp_err_t` as a closed enum, but a broker's code is handed on as it is: what takes or
//! returns such a code is declared here with `i32`, and `err` fields are read as `i32` by pointer.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::time::Duration;

use rd::{
    rd_kafka_conf_t, rd_kafka_error_t, rd_kafka_group_result_t, rd_kafka_headers_t, rd_kafka_message_t,
    rd_kafka_mock_cluster_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
    rd_kafka_topic_t,
};
pub use rdkafka::bindings as rd;

use crate::error::{Error, Result, code};

pub type PartitionsCallback =
    unsafe extern "C" fn(*mut rd_kafka_t, i32, *mut rd_kafka_topic_partition_list_t, *mut c_void);

#[repr(C)]
pub struct ErrorDescription {
    pub code: i32,
    pub name: *const c_char,
    pub text: *const c_char,
}

#[allow(clashing_extern_declarations, reason = "the same functions, with codes as plain integers")]
unsafe extern "C" {
    pub fn rd_kafka_get_err_descs(descriptions: *mut *const ErrorDescription, count: *mut usize);
    pub fn rd_kafka_last_error() -> i32;
    pub fn rd_kafka_flush(rk: *mut rd_kafka_t, timeout_ms: c_int) -> i32;
    pub fn rd_kafka_purge(rk: *mut rd_kafka_t, flags: c_int) -> i32;
    pub fn rd_kafka_subscribe(rk: *mut rd_kafka_t, list: *const rd_kafka_topic_partition_list_t) -> i32;
    pub fn rd_kafka_assign(rk: *mut rd_kafka_t, list: *const rd_kafka_topic_partition_list_t) -> i32;
    pub fn rd_kafka_unsubscribe(rk: *mut rd_kafka_t) -> i32;
    pub fn rd_kafka_pause_partitions(rk: *mut rd_kafka_t, list: *mut rd_kafka_topic_partition_list_t) -> i32;
    pub fn rd_kafka_resume_partitions(rk: *mut rd_kafka_t, list: *mut rd_kafka_topic_partition_list_t) -> i32;
    pub fn rd_kafka_offsets_store(rk: *mut rd_kafka_t, list: *mut rd_kafka_topic_partition_list_t) -> i32;
    pub fn rd_kafka_committed(
        rk: *mut rd_kafka_t,
        list: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> i32;
    pub fn rd_kafka_commit(
        rk: *mut rd_kafka_t,
        list: *const rd_kafka_topic_partition_list_t,
        asynchronous: c_int,
    ) -> i32;
    pub fn rd_kafka_offsets_for_times(
        rk: *mut rd_kafka_t,
        list: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> i32;
    pub fn rd_kafka_get_watermark_offsets(
        rk: *mut rd_kafka_t,
        topic: *const c_char,
        partition: i32,
        low: *mut i64,
        high: *mut i64,
    ) -> i32;
    pub fn rd_kafka_query_watermark_offsets(
        rk: *mut rd_kafka_t,
        topic: *const c_char,
        partition: i32,
        low: *mut i64,
        high: *mut i64,
        timeout_ms: c_int,
    ) -> i32;
    pub fn rd_kafka_commit_queue(
        rk: *mut rd_kafka_t,
        list: *const rd_kafka_topic_partition_list_t,
        queue: *mut rd_kafka_queue_t,
        cb: Option<PartitionsCallback>,
        opaque: *mut c_void,
    ) -> i32;
    pub fn rd_kafka_metadata(
        rk: *mut rd_kafka_t,
        all_topics: c_int,
        only: *mut rd_kafka_topic_t,
        metadata: *mut *const rd::rd_kafka_metadata,
        timeout_ms: c_int,
    ) -> i32;
    pub fn rd_kafka_message_headers(message: *const rd_kafka_message_t, headers: *mut *mut rd_kafka_headers_t) -> i32;
    pub fn rd_kafka_header_get_all(
        headers: *const rd_kafka_headers_t,
        index: usize,
        name: *mut *const c_char,
        value: *mut *const c_void,
        size: *mut usize,
    ) -> i32;
    pub fn rd_kafka_error_code(error: *const rd_kafka_error_t) -> i32;
    pub fn rd_kafka_group_result_error(result: *const rd_kafka_group_result_t) -> *const rd_kafka_error_t;
    pub fn rd_kafka_event_error(event: *mut rd::rd_kafka_event_t) -> i32;
    pub fn rd_kafka_fatal_error(rk: *mut rd_kafka_t, text: *mut c_char, size: usize) -> i32;
    pub fn rd_kafka_oauthbearer_set_token(
        rk: *mut rd_kafka_t,
        token: *const c_char,
        expires_ms: i64,
        principal: *const c_char,
        extensions: *mut *const c_char,
        extensions_size: usize,
        text: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_oauthbearer_set_token_failure(rk: *mut rd_kafka_t, text: *const c_char) -> i32;
    pub fn rd_kafka_mock_topic_create(
        cluster: *mut rd_kafka_mock_cluster_t,
        topic: *const c_char,
        partitions: c_int,
        replication_factor: c_int,
    ) -> i32;
    pub fn rd_kafka_mock_partition_set_leader(
        cluster: *mut rd_kafka_mock_cluster_t,
        topic: *const c_char,
        partition: i32,
        broker: i32,
    ) -> i32;
    pub fn rd_kafka_mock_broker_set_down(cluster: *mut rd_kafka_mock_cluster_t, broker: i32) -> i32;
    pub fn rd_kafka_mock_broker_set_up(cluster: *mut rd_kafka_mock_cluster_t, broker: i32) -> i32;
    pub fn rd_kafka_mock_broker_set_rtt(cluster: *mut rd_kafka_mock_cluster_t, broker: i32, ms: c_int) -> i32;
    pub fn rd_kafka_mock_coordinator_set(
        cluster: *mut rd_kafka_mock_cluster_t,
        key_type: *const c_char,
        key: *const c_char,
        broker: i32,
    ) -> i32;
    pub fn rd_kafka_mock_push_request_errors_array(
        cluster: *mut rd_kafka_mock_cluster_t,
        api: i16,
        count: usize,
        errors: *const i32,
    );
    pub fn rd_kafka_conf_set_rebalance_cb(conf: *mut rd_kafka_conf_t, cb: Option<PartitionsCallback>);
    pub fn rd_kafka_conf_set_offset_commit_cb(conf: *mut rd_kafka_conf_t, cb: Option<PartitionsCallback>);
}

/// Every error that the engine describes: number, name, text.
pub fn error_descriptions() -> Vec<(i32, String, String)> {
    let mut first = std::ptr::null();
    let mut count = 0;
    // SAFETY: gives a static array; a gap in the numbers has null texts.
    let all = unsafe {
        rd_kafka_get_err_descs(&raw mut first, &raw mut count);
        std::slice::from_raw_parts(first, count)
    };
    let described = all.iter().filter(|one| !one.name.is_null() && !one.text.is_null());
    described.map(|one| (one.code, text(one.name), text(one.text))).collect()
}

/// The text that a pointer of the engine leads to; empty for null.
pub fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the engine's texts end with a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A text for the engine. One that holds a NUL cannot come from the ABI.
pub fn c_text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(code::BAD_TEXT, format!("{text:?} holds a NUL")))
}

/// A duration for the engine's waits.
pub fn ms(duration: Duration) -> c_int {
    // A fraction of a millisecond must not become a busy loop.
    c_int::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}

/// Turns an error object into an error and frees it; null is fine.
pub fn take_error(error: *mut rd_kafka_error_t, context: &str) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, ours to destroy.
    unsafe {
        let result = Error::new(
            code::from_engine(rd_kafka_error_code(error)),
            format!("{context}: {}", text(rd::rd_kafka_error_string(error))),
        );
        rd::rd_kafka_error_destroy(error);
        Err(result)
    }
}

/// Blocks all signals of this thread until dropped, so that threads which are started meanwhile inherit that.
pub struct SignalsBlocked(#[cfg(unix)] libc::sigset_t);

impl SignalsBlocked {
    pub fn new() -> SignalsBlocked {
        #[cfg(unix)]
        // SAFETY: plain calls on local sets.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            SignalsBlocked(before)
        }
        #[cfg(not(unix))]
        SignalsBlocked()
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        #[cfg(unix)]
        // SAFETY: puts back what `new` found.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

/// An entry of a topic-partition list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: Option<Vec<u8>>,
    pub error: i32,
}

impl Entry {
    /// A partition without an offset.
    pub fn of(topic: &str, partition: i32) -> Entry {
        Entry { topic: topic.to_string(), partition, offset: -1001, leader_epoch: -1, metadata: None, error: 0 }
    }
}

/// A list of the engine. It lives inside one call: its entries hold partitions of the client, and a kept list would
/// make closing hang.
pub struct NativeList(*mut rd_kafka_topic_partition_list_t);

impl NativeList {
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<NativeList> {
        // SAFETY: a new list; entries are added with NUL-terminated names; metadata is malloc'ed, as its owner frees it.
        unsafe {
            let list = NativeList(rd::rd_kafka_topic_partition_list_new(16));
            for entry in entries {
                let topic = c_text(&entry.topic)?;
                let added = rd::rd_kafka_topic_partition_list_add(list.0, topic.as_ptr(), entry.partition);
                (*added).offset = entry.offset;
                if entry.leader_epoch >= 0 {
                    rd::rd_kafka_topic_partition_set_leader_epoch(added, entry.leader_epoch);
                }
                if let Some(metadata) = entry.metadata.as_ref().filter(|metadata| !metadata.is_empty()) {
                    let copy = libc::malloc(metadata.len());
                    if !copy.is_null() {
                        copy.copy_from_nonoverlapping(metadata.as_ptr().cast(), metadata.len());
                        (*added).metadata = copy;
                        (*added).metadata_size = metadata.len();
                    }
                }
            }
            Ok(list)
        }
    }

    pub fn as_ptr(&self) -> *mut rd_kafka_topic_partition_list_t {
        self.0
    }

    pub fn entries(&self) -> Vec<Entry> {
        // SAFETY: a list of ours.
        unsafe { entries(self.0) }
    }
}

impl Drop for NativeList {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.0) }
    }
}

/// Copies the entries of a list of the engine.
///
/// # Safety
/// `list` is null or a live list.
pub unsafe fn entries(list: *const rd_kafka_topic_partition_list_t) -> Vec<Entry> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: cnt elements are there.
    unsafe {
        (0..(*list).cnt as usize)
            .map(|i| {
                let entry: *mut rd_kafka_topic_partition_t = (*list).elems.add(i);
                let metadata = (*entry).metadata.cast::<u8>();
                Entry {
                    topic: text((*entry).topic),
                    partition: (*entry).partition,
                    offset: (*entry).offset,
                    leader_epoch: rd::rd_kafka_topic_partition_get_leader_epoch(entry),
                    metadata: (!metadata.is_null())
                        .then(|| std::slice::from_raw_parts(metadata, (*entry).metadata_size).to_vec()),
                    error: (&raw const (*entry).err).cast::<i32>().read(),
                }
            })
            .collect()
    }
}

/// The error of a message, as the number that the broker gave.
///
/// # Safety
/// `message` is a live message.
pub unsafe fn message_error(message: *const rd_kafka_message_t) -> i32 {
    // SAFETY: as above.
    unsafe { (&raw const (*message).err).cast::<i32>().read() }
}

/// The beginning of librdkafka's own message, behind the public one (`rd_kafka_msg_t` in rdkafka_msg.h of 2.12.1).
#[repr(C)]
struct ConsumedMessage {
    message: rd_kafka_message_t,
    link: [*mut c_void; 2],
    flags: c_int,
    timestamp_type: c_int,
    timestamp: i64,
    headers: *mut rd_kafka_headers_t,
    status: c_int,
    broker_id: i32,
    unparsed_headers_len: i32,
    unparsed_headers: *const u8,
}

/// Whether a consumed message may have headers. librdkafka parses them when it is asked, which costs a third of what
/// consuming a record does, also where there are none: then the unparsed headers are one byte, the count 0. Of a version
/// whose messages are not known to look like this every message is asked.
///
/// # Safety
/// `message` is a live message that a consumer got.
pub unsafe fn may_have_headers(message: *const rd_kafka_message_t) -> bool {
    const KNOWN: c_int = 0x020c_01ff;
    // SAFETY: as above; the layout is that of this version.
    unsafe {
        if rd::rd_kafka_version() != KNOWN {
            return true;
        }
        let message = message.cast::<ConsumedMessage>();
        let none = (*message).headers.is_null()
            && (*message).unparsed_headers_len == 1
            && !(*message).unparsed_headers.is_null()
            && *(*message).unparsed_headers == 0;
        !none
    }
}
