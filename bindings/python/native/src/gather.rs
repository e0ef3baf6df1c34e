//! Records that are gathered to be produced together, and those whose delivery report is awaited.

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;

use pyo3::exceptions::PyException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString, PyTuple};

use super::column::{Ints, join};
use super::library::{Undisturbed, functions};
use super::message::{self, Message, Record as Told};

/// A record to produce.
struct Record {
    topic: Py<PyString>,
    value: Option<Py<PyBytes>>,
    key: Option<Py<PyBytes>>,
    partition: i32,
    /// 0: now.
    timestamp: i64,
    headers: Option<Py<PyAny>>,
    on_delivery: Option<Py<PyAny>>,
}

/// The same, as Python has it.
type Fields = (Py<PyString>, Option<Py<PyBytes>>, Option<Py<PyBytes>>, i32, i64, Option<Py<PyAny>>, Option<Py<PyAny>>);

/// What a delivery report tells: partition, offset, timestamp, its type, latency (microseconds), error.
type Report = (i64, i64, i64, i64, i64, i32);

fn cloned<T>(py: Python<'_>, object: &Option<Py<T>>) -> Option<Py<T>> {
    object.as_ref().map(|object| object.clone_ref(py))
}

impl Record {
    fn of(fields: Fields) -> Record {
        let (topic, value, key, partition, timestamp, headers, on_delivery) = fields;
        Record { topic, value, key, partition, timestamp, headers, on_delivery }
    }

    fn clone_ref(&self, py: Python<'_>) -> Record {
        Record {
            topic: self.topic.clone_ref(py),
            value: cloned(py, &self.value),
            key: cloned(py, &self.key),
            partition: self.partition,
            timestamp: self.timestamp,
            headers: cloned(py, &self.headers),
            on_delivery: cloned(py, &self.on_delivery),
        }
    }

    /// Visits what may lead back to a client.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.headers)?;
        visit.call(&self.on_delivery)
    }

    fn fields(self) -> Fields {
        (self.topic, self.value, self.key, self.partition, self.timestamp, self.headers, self.on_delivery)
    }
}

/// Records that are handed over together, in their order.
#[pyclass(module = "kaffi._native")]
#[derive(Default)]
pub struct Gathered {
    records: Vec<Record>,
    /// How many went from the front, ever.
    #[pyo3(get)]
    dropped: usize,
}

/// One piece of memory with the values of a column, and the length of each.
type Values<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

impl Gathered {
    fn values<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn(&Record) -> &Option<Py<PyBytes>>,
    ) -> PyResult<Option<Values<'py>>> {
        let entries = || self.records.iter().map(|record| of(record).as_ref().map(|bytes| bytes.as_bytes(py)));
        if entries().all(|entry| entry.is_none()) {
            return Ok(None);
        }
        join(py, entries).map(Some)
    }
}

#[pymethods]
impl Gathered {
    #[new]
    fn new() -> Gathered {
        Gathered::default()
    }

    /// Adds a record.
    fn append(&mut self, record: Fields) {
        self.records.push(Record::of(record));
    }

    fn __len__(&self) -> usize {
        self.records.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _undisturbed = Undisturbed::new(py);
        let records = self.records.iter().map(|record| record.clone_ref(py).fields());
        Ok(PyList::new(py, records.collect::<Vec<_>>())?.try_iter()?.into_any())
    }

    /// The first records, `most` at most, which stay here, too.
    fn first(&self, py: Python<'_>, most: usize) -> PyResult<Py<Gathered>> {
        let _undisturbed = Undisturbed::new(py);
        let records = self.records.iter().take(most).map(|record| record.clone_ref(py)).collect();
        Py::new(py, Gathered { records, dropped: self.dropped })
    }

    /// Drops what `first` gave, if that was not done yet.
    fn drop(&mut self, first: &Gathered) {
        if first.dropped == self.dropped {
            let count = first.records.len().min(self.records.len());
            self.dropped += count;
            // `first` has them, too: nothing ends here that could call Python.
            self.records.drain(..count);
        }
    }

