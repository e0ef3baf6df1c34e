//! Consumer groups and their offsets.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sys::{self as engine, Entry, NativeList, rd};
use super::members::{Item, Native, Object, Partition, bad, each_once, entries, name, text};
use super::{
    Api, Call, MOST_ITEMS, Operation, Options, Queue, array, authorized, broker, named, nothing_to_set, outcome,
    outcome_of, switch, sys, text_or_null,
};
use crate::error::Result;

/// A call asks about so many groups at most: each is a request of its own to the group's coordinator.
const MOST_GROUPS: usize = 10_000;

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum State {
    PreparingRebalance = 1,
    CompletingRebalance = 2,
    Stable = 3,
    Dead = 4,
    Empty = 5,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Consumer = 1,
    Classic = 2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListGroups {
    states: Option<Vec<State>>,
    types: Option<Vec<Kind>>,
}

type SetNumbers = unsafe extern "C" fn(*mut Options, *const i32, usize) -> *mut rd::rd_kafka_error_t;

impl Operation for ListGroups {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        let states: Option<Vec<i32>> = match &self.states {
            Some(states) => {
                each_once("states", states.iter())?;
                Some(states.iter().map(|state| *state as i32).collect())
            }
            None => None,
        };
        let types: Option<Vec<i32>> = match &self.types {
            Some(types) => {
                each_once("types", types.iter())?;
                Some(types.iter().map(|kind| *kind as i32).collect())
            }
            None => None,
        };
        let event = call.ask_one(
            Api::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS,
            |options| {
                let filters: [(&Option<Vec<i32>>, SetNumbers); 2] = [
                    (&states, sys::rd_kafka_AdminOptions_set_match_consumer_group_states),
                    (&types, sys::rd_kafka_AdminOptions_set_match_consumer_group_types),
                ];
                filters.into_iter().filter_map(|(numbers, set)| Some((numbers.as_ref()?, set))).try_for_each(
                    // SAFETY: live options, an array with its size; the error is taken.
                    |(numbers, set)| unsafe {
                        engine::take_error(set(options, numbers.as_ptr(), numbers.len()), "states and types")
                    },
                )
            },
            // SAFETY: a live client, options and queue.
            |options, queue| unsafe {
                rd::rd_kafka_ListConsumerGroups(call.engine.rk(), options, queue);
                Ok(())
            },
        )?;
        // SAFETY: a live answer to this request; what it gives lives as long.
        unsafe {
            let result = rd::rd_kafka_event_ListConsumerGroups_result(event.as_ptr());
            let (mut count, mut failed) = (0, 0);
            // While a group moves, two brokers may tell of it.
            let mut groups = BTreeMap::new();
            for group in array(rd::rd_kafka_ListConsumerGroups_result_valid(result, &raw mut count), count) {
                let id = engine::text(rd::rd_kafka_ConsumerGroupListing_group_id(group));
                let state = sys::rd_kafka_ConsumerGroupListing_state(group);
                let kind = sys::rd_kafka_ConsumerGroupListing_type(group);
                let value = json!({
                    "group": id,
                    "state": named(sys::rd_kafka_consumer_group_state_name(state)),
                    "type": named(sys::rd_kafka_consumer_group_type_name(kind)),
                    "is_simple": rd::rd_kafka_ConsumerGroupListing_is_simple_consumer_group(group) != 0,
                });
                groups.insert(id, value);
            }
            let errors = array(rd::rd_kafka_ListConsumerGroups_result_errors(result, &raw mut failed), failed);
            let errors: Vec<_> = errors.into_iter().map(|error| outcome_of(json!({}), error)).collect();
            // What no broker has said is the failure of the whole.
            if groups.is_empty() && !errors.is_empty() && errors.iter().all(|e| e["code"].as_i64() < Some(0)) {
                return Err(call.late());
            }
            Ok(json!({"groups": groups.into_values().collect::<Vec<_>>(), "errors": errors}))
        }
    }
}

