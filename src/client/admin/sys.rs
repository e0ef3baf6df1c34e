//! What the admin operations use of librdkafka with codes and choices as plain integers: a broker may give one that the
//! crate's closed enums do not know.

use std::ffi::{c_char, c_int};

use rd::{
    rd_kafka_AclBinding_t, rd_kafka_AdminOptions_t, rd_kafka_ConfigEntry_t, rd_kafka_ConfigResource_t,
    rd_kafka_ConsumerGroupDescription_t, rd_kafka_ConsumerGroupListing_t, rd_kafka_ElectLeaders_t,
    rd_kafka_NewPartitions_t, rd_kafka_NewTopic_t, rd_kafka_ScramCredentialInfo_t, rd_kafka_TopicDescription_t,
    rd_kafka_UserScramCredentialAlteration_t, rd_kafka_error_t, rd_kafka_event_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_result_t,
};

use super::super::sys::rd;

#[allow(clashing_extern_declarations, reason = "the same functions, with codes and choices as plain integers")]
unsafe extern "C" {
    pub fn rd_kafka_AdminOptions_set_request_timeout(
        options: *mut rd_kafka_AdminOptions_t,
        ms: c_int,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_AdminOptions_set_operation_timeout(
        options: *mut rd_kafka_AdminOptions_t,
        ms: c_int,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_AdminOptions_set_validate_only(
        options: *mut rd_kafka_AdminOptions_t,
        on: c_int,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_AdminOptions_set_broker(
        options: *mut rd_kafka_AdminOptions_t,
        broker: i32,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_AdminOptions_set_match_consumer_group_states(
        options: *mut rd_kafka_AdminOptions_t,
        states: *const i32,
        count: usize,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_AdminOptions_set_match_consumer_group_types(
        options: *mut rd_kafka_AdminOptions_t,
        types: *const i32,
        count: usize,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_AdminOptions_set_isolation_level(
        options: *mut rd_kafka_AdminOptions_t,
        level: i32,
    ) -> *mut rd_kafka_error_t;

    pub fn rd_kafka_topic_result_error(result: *const rd_kafka_topic_result_t) -> i32;
    pub fn rd_kafka_NewTopic_set_replica_assignment(
        topic: *mut rd_kafka_NewTopic_t,
        partition: i32,
        brokers: *mut i32,
        count: usize,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_NewTopic_set_config(
        topic: *mut rd_kafka_NewTopic_t,
        name: *const c_char,
        value: *const c_char,
    ) -> i32;
    pub fn rd_kafka_NewPartitions_set_replica_assignment(
        partitions: *mut rd_kafka_NewPartitions_t,
        partition: i32,
        brokers: *mut i32,
        count: usize,
        why: *mut c_char,
        size: usize,
    ) -> i32;
    pub fn rd_kafka_TopicDescription_authorized_operations(
        topic: *const rd_kafka_TopicDescription_t,
        count: *mut usize,
    ) -> *const i32;
    pub fn rd_kafka_DescribeCluster_result_authorized_operations(
        result: *const rd_kafka_event_t,
        count: *mut usize,
    ) -> *const i32;
    pub fn rd_kafka_ElectLeaders_new(
        election: i32,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> *mut rd_kafka_ElectLeaders_t;

    pub fn rd_kafka_ConfigResource_new(kind: i32, name: *const c_char) -> *mut rd_kafka_ConfigResource_t;
    pub fn rd_kafka_ConfigResource_set_config(
        resource: *mut rd_kafka_ConfigResource_t,
        name: *const c_char,
        value: *const c_char,
    ) -> i32;
    pub fn rd_kafka_ConfigResource_add_incremental_config(
        resource: *mut rd_kafka_ConfigResource_t,
        name: *const c_char,
        operation: i32,
        value: *const c_char,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_ConfigResource_error(resource: *const rd_kafka_ConfigResource_t) -> i32;
    pub fn rd_kafka_ConfigEntry_source(entry: *const rd_kafka_ConfigEntry_t) -> i32;
    pub fn rd_kafka_ConfigSource_name(source: i32) -> *const c_char;

    pub fn rd_kafka_ConsumerGroupListing_state(listing: *const rd_kafka_ConsumerGroupListing_t) -> i32;
    pub fn rd_kafka_ConsumerGroupListing_type(listing: *const rd_kafka_ConsumerGroupListing_t) -> i32;
    pub fn rd_kafka_ConsumerGroupDescription_state(group: *const rd_kafka_ConsumerGroupDescription_t) -> i32;
    pub fn rd_kafka_ConsumerGroupDescription_type(group: *const rd_kafka_ConsumerGroupDescription_t) -> i32;
    pub fn rd_kafka_ConsumerGroupDescription_authorized_operations(
        group: *const rd_kafka_ConsumerGroupDescription_t,
        count: *mut usize,
    ) -> *const i32;
    pub fn rd_kafka_consumer_group_state_name(state: i32) -> *const c_char;
    pub fn rd_kafka_consumer_group_type_name(kind: i32) -> *const c_char;

    pub fn rd_kafka_AclBinding_new(
        kind: i32,
        name: *const c_char,
        pattern: i32,
        principal: *const c_char,
        host: *const c_char,
        operation: i32,
        permission: i32,
        why: *mut c_char,
        size: usize,
    ) -> *mut rd_kafka_AclBinding_t;
    pub fn rd_kafka_AclBindingFilter_new(
        kind: i32,
        name: *const c_char,
        pattern: i32,
        principal: *const c_char,
        host: *const c_char,
        operation: i32,
        permission: i32,
        why: *mut c_char,
        size: usize,
    ) -> *mut rd_kafka_AclBinding_t;
    pub fn rd_kafka_AclBinding_restype(acl: *const rd_kafka_AclBinding_t) -> i32;
    pub fn rd_kafka_AclBinding_resource_pattern_type(acl: *const rd_kafka_AclBinding_t) -> i32;
    pub fn rd_kafka_AclBinding_operation(acl: *const rd_kafka_AclBinding_t) -> i32;
    pub fn rd_kafka_AclBinding_permission_type(acl: *const rd_kafka_AclBinding_t) -> i32;
    pub fn rd_kafka_AclOperation_name(operation: i32) -> *const c_char;
    pub fn rd_kafka_AclPermissionType_name(permission: i32) -> *const c_char;
    pub fn rd_kafka_ResourcePatternType_name(pattern: i32) -> *const c_char;

    pub fn rd_kafka_ScramCredentialInfo_mechanism(info: *const rd_kafka_ScramCredentialInfo_t) -> i32;
    pub fn rd_kafka_UserScramCredentialUpsertion_new(
        user: *const c_char,
        mechanism: i32,
        iterations: i32,
        password: *const u8,
        password_size: usize,
        salt: *const u8,
        salt_size: usize,
    ) -> *mut rd_kafka_UserScramCredentialAlteration_t;
    pub fn rd_kafka_UserScramCredentialDeletion_new(
        user: *const c_char,
        mechanism: i32,
    ) -> *mut rd_kafka_UserScramCredentialAlteration_t;
}
