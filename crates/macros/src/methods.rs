//! Expands `#[cached_methods]` on an `impl` block: each `#[cached]` method, and beside it its siblings.
//! A trait's `impl` cannot hold them: there, they go to an inherent `impl` of the same type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{
    Attribute, Error, Expr, GenericParam, Generics, ImplItem, ImplItemFn, Item, ItemImpl, Meta, Path, Type,
    parse_quote,
};

use crate::args::Args;
use crate::attrs::{expect_as_allow, is_lint};
use crate::companions::{Cached, Names};
use crate::errors::Errors;
use crate::expand::beside;
use crate::mention::mention;
use crate::target::{Function, Target};
use crate::written::as_written;

/// Types of other crates that need no import: they cannot have an inherent `impl` here. Of others, the compiler says so.
const FOREIGN: [&str; 22] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64", "String", "Vec", "Option", "Result", "Box",
];

pub(crate) fn cached_methods(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(block) => {
            let plain = plain(block.clone());
            expand(args, block).unwrap_or_else(|error| beside(&error, &plain))
        }
        Err(_) => match syn::parse2::<Item>(item.clone()) {
            Ok(_) => {
                beside(&Error::new(Span::call_site(), "`#[cached_methods]` goes on `impl` blocks"), &item)
            }
            // Half-written code, of which the compiler says more.
            Err(_) => item,
        },
    }
}

/// The block without our attributes, for when they are wrong.
fn plain(mut block: ItemImpl) -> TokenStream {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            method.attrs.retain(|attr| !is_cached(attr));
        }
    }
    block.into_token_stream()
}

fn is_cached(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "cached")
}

/// What all methods of a block share.
struct Block {
    cache: Expr,
    /// The trait, if it is a trait's `impl`.
    of_trait: Option<Path>,
    /// The trait's associated types, which an inherent `impl` knows only by their full names.
    associated: Vec<Ident>,
    self_ty: Type,
    outer: Generics,
    moved: Generics,
}

fn expand(args: TokenStream, mut block: ItemImpl) -> syn::Result<TokenStream> {
    let cache = cache_of(args)?;
    let of_trait = block.trait_.as_ref().map(|(path, _)| path.clone());
    if of_trait.is_some() {
        refuse_foreign(&block.self_ty, &block.generics)?;
    }
    let (kept, moved) = split(&block.generics, &block.self_ty, of_trait.is_some());
    let associated = block.items.iter().filter_map(|item| match item {
        ImplItem::Type(ty) => Some(ty.ident.clone()),
        _ => None,
    });
    let associated = associated.collect();
    let shared = Block {
        cache,
        of_trait,
        associated,
        self_ty: (*block.self_ty).clone(),
        outer: block.generics.clone(),
        moved,
    };

    let mut errors = Errors::default();
    let mut points = Vec::new();
    let mut siblings = TokenStream::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(at) = method.attrs.iter().position(is_cached) else { continue };
        let attr = method.attrs.remove(at);
        let expanded = shared.method(&attr, method.clone(), &mut points);
        let Some((wrapper, beside)) = errors.take(expanded) else { continue };
        siblings.extend(beside);
        *item = ImplItem::Verbatim(wrapper);
    }
    errors.finish()?;
    if points.is_empty() {
        let message = "nothing is cached here: put `#[cached]` on a method";
        return Err(Error::new(block.impl_token.span, message));
    }
    if shared.of_trait.is_none() {
        block.items.push(ImplItem::Verbatim(siblings));
        return Ok(block.into_token_stream());
    }
    let (self_ty, bounds) = (&block.self_ty, &kept.where_clause);
    let cfgs = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let lints = block.attrs.iter().filter(|attr| is_lint(attr)).map(expect_as_allow);
    Ok(quote! {
        #block

        #(#cfgs)*
        #(#lints)*
        impl #kept #self_ty #bounds { #siblings }
    })
}

/// The one argument of `#[cached_methods(…)]`.
fn cache_of(args: TokenStream) -> syn::Result<Expr> {
    let args = Args::parse_cache(args)?;
    let Some(cache) = args else {
        return Err(Error::new(Span::call_site(), "name the cache: `#[cached_methods(CACHE)]`"));
    };
    match mention(&cache, "self") {
        Some(span) => Err(of_self(span)),
        None => Ok(cache),
    }
}

fn of_self(span: Span) -> Error {
    Error::new(span, "the cache cannot come from `self`: `clear` has none")
}

impl Block {
    /// The method as callers see it, and its siblings.
    fn method(
        &self,
        attr: &Attribute,
        method: ImplItemFn,
        points: &mut Vec<(String, Option<String>)>,
    ) -> syn::Result<(TokenStream, TokenStream)> {
        let tokens = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => return Err(Error::new_spanned(pair, "write `#[cached(…)]`")),
        };
        let args = Args::parse(self.qualified(tokens))?;
        let defaultness = method.modifiers.defaultness;
        let mut function = Function::from(method);
        function.body = self.qualified(function.body);
        function.sig = syn::parse2(self.qualified(function.sig.into_token_stream()))?;

