//! The library's functions, and its batches.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::functions::Functions;

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// Takes the library's functions; `address` gives the address of each by its name.
#[pyfunction]
pub fn use_library(address: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: the caller has them from the library.
    let functions = unsafe { Functions::find(|name| address.call1((name,))?.extract::<usize>())? };
    let _ = FUNCTIONS.set(functions);
    Ok(())
}

pub fn functions() -> PyResult<&'static Functions> {
    FUNCTIONS.get().ok_or_else(|| PyRuntimeError::new_err("use_library comes first"))
}

/// As long as it lives the garbage collector rests: what is made in between runs no Python, and no other thread.
pub struct Undisturbed(bool);

impl Undisturbed {
    pub fn new(_: Python<'_>) -> Undisturbed {
        // SAFETY: this thread is attached.
        Undisturbed(unsafe { ffi::PyGC_Disable() } != 0)
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        if self.0 {
            // SAFETY: as above: it lives no longer than what it was made for.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

/// A batch of the library; it ends with the last who refers to it.
#[pyclass(frozen, module = "kaffi._native")]
pub struct Handle {
    number: u64,
    owned: AtomicBool,
}

#[pymethods]
impl Handle {
    #[new]
    #[pyo3(signature = (number, owned=true))]
    pub fn new(number: u64, owned: bool) -> Handle {
        Handle { number, owned: AtomicBool::new(owned) }
    }

    #[getter]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Not while an interrupted call may read it again.
    #[getter]
    fn owned(&self) -> bool {
        self.owned.load(Ordering::Relaxed)
    }

    #[setter]
    pub fn set_owned(&self, owned: bool) {
        self.owned.store(owned, Ordering::Relaxed);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(functions) = FUNCTIONS.get().filter(|_| self.owned()) {
            // SAFETY: the library knows wrong handles.
            unsafe { (functions.DelBatch)(self.number) };
        }
    }
}
