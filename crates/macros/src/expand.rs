//! Expands `#[cached]` on a free function: the function, and beside it a type of the same name that carries its
//! companions. Functions and types live in different namespaces, so one name serves both.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::{Error, Generics, Item, LitStr};

use crate::args::Args;
use crate::attrs::is_hidden;
use crate::companions::{Cached, Names};
use crate::mention::mention;
use crate::target::{Function, Target};

/// Type names that need no import: a companion of this name would hide them from its module.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

pub(crate) fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<Function>(item.clone()) {
        Ok(function) => expand(args, function).unwrap_or_else(|error| beside(&error, &item)),
        Err(error) => match syn::parse2::<Item>(item.clone()) {
            // Without a body, as in a trait.
            Ok(Item::Fn(_) | Item::Verbatim(_)) => beside(&error, &item),
            Ok(Item::Impl(block)) => {
                let message = "`#[cached]` goes on functions: put `#[cached_methods(CACHE)]` on the `impl`, \
                               and `#[cached]` on its methods";
                beside(&Error::new(block.impl_token.span, message), &item)
            }
            Ok(other) => {
                beside(&Error::new_spanned(first_token(&other), "`#[cached]` goes on functions"), &item)
            }
            // Half-written code, of which the compiler says more.
            Err(_) => item,
        },
    }
}

/// An error, and the item as it was, so that only the mistake itself is reported.
pub(crate) fn beside(error: &Error, item: &TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #item)
}

/// The word that says what an item is.
fn first_token(item: &Item) -> TokenStream {
    let skip = |tokens: TokenStream| {
        tokens.into_iter().find(|token| matches!(token, proc_macro2::TokenTree::Ident(word) if word != "pub"))
    };
    skip(item.to_token_stream()).map_or_else(|| item.to_token_stream(), |word| word.to_token_stream())
}

fn expand(args: TokenStream, function: Function) -> syn::Result<TokenStream> {
    let args = Args::parse(args)?;
    if let Some(receiver) = function.sig.receiver() {
        return Err(of_method(receiver.self_token.span));
    }
    if let Some(span) = mention(&function.sig, "Self") {
        return Err(of_method(span));
    }
    let Some(cache) = &args.cache else {
        let message = "name the cache first: `#[cached(CACHE)]`, or `#[cached(CACHE, tags = …)]`";
        return Err(Error::new(Span::call_site(), message));
    };
    let name = function.sig.ident.clone();
    let companion = args.companion.clone().unwrap_or_else(|| name.clone());
    if PRIMITIVES.iter().any(|primitive| companion == primitive) {
        let message = format!(
            "the companion of this function would hide the type `{companion}` in this module: \
             give it another name with `companion = …`"
        );
        return Err(Error::new(companion.span(), message));
    }
    // Ours by origin: no lint is to speak of how a type should be named.
    let mut declared = companion.clone();
    declared.set_span(Span::call_site().located_at(companion.span()));
    let vis = function.vis.clone();
    let hidden = is_hidden(&function.attrs).then(|| quote!(#[doc(hidden)]));
    let cfgs: Vec<_> = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
    let doc = LitStr::new(
        &format!(
            "The companion of the cached function [`{name}`](fn@{name}): `{companion}::invalidate` and others."
        ),
        Span::call_site(),
    );
    let cached = Cached {
        target: Target::new(function, &args)?,
        args: &args,
        cache,
        owner: companion.clone(),
        names: Names::of_function(&name),
        vis: vis.clone(),
        outer: Generics::default(),
        moved: Generics::default(),
        point: name.unraw().to_string(),
        type_name: Some(companion.clone()),
    };
    let (wrapper, uncached, controls) = (cached.wrapper(), cached.uncached(), cached.controls());
    Ok(quote! {
        #wrapper

        #(#cfgs)*
        #hidden
        #[doc = #doc]
        #[non_exhaustive]
        #vis enum #declared {}

        #(#cfgs)*
        impl #companion { #uncached }

        #(#cfgs)*
        impl #companion { #controls }
    })
}

fn of_method(span: Span) -> Error {
    let message = "a method needs its `impl`: put `#[cached_methods(CACHE)]` on the `impl` block, \
                   and leave the cache out here";
    Error::new(span, message)
}
