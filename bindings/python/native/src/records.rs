//! The records of a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyRange, PyString};

use super::column::{Bytes, Ints};
use super::library::{Handle, Undisturbed};
use super::message::{self, Message};

/// The columns of a batch, and the batch itself: the messages of its rows keep it.
pub struct Columns {
    rows: usize,
    pub partition: Ints,
    pub offset: Ints,
    pub timestamp: Ints,
    pub timestamp_type: Ints,
    pub leader_epoch: Ints,
    pub key: Bytes,
    pub value: Bytes,
    topic: Ints,
    topics: Vec<Py<PyString>>,
    /// Before each row, and behind the last: empty where no row has headers.
    header_ends: Vec<usize>,
    header_name: Bytes,
    header_value: Bytes,
    _handle: Py<Handle>,
}

impl Columns {
    fn of(py: Python<'_>, handle: Py<Handle>, batch: u64, rows: usize) -> PyResult<Columns> {
        // SAFETY: the handle keeps the batch, and the library says how many entries the names and headers have.
        unsafe {
            let topic = Ints::of(batch, c"topic", rows)?;
            let names = (0..rows).filter_map(|row| topic.get(row)).max().map_or(0, |last| last as usize + 1);
            let names = {
                let column = Bytes::of(batch, c"topic.name", names)?;
                (0..names).map(|at| text(py, column.get(at))).collect()
            };
            let counts = Ints::of(batch, c"header.count", rows)?;
            let mut header_ends = vec![0];
            header_ends.extend((0..rows).scan(0, |end, row| {
                *end += counts.get(row).unwrap_or(0) as usize;
                Some(*end)
            }));
            let headers = header_ends[rows];
            if headers == 0 {
                header_ends = Vec::new();
            }
            Ok(Columns {
                rows,
                partition: Ints::of(batch, c"partition", rows)?,
                offset: Ints::of(batch, c"offset", rows)?,
                timestamp: Ints::of(batch, c"timestamp", rows)?,
                timestamp_type: Ints::of(batch, c"timestamp_type", rows)?,
                leader_epoch: Ints::of(batch, c"leader_epoch", rows)?,
                key: Bytes::of(batch, c"key", rows)?,
                value: Bytes::of(batch, c"value", rows)?,
                topic,
                topics: names,
                header_name: Bytes::of(batch, c"header.name", headers)?,
                header_value: Bytes::of(batch, c"header.value", headers)?,
                header_ends,
                _handle: handle,
            })
        }
    }

    pub fn topic(&self, row: usize) -> Option<&Py<PyString>> {
        self.topics.get(self.topic.get(row)? as usize)
    }

    #[expect(clippy::type_complexity, reason = "a list of pairs")]
    pub fn headers<'py>(
        &self,
        py: Python<'py>,
        row: usize,
    ) -> Option<Vec<(Py<PyString>, Option<Bound<'py, PyBytes>>)>> {
        let &[begin, end] = self.header_ends.get(row..row + 2)? else { return None };
        let header =
            |at| (text(py, self.header_name.get(at)), self.header_value.get(at).map(|value| PyBytes::new(py, value)));
        (begin < end).then(|| (begin..end).map(header).collect())
    }
}

fn text(py: Python<'_>, bytes: Option<&[u8]>) -> Py<PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes.unwrap_or_default())).unbind()
}

/// The records of a batch, handed out one after the other, or many at once. Whoever takes one has got it: threads may do
/// that at the same time.
#[pyclass(frozen, module = "kaffi._native")]
pub struct Records {
    columns: Option<Arc<Columns>>,
    handle: Option<Py<Handle>>,
    number: u64,
    handed_out: AtomicUsize,
    stored: AtomicIsize,
}

impl Records {
    fn message(&self, py: Python<'_>, row: usize) -> PyResult<Option<Py<Message>>> {
        let Some(columns) = self.columns.as_ref().filter(|columns| row < columns.rows) else { return Ok(None) };
        let message = Py::new(py, Message::of_row(columns.clone(), row))?;
        message::untrack(&message);
        Ok(Some(message))
    }

    fn next_rows(&self, most: usize) -> (usize, usize) {
        let first = self.handed_out();
        (first, self.__len__().min(first.saturating_add(most)))
    }

    fn list<'py>(&self, py: Python<'py>, first: usize, behind: usize) -> PyResult<Bound<'py, PyList>> {
        let messages = (first..behind).filter_map(|row| self.message(py, row).transpose());
        PyList::new(py, messages.collect::<PyResult<Vec<_>>>()?)
    }
}

#[pymethods]
impl Records {
    #[new]
    #[pyo3(signature = (handle=None, rows=0))]
    pub fn new(py: Python<'_>, handle: Option<Py<Handle>>, rows: usize) -> PyResult<Records> {
        let (mut columns, mut number, stored) = (None, 0, if rows > 0 { -1 } else { 0 });
        if let Some(handle) = &handle {
            number = handle.get().number();
            columns = Some(Arc::new(Columns::of(py, handle.clone_ref(py), number, rows)?));
        }
        Ok(Records { columns, handle, number, handed_out: AtomicUsize::new(0), stored: AtomicIsize::new(stored) })
    }

    /// The batch.
    #[getter]
    fn handle(&self, py: Python<'_>) -> Option<Py<Handle>> {
        self.handle.as_ref().map(|handle| handle.clone_ref(py))
    }

    /// The batch in the library; 0: there is none.
    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    /// Of how many the library knows that they were handed out; -1: not told yet, it would count all.
    #[getter]
    pub fn stored(&self) -> isize {
        self.stored.load(Ordering::Relaxed)
    }

    #[setter]
    pub fn set_stored(&self, stored: isize) {
        self.stored.store(stored, Ordering::Relaxed);
    }

    /// How many there are in all.
    pub fn __len__(&self) -> usize {
        self.columns.as_ref().map_or(0, |columns| columns.rows)
    }

    /// How many were handed out.
    #[getter]
    pub fn handed_out(&self) -> usize {
        self.handed_out.load(Ordering::Relaxed)
    }

    /// Hands out the next one; None when there is none left.
    pub fn next(&self, py: Python<'_>) -> PyResult<Option<Py<Message>>> {
        let _undisturbed = Undisturbed::new(py);
        let row = self.handed_out();
        let message = self.message(py, row)?;
        if message.is_some() {
            self.handed_out.store(row + 1, Ordering::Relaxed);
        }
        Ok(message)
    }

    /// Hands out the next ones, `most` at most.
    fn take<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let _undisturbed = Undisturbed::new(py);
        let (first, behind) = self.next_rows(most);
        let messages = self.list(py, first, behind)?;
        self.handed_out.store(behind, Ordering::Relaxed);
        Ok(messages)
    }

    /// Hands out the next ones, `most` at most: the numbers of their rows.
    fn take_rows<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyRange>> {
        let _undisturbed = Undisturbed::new(py);
        let (first, behind) = self.next_rows(most);
        let rows = PyRange::new(py, first as isize, behind as isize)?;
        self.handed_out.store(behind, Ordering::Relaxed);
        Ok(rows)
    }

    /// Those that were not handed out; they stay so.
    fn rest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.list(py, self.handed_out(), self.__len__())
    }

    /// Goes on with row `first`.
    fn rewind(&self, first: usize) {
        self.handed_out.store(first.min(self.__len__()), Ordering::Relaxed);
    }
}
