//! Writes what stands inside the generated functions: the cached call itself and the calls of its companions.
//! Leaves to `companions` how these are declared, to `expand` and `methods` where they go.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Generics, LitStr, Type};

use crate::args::{Args, KeyRule, Tag, Tags};
use crate::hygiene::{at, local, local_at};
use crate::mention::mention;
use crate::rules::rules;
use crate::target::{Param, Target};
use crate::template::{Piece, Template, holes};

/// One cached function and all that its code depends on.
pub(crate) struct Code<'a> {
    pub(crate) target: &'a Target,
    pub(crate) args: &'a Args,
    pub(crate) cache: &'a Expr,
    /// What the generated functions belong to: the companion, or `Self`.
    pub(crate) owner: &'a Ident,
    /// The names of the function's identity and of its original body, in `owner`.
    pub(crate) site: &'a Ident,
    pub(crate) uncached: &'a Ident,
    /// The type and constant parameters of the surrounding `impl`.
    pub(crate) outer: &'a Generics,
    /// The generics of each generated function.
    pub(crate) generics: &'a Generics,
}

impl Code<'_> {
    /// The body of the function that callers call.
    pub(crate) fn cached(&self) -> TokenStream {
        let (open, tags) = (self.open(), self.tags());
        let (hit, value) = (local("__hermes_hit"), &self.target.output.value);
        let returned = if self.target.output.fallible {
            quote!(::core::result::Result::Ok(#hit))
        } else {
            hit.to_token_stream()
        };
        let span = self.target.output.span;
        let call = local_at("__hermes_call", span);
        let look = quote_spanned!(at(span)=> #call.hit::<#value>());
        let look = quote!(if let ::core::option::Option::Some(#hit) = #look { return #returned; });
        let compute = self.compute("compute");
        if !self.key_decides_tags() {
            return quote!({ #open #tags #look #compute });
        }
        // A hit needs no tags: the entry of this key carries the same ones.
        if self.is_short() {
            let (let_cache, probe, begin) = (self.let_cache(), self.probe(&returned), self.begin());
            quote!({ #let_cache #probe #begin #tags #compute })
        } else {
            quote!({ #open #look #tags #compute })
        }
    }

    /// Whether the key is a few numbers, and so can be looked up from registers.
    fn is_short(&self) -> bool {
        const MAX_BYTES: usize = 18;
        let mut generics = self.outer.params.iter().chain(&self.target.sig.generics.params);
        let generic = generics.any(|param| !matches!(param, syn::GenericParam::Lifetime(_)));
        let bytes: Option<usize> = self.target.keyed().map(|param| short_bytes(&param.ty)).sum();
        self.args.key.is_none() && !generic && bytes.is_some_and(|bytes| bytes <= MAX_BYTES)
    }

    /// The short way to a hit.
    fn probe(&self, returned: &TokenStream) -> TokenStream {
        let (cache, owner, site) = (local("__hermes_cache"), self.owner, self.site);
        let span = self.target.output.span;
        let (probe, hit, value) =
            (local_at("__hermes_probe", span), local("__hermes_hit"), &self.target.output.value);
        let params = self.target.keyed().map(|param| &param.name);
        let mutable = (self.target.keyed().next().is_some()).then(|| quote!(mut));
        let look = quote_spanned!(at(span)=> #probe.hit::<#value>());
        let types = self.target.keyed().map(|param| &param.ty);
        quote! {{
            const {
                ::core::assert!(
                    0 #(+ <#types as ::hermes::__private::ShortArgument>::LEN_BYTES)*
                        <= ::hermes::__private::ShortArguments::MAX_BYTES,
                    "an alias has the name of a number's own type: give it another name"
                );
            }
            let #mutable #probe = ::hermes::__private::Probe::new(#cache, #owner::#site());
            #(#probe.arg(#params);)*
            if let ::core::option::Option::Some(#hit) = #look { return #returned; }
        }}
    }

    pub(crate) fn refresh(&self) -> TokenStream {
        let (open, tags, compute) = (self.open(), self.tags(), self.compute("refresh"));
        quote!({ #open #tags #compute })
    }

    pub(crate) fn peek(&self, twin: bool) -> TokenStream {
        self.look("peek", twin)
    }

    pub(crate) fn explain(&self, twin: bool) -> TokenStream {
        self.look("explain", twin)
    }

    /// A verb that computes nothing.
    fn look(&self, verb: &str, twin: bool) -> TokenStream {
        let (open, tags, span) = (self.open(), self.tags(), self.target.output.span);
        let (call, value, span) = (local_at("__hermes_call", span), &self.target.output.value, at(span));
        let (verb, wait) = if twin {
            (format!("{verb}_async"), Some(quote_spanned!(span=> .await)))
        } else {
            (verb.to_owned(), None)
        };
        let verb = Ident::new(&verb, span);
        let look = quote_spanned!(span=> #call.#verb::<#value>() #wait);
        quote!({ #open #tags #look })
    }

    pub(crate) fn invalidate(&self, twin: bool) -> TokenStream {
        let (open, call) = (self.open(), local("__hermes_call"));
        let invalidate = if twin { quote!(invalidate_async().await) } else { quote!(invalidate()) };
        quote!({ #open #call.#invalidate })
    }

    pub(crate) fn key(&self) -> TokenStream {
        let (open, call) = (self.open(), local("__hermes_call"));
        quote!({ #open #call.key() })
    }

    pub(crate) fn clear(&self, twin: bool) -> TokenStream {
        let (cache, let_cache, owner, site) =
            (local("__hermes_cache"), self.let_cache(), self.owner, self.site);
        let call = quote!(::hermes::__private::Call);
        let clear = if twin {
            quote!(#call::clear_async(#cache, #owner::#site()).await)
        } else {
            quote!(#call::clear(#cache, #owner::#site()))
        };
        quote!({ #let_cache #clear })
    }

    fn let_cache(&self) -> TokenStream {
        let (name, cache) = (local("__hermes_cache"), self.cache);
        let borrowed = quote_spanned!(at(cache.span())=> &(#cache));
        quote!(let #name: &::hermes::Cache<_> = #borrowed;)
    }

    /// Finds the cache, begins a call and gives it its key.
    fn open(&self) -> TokenStream {
        let (let_cache, begin) = (self.let_cache(), self.begin());
        quote!(#let_cache #begin)
    }

    /// Begins a call and gives it its key.
    fn begin(&self) -> TokenStream {
        let (cache, call) = (local("__hermes_cache"), local("__hermes_call"));
        let (owner, site, key) = (self.owner, self.site, self.key_parts());
        let mutable = (!key.is_empty() || !matches!(self.args.tags, Tags::None)).then(|| quote!(mut));
        quote! {
            let #mutable #call = ::hermes::__private::Call::new(#cache, #owner::#site());
            #key
        }
    }

    /// What tells entries of one function apart: generic parameters, then `key` or the arguments.
    fn key_parts(&self) -> TokenStream {
        let call = local("__hermes_call");
        let mut parts = TokenStream::new();
        let generics = self.outer.params.iter().chain(&self.target.sig.generics.params);
        for generic in generics {
            match generic {
                syn::GenericParam::Type(ty) => {
                    let ty = &ty.ident;
                    parts.extend(quote!(#call.type_name::<#ty>();));
                }
                syn::GenericParam::Const(constant) => {
                    let constant = &constant.ident;
                    parts.extend(quote!(#call.arg(&#constant);));
                }
                _ => {}
            }
        }
        for Param { name, .. } in self.target.keyed().filter(|param| is_nameless(&param.ty)) {
            parts.extend(quote!(#call.type_name_of(&#name);));
        }
        match &self.args.key {
            None => {
                for Param { name, ty, .. } in self.target.keyed() {
                    parts.extend(quote_spanned!(at(ty.span())=> #call.arg(&#name);));
                }
            }
            Some(KeyRule::Expr(key)) => {
                let arg = quote_spanned!(at(key.span())=> #call.arg(&(#key)););
                parts.extend(self.seeing(key, arg));
            }
            Some(KeyRule::Template(key)) => {
                for piece in &key.pieces {
                    parts.extend(match piece {
                        Piece::Text(text) => quote!(#call.literal(#text);),
                        Piece::Hole(_) => {
                            let value = self.formatted(std::slice::from_ref(piece), key.span);
                            quote!(#call.display(::core::format_args!(#value));)
                        }
                    });
                }
            }
        }
        parts
    }

    /// Gives a call its tags.
    fn tags(&self) -> TokenStream {
        let call = local("__hermes_call");
        match &self.args.tags {
            Tags::None => TokenStream::new(),
            Tags::All(tags) => self.seeing(tags, quote_spanned!(at(tags.span())=> #call.tags(#tags);)),
            Tags::List(tags) => {
                let (mut written, mut exprs, mut texts) =
                    (TokenStream::new(), TokenStream::new(), Vec::new());
                for (place, tag) in tags.iter().enumerate() {
                    texts.push(match tag {
                        Tag::Expr(tag) => {
                            tag.to_tokens(&mut exprs);
                            quote_spanned!(at(tag.span())=> ::core::convert::AsRef::<::core::primitive::str>::as_ref(&(#tag)))
                        }
                        Tag::Template(template) => match template.pieces.as_slice() {
                            [Piece::Text(text)] => text.to_token_stream(),
                            pieces => {
                                let name = local(&format!("__hermes_tag{place}"));
                                let format = self.formatted(pieces, template.span);
                                written.extend(quote!(let #name = #call.text(::core::format_args!(#format));));
                                quote!(&*#name)
                            }
                        },
                    });
                }
                // One array of texts: its temporaries live as long as the call that reads it.
                let given = self.seeing(&exprs, quote!(#call.tags([#(#texts),*]);));
                quote!({ #written #given })
            }
        }
    }

    /// The arguments of a `format!` that writes `pieces`.
    fn formatted(&self, pieces: &[Piece], span: Span) -> TokenStream {
        let format: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.replace('{', "{{").replace('}', "}}"),
                Piece::Hole(hole) if hole.spec.is_empty() => "{}".to_owned(),
                Piece::Hole(hole) => format!("{{:{}}}", hole.spec),
            })
            .collect();
        let (mut places, mut widths) = (Vec::new(), Vec::<&str>::new());
        for hole in holes(pieces) {
            let root = self.variable(&hole.root, span);
            let fields = &hole.fields;
            places.push(quote_spanned!(at(span)=> #root #(.#fields)*));
            widths.extend(hole.widths.iter().map(String::as_str));
        }
        widths.sort_unstable();
        widths.dedup();
        let widths = widths.into_iter().map(|name| {
            let value = self.variable(name, span);
            quote!(#value = #value)
        });
        let format = LitStr::new(&format, at(span));
        quote_spanned!(at(span)=> #format, #(#places,)* #(#widths),*)
    }

    /// A parameter or `self`, with the identity it has in the signature, at the place of the template.
    fn variable(&self, name: &str, span: Span) -> Ident {
        let original = match self.target.sig.receiver() {
            Some(receiver) if name == "self" => receiver.self_token.span,
            _ => self
                .target
                .params
                .iter()
                .find(|param| param.name == name)
                .map_or(span, |param| param.name.span()),
        };
        let placed = span.resolved_at(original);
        match name.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, placed),
            None => Ident::new(name, placed),
        }
    }

    /// Lets `statement` see the parameters that `expr` mentions by reference, so that it cannot move them.
    fn seeing(&self, expr: &impl ToTokens, statement: TokenStream) -> TokenStream {
        let seen: Vec<_> = self
            .target
            .keyed()
            .map(|param| &param.name)
            .filter(|name| mention(expr, &name.to_string()).is_some())
            .collect();
        if seen.is_empty() {
            return statement;
        }
        // The second mention: what only looks like a parameter must not leave this one unused.
        quote! {
            #[allow(clippy::shadow_reuse, clippy::shadow_same)]
            { #(let #seen = &#seen; let _ = #seen;)* #statement }
        }
    }

    /// Whether calls with one key always carry the same tags.
    fn key_decides_tags(&self) -> bool {
        let all_in_key =
            self.args.key.is_none() && self.args.skip.is_empty() && self.target.sig.receiver().is_none();
        let decides = |template: &Template| {
            let self_free = template.names().all(|name| name != "self");
            self_free && (self.args.key.is_none() || template.names().next().is_none())
        };
        match &self.args.tags {
            Tags::None => true,
            // What an expression depends on cannot be read off it with certainty.
            Tags::All(_) => all_in_key,
            Tags::List(tags) => tags.iter().all(|tag| match tag {
                Tag::Expr(_) => all_in_key,
                Tag::Template(template) => decides(template),
            }),
        }
    }

    /// Runs the loader under the call: `compute` or `refresh`.
    fn compute(&self, verb: &str) -> TokenStream {
        let span = self.target.output.span;
        let (call, rules) = (local_at("__hermes_call", span), rules(self.args, &self.target.output));
        let (owner, uncached) = (self.owner, self.uncached);
        let fallible = if self.target.output.fallible { "_try" } else { "" };
        let (twin, wait) = if self.target.is_async() {
            ("_async", Some(quote_spanned!(at(span)=> .await)))
        } else {
            ("", None)
        };
        let verb = Ident::new(&format!("{verb}{fallible}{twin}"), at(span));
        let explicit: Vec<_> = explicit(self.generics).collect();
        let generics = (!explicit.is_empty()).then(|| quote!(::<#(#explicit),*>));
        let receiver = self.target.sig.receiver().map(|receiver| receiver.self_token).into_iter();
        let params = self.target.params.iter().map(|param| &param.name);
        quote_spanned!(at(span)=> #call.#verb(#rules, move || #owner::#uncached #generics (#(#receiver,)* #(#params),*)) #wait)
    }
}

/// The generic parameters that a call names: types and constants (lifetimes find themselves).
fn explicit(generics: &Generics) -> impl Iterator<Item = &Ident> {
    generics.params.iter().filter_map(|param| match param {
        syn::GenericParam::Type(ty) => Some(&ty.ident),
        syn::GenericParam::Const(constant) => Some(&constant.ident),
        _ => None,
    })
}

/// How many bytes a number or its like takes in a key: a mark, and its value. None of any other type.
fn short_bytes(ty: &Type) -> Option<usize> {
    let Type::Path(path) = ty else { return None };
    let name = path.path.get_ident()?.to_string();
    Some(match name.as_str() {
        "u8" | "i8" => 2,
        "u16" | "i16" => 3,
        "u32" | "i32" | "char" => 5,
        "u64" | "i64" | "usize" | "isize" => 9,
        _ => return None,
    })
}

/// Whether a type holds an `impl Trait`.
fn is_nameless(ty: &Type) -> bool {
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(word) => word == "impl",
            proc_macro2::TokenTree::Group(group) => has_impl(group.stream()),
            _ => false,
        })
    }
    has_impl(ty.to_token_stream())
}
