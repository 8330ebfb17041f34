//! What is used of Python's own library, each looked up once.
//! Knows nothing of caches.

use std::ffi::CString;

use pyo3::{exceptions::PyRuntimeWarning, prelude::*, sync::PyOnceLock, types::PyBytes};

/// The protocol of pickles: the newest that all versions of Python from 3.10 on read.
const PICKLE_PROTOCOL: u8 = 5;

macro_rules! imported {
    ($($(#[$doc:meta])* $name:ident = $module:literal, $attribute:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
                static FOUND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
                FOUND.import(py, $module, $attribute)
            }
        )*
    };
}

imported! {
    pickle_dumps = "pickle", "dumps";
    pickle_loads = "pickle", "loads";
    zlib_compress = "zlib", "compress";
    zlib_decompressobj = "zlib", "decompressobj";
    inspect_signature = "inspect", "signature";
    is_async_generator_function = "inspect", "isasyncgenfunction";
    update_wrapper = "functools", "update_wrapper";
    partial = "functools", "partial";
    formatter = "string", "Formatter";
    method = "types", "MethodType";
    enum_class = "enum", "Enum";
    pure_path = "pathlib", "PurePath";
    dataclass_fields = "dataclasses", "fields";
    weak_reference = "weakref", "ref";
    weak_set = "weakref", "WeakSet";
    weak_key_dictionary = "weakref", "WeakKeyDictionary";
    weak_value_dictionary = "weakref", "WeakValueDictionary";
    loaded_modules = "sys", "modules";
    main_thread = "threading", "main_thread";
    thread_number = "threading", "get_ident";
    running_loop = "asyncio", "get_running_loop";
    done = "hermes._coroutines", "done";
    drive = "hermes._coroutines", "drive";
    twin = "hermes._coroutines", "twin";
}

/// The pickle of an object.
pub(crate) fn pickled<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = pickle_dumps(object.py())?.call1((object, PICKLE_PROTOCOL))?;
    Ok(bytes.cast_into::<PyBytes>()?)
}

/// Warns whoever called, who may have made an error of it.
pub(crate) fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    let text = CString::new(text.replace('\0', "\\0")).unwrap_or_default();
    PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1)
}
