//! Records that a consumer hands out one by one.

use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::clock::Moment;
use super::library::{Handle, Undisturbed, functions};
use super::message::Message;
use super::records::Records;

/// A waiting call is made in slices of so many milliseconds, between which Python sees to its signals.
const SLICE_MS: f64 = 200.0;
/// How far the library's knowledge of what was handed out may lag behind.
const STORE: Duration = Duration::from_secs(1);
const DONE: i32 = 0;
const NOTHING: i32 = 1;

/// Hands out the records in hand one by one, as long as nothing else is to be done.
#[pyclass(subclass, module = "kaffi._native")]
pub struct Poller {
    records: Option<Py<Records>>,
    /// When something else was looked after; None: it is to be done now.
    looked: Option<Moment>,
    /// The consumer in the library, when to take records from it is all that is to be done there; else 0.
    #[pyo3(get, set, name = "_source")]
    source: u64,
    /// How many records are taken from it at once.
    #[pyo3(get, set, name = "_batch_rows")]
    batch_rows: i32,
    /// Whether a batch is being taken: a call that comes in between, of a signal's handler, takes none.
    #[pyo3(get, set, name = "_fetching")]
    fetching: bool,
    #[pyo3(get, set, name = "_turn")]
    turn: Option<Py<PyAny>>,
    #[pyo3(get, set, name = "_lock")]
    lock: Option<Py<PyAny>>,
    /// The number of a batch that came in and is not received: a c_uint64.
    #[pyo3(get, set, name = "_incoming")]
    incoming: Option<Py<PyAny>>,
}

/// A lock of Python that is held.
struct Held<'a, 'py>(&'a Bound<'py, PyAny>);

impl<'a, 'py> Held<'a, 'py> {
    fn if_free(lock: &'a Bound<'py, PyAny>) -> PyResult<Option<Held<'a, 'py>>> {
        Ok(lock.call_method1(intern!(lock.py(), "acquire"), (false,))?.is_truthy()?.then_some(Held(lock)))
    }
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        // Held by this thread, so it can be released.
        let _ = self.0.call_method0(intern!(self.0.py(), "release"));
    }
}

impl Poller {
    fn next_in_hand(slf: &Bound<'_, Self>) -> PyResult<Option<Py<Message>>> {
        let _undisturbed = Undisturbed::new(slf.py());
        let this = slf.try_borrow()?;
        match this.records.as_ref().filter(|_| !this._looks()) {
            Some(records) => records.get().next(slf.py()),
            None => Ok(None),
        }
    }

    fn look_on(&mut self) {
        self.looked = Some(Moment::now());
    }

