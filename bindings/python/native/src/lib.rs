//! What the Python package does for each record: messages, and records that are gathered to be produced. All else is
//! Python, over ctypes; what is here is there in Python, too, for interpreters that cannot load it.

#[path = "../../../../src/client/clock.rs"]
mod clock;
mod column;
#[rustfmt::skip]
mod functions;
mod gather;
mod library;
mod message;
mod poller;
mod records;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<gather::Deliveries>()?;
    module.add_class::<gather::Gathered>()?;
    module.add_class::<gather::Gatherer>()?;
    module.add_class::<library::Handle>()?;
    module.add_class::<message::Message>()?;
    module.add_class::<poller::Poller>()?;
    module.add_class::<records::Records>()?;
    module.add_function(wrap_pyfunction!(library::use_library, module)?)?;
    module.add_function(wrap_pyfunction!(column::joined, module)?)?;
    module.add_function(wrap_pyfunction!(column::values, module)?)
}
