//! One place where entries are kept: a cache of the engine, and how values look there.
//! Leaves calls of functions to `cached`.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use hermes::{
    Cache, Codec, EntryInfo,
    binding::{self, Foreign, Function, rules},
};
use pyo3::{prelude::*, types::PyBytes};

use crate::{
    coro, errors, fork,
    held::Held,
    packer::{By, Format, OnServers, Signing},
    runtime::Carried,
    ttl::Kept,
};

/// A cache, and how its values look.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) cache: Cache<Foreign<Held>>,
    pub(crate) format: Arc<Format>,
}

/// How to open a place, again if need be.
#[derive(Debug)]
struct Recipe {
    url: String,
    namespace: String,
    format: Arc<Format>,
}

impl Recipe {
    fn open(&self) -> Result<Place, hermes::Error> {
        let Self { url, namespace, format } = self;
        let builder = Cache::builder().namespace(namespace);
        let builder = builder.url_around(url, |backend| Box::new(Carried::new(backend)));
        let cache = builder.packed_by(OnServers(Arc::clone(format))).build()?;
        Ok(Place { cache, format: Arc::clone(format) })
    }
}

/// An entry as it is listed: key, tags, seconds of ttl left, and its size or value.
type Row<T> = (String, Vec<String>, f64, T);

/// One place where entries are kept. Cheap to make, connects when first asked, usable from all threads, loops and forked
/// children.
#[pyclass(frozen, weakref, module = "hermes._core")]
#[derive(Debug)]
pub(crate) struct Engine {
    recipe: Recipe,
    place: Mutex<Arc<Place>>,
}

