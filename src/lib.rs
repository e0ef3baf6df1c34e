//! kaffi: Kafka over FFI. A C ABI, documented in `include/kaffi.h` and `docs/reference.md`, over librdkafka.
//!
//! `abi` is the foreign side: it checks and translates. `client` is the safe core that does the work.

mod abi;
mod client;
mod error;
mod handle;