    /// All of them, which go from here.
    fn take_all(slf: &Bound<'_, Self>) -> PyResult<Vec<Fields>> {
        let mut this = slf.try_borrow_mut()?;
        this.dropped += this.records.len();
        let records = std::mem::take(&mut this.records);
        Ok(records.into_iter().map(Record::fields).collect())
    }

    /// Whether any has a callback.
    fn tells(&self) -> bool {
        self.records.iter().any(|record| record.on_delivery.is_some())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.records.iter().try_for_each(|record| record.traverse(&visit))
    }

    fn __clear__(&mut self) {
        self.records.clear();
    }

    /// What Columns has; there is a record at least.
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let _undisturbed = Undisturbed::new(py);
        let (mut one_topic, mut one_partition) = (true, true);
        let (mut timestamps, mut headers) = (false, false);
        let Some(first) = self.records.first() else { return Ok(PyTuple::empty(py)) };
        for record in &self.records {
            one_topic &= record.topic.is(&first.topic) || record.topic.to_str(py)? == first.topic.to_str(py)?;
            one_partition &= record.partition == first.partition;
            timestamps |= record.timestamp != 0;
            headers |= record.headers.is_some();
        }
        let values = match self.values(py, |record| &record.value)? {
            Some(values) => values,
            None => (PyBytes::new(py, b""), PyBytes::new(py, &[0xff; 4].repeat(self.records.len()))),
        };
        (
            one_topic.then(|| first.topic.clone_ref(py)),
            if one_partition { first.partition } else { -2 },
            values,
            self.values(py, |record| &record.key)?,
            (!one_topic).then(|| self.records.iter().map(|record| record.topic.clone_ref(py)).collect::<Vec<_>>()),
            (!one_partition).then(|| self.records.iter().map(|record| record.partition).collect::<Vec<_>>()),
            timestamps.then(|| self.records.iter().map(|record| record.timestamp).collect::<Vec<_>>()),
            headers.then(|| self.records.iter().map(|record| cloned(py, &record.headers)).collect::<Vec<_>>()),
        )
            .into_pyobject(py)
    }
}

/// Records whose report is awaited, by id: in runs of ids that follow each other, so that what is together in time is
/// together in memory.
#[derive(Default)]
struct Awaited {
    runs: VecDeque<Run>,
    count: usize,
    /// The run that was looked into last.
    last: usize,
}

struct Run {
    first: u64,
    records: Vec<Option<Record>>,
    left: usize,
}

impl Run {
    fn has(&self, id: u64) -> bool {
        id.checked_sub(self.first).is_some_and(|at| at < self.records.len() as u64)
    }
}

impl Awaited {
    const LONGEST: u64 = 1024;

    fn insert(&mut self, id: u64, record: Record) {
        self.count += 1;
        let at = self.runs.partition_point(|run| run.first <= id);
        let before = at.checked_sub(1).and_then(|at| self.runs.get_mut(at));
        // A run may have gaps, of records without a callback.
        match before.filter(|run| id - run.first < Awaited::LONGEST && id >= run.first + run.records.len() as u64) {
            Some(run) => {
                run.records.resize_with((id - run.first) as usize, || None);
                run.records.push(Some(record));
                run.left += 1;
            }
            None => self.runs.insert(at, Run { first: id, records: vec![Some(record)], left: 1 }),
        }
    }

    fn extend(&mut self, first: u64, records: Vec<Option<Record>>) {
        let left = records.iter().flatten().count();
        if left > 0 {
            self.count += left;
            let at = self.runs.partition_point(|run| run.first <= first);
            self.runs.insert(at, Run { first, records, left });
        }
    }

    fn remove(&mut self, id: u64) -> Option<Record> {
        if !self.runs.get(self.last).is_some_and(|run| run.has(id)) {
            self.last = self.runs.partition_point(|run| run.first <= id).checked_sub(1)?;
        }
        let run = self.runs.get_mut(self.last).filter(|run| run.has(id))?;
        let record = run.records[(id - run.first) as usize].take()?;
        run.left -= 1;
        self.count -= 1;
        if run.left == 0 {
            self.runs.remove(self.last);
        }
        Some(record)
    }

