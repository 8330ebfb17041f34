//! The facts about the function under the attribute, and whether it can be cached at all.
//! Leaves to `code` what is written for it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, ImplItemFn, Lifetime, Pat, PathArguments, ReturnType,
    Safety, Signature, Token, Type, Visibility,
};

use crate::args::{Args, KeyRule, Tag, Tags};
use crate::errors::{Errors, nearest};
use crate::mention::mention;
use crate::template::Template;

/// A function as it was written. Its body need not parse, so that a half-written one still has its companions.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("`#[cached]` needs a function with a body"));
        }
        Ok(Self { attrs, vis, sig, body: input.parse()? })
    }
}

impl From<ImplItemFn> for Function {
    fn from(method: ImplItemFn) -> Self {
        Self { attrs: method.attrs, vis: method.vis, sig: method.sig, body: method.block.into_token_stream() }
    }
}

/// A function that can be cached.
pub(crate) struct Target {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    /// As written: with the patterns of the parameters.
    pub(crate) sig: Signature,
    pub(crate) body: TokenStream,
    pub(crate) params: Vec<Param>,
    pub(crate) output: Output,
}

/// A parameter other than the receiver.
pub(crate) struct Param {
    /// Its own name, or one that we gave it because it is a pattern.
    pub(crate) name: proc_macro2::Ident,
    pub(crate) ty: Type,
    pub(crate) skipped: bool,
}

/// What the function returns.
pub(crate) struct Output {
    /// `R`.
    pub(crate) returned: TokenStream,
    /// `V`: what is cached of it.
    pub(crate) value: TokenStream,
    /// Whether `R` is a `Result`.
    pub(crate) fallible: bool,
    /// Where errors about `V` point.
    pub(crate) span: Span,
}

impl Target {
    /// Looks at `function`, and at what `args` say of its parameters.
    pub(crate) fn new(function: Function, args: &Args) -> syn::Result<Self> {
        let Function { attrs, vis, sig, body } = function;
        let mut errors = Errors::default();
        refuse_kinds(&sig, &mut errors);
        let params = params(&sig, args, &mut errors);
        let output = Output::new(&sig);
        refuse_outputs(&sig.output, &mut errors);
        let target = Self { attrs, vis, sig, body, params, output };
        target.check_names(args, &mut errors);
        errors.finish().map(|()| target)
    }

    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some()
    }

    /// The parameters that belong to the key: all that are not skipped.
    pub(crate) fn keyed(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !param.skipped)
    }

    /// Templates and expressions may name the receiver's fields and every parameter that is not skipped.
    fn check_names(&self, args: &Args, errors: &mut Errors) {
        let skipped: Vec<String> =
            self.params.iter().filter(|param| param.skipped).map(|param| param.name.to_string()).collect();
        let mut expr = |expr: &Expr, place: &str| {
            for name in &skipped {
                if let Some(span) = mention(expr, name) {
                    errors.push(Error::new(span, of_skipped(place, name)));
                }
            }
        };
        let mut templates = Vec::new();
        match &args.tags {
            Tags::None => {}
            Tags::All(tags) => expr(tags, "tags"),
            Tags::List(tags) => tags.iter().for_each(|tag| match tag {
                Tag::Expr(tag) => expr(tag, "tags"),
                Tag::Template(tag) => templates.push((tag, "tags")),
            }),
        }
        match &args.key {
            None => {}
            Some(KeyRule::Expr(key)) => expr(key, "key"),
            Some(KeyRule::Template(key)) => templates.push((key, "key")),
        }
        for (template, place) in templates {
            self.check_template(template, place, errors);
        }
    }

    fn check_template(&self, template: &Template, place: &str, errors: &mut Errors) {
        for name in template.names() {
            let param = self.params.iter().find(|param| param.name == name);
            let message = match (name, param) {
                ("self", _) if self.sig.receiver().is_some() => continue,
                ("self", _) => "there is no `self` here".to_owned(),
                (_, Some(param)) if param.skipped => of_skipped(place, name),
                (_, Some(_)) => continue,
                (_, None) => self.of_unknown(name),
            };
            errors.push(Error::new(template.span, message));
        }
    }

    fn of_unknown(&self, name: &str) -> String {
        unknown(name, self.keyed())
    }
}

/// What is said of a name that no parameter has.
fn unknown<'a>(name: &str, params: impl Iterator<Item = &'a Param>) -> String {
    let names: Vec<String> = params.map(|param| param.name.to_string()).collect();
    if names.is_empty() {
        return format!("there is no parameter `{name}`: the function has none");
    }
    let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("there is no parameter `{name}`, did you mean `{near}`? There are: {known}"),
        None => format!("there is no parameter `{name}`. There are: {known}"),
    }
}

