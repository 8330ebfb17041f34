//! Declares the companions of a cached function: names, parameters, results, docs.
//! Leaves to `code` what they do, to `expand` and `methods` where they stand.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, FnArg, Generics, LitStr, Pat, Visibility};

use crate::args::Args;
use crate::attrs::{expect_as_allow, is_hidden, is_lint};
use crate::code::Code;
use crate::hygiene::at;
use crate::target::Target;

/// What the companions are called.
pub(crate) struct Names {
    prefix: &'static str,
    /// `_bar` for a method's siblings, nothing for functions.
    suffix: String,
    span: Span,
}

impl Names {
    /// `foo::invalidate`.
    pub(crate) fn of_function(name: &Ident) -> Self {
        Self { prefix: "__", suffix: String::new(), span: name.span() }
    }

    /// `invalidate_bar`.
    pub(crate) fn of_method(name: &Ident) -> Self {
        Self { prefix: "__hermes_", suffix: format!("_{}", name.unraw()), span: name.span() }
    }

    fn verb(&self, verb: &str) -> Ident {
        let span = Span::call_site().located_at(self.span);
        Ident::new(&format!("{verb}{}", self.suffix), span)
    }

    fn twin(&self, verb: &str) -> Ident {
        format_ident!("{}_async", self.verb(verb))
    }

    fn site(&self) -> Ident {
        self.verb(&format!("{}site", self.prefix))
    }
}

/// A cached function and its surroundings.
pub(crate) struct Cached<'a> {
    pub(crate) target: Target,
    pub(crate) args: &'a Args,
    pub(crate) cache: &'a Expr,
    pub(crate) owner: Ident,
    pub(crate) names: Names,
    /// The visibility of the companions.
    pub(crate) vis: Visibility,
    /// The parameters of the surrounding `impl`.
    pub(crate) outer: Generics,
    /// Those of them that the companions' own `impl` cannot have, so that each companion has them itself.
    pub(crate) moved: Generics,
    /// The function's identity: what stands behind the module's path.
    pub(crate) point: String,
    /// A type whose name tells functions apart that are declared inside of functions: that of a free function's
    /// companion.
    pub(crate) type_name: Option<Ident>,
}

/// Which parameters a companion has.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    /// All but the skipped ones.
    Keyed,
    All,
}