    /// The next record from the library, where nothing else is to be done. None: Python does what is to be done.
    fn read<'py>(slf: &Bound<'py, Self>, timeout: Option<&Bound<'py, PyAny>>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let (source, rows, turn, lock, incoming) = {
            let this = slf.try_borrow()?;
            let bound = |object: &Option<Py<PyAny>>| object.as_ref().map(|object| object.bind(py).clone());
            if this.fetching {
                return Ok(None);
            }
            match (this.source, bound(&this.turn), bound(&this.lock), bound(&this.incoming)) {
                (0, ..) => return Ok(None),
                (source, Some(turn), Some(lock), Some(incoming)) => (source, this.batch_rows, turn, lock, incoming),
                _ => return Ok(None),
            }
        };
        let wait = match timeout.map(|timeout| timeout.extract::<f64>()) {
            None => SLICE_MS,
            Some(Ok(seconds)) if seconds < 0.0 => SLICE_MS,
            Some(Ok(seconds)) if !seconds.is_nan() => (seconds * 1000.0).ceil().min(SLICE_MS),
            _ => return Ok(None),
        };
        // Who waits for a turn gets it first.
        if Held::if_free(&turn)?.is_none() {
            return Ok(None);
        }
        let Some(_held) = Held::if_free(&lock)? else { return Ok(None) };
        if slf.try_borrow()?.source != source || incoming.getattr(intern!(py, "value"))?.is_truthy()? {
            return Ok(None);
        }
        if let Some(records) = &slf.try_borrow()?.records {
            let (handed_out, stored) = (records.get().handed_out(), records.get().stored());
            if handed_out < records.get().__len__() || (stored >= 0 && stored != handed_out as isize) {
                return Ok(None);
            }
            records.get().set_stored(handed_out as isize); // from this call on the library counts all
        }
        let (mut batch, mut count) = (0, 0);
        let (mut text, mut length) = ([0u8; 1024], 1024);
        let consume = functions()?.ConsumeBatch;
        let code = py.detach(|| {
            // SAFETY: all places are there; the library knows wrong handles.
            unsafe {
                consume(
                    source,
                    rows,
                    wait as i32,
                    &raw mut batch,
                    &raw mut count,
                    text.as_mut_ptr().cast(),
                    &raw mut length,
                )
            }
        });
        match code {
            DONE => {
                let undisturbed = Undisturbed::new(py);
                let handle = Py::new(py, Handle::new(batch, true))?;
                let records = Records::new(py, Some(handle.clone_ref(py)), count as usize)
                    .and_then(|records| Py::new(py, records))
                    .inspect_err(|_| handle.get().set_owned(false));
                if records.is_err() {
                    incoming.setattr("value", batch)?; // Python tries again
                    slf.getattr("_rows")?.setattr("value", count)?;
                }
                Poller::set_records(slf, records?)?;
                slf.try_borrow_mut()?.look_on();
                std::mem::drop(undisturbed);
                // What a signal's handler raises comes out with the records still in hand.
                py.check_signals()?;
                Ok(Poller::next_in_hand(slf)?.map(|message| message.into_bound(py).into_any()))
            }
            NOTHING => Ok(None),
            code => {
                let text = String::from_utf8_lossy(&text[..(length.max(0) as usize).min(text.len())]).into_owned();
                slf.call_method1("_failed", (code, text)).map(Some)
            }
        }
    }
}

#[pymethods]
impl Poller {
    #[new]
    #[pyo3(signature = (*_args, **_more))]
    fn new(_args: &Bound<'_, PyTuple>, _more: Option<&Bound<'_, PyDict>>) -> Poller {
        Poller {
            records: None,
            looked: None,
            source: 0,
            batch_rows: 1,
            fetching: false,
            turn: None,
            lock: None,
            incoming: None,
        }
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

    /// Something else is looked after again after a second.
    fn _look_later(&mut self) {
        self.look_on();
    }

    /// Something else is looked after next.
    fn _look_now(&mut self) {
        self.looked = None;
    }

    /// Whether something else is to be looked after now.
    fn _looks(&self) -> bool {
        self.looked.is_none_or(|looked| Moment::now().since(looked) >= STORE)
    }

    /// The next record, or None when none came within `timeout` seconds (None or -1: as long as it takes).
    ///
    /// Look at `error()` of the message first: it may be an error of the consumer, such as `_PARTITION_EOF` (with
    /// `enable.partition.eof`), which by itself does not end it. Raises KafkaException when the consumer is closed, or
    /// nothing was subscribed to.
    #[pyo3(signature = (timeout=None))]
    fn poll<'py>(slf: &Bound<'py, Self>, timeout: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(message) = Poller::next_in_hand(slf)? {
            return Ok(message.into_bound(slf.py()).into_any());
        }
        let start = Instant::now();
        if let Some(message) = Poller::read(slf, timeout.as_ref())? {
            return Ok(message);
        }
        match timeout.as_ref().map(|timeout| timeout.extract::<f64>()) {
            Some(Ok(seconds)) if seconds > 0.0 => {
                slf.call_method1(intern!(slf.py(), "_poll"), ((seconds - start.elapsed().as_secs_f64()).max(0.0),))
            }
            _ => slf.call_method1(intern!(slf.py(), "_poll"), (timeout,)),
        }
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        match Poller::next_in_hand(slf)? {
            Some(message) => Ok(message.into_bound(slf.py()).into_any()),
            None => slf.call_method0(intern!(slf.py(), "_next")),
        }
    }
}