fn few(groups: usize) -> Result<()> {
    if groups > MOST_GROUPS {
        return Err(bad(format!("groups has {groups} elements: give {MOST_GROUPS} at most")));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeGroups {
    groups: Vec<String>,
    #[serde(default)]
    include_authorized_operations: bool,
}

impl Operation for DescribeGroups {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        few(self.groups.len())?;
        let items = Item::named("group", &self.groups)?;
        let groups = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            &items,
            MOST_ITEMS,
            |options| {
                let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations;
                switch(options, set, self.include_authorized_operations)
            },
            |part, options, queue| {
                let mut groups: Vec<*const c_char> = part.iter().map(|item| item.native.as_ptr()).collect();
                // SAFETY: live texts, client, options and queue; all is copied.
                unsafe {
                    let first = groups.as_mut_ptr();
                    rd::rd_kafka_DescribeConsumerGroups(call.engine.rk(), first, groups.len(), options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request; what it gives lives as long.
            |event| unsafe {
                let result = rd::rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr());
                let mut count = 0;
                let groups = array(rd::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count), count);
                groups.into_iter().map(|group| description(group)).collect()
            },
        )?;
        Ok(json!({"groups": groups}))
    }
}

/// # Safety
/// `group` is live.
unsafe fn description(group: *const rd::rd_kafka_ConsumerGroupDescription_t) -> Value {
    // SAFETY: as above; what it gives lives as long.
    unsafe {
        let label = json!({"group": engine::text(rd::rd_kafka_ConsumerGroupDescription_group_id(group))});
        let error = rd::rd_kafka_ConsumerGroupDescription_error(group);
        let mut value = outcome_of(label, error);
        if !error.is_null() {
            return value;
        }
        let state = sys::rd_kafka_ConsumerGroupDescription_state(group);
        let kind = sys::rd_kafka_ConsumerGroupDescription_type(group);
        let members = (0..rd::rd_kafka_ConsumerGroupDescription_member_count(group)).map(|at| {
            let member = rd::rd_kafka_ConsumerGroupDescription_member(group, at);
            let target = rd::rd_kafka_MemberDescription_target_assignment(member);
            json!({
                "member_id": engine::text(rd::rd_kafka_MemberDescription_consumer_id(member)),
                "client_id": engine::text(rd::rd_kafka_MemberDescription_client_id(member)),
                "host": engine::text(rd::rd_kafka_MemberDescription_host(member)),
                "group_instance_id": text_or_null(rd::rd_kafka_MemberDescription_group_instance_id(member)),
                "assignment": assignment(rd::rd_kafka_MemberDescription_assignment(member)),
                "target_assignment": if target.is_null() { Value::Null } else { assignment(target) },
            })
        });
        let mut may = 0;
        let operations = sys::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut may);
        value["state"] = named(sys::rd_kafka_consumer_group_state_name(state));
        value["type"] = named(sys::rd_kafka_consumer_group_type_name(kind));
        value["is_simple"] = (rd::rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0).into();
        value["partition_assignor"] =
            engine::text(rd::rd_kafka_ConsumerGroupDescription_partition_assignor(group)).into();
        value["coordinator"] = broker(rd::rd_kafka_ConsumerGroupDescription_coordinator(group));
        value["members"] = members.collect();
        value["authorized_operations"] = authorized(operations, may);
        value
    }
}