    fn iter(&self) -> impl Iterator<Item = (u64, &Record)> {
        let ids = self.runs.iter().flat_map(|run| (run.first..).zip(&run.records));
        ids.filter_map(|(id, record)| record.as_ref().map(|record| (id, record)))
    }
}

/// A callback, and what it is to be told.
type Call = (Py<PyAny>, Option<Py<PyAny>>, Py<Message>);

/// Records whose delivery report is awaited, and callbacks that are ready to be called. Nothing in here can be interrupted
/// but a callback.
#[pyclass(module = "kaffi._native")]
#[derive(Default)]
pub struct Deliveries {
    awaited: Awaited,
    ready: VecDeque<Call>,
}

/// The KafkaError of a code; None for 0.
fn failure(py: Python<'_>, code: i32) -> PyResult<Option<Py<PyAny>>> {
    if code == 0 {
        return Ok(None);
    }
    Ok(Some(py.import("kaffi.errors")?.getattr("KafkaError")?.call1((code,))?.unbind()))
}

impl Deliveries {
    fn make_ready(&mut self, py: Python<'_>, record: Record, report: Report, error: Option<Py<PyAny>>) -> PyResult<()> {
        let Some(on_delivery) = record.on_delivery else { return Ok(()) };
        let (partition, offset, timestamp, timestamp_type, latency, _) = report;
        let is_leaf = record.headers.is_none() && error.is_none();
        let message = Message::of(Told {
            topic: Some(record.topic.into_any()),
            partition: partition as i32,
            offset,
            key: record.key.map(Py::into_any),
            value: record.value.map(Py::into_any),
            timestamp,
            timestamp_type: timestamp_type as i32,
            leader_epoch: -1,
            headers: record.headers,
            error: cloned(py, &error),
            micros: Some(latency),
        });
        let message = Py::new(py, message)?;
        if is_leaf {
            message::untrack(&message);
        }
        self.ready.push_back((on_delivery, error, message));
        Ok(())
    }
}

#[pymethods]
impl Deliveries {
    #[new]
    fn new() -> Deliveries {
        Deliveries::default()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.awaited.iter().try_for_each(|(_, record)| record.traverse(&visit))?;
        self.ready.iter().try_for_each(|(on_delivery, ..)| visit.call(on_delivery))
    }

    fn __clear__(&mut self) {
        (self.awaited, self.ready) = Default::default();
    }

    /// How many records await their report.
    fn awaited(&self) -> usize {
        self.awaited.count
    }

    /// How many callbacks are ready.
    fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Awaits the report of a record, which has a callback.
    fn expect(&mut self, id: u64, record: Fields) {
        self.awaited.insert(id, Record::of(record));
    }

    /// Awaits the reports of those that have a callback, which go from `gathered`; the first has the id `first`.
    fn expect_all(&mut self, first: u64, gathered: &mut Gathered) {
        let records = gathered.records.drain(..).map(|record| record.on_delivery.is_some().then_some(record));
        self.awaited.extend(first, records.collect());
    }

    /// The ids of the records that await their report.
    fn awaited_ids(slf: &Bound<'_, Self>) -> PyResult<Vec<u64>> {
        Ok(slf.try_borrow()?.awaited.iter().map(|(id, _)| id).collect())
    }

    /// Makes the callback of a record ready. False: it is not awaited.
    fn tell(slf: &Bound<'_, Self>, id: u64, report: Report) -> PyResult<bool> {
        let py = slf.py();
        let error = failure(py, report.5)?;
        let _undisturbed = Undisturbed::new(py);
        let mut this = slf.try_borrow_mut()?;
        match this.awaited.remove(id) {
            Some(record) => this.make_ready(py, record, report, error).map(|()| true),
            None => Ok(false),
        }
    }