impl Engine {
    pub(crate) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens it anew in a forked child, unless it can stay as it is.
    pub(crate) fn renew(&self, py: Python<'_>, was_busy: bool) -> PyResult<()> {
        if self.recipe.format.in_process && !was_busy {
            return Ok(());
        }
        let mut place = Arc::new(self.recipe.open().map_err(|why| errors::of_engine(py, &why))?);
        mem::swap(&mut *self.place.lock().unwrap_or_else(PoisonError::into_inner), &mut place);
        // Its connections are registered with the parent's runtime, and its locks may be taken for ever.
        mem::forget(place);
        Ok(())
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (
        url, *, namespace = "cache", serialiser = "pickle", compress_from = Some(100), dumps = None, loads = None,
        secret = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "each has its name where it is called")]
    fn new(
        py: Python<'_>,
        url: &str,
        namespace: &str,
        serialiser: &str,
        compress_from: Option<usize>,
        dumps: Option<Py<PyAny>>,
        loads: Option<Py<PyAny>>,
        secret: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Py<Self>> {
        let wrong = |said: &str| Err(errors::error(py, said));
        let signing = secret.map(|secret| Signing::new(secret.as_bytes()));
        let by = match (dumps, loads, serialiser) {
            (Some(dumps), Some(loads), _) => By::Mangler { dumps, loads },
            (None, None, "pickle") => By::Pickle { compress_from, signing },
            (None, None, "messagepack") => By::Codec(Codec::MessagePack),
            (None, None, "json") => By::Codec(Codec::Json),
            (None, None, other) => {
                return wrong(&format!(
                    "there is no serialiser {other:?}; there are pickle, messagepack and json"
                ));
            }
            _ => return wrong("dumps and loads come together: what one writes the other reads"),
        };
        if secret.is_some() && !matches!(by, By::Pickle { .. }) {
            return wrong("a secret signs pickles, and this cache makes none");
        }
        let format = Arc::new(Format { in_process: url.starts_with("memory:"), by });
        let recipe = Recipe { url: url.to_owned(), namespace: namespace.to_owned(), format };
        let place = recipe.open().map_err(|why| errors::of_engine(py, &why))?;
        let engine = Bound::new(py, Self { recipe, place: Mutex::new(Arc::new(place)) })?;
        fork::watch(engine.as_any())?;
        Ok(engine.unbind())
    }

    /// Whether entries are kept in this process.
    #[getter]
    fn in_process(&self) -> bool {
        self.recipe.format.in_process
    }

    /// Drops what carries any of the tags; None: the whole namespace.
    fn clean(&self, py: Python<'_>, tags: Option<Vec<String>>) -> PyResult<()> {
        let place = self.place();
        let done = fork::detached(py, || match tags {
            Some(tags) => place.cache.clean(tags),
            None => place.cache.clean_all(),
        });
        done.map_err(|why| errors::of_engine(py, &why))
    }

    /// The same for a task.
    fn clean_async<'py>(&self, py: Python<'py>, tags: Option<Vec<String>>) -> PyResult<Bound<'py, PyAny>> {
        let place = self.place();
        coro::driven(py, |_| async move {
            coro::nothing(match tags {
                Some(tags) => place.cache.clean_async(tags).await,
                None => place.cache.clean_all_async().await,
            })
        })
    }

    /// What this process did with the cache so far.
    fn stats(&self) -> BTreeMap<&'static str, u64> {
        let stats = self.place().cache.stats();
        BTreeMap::from([
            ("hits", stats.hits),
            ("misses", stats.misses),
            ("computations", stats.computations),
            ("waits", stats.waits),
            ("errors", stats.errors),
            ("fenced_commits", stats.fenced_commits),
        ])
    }

    /// Lists what a call would hit: key, tags, seconds of ttl left, size.
    fn dump(&self, py: Python<'_>) -> PyResult<Vec<Row<usize>>> {
        let place = self.place();
        let listed = fork::detached(py, || place.cache.dump()).map_err(|why| errors::of_engine(py, &why))?;
        let row = |EntryInfo { key, tags, ttl_left, size_bytes, .. }| {
            (key.to_string(), tags, ttl_left.as_secs_f64(), size_bytes)
        };
        Ok(listed.into_iter().map(row).collect())
    }

    /// Lists what is kept in this process, with its values. What was named by hand goes by that name.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Vec<Row<Bound<'py, PyAny>>>> {
        let place = self.place();
        if !place.format.in_process {
            return Err(errors::error(py, "values are listed where they are kept in this process only"));
        }
        let listed = fork::detached(py, || binding::values::<_, Held>(&place.cache));
        let row = |entry: binding::Listed<Held>| {
            let EntryInfo { key, tags, ttl_left, .. } = entry.info;
            let name = entry.name.unwrap_or_else(|| key.to_string());
            Ok((name, tags, ttl_left.as_secs_f64(), place.format.object(py, &entry.value)?))
        };
        listed.into_iter().map(row).collect()
    }

    /// The value of an entry that is named by hand.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let place = self.place();
        match fork::detached(py, || place.cache.entry(name).get::<Held>()) {
            Some(held) => place.format.object(py, &held).map(Some),
            None => Ok(default),
        }
    }

    /// Puts a value in under a name.
    #[pyo3(signature = (name, value, *, ttl = None, tags = Vec::new()))]
    fn set(
        &self,
        py: Python<'_>,
        name: &str,
        value: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
        tags: Vec<String>,
    ) -> PyResult<()> {
        let place = self.place();
        let ttl = match ttl.map(Kept::new).transpose()? {
            Some(Kept::NotAtAll) => return self.remove(py, name),
            Some(Kept::For(ttl)) => Some(ttl),
            None => None,
        };
        let held = match place.format.hold(value) {
            Ok(held) => held,
            Err(why) => {
                return Err(errors::error(py, &format!("setting {name:?}: the value has no bytes: {why}")));
            }
        };
        let done = fork::detached(py, || {
            let mut call = Function::of_entries().call(&place.cache);
            call.arg(name);
            call.tags(tags);
            call.set(rules(ttl, |_| binding::Keep::yes()), &held)
        });
        done.map_err(|why| errors::of_engine(py, &why))
    }

    /// Takes the entry of a name out.
    fn remove(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let place = self.place();
        fork::detached(py, || place.cache.entry(name).invalidate()).map_err(|why| errors::of_engine(py, &why))
    }
}
