//! Functions of the library. Written by bindings/generate from src/abi: do not edit.

#![allow(non_snake_case)]

use std::ffi::{c_char, c_int};
use std::mem::transmute;

type ConsumeBatch = unsafe extern "C" fn(u64, i32, i32, *mut u64, *mut i32, *mut c_char, *mut c_int) -> i32;
type Produce = unsafe extern "C" fn(u64, *const c_char, *const c_char, u32, *const c_char, u32, i32, *mut u64, *mut c_char, *mut c_int) -> c_int;
type DelBatch = unsafe extern "C" fn(u64) -> i32;
type ViewBatch = unsafe extern "C" fn(u64, *const c_char, *mut u64, *mut i64, *mut u64, *mut u64, *mut c_char, *mut c_int) -> i32;

pub struct Functions {
    pub ConsumeBatch: ConsumeBatch,
    pub Produce: Produce,
    pub DelBatch: DelBatch,
    pub ViewBatch: ViewBatch,
}

impl Functions {
    /// # Safety
    /// `address` gives the address of the library's function of each name.
    pub unsafe fn find<E>(address: impl Fn(&'static str) -> Result<usize, E>) -> Result<Functions, E> {
        // SAFETY: as above; their types never change.
        unsafe {
            Ok(Functions {
                ConsumeBatch: transmute::<*const (), ConsumeBatch>(address("ConsumeBatch")? as *const ()),
                Produce: transmute::<*const (), Produce>(address("Produce")? as *const ()),
                DelBatch: transmute::<*const (), DelBatch>(address("DelBatch")? as *const ()),
                ViewBatch: transmute::<*const (), ViewBatch>(address("ViewBatch")? as *const ()),
            })
        }
    }
}