    /// Makes the callback of a record ready that was never awaited.
    fn tell_of(slf: &Bound<'_, Self>, record: Fields, report: Report) -> PyResult<()> {
        let error = failure(slf.py(), report.5)?;
        let _undisturbed = Undisturbed::new(slf.py());
        slf.try_borrow_mut()?.make_ready(slf.py(), Record::of(record), report, error)
    }

    /// Makes the callbacks of a batch of reports ready. Gives ids and reports of those that are not awaited: all if some
    /// may have come `early`, else the failures.
    fn tell_all(slf: &Bound<'_, Self>, batch: u64, rows: usize, early: bool) -> PyResult<Vec<(u64, Report)>> {
        let py = slf.py();
        // SAFETY: the caller says how many rows the batch has, and keeps it till this returns.
        let column = |name| unsafe { Ints::of(batch, name, rows) };
        let ids = column(c"msgid")?;
        let (partitions, offsets, timestamps) = (column(c"partition")?, column(c"offset")?, column(c"timestamp")?);
        let (types, latencies, codes) = (column(c"timestamp_type")?, column(c"latency")?, column(c"error")?);
        let number = |column: &Ints, row| column.get(row).unwrap_or(-1);
        let report = |row| -> Report {
            let (partition, offset, timestamp) =
                (number(&partitions, row), number(&offsets, row), number(&timestamps, row));
            let code = codes.get(row).unwrap_or(0) as i32;
            (partition, offset, timestamp, number(&types, row), number(&latencies, row), code)
        };
        // Making errors is Python, which may be interrupted: before anything changes.
        let errors = (0..rows).map(|row| failure(py, report(row).5)).collect::<PyResult<Vec<_>>>()?;
        let _undisturbed = Undisturbed::new(py);
        let mut this = slf.try_borrow_mut()?;
        let mut others = Vec::new();
        for (row, error) in errors.into_iter().enumerate() {
            let (id, report) = (number(&ids, row) as u64, report(row));
            match this.awaited.remove(id) {
                Some(record) => this.make_ready(py, record, report, error)?,
                None if early || report.5 != 0 => others.push((id, report)),
                None => {}
            }
        }
        Ok(others)
    }

    /// Calls the callbacks that are ready; how many. The exception of one ends that, unless there is a list to put it in.
    #[pyo3(signature = (failures=None))]
    fn serve(slf: &Bound<'_, Self>, failures: Option<&Bound<'_, PyList>>) -> PyResult<usize> {
        let py = slf.py();
        let mut served = 0;
        loop {
            let next = slf.try_borrow_mut()?.ready.pop_front();
            let Some((on_delivery, error, message)) = next else { return Ok(served) };
            served += 1;
            match (on_delivery.call1(py, (error, message)), failures) {
                (Ok(_), _) => {}
                (Err(failure), Some(failures)) if failure.is_instance_of::<PyException>(py) => {
                    failures.append(failure)?;
                }
                (Err(failure), _) => return Err(failure),
            }
        }
    }
}

/// A topic and partition that the library has accepted.
struct Target {
    topic: Py<PyString>,
    partition: i32,
    name: Arc<CStr>,
}

/// What becomes of a record.
enum Way {
    Gathered,
    /// It is handed over at once.
    Direct {
        sink: u64,
        topic: Arc<CStr>,
        value: Option<Py<PyBytes>>,
        key: Option<Py<PyBytes>>,
    },
    /// Python does what is to be done.
    Other,
}

/// Takes the records that are produced, and gathers them while that can be.
#[pyclass(subclass, module = "kaffi._native")]
pub struct Gatherer {
    #[pyo3(get, set, name = "_gathered")]
    gathered: Py<Gathered>,
    /// Topics and partitions that the library has accepted.
    #[pyo3(get, name = "_targets")]
    targets: Py<PySet>,
    /// The last of them that was looked up.
    target: Option<Target>,
    /// The producer in the library, when records may be handed over to it; else 0.
    #[pyo3(get, set, name = "_sink")]
    sink: u64,
    /// Records that are being handed over.
    #[pyo3(get, set, name = "_work")]
    work: Option<Py<PyAny>>,
    /// Whether a thread looks after what is gathered.
    #[pyo3(get, set, name = "_ticking")]
    ticking: bool,
    /// Whether reports are asked for, so that a callback is possible.
    #[pyo3(get, set, name = "_tells")]
    tells: bool,
    /// How many records are gathered at most.
    #[pyo3(get, set, name = "_gather")]
    most: usize,
    /// Larger records are not gathered.
    #[pyo3(get, set, name = "_gather_bytes")]
    most_bytes: isize,
    /// The callback of records that have none of their own.
    #[pyo3(get, set, name = "_on_delivery")]
    on_delivery: Option<Py<PyAny>>,
}