impl Output {
    fn new(sig: &Signature) -> Self {
        let ReturnType::Type(_, ty) = &sig.output else {
            let span = sig.ident.span();
            return Self { returned: quote!(()), value: quote!(()), fallible: false, span };
        };
        let returned = ty.to_token_stream();
        let (value, fallible, span) = match fallible(ty) {
            None => (returned.clone(), false, ty.span()),
            Some(Some(ok)) => (ok.to_token_stream(), true, ok.span()),
            // An alias that hides its types: the door knows them.
            Some(None) => (quote!(<#returned as ::hermes::__private::Fallible>::Value), true, ty.span()),
        };
        Self { returned, value, fallible, span }
    }
}

/// Whether a type's last path segment is `Result`, and its first type argument, if it has one.
fn fallible(ty: &Type) -> Option<Option<&Type>> {
    match ty {
        Type::Group(group) => fallible(&group.elem),
        Type::Paren(paren) => fallible(&paren.elem),
        Type::Path(path) => {
            let last = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
            let PathArguments::AngleBracketed(generics) = &last.arguments else { return Some(None) };
            Some(generics.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            }))
        }
        _ => None,
    }
}

fn refuse_kinds(sig: &Signature, errors: &mut Errors) {
    if let Some(token) = &sig.constness {
        errors.push(Error::new(token.span, "a `const fn` cannot be cached: the cache lives at run time"));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        let message = "an `unsafe fn` cannot be cached: a hit would skip the body its contract speaks of";
        errors.push(Error::new(token.span, message));
    }
    if let Some(abi) = &sig.abi {
        errors.push(Error::new_spanned(abi, "a function with a foreign ABI cannot be cached"));
    }
    if let Some(variadic) = &sig.variadic {
        errors.push(Error::new_spanned(variadic, "variadic arguments cannot be part of a key"));
    }
}

fn params(sig: &Signature, args: &Args, errors: &mut Errors) -> Vec<Param> {
    let mut params = Vec::new();
    for (at, input) in sig.inputs.iter().enumerate() {
        let FnArg::Typed(typed) = input else { continue };
        if let Some(cfg) = typed.attrs.iter().find(|attr| is_cfg(attr)) {
            errors.push(Error::new_spanned(
                cfg,
                "a parameter of a cached function cannot come and go by `cfg`",
            ));
        }
        let name = match &*typed.pat {
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => ident.ident.clone(),
            _ => format_ident!("arg{at}", span = Span::mixed_site()),
        };
        let skipped = args.skip.contains(&name);
        params.push(Param { name, ty: (*typed.ty).clone(), skipped });
    }
    for (at, skipped) in args.skip.iter().enumerate() {
        if args.skip[..at].contains(skipped) {
            errors.push(Error::new(skipped.span(), format!("`{skipped}` is skipped twice")));
        } else if !params.iter().any(|param| param.name == *skipped) {
            errors.push(Error::new(skipped.span(), unknown(&skipped.to_string(), params.iter())));
        }
    }
    params
}

fn is_cfg(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

fn of_skipped(place: &str, name: &str) -> String {
    format!("`{place}` cannot name `{name}`, which is skipped: `invalidate` would not know it")
}

fn refuse_outputs(output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else { return };
    if matches!(**ty, Type::Never(_)) {
        errors.push(Error::new(ty.span(), "a function that never returns has nothing to cache"));
    }
    let mut borrows = Borrows { errors };
    match fallible(ty) {
        // An error is never stored: it may borrow, and its type needs no name.
        Some(Some(value)) => borrows.visit_type(value),
        _ => borrows.visit_type(ty),
    }
}

/// Finds what a stored value cannot be: borrowed, or of a type without a name.
struct Borrows<'e> {
    errors: &'e mut Errors,
}

impl Borrows<'_> {
    fn refuse_borrow(&mut self, span: Span) {
        let message = "a cached value outlives the call, so it cannot borrow: \
                       return an owned one, such as `String`, `Vec<_>` or `Arc<_>`";
        self.errors.push(Error::new(span, message));
    }
}

impl<'ast> Visit<'ast> for Borrows<'_> {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") {
            self.refuse_borrow(reference.and_token.span);
        } else {
            self.visit_type(&reference.elem);
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.refuse_borrow(lifetime.span());
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        let message =
            "a cached value needs a type with a name: return a concrete type instead of `impl Trait`";
        self.errors.push(Error::new_spanned(ty, message));
    }

    // Lifetimes in here are those of calls, not of the value.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}
}
