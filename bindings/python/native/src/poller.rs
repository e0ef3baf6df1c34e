//! Records that a consumer hands out one by one.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::message::Message;
use super::records::Records;

/// Hands out the records in hand one by one, as long as nothing else is to be done.
#[pyclass(subclass, module = "kaffi._native")]
pub struct Poller {
    records: Option<Py<Records>>,
    /// Until then nothing else is to be done.
    until: Option<Instant>,
}

impl Poller {
    fn next_in_hand(slf: &Bound<'_, Self>) -> PyResult<Option<Py<Message>>> {
        let this = slf.try_borrow()?;
        let until = this.until.is_some_and(|until| Instant::now() < until);
        match this.records.as_ref().filter(|_| until) {
            Some(records) => records.get().next(slf.py()),
            None => Ok(None),
        }
    }
}

#[pymethods]
impl Poller {
    #[new]
    #[pyo3(signature = (*_args, **_more))]
    fn new(_args: &Bound<'_, PyTuple>, _more: Option<&Bound<'_, PyDict>>) -> Poller {
        Poller { records: None, until: None }
    }

    #[getter(_records)]
    fn records(&self, py: Python<'_>) -> Option<Py<Records>> {
        self.records.as_ref().map(|records| records.clone_ref(py))
    }

    #[setter(_records)]
    fn set_records(slf: &Bound<'_, Self>, records: Py<Records>) -> PyResult<()> {
        // What was there goes when nothing is borrowed any more: its end may call Python.
        let before = slf.try_borrow_mut()?.records.replace(records);
        drop(before);
        Ok(())
    }

    /// Records are handed out for so many seconds before something else is looked after.
    fn _look_in(&mut self, seconds: f64) -> PyResult<()> {
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| PyTypeError::new_err("no time"))?;
        self.until = Instant::now().checked_add(time);
        Ok(())
    }

    /// Whether something else is to be looked after now.
    fn _looks(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    /// The next record, or None when none came within `timeout` seconds (None or -1: as long as it takes).
    ///
    /// Look at `error()` of the message first: it may be an error of the consumer, such as `_PARTITION_EOF` (with
    /// `enable.partition.eof`), which by itself does not end it. Raises KafkaException when the consumer is closed, or
    /// nothing was subscribed to.
    #[pyo3(signature = (timeout=None))]
    fn poll<'py>(slf: &Bound<'py, Self>, timeout: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match Poller::next_in_hand(slf)? {
            Some(message) => Ok(message.into_bound(slf.py()).into_any()),
            None => slf.call_method1("_poll", (timeout,)),
        }
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        match Poller::next_in_hand(slf)? {
            Some(message) => Ok(message.into_bound(slf.py()).into_any()),
            None => slf.call_method0("_next"),
        }
    }
}
