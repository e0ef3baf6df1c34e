//! Columns of a batch of the library, where they lie.

use std::ffi::CStr;
use std::{ptr, slice};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::library::functions;

struct View {
    data: u64,
    size: i64,
    offsets: u64,
    validity: u64,
}

fn view(batch: u64, column: &CStr) -> PyResult<View> {
    let mut view = View { data: 0, size: 0, offsets: 0, validity: 0 };
    // SAFETY: all places are there; the library knows wrong handles and names.
    let code = unsafe {
        (functions()?.ViewBatch)(
            batch,
            column.as_ptr(),
            &raw mut view.data,
            &raw mut view.size,
            &raw mut view.offsets,
            &raw mut view.validity,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if code == 0 { Ok(view) } else { Err(PyRuntimeError::new_err(format!("ViewBatch answers {code} for {column:?}"))) }
}

/// # Safety
/// `address` leads to `count` elements, or the count is 0.
unsafe fn elements<'a, T>(address: u64, count: usize) -> &'a [T] {
    // SAFETY: as above.
    if count == 0 { &[] } else { unsafe { slice::from_raw_parts(address as *const T, count) } }
}

/// A column of integers; without rows where the batch has none of this name.
pub enum Ints {
    Short(&'static [i32]),
    Long(&'static [i64]),
}

impl Ints {
    /// # Safety
    /// The batch has `rows` rows, and lives as long as what is made here.
    pub unsafe fn of(batch: u64, column: &CStr, rows: usize) -> PyResult<Ints> {
        let view = view(batch, column)?;
        // SAFETY: the library gives 4 or 8 bytes for each row, or none.
        Ok(unsafe {
            match view.size as usize {
                0 => Ints::Short(&[]),
                size if size == 4 * rows => Ints::Short(elements(view.data, rows)),
                size => Ints::Long(elements(view.data, size / 8)),
            }
        })
    }

    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Ints::Short(numbers) => numbers.get(row).map(|&number| number.into()),
            Ints::Long(numbers) => numbers.get(row).copied(),
        }
    }
}

/// A column of bytes; all null where the batch has none of this name.
pub struct Bytes {
    data: &'static [u8],
    ends: &'static [i32],
    validity: &'static [u8],
}

impl Bytes {
    /// # Safety
    /// The column has `rows` entries, and the batch lives as long as what is made here.
    pub unsafe fn of(batch: u64, column: &CStr, rows: usize) -> PyResult<Bytes> {
        let view = view(batch, column)?;
        let ends = if view.offsets == 0 || rows == 0 { 0 } else { rows + 1 };
        let bits = if view.validity == 0 { 0 } else { rows.div_ceil(8) };
        // SAFETY: so the library says.
        Ok(unsafe {
            Bytes {
                data: elements(view.data, view.size as usize),
                ends: elements(view.offsets, ends),
                validity: elements(view.validity, bits),
            }
        })
    }

    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let &[begin, end] = self.ends.get(row..row + 2)? else { return None };
        let valid = self.validity.get(row / 8).is_none_or(|bits| bits >> (row % 8) & 1 == 1);
        valid.then(|| self.data.get(begin as usize..end as usize)).flatten()
    }
}

/// A column of bytes as a list; empty where the batch has none of this name.
#[pyfunction]
pub fn values<'py>(
    py: Python<'py>,
    batch: u64,
    column: &str,
    rows: usize,
) -> PyResult<Vec<Option<Bound<'py, PyBytes>>>> {
    let name = std::ffi::CString::new(column)?;
    // SAFETY: the caller says how many rows the batch has, and keeps it till this returns.
    let bytes = unsafe { Bytes::of(batch, &name, rows)? };
    let rows = if bytes.ends.is_empty() { 0 } else { rows };
    Ok((0..rows).map(|row| bytes.get(row).map(|bytes| PyBytes::new(py, bytes))).collect())
}

/// Values in one piece of memory, and the length of each as 32-bit integers (-1: null). What is neither bytes nor None
/// raises TypeError.
#[pyfunction]
pub fn joined<'py>(
    py: Python<'py>,
    entries: Vec<Option<Bound<'py, PyBytes>>>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    join(py, || entries.iter().map(|entry| entry.as_ref().map(|bytes| bytes.as_bytes())))
}

/// Values in one piece of memory, and the length of each.
pub fn join<'py, 'a, I: Iterator<Item = Option<&'a [u8]>>>(
    py: Python<'py>,
    entries: impl Fn() -> I,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let length = |entry: Option<&[u8]>| i32::try_from(entry.map_or(-1, |bytes| bytes.len() as i64));
    let lengths = entries().map(length).collect::<Result<Vec<_>, _>>()?;
    let data = PyBytes::new_with(py, entries().flatten().map(<[u8]>::len).sum(), |mut room| {
        for bytes in entries().flatten() {
            let (here, behind) = room.split_at_mut(bytes.len());
            here.copy_from_slice(bytes);
            room = behind;
        }
        Ok(())
    })?;
    let lengths = PyBytes::new_with(py, 4 * lengths.len(), |room| {
        let places = room.chunks_exact_mut(4).zip(&lengths);
        places.for_each(|(place, length)| place.copy_from_slice(&length.to_ne_bytes()));
        Ok(())
    })?;
    Ok((data, lengths))
}