impl Gatherer {
    /// A key or value as bytes. `None`: Python looks at it.
    fn bytes(data: Option<&Bound<'_, PyAny>>) -> Option<Option<Py<PyBytes>>> {
        let Some(data) = data else { return Some(None) };
        if let Ok(bytes) = data.cast_exact::<PyBytes>() {
            return Some(Some(bytes.clone().unbind()));
        }
        let text = data.cast_exact::<PyString>().ok()?;
        Some(Some(PyBytes::new(data.py(), text.to_str().ok()?.as_bytes()).unbind()))
    }

    fn accepts(&mut self, topic: &Bound<'_, PyString>, partition: i32) -> PyResult<bool> {
        if self.target.as_ref().is_some_and(|target| target.topic.is(topic) && target.partition == partition) {
            return Ok(true);
        }
        let accepted = self.targets.bind(topic.py()).contains((topic, partition))?;
        if accepted {
            let name = CString::new(topic.to_str()?)?.into();
            self.target = Some(Target { topic: topic.clone().unbind(), partition, name });
        }
        Ok(accepted)
    }

    /// Gathers a record if it can be, or says how it is handed over.
    fn way(
        &mut self,
        topic: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        key: Option<&Bound<'_, PyAny>>,
        partition: i32,
        on_delivery: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Way> {
        let py = topic.py();
        let on_delivery = match on_delivery {
            Some(on_delivery) => Some(on_delivery.clone().unbind()),
            None => cloned(py, &self.on_delivery),
        };
        let may_tell = |callback: &Py<PyAny>| self.tells && callback.bind(py).is_callable();
        let Ok(topic) = topic.cast_exact::<PyString>() else { return Ok(Way::Other) };
        let (Some(value), Some(key)) = (Gatherer::bytes(value), Gatherer::bytes(key)) else { return Ok(Way::Other) };
        if !on_delivery.as_ref().is_none_or(may_tell) || !self.accepts(topic, partition)? {
            return Ok(Way::Other);
        }
        let size = |bytes: &Option<Py<PyBytes>>| bytes.as_ref().map_or(0, |bytes| bytes.as_bytes(py).len() as isize);
        let size = size(&value) + size(&key);
        let mut gathered = self.gathered.bind(py).try_borrow_mut()?;
        if size > self.most_bytes {
            let alone = on_delivery.is_none() && self.work.is_none() && gathered.records.is_empty();
            return Ok(match &self.target {
                Some(target) if self.sink > 0 && alone && size <= i32::MAX as isize => {
                    Way::Direct { sink: self.sink, topic: target.name.clone(), value, key }
                }
                _ => Way::Other,
            });
        }
        if !self.ticking || gathered.records.len() >= self.most {
            return Ok(Way::Other);
        }
        let topic = topic.clone().unbind();
        gathered.records.push(Record { topic, value, key, partition, timestamp: 0, headers: None, on_delivery });
        Ok(Way::Gathered)
    }
}

/// Hands over a record; the code.
fn produce(py: Python<'_>, sink: u64, topic: &CStr, data: [&Option<Py<PyBytes>>; 2], partition: i32) -> PyResult<i32> {
    let [value, key] = data.map(|bytes| match bytes {
        None => (0, u32::MAX),
        Some(bytes) => (bytes.as_bytes(py).as_ptr() as usize, bytes.as_bytes(py).len() as u32),
    });
    let produce = functions()?.Produce;
    Ok(py.detach(|| {
        // SAFETY: what is given lives longer than the call; the library knows wrong handles.
        unsafe {
            produce(
                sink,
                topic.as_ptr(),
                value.0 as *const c_char,
                value.1,
                key.0 as *const c_char,
                key.1,
                partition,
                &mut 0,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        }
    }))
}

#[pymethods]
impl Gatherer {
    #[new]
    #[pyo3(signature = (*_args, **_more))]
    fn new(py: Python<'_>, _args: &Bound<'_, PyTuple>, _more: Option<&Bound<'_, PyDict>>) -> PyResult<Gatherer> {
        Ok(Gatherer {
            gathered: Py::new(py, Gathered::default())?,
            targets: PySet::empty(py)?.unbind(),
            target: None,
            sink: 0,
            work: None,
            ticking: false,
            tells: false,
            most: 0,
            most_bytes: -1,
            on_delivery: None,
        })
    }

    #[setter(_targets)]
    fn set_targets(&mut self, targets: Py<PySet>) {
        self.target = None;
        self.targets = targets;
    }

    /// Takes a record, which is delivered in the background.
    ///
    /// `value` and `key` are bytes, or str, which is encoded as UTF-8; None is null. Partition -1 leaves the choice
    /// to the partitioner, by the key. `timestamp` is in milliseconds since 1970; 0: now. `headers` is a dict or a list
    /// of tuples, of names and values. `on_delivery` (or `callback`, the same) is called when the record was delivered
    /// or failed.
    ///
    /// When the queue is full it waits for room, `kaffi.produce.timeout.ms` (60 s) at most, then raises
    /// BufferError: call `poll` or `flush`, then try again. Raises KafkaException when the record is not taken for
    /// another reason. What is found wrong only after a record was gathered, `on_delivery` tells.
    #[pyo3(signature = (topic, value=None, key=None, partition=None, callback=None, on_delivery=None, timestamp=None, headers=None),
           text_signature = "($self, topic, value=None, key=None, partition=-1, callback=None, on_delivery=None, timestamp=0, headers=None)")]
    #[expect(clippy::too_many_arguments, reason = "as confluent_kafka has it")]
    fn produce<'py>(
        slf: &Bound<'py, Self>,
        topic: Bound<'py, PyAny>,
        value: Option<Bound<'py, PyAny>>,
        key: Option<Bound<'py, PyAny>>,
        partition: Option<Bound<'py, PyAny>>,
        callback: Option<Bound<'py, PyAny>>,
        on_delivery: Option<Bound<'py, PyAny>>,
        timestamp: Option<Bound<'py, PyAny>>,
        headers: Option<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        if timestamp.is_none() && headers.is_none() {
            let number = partition.as_ref().map_or(Some(-1), |partition| partition.extract::<i32>().ok());
            let tells = on_delivery.as_ref().or(callback.as_ref());
            let undisturbed = Undisturbed::new(py);
            let way = match number {
                Some(number) => slf.try_borrow_mut()?.way(&topic, value.as_ref(), key.as_ref(), number, tells)?,
                None => Way::Other,
            };
            drop(undisturbed);
            match way {
                Way::Gathered => return Ok(()),
                Way::Direct { sink, topic, value, key } => {
                    // What has failed is tried again by Python, which says why.
                    if produce(py, sink, &topic, [&value, &key], number.unwrap_or(-1))? == 0 {
                        return Ok(());
                    }
                }
                Way::Other => {}
            }
        }
        let number = |given: Option<Bound<'py, PyAny>>, usual: i32| match given {
            Some(given) => Ok(given),
            None => usual.into_pyobject(py).map(Bound::into_any),
        };
        let (partition, timestamp) = (number(partition, -1)?, number(timestamp, 0)?);
        let arguments = (topic, value, key, partition, callback, on_delivery, timestamp, headers);
        slf.call_method1(intern!(py, "_produce_any"), arguments).map(drop)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.gathered)?;
        visit.call(&self.work)?;
        visit.call(&self.on_delivery)
    }

    fn __clear__(&mut self) {
        (self.work, self.on_delivery) = (None, None);
    }
}
