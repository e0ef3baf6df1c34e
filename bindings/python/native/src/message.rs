//! Messages.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::records::Columns;

/// A record that was consumed or produced, or an error of the consumer: look at `error()` first.
#[pyclass(frozen, subclass, module = "kaffi")]
pub struct Message(Source);

enum Source {
    Row { columns: Arc<Columns>, row: usize },
    Own(Record),
}

/// The fields of a message that is no row of a batch.
pub struct Record {
    pub topic: Option<Py<PyAny>>,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Py<PyAny>>,
    pub value: Option<Py<PyAny>>,
    pub timestamp: i64,
    pub timestamp_type: i32,
    pub leader_epoch: i32,
    pub headers: Option<Py<PyAny>>,
    pub error: Option<Py<PyAny>>,
    /// From `produce` to the report.
    pub micros: Option<i64>,
}

impl Message {
    pub fn of_row(columns: Arc<Columns>, row: usize) -> Message {
        Message(Source::Row { columns, row })
    }

    pub fn of(record: Record) -> Message {
        Message(Source::Own(record))
    }
}

/// Spares the garbage collector the walk to a message that refers to no object that refers to others.
pub fn untrack(message: &Py<Message>) {
    // SAFETY: a live object whose type has to do with the collector, as all types of pyo3.
    unsafe { pyo3::ffi::PyObject_GC_UnTrack(message.as_ptr().cast()) }
}

type Field<'py> = Option<Bound<'py, PyAny>>;

fn known(number: i64) -> Option<i64> {
    (number >= 0).then_some(number)
}

fn own<'py>(py: Python<'py>, field: &Option<Py<PyAny>>) -> Field<'py> {
    field.as_ref().map(|field| field.bind(py).clone())
}

fn bytes<'py>(py: Python<'py>, bytes: Option<&[u8]>) -> Field<'py> {
    bytes.map(|bytes| PyBytes::new(py, bytes).into_any())
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(signature = (topic=None, partition=-1, offset=-1, key=None, value=None, timestamp=-1, timestamp_type=0, leader_epoch=-1, headers=None, error=None, latency=None))]
    #[expect(clippy::too_many_arguments, reason = "the fields of a message")]
    fn new(
        topic: Option<Py<PyAny>>,
        partition: i32,
        offset: i64,
        key: Option<Py<PyAny>>,
        value: Option<Py<PyAny>>,
        timestamp: i64,
        timestamp_type: i32,
        leader_epoch: i32,
        headers: Option<Py<PyAny>>,
        error: Option<Py<PyAny>>,
        latency: Option<f64>,
    ) -> Message {
        Message::of(Record {
            topic,
            partition,
            offset,
            key,
            value,
            timestamp,
            timestamp_type,
            leader_epoch,
            headers,
            error,
            micros: latency.map(|seconds| (seconds * 1e6) as i64),
        })
    }

    /// Why this is no record, or was not delivered; None when all is well.
    fn error<'py>(&self, py: Python<'py>) -> Field<'py> {
        match &self.0 {
            Source::Row { .. } => None,
            Source::Own(record) => own(py, &record.error),
        }
    }

    /// The topic; None for an error that concerns none.
    fn topic<'py>(&self, py: Python<'py>) -> Field<'py> {
        match &self.0 {
            Source::Row { columns, row } => columns.topic(*row).map(|topic| topic.bind(py).clone().into_any()),
            Source::Own(record) => own(py, &record.topic),
        }
    }

    /// The partition; None where there is none.
    fn partition(&self) -> Option<i64> {
        match &self.0 {
            Source::Row { columns, row } => columns.partition.get(*row).and_then(known),
            Source::Own(record) => known(record.partition.into()),
        }
    }

    /// The offset; None where there is none.
    fn offset(&self) -> Option<i64> {
        match &self.0 {
            Source::Row { columns, row } => columns.offset.get(*row).and_then(known),
            Source::Own(record) => known(record.offset),
        }
    }

    /// The key; None when the record has none.
    fn key<'py>(&self, py: Python<'py>) -> Field<'py> {
        match &self.0 {
            Source::Row { columns, row } => bytes(py, columns.key.get(*row)),
            Source::Own(record) => own(py, &record.key),
        }
    }

    /// The value; None when the record has none (a tombstone).
    fn value<'py>(&self, py: Python<'py>) -> Field<'py> {
        match &self.0 {
            Source::Row { columns, row } => bytes(py, columns.value.get(*row)),
            Source::Own(record) => own(py, &record.value),
        }
    }

    /// A TIMESTAMP_ constant, and milliseconds since 1970 (-1 with TIMESTAMP_NOT_AVAILABLE).
    fn timestamp(&self) -> (i64, i64) {
        match &self.0 {
            Source::Row { columns, row } => {
                (columns.timestamp_type.get(*row).unwrap_or(0), columns.timestamp.get(*row).unwrap_or(-1))
            }
            Source::Own(record) => (record.timestamp_type.into(), record.timestamp),
        }
    }

    /// Names and values of the headers, in their order; None when there are none.
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Field<'py>> {
        match &self.0 {
            Source::Row { columns, row } => columns.headers(py, *row).map(|pairs| pairs.into_pyobject(py)).transpose(),
            Source::Own(record) => Ok(own(py, &record.headers)),
        }
    }

    /// The leader epoch of the record; None where it is not known.
    fn leader_epoch(&self) -> Option<i64> {
        match &self.0 {
            Source::Row { columns, row } => columns.leader_epoch.get(*row).and_then(known),
            Source::Own(record) => known(record.leader_epoch.into()),
        }
    }

    /// Seconds from `produce` to the delivery report; None for a consumed record.
    fn latency(&self) -> Option<f64> {
        match &self.0 {
            Source::Row { .. } => None,
            Source::Own(record) => record.micros.map(|micros| micros as f64 / 1e6),
        }
    }

    /// The length of the value in bytes.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        match &self.0 {
            Source::Row { columns, row } => Ok(columns.value.get(*row).map_or(0, <[u8]>::len)),
            Source::Own(record) => record.value.as_ref().map_or(Ok(0), |value| value.bind(py).len()),
        }
    }

    /// A message is true, also when its value is empty.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let place = match self.topic(py) {
            Some(topic) => {
                let (partition, offset) = (self.partition().unwrap_or(-1), self.offset().unwrap_or(-1));
                format!("{}[{partition}]@{offset}", topic.str()?)
            }
            None => "no record".to_string(),
        };
        let error = self.error(py).map_or(Ok(String::new()), |error| error.str().map(|text| format!(" {text}")))?;
        Ok(format!("<Message {place}{error}>"))
    }

    /// For pickle and copy.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, impl IntoPyObject<'py>)> {
        let (timestamp_type, timestamp) = self.timestamp();
        let place = (self.topic(py), self.partition().unwrap_or(-1), self.offset().unwrap_or(-1));
        let record = (place.0, place.1, place.2, self.key(py), self.value(py), timestamp, timestamp_type);
        let more = (self.leader_epoch().unwrap_or(-1), self.headers(py)?, self.error(py), self.latency());
        let fields =
            (record.0, record.1, record.2, record.3, record.4, record.5, record.6, more.0, more.1, more.2, more.3);
        Ok((py.get_type::<Message>(), fields))
    }
}