/// # Safety
/// `assignment` is null or live.
unsafe fn assignment(assignment: *const rd::rd_kafka_MemberAssignment_t) -> Value {
    if assignment.is_null() {
        return json!([]);
    }
    // SAFETY: not null, as above.
    let entries = unsafe { engine::entries(rd::rd_kafka_MemberAssignment_partitions(assignment)) };
    entries.iter().map(|entry| json!({"topic": entry.topic, "partition": entry.partition})).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteGroups {
    groups: Vec<String>,
}

impl Operation for DeleteGroups {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        few(self.groups.len())?;
        let items = Item::named("group", &self.groups)?;
        let groups = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_DELETEGROUPS,
            &items,
            MOST_ITEMS,
            nothing_to_set,
            |part, options, queue| {
                let made = part.iter().map(|item| {
                    // SAFETY: a live text.
                    let made = unsafe { rd::rd_kafka_DeleteGroup_new(item.native.as_ptr()) };
                    Native::new(made, rd::rd_kafka_DeleteGroup_destroy, String::new)
                });
                let made = made.collect::<Result<Vec<_>>>()?;
                let mut groups: Vec<_> = made.iter().map(Native::as_ptr).collect();
                // SAFETY: live groups, client, options and queue; all is copied.
                unsafe {
                    rd::rd_kafka_DeleteGroups(call.engine.rk(), groups.as_mut_ptr(), groups.len(), options, queue);
                }
                Ok(())
            },
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_DeleteGroups_result(event.as_ptr());
                let mut count = 0;
                let first = rd::rd_kafka_DeleteGroups_result_groups(result, &raw mut count);
                results(first, count, None)
            },
        )?;
        Ok(json!({"groups": groups}))
    }
}

/// What is told of an offset of a group.
type Told = fn(&Entry) -> Value;

/// # Safety
/// `first` leads to `count` live results.
unsafe fn results(first: *mut *const rd::rd_kafka_group_result_t, count: usize, told: Option<Told>) -> Vec<Value> {
    // SAFETY: as above.
    unsafe {
        let one = |group| {
            let label = json!({"group": engine::text(rd::rd_kafka_group_result_name(group))});
            let mut value = outcome_of(label, engine::rd_kafka_group_result_error(group));
            if let Some(told) = told {
                let entries = engine::entries(rd::rd_kafka_group_result_partitions(group));
                let partitions = entries.iter().map(|entry| outcome(told(entry), entry.error, ptr::null()));
                value["partitions"] = partitions.collect();
            }
            value
        };
        array(first, count).into_iter().map(one).collect()
    }
}

/// A group and the partitions that a request is about; `None`: all that it has.
struct Part {
    group: CString,
    entries: Option<Vec<Entry>>,
}

impl Part {
    fn item(group: &str, entries: Option<Vec<Entry>>) -> Result<Item<Part>> {
        let label = json!({"group": group, "partitions": []});
        Ok(Item { label, size: group.len(), native: Part { group: name("group", group)?, entries } })
    }

    fn list(&self) -> Result<Option<NativeList>> {
        self.entries.as_ref().map(NativeList::new).transpose()
    }
}

/// Makes the request for a group, with a list or null, and sends it.
macro_rules! one_group {
    ($call:expr, $send:ident, $new:ident, $destroy:ident) => {
        |part: &[Item<Part>], options: *const Options, queue: *mut Queue| {
            for Item { native: part, .. } in part {
                let list = part.list()?;
                let list = list.as_ref().map_or(ptr::null_mut(), NativeList::as_ptr);
                // SAFETY: a live text, list, client, options and queue; all is copied.
                unsafe {
                    let request = rd::$new(part.group.as_ptr(), list);
                    let request = Native::new(request, rd::$destroy, String::new)?;
                    let mut one = request.as_ptr();
                    rd::$send($call.engine.rk(), &raw mut one, 1, options, queue);
                }
            }
            Ok(())
        }
    };
}

fn place(entry: &Entry) -> Value {
    json!({"topic": entry.topic, "partition": entry.partition})
}

