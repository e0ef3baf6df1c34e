//! What requests are made of, and its checks: all of a request is checked before anything is sent.

use std::collections::HashSet;
use std::ffi::CString;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ptr::NonNull;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Value, json};

use super::super::batch::OFFSET_INVALID;
use super::super::sys::{Entry, c_text};
use crate::error::{Error, Result, code};

/// A structure that is written as a JSON object only: serde takes an array of its members as well.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> std::result::Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The longest text of Kafka's protocol.
const LONGEST: usize = i16::MAX as usize;
/// The most elements of one list of a request.
const MOST: usize = 100_000;

pub fn bad(text: impl Into<String>) -> Error {
    Error::new(code::BAD_ARGUMENT, text)
}

/// A text that may be empty.
pub fn text(what: &str, text: &str) -> Result<CString> {
    if text.len() > LONGEST {
        return Err(bad(format!("{what} is {} bytes long: Kafka takes {LONGEST}", text.len())));
    }
    c_text(text)
}

pub fn name(what: &str, name: &str) -> Result<CString> {
    if name.is_empty() {
        return Err(Error::new(code::BAD_TEXT, format!("{what} is empty")));
    }
    text(what, name)
}

/// Refuses an empty list, one that is too long, and what is in it twice.
pub fn each_once<T: Hash + Eq + fmt::Debug>(list: &str, items: impl ExactSizeIterator<Item = T>) -> Result<()> {
    match items.len() {
        0 => return Err(bad(format!("{list} is empty"))),
        1..=MOST => {}
        count => return Err(bad(format!("{list} has {count} elements: give {MOST} at most"))),
    }
    let mut seen = HashSet::with_capacity(items.len());
    for item in items {
        if let Some(twice) = seen.replace(item) {
            return Err(bad(format!("{list} has {twice:?} twice")));
        }
    }
    Ok(())
}

/// The partitions of a request as entries, checked.
pub fn entries<'a>(
    list: &str,
    partitions: impl ExactSizeIterator<Item = (&'a str, i32, i64)> + Clone,
) -> Result<Vec<Entry>> {
    each_once(list, partitions.clone().map(|(topic, partition, _)| (topic, partition)))?;
    partitions
        .map(|(topic, partition, offset)| {
            name("topic", topic)?;
            if partition < 0 {
                return Err(bad(format!("partition {partition} of topic {topic}: a partition is 0 or more")));
            }
            let topic = topic.to_string();
            Ok(Entry { topic, partition, offset, leader_epoch: -1, metadata: None, error: 0 })
        })
        .collect()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    pub topic: String,
    pub partition: i32,
}

impl Partition {
    pub fn entries(partitions: &[Object<Partition>]) -> Result<Vec<Entry>> {
        entries("partitions", partitions.iter().map(|Object(p)| (p.topic.as_str(), p.partition, OFFSET_INVALID)))
    }
}

/// An object of the engine, freed when dropped.
pub struct Native<T> {
    object: NonNull<T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Native<T> {
    /// `why`: what is wrong where the engine did not make it.
    pub fn new(object: *mut T, free: unsafe extern "C" fn(*mut T), why: impl FnOnce() -> String) -> Result<Native<T>> {
        let object = NonNull::new(object).ok_or_else(|| bad(why()))?;
        Ok(Native { object, free })
    }

    pub fn as_ptr(&self) -> *mut T {
        self.object.as_ptr()
    }
}

impl<T> Drop for Native<T> {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { (self.free)(self.object.as_ptr()) }
    }
}

/// One of the things that a request is about.
pub struct Item<N> {
    /// What names it in the reply.
    pub label: Value,
    /// How many bytes of text it has.
    pub size: usize,
    pub native: N,
}

impl Item<Entry> {
    pub fn of(entry: Entry) -> Item<Entry> {
        let label = json!({"topic": entry.topic, "partition": entry.partition});
        Item { label, size: entry.topic.len(), native: entry }
    }
}

impl Item<CString> {
    pub fn named(member: &str, all: &[String]) -> Result<Vec<Item<CString>>> {
        each_once(&format!("{member}s"), all.iter())?;
        all.iter()
            .map(|one| Ok(Item { label: json!({member: one}), size: one.len(), native: name(member, one)? }))
            .collect()
    }
}
