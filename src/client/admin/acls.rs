//! Access control lists.

use std::ffi::{CString, c_char};
use std::ptr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, rd};
use super::members::{Item, Native, Object, bad, each_once, name, text};
use super::{Api, Call, MOST_ITEMS, Operation, array, named, nothing_to_set, outcome_of, sys, text_or_null};
use crate::error::Result;

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Resource {
    #[default]
    Any = 1,
    Topic = 2,
    Group = 3,
    Cluster = 4,
    TransactionalId = 5,
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Pattern {
    #[default]
    Any = 1,
    Match = 2,
    Literal = 3,
    Prefixed = 4,
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Right {
    #[default]
    Any = 1,
    All = 2,
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    ClusterAction = 9,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
}

#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Permission {
    #[default]
    Any = 1,
    Deny = 2,
    Allow = 3,
}

fn literal() -> Pattern {
    Pattern::Literal
}

fn any_host() -> String {
    "*".into()
}

#[derive(Deserialize, PartialEq, Eq, Hash, Debug)]
#[serde(deny_unknown_fields)]
struct Acl {
    resource_type: Resource,
    resource_name: String,
    #[serde(default = "literal")]
    pattern_type: Pattern,
    principal: String,
    #[serde(default = "any_host")]
    host: String,
    operation: Right,
    permission: Permission,
}

type Binding = Native<rd::rd_kafka_AclBinding_t>;

impl Acl {
    fn item(&self) -> Result<Item<Binding>> {
        let only = |is: bool, what: &str| {
            if is { Err(bad(format!("{what}: an ACL that is made says which one"))) } else { Ok(()) }
        };
        only(self.resource_type == Resource::Any, "resource_type ANY")?;
        only(self.operation == Right::Any, "operation ANY")?;
        only(self.permission == Permission::Any, "permission ANY")?;
        only(matches!(self.pattern_type, Pattern::Any | Pattern::Match), "pattern_type ANY or MATCH")?;
        if !self.principal.contains(':') {
            return Err(bad(format!("principal {:?}: give type and name, User:alice", self.principal)));
        }
        let resource = name("resource_name", &self.resource_name)?;
        let (principal, host) = (name("principal", &self.principal)?, name("host", &self.host)?);
        let mut why: [c_char; 256] = [0; 256];
        // SAFETY: live texts, a buffer with its size; all is copied.
        let native = unsafe {
            let made = sys::rd_kafka_AclBinding_new(
                self.resource_type as i32,
                resource.as_ptr(),
                self.pattern_type as i32,
                principal.as_ptr(),
                host.as_ptr(),
                self.operation as i32,
                self.permission as i32,
                why.as_mut_ptr(),
                why.len(),
            );
            let native = Native::new(made, rd::rd_kafka_AclBinding_destroy, || engine::text(why.as_ptr()))?;
            (acl(native.as_ptr()), native)
        };
        let size = self.resource_name.len() + self.principal.len() + self.host.len();
        Ok(Item { label: native.0, size, native: native.1 })
    }
}

/// # Safety
/// `binding` is live.
unsafe fn acl(binding: *const rd::rd_kafka_AclBinding_t) -> Value {
    // SAFETY: as above; what it gives lives as long. Any number has a name.
    unsafe {
        let resource = match sys::rd_kafka_AclBinding_restype(binding) {
            1 => "ANY",
            2 => "TOPIC",
            3 => "GROUP",
            4 => "CLUSTER",
            5 => "TRANSACTIONAL_ID",
            _ => "UNKNOWN",
        };
        let pattern = sys::rd_kafka_AclBinding_resource_pattern_type(binding);
        let operation = sys::rd_kafka_AclBinding_operation(binding);
        let permission = sys::rd_kafka_AclBinding_permission_type(binding);
        json!({
            "resource_type": resource,
            "resource_name": text_or_null(rd::rd_kafka_AclBinding_name(binding)),
            "pattern_type": named(sys::rd_kafka_ResourcePatternType_name(pattern)),
            "principal": text_or_null(rd::rd_kafka_AclBinding_principal(binding)),
            "host": text_or_null(rd::rd_kafka_AclBinding_host(binding)),
            "operation": named(sys::rd_kafka_AclOperation_name(operation)),
            "permission": named(sys::rd_kafka_AclPermissionType_name(permission)),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAcls {
    acls: Vec<Object<Acl>>,
}

impl Operation for CreateAcls {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("acls", self.acls.iter().map(|Object(acl)| acl))?;
        let items = self.acls.iter().map(|Object(acl)| acl.item()).collect::<Result<Vec<_>>>()?;
        // The answer names no ACL: it has as many results as were asked for, in that order.
        let results = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_CREATEACLS,
            &items,
            MOST_ITEMS,
            nothing_to_set,
            |part, options, queue| {
                let mut acls: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
                // SAFETY: live ACLs, client, options and queue; all is copied.
                unsafe { rd::rd_kafka_CreateAcls(call.engine.rk(), acls.as_mut_ptr(), acls.len(), options, queue) };
                Ok(())
            },
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_CreateAcls_result(event.as_ptr());
                let mut count = 0;
                let results = array(rd::rd_kafka_CreateAcls_result_acls(result, &raw mut count), count);
                results.into_iter().map(|one| outcome_of(json!({}), rd::rd_kafka_acl_result_error(one))).collect()
            },
        )?;
        let acls = items.into_iter().zip(results).map(|(item, mut result)| {
            let mut acl = item.label;
            acl["code"] = result["code"].take();
            acl["text"] = result["text"].take();
            acl
        });
        Ok(json!({"acls": acls.collect::<Vec<_>>()}))
    }
}

#[derive(Deserialize, Default, PartialEq, Eq, Hash, Debug)]
#[serde(deny_unknown_fields, default)]
struct Filter {
    resource_type: Resource,
    resource_name: Option<String>,
    pattern_type: Pattern,
    principal: Option<String>,
    host: Option<String>,
    operation: Right,
    permission: Permission,
}

impl Filter {
    fn item(&self) -> Result<Item<Binding>> {
        let mut size = 0;
        let mut given = |what: &str, value: &Option<String>| -> Result<Option<CString>> {
            size += value.as_ref().map_or(0, String::len);
            value.as_deref().map(|value| text(what, value)).transpose()
        };
        let resource = given("resource_name", &self.resource_name)?;
        let (principal, host) = (given("principal", &self.principal)?, given("host", &self.host)?);
        let or_null = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        let mut why: [c_char; 256] = [0; 256];
        // SAFETY: live texts or null, a buffer with its size; all is copied.
        unsafe {
            let made = sys::rd_kafka_AclBindingFilter_new(
                self.resource_type as i32,
                or_null(&resource),
                self.pattern_type as i32,
                or_null(&principal),
                or_null(&host),
                self.operation as i32,
                self.permission as i32,
                why.as_mut_ptr(),
                why.len(),
            );
            let native = Native::new(made, rd::rd_kafka_AclBinding_destroy, || engine::text(why.as_ptr()))?;
            Ok(Item { label: json!({"acls": []}), size, native })
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeAcls {
    filter: Option<Object<Filter>>,
}

impl Operation for DescribeAcls {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let filter = self.filter.map(|Object(filter)| filter).unwrap_or_default().item()?;
        let event = call.ask_one(
            Api::RD_KAFKA_ADMIN_OP_DESCRIBEACLS,
            nothing_to_set,
            // SAFETY: a live filter, client, options and queue; all is copied.
            |options, queue| unsafe {
                rd::rd_kafka_DescribeAcls(call.engine.rk(), filter.native.as_ptr(), options, queue);
                Ok(())
            },
        )?;
        // SAFETY: a live answer to this request.
        let acls: Vec<Value> = unsafe {
            let result = rd::rd_kafka_event_DescribeAcls_result(event.as_ptr());
            let mut count = 0;
            let acls = array(rd::rd_kafka_DescribeAcls_result_acls(result, &raw mut count), count);
            acls.into_iter().map(|one| acl(one)).collect()
        };
        if acls.is_empty() {
            // The engine passes over a broker that refuses.
            call.expect_describe_cluster()?;
        }
        Ok(json!({"acls": acls}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteAcls {
    filters: Vec<Object<Filter>>,
}

impl Operation for DeleteAcls {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        each_once("filters", self.filters.iter().map(|Object(filter)| filter))?;
        let items = self.filters.iter().map(|Object(filter)| filter.item()).collect::<Result<Vec<_>>>()?;
        let filters = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_DELETEACLS,
            &items,
            MOST_ITEMS,
            nothing_to_set,
            |part, options, queue| {
                let mut filters: Vec<_> = part.iter().map(|item| item.native.as_ptr()).collect();
                // SAFETY: live filters, client, options and queue; all is copied.
                unsafe {
                    rd::rd_kafka_DeleteAcls(call.engine.rk(), filters.as_mut_ptr(), filters.len(), options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request; what it gives lives as long.
            |event| unsafe {
                let result = rd::rd_kafka_event_DeleteAcls_result(event.as_ptr());
                let mut count = 0;
                let responses = array(rd::rd_kafka_DeleteAcls_result_responses(result, &raw mut count), count);
                let one = |response| {
                    let mut count = 0;
                    let deleted = rd::rd_kafka_DeleteAcls_result_response_matching_acls(response, &raw mut count);
                    let deleted = array(deleted, count).into_iter();
                    let deleted = deleted.map(|one| outcome_of(acl(one), rd::rd_kafka_AclBinding_error(one)));
                    let label = json!({"acls": deleted.collect::<Vec<_>>()});
                    outcome_of(label, rd::rd_kafka_DeleteAcls_result_response_error(response))
                };
                responses.into_iter().map(one).collect()
            },
        )?;
        Ok(json!({"filters": filters}))
    }
}