fn committed(entry: &Entry) -> Value {
    let mut value = place(entry);
    value["offset"] = if entry.offset < 0 { Value::Null } else { entry.offset.into() };
    value["leader_epoch"] = if entry.leader_epoch < 0 { Value::Null } else { entry.leader_epoch.into() };
    value["metadata"] = entry.metadata.as_ref().map(|metadata| String::from_utf8_lossy(metadata)).into();
    value
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    group: String,
    partitions: Option<Vec<Object<Partition>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListGroupOffsets {
    groups: Vec<Object<Asked>>,
    #[serde(default)]
    require_stable: bool,
}

impl Operation for ListGroupOffsets {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        few(self.groups.len())?;
        each_once("groups", self.groups.iter().map(|Object(asked)| &asked.group))?;
        let items = self.groups.iter().map(|Object(asked)| {
            Part::item(&asked.group, asked.partitions.as_deref().map(Partition::entries).transpose()?)
        });
        let groups = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
            &items.collect::<Result<Vec<_>>>()?,
            1,
            |options| switch(options, rd::rd_kafka_AdminOptions_set_require_stable_offsets, self.require_stable),
            one_group!(
                call,
                rd_kafka_ListConsumerGroupOffsets,
                rd_kafka_ListConsumerGroupOffsets_new,
                rd_kafka_ListConsumerGroupOffsets_destroy
            ),
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_ListConsumerGroupOffsets_result(event.as_ptr());
                let mut count = 0;
                let first = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
                results(first, count, Some(committed))
            },
        )?;
        Ok(json!({"groups": groups}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOffset {
    topic: String,
    partition: i32,
    offset: i64,
    leader_epoch: Option<i32>,
    metadata: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Altered {
    group: String,
    partitions: Vec<Object<NewOffset>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlterGroupOffsets {
    groups: Vec<Object<Altered>>,
}

impl Altered {
    fn entries(&self) -> Result<Vec<Entry>> {
        let places = self.partitions.iter().map(|Object(new)| (new.topic.as_str(), new.partition, new.offset));
        let mut all = entries("partitions", places)?;
        for (entry, Object(new)) in all.iter_mut().zip(&self.partitions) {
            if new.offset < 0 {
                return Err(bad(format!("offset {} of topic {}: give 0 or more", new.offset, new.topic)));
            }
            entry.leader_epoch = new.leader_epoch.unwrap_or(-1);
            if let Some(metadata) = &new.metadata {
                entry.metadata = Some(text("metadata", metadata)?.into_bytes());
            }
        }
        Ok(all)
    }
}

impl Operation for AlterGroupOffsets {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        few(self.groups.len())?;
        each_once("groups", self.groups.iter().map(|Object(altered)| &altered.group))?;
        let items = self.groups.iter().map(|Object(altered)| Part::item(&altered.group, Some(altered.entries()?)));
        let groups = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
            &items.collect::<Result<Vec<_>>>()?,
            1,
            nothing_to_set,
            one_group!(
                call,
                rd_kafka_AlterConsumerGroupOffsets,
                rd_kafka_AlterConsumerGroupOffsets_new,
                rd_kafka_AlterConsumerGroupOffsets_destroy
            ),
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_AlterConsumerGroupOffsets_result(event.as_ptr());
                let mut count = 0;
                let first = rd::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &raw mut count);
                results(first, count, Some(place))
            },
        )?;
        Ok(json!({"groups": groups}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    group: String,
    partitions: Vec<Object<Partition>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteGroupOffsets {
    groups: Vec<Object<Forgotten>>,
}

impl Operation for DeleteGroupOffsets {
    fn run(self, call: &Call<'_>) -> Result<Value> {
        few(self.groups.len())?;
        each_once("groups", self.groups.iter().map(|Object(forgotten)| &forgotten.group))?;
        let items = self
            .groups
            .iter()
            .map(|Object(forgotten)| Part::item(&forgotten.group, Some(Partition::entries(&forgotten.partitions)?)));
        let groups = call.ask_each(
            Api::RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS,
            &items.collect::<Result<Vec<_>>>()?,
            1,
            nothing_to_set,
            one_group!(
                call,
                rd_kafka_DeleteConsumerGroupOffsets,
                rd_kafka_DeleteConsumerGroupOffsets_new,
                rd_kafka_DeleteConsumerGroupOffsets_destroy
            ),
            // SAFETY: a live answer to this request.
            |event| unsafe {
                let result = rd::rd_kafka_event_DeleteConsumerGroupOffsets_result(event.as_ptr());
                let mut count = 0;
                let first = rd::rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &raw mut count);
                results(first, count, Some(place))
            },
        )?;
        Ok(json!({"groups": groups}))
    }
}
