//! The C ABI, a file for each noun, in the order of the header. Thin: pointers are checked in `types`, every export
//! goes through `boundary`, and what there is to do is done in `client`.
//!
//! `bindings/generate` reads the signatures and doc comments of these files. In a doc comment, `- name:` under
//! `# Parameters` describes a parameter, `- number:` under `# Codes` a code, `⎕NA:` gives the documented pattern of a
//! function, and the word `Waits` marks a function that can wait.

mod boundary;
mod types;

mod library;
mod client;
mod events;
mod partitions;
mod consumer;
mod assignment;
mod offsets;
mod producer;
mod transactions;
mod admin;
mod batch;
mod mock;
