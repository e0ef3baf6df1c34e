//! Where a record with a key goes, as librdkafka's partitioners say.

use std::hash::{BuildHasher, RandomState};
use std::ptr;

use super::engine::Partitioner;
use super::producer::raw;
use super::sys::rd;
use crate::error::{Error, Result, code};

const DEFAULT: &str = "consistent_random";

/// Librdkafka's `random` looks at a topic, which there is none of here.
const ALL: [(&str, Option<Partitioner>); 7] = [
    ("random", None),
    ("consistent", Some(rd::rd_kafka_msg_partitioner_consistent)),
    (DEFAULT, Some(rd::rd_kafka_msg_partitioner_consistent_random)),
    ("murmur2", Some(rd::rd_kafka_msg_partitioner_murmur2)),
    ("murmur2_random", Some(rd::rd_kafka_msg_partitioner_murmur2_random)),
    ("fnv1a", Some(rd::rd_kafka_msg_partitioner_fnv1a)),
    ("fnv1a_random", Some(rd::rd_kafka_msg_partitioner_fnv1a_random)),
];

/// The partition of a key; `name` is that of a partitioner, empty: the default one.
pub fn partition(name: &str, key: Option<&[u8]>, partitions: i32) -> Result<i32> {
    let name = if name.is_empty() { DEFAULT } else { name };
    let Some((_, choose)) = ALL.iter().find(|(known, _)| *known == name) else {
        let names = ALL.map(|(name, _)| name).join(", ");
        return Err(Error::new(code::BAD_ARGUMENT, format!("there is no partitioner {name:?}; there are {names}")));
    };
    if partitions < 1 {
        return Err(Error::new(code::BAD_ARGUMENT, format!("partitions is {partitions}: a topic has 1 or more")));
    }
    let without_key = key.is_none() || name == DEFAULT && key.is_some_and(<[u8]>::is_empty);
    Ok(match choose {
        Some(choose) if !(without_key && name.ends_with("_random")) => {
            let (key, len) = raw(key);
            // SAFETY: they read the key and the number of partitions only.
            unsafe { choose(ptr::null(), key, len, partitions, ptr::null_mut(), ptr::null_mut()) }
        }
        _ => (RandomState::new().hash_one(()) % partitions as u64) as i32,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_go_where_librdkafka_java_and_sarama_say() {
        // The hashes are those of librdkafka's own tests, and the check value of CRC-32; Java drops the sign of murmur2.
        let cases: [(&str, &str, u32); 7] = [
            ("murmur2", "kafka", 0xd067_cf64 & 0x7fff_ffff),
            ("murmur2_random", "giberish123456789", 0x8f55_2b0c & 0x7fff_ffff),
            ("murmur2", "", 0x106e_08d9),
            ("fnv1a", "kafka", 0x0d33_c4e1),
            ("fnv1a_random", "giberish123456789", 0x77a5_8295),
            ("consistent", "123456789", 0xcbf4_3926),
            ("", "123456789", 0xcbf4_3926),
        ];
        for (name, key, hash) in cases {
            assert_eq!(partition(name, Some(key.as_bytes()), 7919), Ok((hash % 7919) as i32), "{name} {key}");
        }
    }

    #[test]
    fn without_a_key_any_partition_will_do() {
        for (name, key) in
            [("random", Some(&b"k"[..])), ("", Some(b"")), ("murmur2_random", None), ("fnv1a_random", None)]
        {
            let seen: BTreeSet<_> = (0..200).flat_map(|_| partition(name, key, 3)).collect();
            assert_eq!(seen, BTreeSet::from([0, 1, 2]), "{name}");
        }
        for name in ["consistent", "murmur2", "fnv1a"] {
            let seen: BTreeSet<_> = (0..20).flat_map(|_| partition(name, None, 1000)).collect();
            assert_eq!(seen.len(), 1, "{name}");
        }
    }

    #[test]
    fn what_is_not_right_is_said() {
        let e = partition("murmur3", None, 1).expect_err("unknown");
        assert!(e.code == code::BAD_ARGUMENT && e.text.contains("murmur3") && e.text.contains("fnv1a_random"), "{e}");
        for partitions in [0, -1, i32::MIN] {
            assert_eq!(partition("", Some(b"k"), partitions).map_err(|e| e.code), Err(code::BAD_ARGUMENT));
        }
        assert_eq!(partition("random", None, 1), Ok(0));
    }
}