impl Cached<'_> {
    /// The function itself, its body replaced by the cached call.
    pub(crate) fn wrapper(&self) -> TokenStream {
        let Target { vis, sig, .. } = &self.target;
        let attrs = self.target.attrs.iter().map(expect_as_allow);
        let mut sig = sig.clone();
        let mut params = self.target.params.iter();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => receiver.mutability = None,
                FnArg::Typed(typed) => {
                    let name = params.next().map(|param| &param.name);
                    *typed.pat = Pat::Verbatim(name.to_token_stream());
                }
            }
        }
        let generics = self.generics();
        let body =
            self.code(&generics, &self.names.site(), &self.names.verb("uncached"), |code| code.cached());
        let unused = self.target.params.iter().any(|param| param.name.to_string().starts_with('_'));
        let used = unused.then(|| quote!(#[allow(clippy::used_underscore_binding)]));
        quote!(#(#attrs)* #used #vis #sig #body)
    }

    /// The original body, and the function's identity: what the wrapper and the companions call.
    pub(crate) fn uncached(&self) -> TokenStream {
        let lints = self.target.attrs.iter().filter(|attr| is_lint(attr)).map(expect_as_allow);
        let cfgs = self.cfgs();
        let mut sig = self.target.sig.clone();
        // Ours by origin: the wrapper is what the user may leave unused.
        sig.fn_token.span = at(sig.fn_token.span);
        sig.ident = self.names.verb("uncached");
        sig.generics = self.generics();
        let (vis, body) = (&self.vis, &self.target.body);
        let doc = self.doc("Runs the function itself: neither reads the cache nor writes it.");
        // These speak of the function, which the user sees as the wrapper.
        let twice = quote! {
            clippy::must_use_candidate, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::missing_const_for_fn
        };
        quote!(#(#cfgs)* #(#lints)* #doc #[allow(#twice)] #vis #sig #body)
    }

    /// All other companions.
    pub(crate) fn controls(&self) -> TokenStream {
        let error = quote!(::hermes::Error);
        let done = quote!(::core::result::Result<(), #error>);
        let (value, returned) = (&self.target.output.value, &self.target.output.returned);
        let (found, key) =
            (quote!(::core::option::Option<#value>), quote!(::core::result::Result<::hermes::Key, #error>));
        let asynchronous = self.target.is_async();
        let names = &self.names;

        let invalidate = |name: Ident, twin: bool| {
            let doc = "Drops the entry of these arguments.\n\n\
                       When it has returned `Ok`, no later call sees a value whose computation began before it.\n\n\
                       # Errors\n`Backend` or `Timeout` if a server did not confirm it: call it again. `Argument` if an \
                       argument cannot be part of a key, `Config` if another function has the same name.";
            self.declare(doc, &name, Takes::Keyed, &done, twin, |code| code.invalidate(twin))
        };
        let clear = |name: Ident, twin: bool| {
            let doc = "Drops every entry of this function, whatever the arguments.\n\n\
                       # Errors\n`Backend` or `Timeout` if a server did not confirm it: call it again. `Config` if another \
                       function has the same name.";
            self.declare(doc, &name, Takes::Nothing, &done, twin, |code| code.clear(twin))
        };
        let peek = |name: Ident, twin: bool| {
            let doc = "The cached value of these arguments, if there is one. Never computes.";
            self.declare(doc, &name, Takes::Keyed, &found, twin, |code| code.peek(twin))
        };
        let explain = |name: Ident, twin: bool| {
            let doc =
                "What a call with these arguments would get from the cache now, and why. Never computes.";
            self.declare(doc, &name, Takes::Keyed, &quote!(::hermes::Explanation), twin, |code| {
                code.explain(twin)
            })
        };
        let verbs = [
            invalidate(names.verb("invalidate"), asynchronous),
            clear(names.verb("clear"), asynchronous),
            peek(names.verb("peek"), asynchronous),
            explain(names.verb("explain"), asynchronous),
        ];
        let refresh = {
            let doc = "Computes now, and replaces the entry of these arguments.";
            self.declare(doc, &names.verb("refresh"), Takes::All, returned, asynchronous, |code| {
                code.refresh()
            })
        };
        let key = {
            let doc = "The key of these arguments' entry, as `dump` shows it.\n\n\
                       # Errors\n`Argument` if an argument cannot be part of a key, `Config` if another function has the same \
                       name.";
            self.declare(doc, &names.verb("key"), Takes::Keyed, &key, false, |code| code.key())
        };
        let twins = (!asynchronous).then(|| {
            let twins = [
                invalidate(names.twin("invalidate"), true),
                clear(names.twin("clear"), true),
                peek(names.twin("peek"), true),
                explain(names.twin("explain"), true),
            ];
            quote!(::hermes::__private::when_async! { #(#twins)* })
        });
        let site = self.site();
        quote!(#site #(#verbs)* #refresh #key #twins)
    }

    /// The identity: one for all instances of a generic function, for statics are shared by them.
    fn site(&self) -> TokenStream {
        let (name, cfgs, point) = (self.names.site(), self.cfgs(), &self.point);
        let path = match &self.args.name {
            Some(name) => name.to_token_stream(),
            None => quote!(::core::concat!(::core::module_path!(), "::", #point)),
        };
        let version = match &self.args.version {
            Some(version) => quote!(::core::option::Option::Some(#version)),
            None => quote!(::core::option::Option::None),
        };
        let site = quote!(::hermes::__private::Site);
        let (declare, type_name) = match &self.type_name {
            Some(ty) if self.args.name.is_none() => (quote!(free), quote!(, ::core::any::type_name::<#ty>)),
            _ => (quote!(new), TokenStream::new()),
        };
        quote! {
            #(#cfgs)*
            #[doc(hidden)]
            #[inline]
            fn #name() -> &'static #site {
                static SITE: #site = #site::#declare(#path, #version #type_name);
                &SITE
            }
        }
    }

    fn declare(
        &self,
        doc: &str,
        name: &Ident,
        takes: Takes,
        output: &TokenStream,
        asynchronous: bool,
        body: impl FnOnce(&Code<'_>) -> TokenStream,
    ) -> TokenStream {
        let generics = self.generics();
        let body = self.code(&generics, &self.names.site(), &self.names.verb("uncached"), body);
        // With `key`, not all parameters are looked at.
        let looked_at = (takes == Takes::Keyed && self.args.key.is_some()).then(|| {
            let names = self.target.keyed().map(|param| &param.name);
            quote!(#(let _ = &#names;)*)
        });
        let (vis, cfgs, doc) = (&self.vis, self.cfgs(), self.doc(doc));
        let receiver = self.target.sig.receiver().filter(|_| takes != Takes::Nothing).map(|receiver| {
            let mut receiver = receiver.clone();
            receiver.mutability = None;
            quote!(#receiver,)
        });
        let params = self.target.params.iter().filter(|param| match takes {
            Takes::Nothing => false,
            Takes::Keyed => !param.skipped,
            Takes::All => true,
        });
        let params = params.map(|param| {
            let (name, ty) = (&param.name, &param.ty);
            quote!(#name: #ty)
        });
        let (generics, bounds) = match takes {
            Takes::Nothing => (None, None),
            _ => (Some(&generics), generics.where_clause.as_ref()),
        };
        let asynchronous = asynchronous.then(|| quote!(async));
        quote! {
            #(#cfgs)*
            #doc
            #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
            #vis #asynchronous fn #name #generics (#receiver #(#params),*) -> #output #bounds { #looked_at #body }
        }
    }

    fn code(
        &self,
        generics: &Generics,
        site: &Ident,
        uncached: &Ident,
        write: impl FnOnce(&Code<'_>) -> TokenStream,
    ) -> TokenStream {
        let Self { target, args, cache, owner, outer, .. } = self;
        write(&Code { target, args, cache, owner, site, uncached, outer, generics })
    }

    /// The generics of each companion.
    fn generics(&self) -> Generics {
        let mut generics = self.target.sig.generics.clone();
        if self.moved.params.is_empty() {
            return generics;
        }
        let own = std::mem::take(&mut generics.params);
        let (lifetimes, others): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|param| matches!(param, syn::GenericParam::Lifetime(_)));
        generics.params =
            lifetimes.into_iter().chain(self.moved.params.iter().cloned()).chain(others).collect();
        if let Some(moved) = &self.moved.where_clause {
            generics.make_where_clause().predicates.extend(moved.predicates.iter().cloned());
        }
        generics
    }

    fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.target.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    fn doc(&self, text: &str) -> TokenStream {
        if is_hidden(&self.target.attrs) {
            return quote!(#[doc(hidden)]);
        }
        let text = LitStr::new(text, Span::call_site());
        quote!(#[doc = #text])
    }
}
