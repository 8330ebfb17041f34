//! What attributes that are not ours mean for generated code.

use proc_macro2::{Ident, Span};
use syn::{Attribute, Meta};

/// Whether the docs leave an item out.
pub(crate) fn is_hidden(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) => attr.path().is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

pub(crate) fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attr.path().is_ident(level))
}

/// What a user expects of one function may show in only one of the two it becomes.
pub(crate) fn expect_as_allow(attr: &Attribute) -> Attribute {
    let mut attr = attr.clone();
    if attr.path().is_ident("expect")
        && let Meta::List(list) = &mut attr.meta
    {
        list.path =
            Ident::new("allow", list.path.get_ident().map_or_else(Span::call_site, Ident::span)).into();
    }
    attr
}