        let name = function.sig.ident.clone();
        let point = self.point(&name);
        let of_call =
            (args.name.as_ref().map_or_else(|| point.clone(), syn::LitStr::value), args.version.clone());
        if points.contains(&of_call) {
            let span = args.name.as_ref().map_or_else(|| name.span(), syn::LitStr::span);
            let message =
                format!("another method of this `impl` has the name `{}`: give one a `version`", of_call.0);
            return Err(Error::new(span, message));
        }
        points.push(of_call);

        let cache = args.cache.as_ref().unwrap_or(&self.cache);
        if let Some(span) = mention(cache, "self") {
            return Err(of_self(span));
        }
        let cached = Cached {
            // A trait's method does not say how visible it is.
            vis: if self.of_trait.is_some() { parse_quote!(pub) } else { function.vis.clone() },
            target: Target::new(function, &args)?,
            args: &args,
            cache,
            owner: Ident::new("Self", Span::call_site()),
            names: Names::of_method(args.companion.as_ref().unwrap_or(&name)),
            outer: self.outer.clone(),
            moved: self.moved.clone(),
            point,
            type_name: None,
        };
        let (wrapper, uncached, controls) = (cached.wrapper(), cached.uncached(), cached.controls());
        Ok((quote!(#defaultness #wrapper), quote!(#uncached #controls)))
    }

    /// `Type::method`, or `<Type as Trait>::method`.
    fn point(&self, method: &Ident) -> String {
        let ty = as_written(self.self_ty.to_token_stream());
        let method = method.unraw();
        match &self.of_trait {
            Some(path) => format!("<{ty} as {}>::{method}", as_written(path.to_token_stream())),
            None => format!("{ty}::{method}"),
        }
    }

    /// Writes `Self::Output` as `<Self as Trait>::Output`, which means the same in any `impl`.
    fn qualified(&self, tokens: TokenStream) -> TokenStream {
        let Some(path) = &self.of_trait else { return tokens };
        if self.associated.is_empty() {
            return tokens;
        }
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut written = TokenStream::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match (token, &tokens[at + 1..]) {
                (TokenTree::Ident(word), [first, second, TokenTree::Ident(name), ..])
                    if word == "Self"
                        && is_colon(first)
                        && is_colon(second)
                        && self.associated.contains(name) =>
                {
                    written.extend(quote_spanned!(word.span()=> <#word as #path>::#name));
                    at += 4;
                    continue;
                }
                (TokenTree::Group(group), _) => {
                    let mut inner = Group::new(group.delimiter(), self.qualified(group.stream()));
                    inner.set_span(group.span());
                    written.extend([TokenTree::Group(inner)]);
                }
                (other, _) => written.extend([other.clone()]),
            }
            at += 1;
        }
        written
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// The generics that an inherent `impl` of `self_ty` can have, and those that only the trait has.
fn split(generics: &Generics, self_ty: &Type, of_trait: bool) -> (Generics, Generics) {
    let mut kept = generics.clone();
    let mut moved = Generics::default();
    if !of_trait {
        return (kept, moved);
    }
    let ty = self_ty.to_token_stream();
    let is_moved = |param: &GenericParam| name_of(param).is_some_and(|name| !mentions(ty.clone(), &name));
    let (gone, stay): (Vec<_>, Vec<_>) = generics.params.iter().cloned().partition(is_moved);
    if gone.is_empty() {
        return (kept, moved);
    }
    if let Some(clause) = &generics.where_clause {
        let (gone_bounds, stay_bounds): (Vec<_>, Vec<_>) =
            clause.predicates.iter().cloned().partition(|predicate| {
                let bounds = predicate.to_token_stream();
                gone.iter().filter_map(name_of).any(|name| mentions(bounds.clone(), &name))
            });
        kept.make_where_clause().predicates = stay_bounds.into_iter().collect();
        moved.make_where_clause().predicates = gone_bounds.into_iter().collect();
    }
    kept.params = stay.into_iter().collect();
    moved.params = gone.into_iter().collect();
    (kept, moved)
}

/// The name of a type or constant; an `impl` may have lifetimes that its type does not mention.
fn name_of(param: &GenericParam) -> Option<String> {
    match param {
        GenericParam::Type(param) => Some(param.ident.to_string()),
        GenericParam::Const(param) => Some(param.ident.to_string()),
        _ => None,
    }
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

fn refuse_foreign(ty: &Type, generics: &Generics) -> syn::Result<()> {
    let foreign = match ty {
        Type::Group(group) => return refuse_foreign(&group.elem, generics),
        Type::Paren(paren) => return refuse_foreign(&paren.elem, generics),
        Type::Reference(_)
        | Type::Slice(_)
        | Type::Array(_)
        | Type::Tuple(_)
        | Type::Ptr(_)
        | Type::FnPtr(_) => true,
        Type::Path(path) => {
            let first = path.path.segments.first().map(|segment| &segment.ident);
            first.is_some_and(|first| match path.path.segments.len() {
                1 => {
                    FOREIGN.iter().any(|foreign| first == foreign)
                        || generics.type_params().any(|param| param.ident == *first)
                }
                _ => ["std", "core", "alloc"].iter().any(|root| first == root),
            })
        }
        _ => false,
    };
    if !foreign {
        return Ok(());
    }
    let message = "the siblings of a trait's methods (`invalidate_…` and others) go to an inherent `impl` of the type, \
                   which only a type of this crate can have: wrap it in a type of your own";
    Err(Error::new_spanned(ty, message))
}
