//! Writes what becomes of a computed value: how long it lives, what it weighs, whether it is kept.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned as _;

use crate::args::{Args, Ttl};
use crate::hygiene::{at, local};
use crate::target::Output;

/// What becomes of a computed value.
pub(crate) fn rules(args: &Args, output: &Output) -> TokenStream {
    let (value, ty) = (local("__hermes_value"), &output.value);
    let door = quote!(::hermes::__private);
    let ask =
        |question: &Expr| quote_spanned!(at(question.span())=> ::hermes::__private::ask(#value, #question));
    let mut keep = quote!(#door::Keep::yes());
    let ttl = match &args.ttl {
        None => quote!(::core::option::Option::None),
        Some(Ttl::Literal(ttl)) => {
            let (seconds, nanos) = (ttl.as_secs(), ttl.subsec_nanos());
            quote!(::core::option::Option::Some(::core::time::Duration::new(#seconds, #nanos)))
        }
        Some(Ttl::Expr(ttl)) => {
            quote_spanned!(at(ttl.span())=> ::core::option::Option::Some(::hermes::__private::ttl(#ttl)))
        }
        Some(Ttl::FromValue(closure)) => {
            let ttl = ask(closure);
            keep.extend(quote_spanned!(at(closure.span())=> .ttl(::hermes::__private::ttl(#ttl))));
            quote!(::core::option::Option::None)
        }
    };
    match &args.weight {
        None => {}
        Some(closure @ Expr::Closure(_)) => {
            let weight = ask(closure);
            keep.extend(quote_spanned!(at(closure.span())=> .weight(#weight)));
        }
        Some(weight) => keep.extend(quote_spanned!(at(weight.span())=> .weight(#weight))),
    }
    if let Some(condition) = &args.cache_if {
        let kept = match condition {
            Expr::Closure(_) => {
                quote_spanned!(at(condition.span())=> ::hermes::__private::ask::<_, ::core::primitive::bool>(#value, #condition))
            }
            other => quote_spanned!(at(condition.span())=> (#other)(#value)),
        };
        keep = quote!(if #kept { #keep } else { #door::Keep::no() });
    }
    let asked = args.cache_if.is_some()
        || matches!(args.ttl, Some(Ttl::FromValue(_)))
        || matches!(args.weight, Some(Expr::Closure(_)));
    let value = if asked { value.to_token_stream() } else { quote!(_) };
    quote!(#door::rules::<#ty, _>(#ttl, |#value: &#ty| #keep))
}
