//! Where generated words come from, and where they seem to stand.

use proc_macro2::{Ident, Span};

/// A local variable of ours: invisible to the user's code, whatever names that uses.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Ours by origin, so that no lint of the user's speaks of it; at the user's place, so that errors point there.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The local variable `name`, at the user's place.
pub(crate) fn local_at(name: &str, span: Span) -> Ident {
    Ident::new(name, at(span))
}
