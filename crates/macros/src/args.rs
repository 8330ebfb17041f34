//! Reads what stands between the parentheses of `#[cached(…)]`: pure data.
//! Leaves to `target` whether it fits the function.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Token, token};

use crate::errors::{Errors, nearest};
use crate::template::Template;
use crate::ttl;

/// Every attribute there is, in the order in which the docs explain them.
const KNOWN: [&str; 9] = ["tags", "key", "skip", "ttl", "cache_if", "weight", "name", "version", "companion"];

const OF_METHODS: &str =
    "`#[cached_methods(CACHE)]` takes the cache alone: all else goes to `#[cached(…)]` on a method";

/// `#[cached(CACHE, tags = …, …)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) cache: Option<Expr>,
    pub(crate) tags: Tags,
    pub(crate) key: Option<KeyRule>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) cache_if: Option<Expr>,
    pub(crate) weight: Option<Expr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<String>,
    pub(crate) companion: Option<Ident>,
}

/// `tags = …`.
#[derive(Default)]
pub(crate) enum Tags {
    #[default]
    None,
    /// `[…]`, one by one.
    List(Vec<Tag>),
    /// Any other expression: something that iterates over texts.
    All(Box<Expr>),
}

/// One element of `tags = […]`.
pub(crate) enum Tag {
    Template(Template),
    Expr(Expr),
}

/// `key = …`.
pub(crate) enum KeyRule {
    Template(Template),
    Expr(Box<Expr>),
}

/// `ttl = …`.
pub(crate) enum Ttl {
    Literal(Duration),
    Expr(Box<Expr>),
    /// A closure.
    FromValue(Box<Expr>),
}

impl Args {
    /// Reads all attributes. A mistake in one does not hide a mistake in another.
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| Self::parse_stream(input);
        parser.parse2(tokens)
    }

    /// Reads `#[cached_methods(CACHE)]`, which has nothing but a cache.
    pub(crate) fn parse_cache(tokens: TokenStream) -> syn::Result<Option<Expr>> {
        let parser = |input: ParseStream<'_>| {
            if input.is_empty() {
                return Ok(None);
            }
            if is_named(input) {
                return Err(input.error(OF_METHODS));
            }
            let cache = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            if input.is_empty() { Ok(Some(cache)) } else { Err(input.error(OF_METHODS)) }
        };
        parser.parse2(tokens)
    }

    fn parse_stream(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut args = Self::default();
        let mut errors = Errors::default();
        let mut seen: Vec<String> = Vec::new();
        let mut first = true;
        while !input.is_empty() {
            if is_named(input) {
                let name: Ident = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                let word = name.to_string();
                if seen.contains(&word) {
                    errors.push(Error::new(name.span(), format!("`{word}` is given twice")));
                }
                if let Err(error) = args.read(&name, &word, input, &mut errors) {
                    errors.push(error);
                    break;
                }
                seen.push(word);
            } else if first {
                args.cache = Some(input.parse()?);
            } else {
                errors.push(misplaced(input)?);
            }
            first = false;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        errors.finish()?;
        Ok(args)
    }

    /// Reads the value of attribute `word`. Syntax errors end the reading, others are noted.
    fn read(
        &mut self,
        name: &Ident,
        word: &str,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match word {
            "tags" => self.tags = read_tags(bare(input.parse()?), errors),
            "key" => {
                let key = bare(input.parse()?);
                self.key = match text(&key) {
                    Some(literal) => errors.take(Template::parse(literal)).map(KeyRule::Template),
                    None => Some(KeyRule::Expr(Box::new(key))),
                }
            }
            "skip" => {
                if !input.peek(token::Bracket) {
                    return Err(input.error("`skip` is a list: write `skip = [db]`"));
                }
                let list;
                syn::bracketed!(list in input);
                self.skip = list.parse_terminated(parse_skipped, Token![,])?.into_iter().collect();
            }
            "ttl" => self.ttl = errors.take(read_ttl(bare(input.parse()?))),
            "cache_if" => self.cache_if = Some(bare(input.parse()?)),
            "weight" => self.weight = Some(bare(input.parse()?)),
            "name" => {
                let literal: LitStr = input.parse()?;
                if literal.value().trim().is_empty() {
                    errors.push(Error::new(literal.span(), "a name may not be empty"));
                }
                self.name = Some(literal);
            }
            "version" => self.version = errors.take(read_version(input)),
            "companion" => self.companion = Some(input.parse()?),
            _ => {
                errors.push(unknown(name));
                input.parse::<Expr>()?;
            }
        }
        Ok(())
    }
}

/// Whether `name = …` comes next, and not an expression such as `a == b`.
fn is_named(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==])
}

fn parse_skipped(input: ParseStream<'_>) -> syn::Result<Ident> {
    if input.peek(Token![self]) {
        return Err(input.error("the receiver is not part of the key anyway, unless `key` names it"));
    }
    input.parse()
}

/// An expression without the parentheses around it, also those that a macro leaves and nobody sees.
fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => bare(*group.expr),
        Expr::Paren(paren) => bare(*paren.expr),
        other => other,
    }
}

/// The literal, if the expression is a text.
fn text(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Some(literal),
        _ => None,
    }
}

fn read_tags(expr: Expr, errors: &mut Errors) -> Tags {
    match expr {
        Expr::Array(array) if array.elems.is_empty() => Tags::None,
        Expr::Array(array) => {
            Tags::List(array.elems.into_iter().filter_map(|tag| errors.take(read_tag(bare(tag)))).collect())
        }
        // `&[…]` is a list as well.
        Expr::Reference(reference) if matches!(*reference.expr, Expr::Array(_)) => {
            read_tags(*reference.expr, errors)
        }
        other => match text(&other) {
            Some(literal) => {
                let hint = format!("tags are a list: write `tags = [{}]`", literal.token());
                errors.push(Error::new(literal.span(), hint));
                Tags::None
            }
            None => Tags::All(Box::new(other)),
        },
    }
}

fn read_tag(tag: Expr) -> syn::Result<Tag> {
    match text(&tag) {
        Some(literal) if literal.value().is_empty() => {
            Err(Error::new(literal.span(), "a tag may not be empty"))
        }
        Some(literal) => Template::parse(literal).map(Tag::Template),
        None => Ok(Tag::Expr(tag)),
    }
}

fn read_ttl(expr: Expr) -> syn::Result<Ttl> {
    let span = expr.span();
    let checked =
        |ttl: Result<Duration, String>| ttl.map(Ttl::Literal).map_err(|message| Error::new(span, message));
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(seconds), .. }) => checked(
            seconds
                .base10_parse()
                .map_err(|_| "a ttl is at most 100 years".to_owned())
                .and_then(ttl::of_seconds),
        ),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => checked(ttl::of_text(&text.value())),
        Expr::Lit(_) => Err(Error::new(
            span,
            "a ttl is a whole number of seconds, a time such as \"500ms\", or a `Duration`",
        )),
        Expr::Unary(unary) if is_negative_number(&unary) => Err(Error::new(span, "a ttl cannot be negative")),
        closure @ Expr::Closure(_) => Ok(Ttl::FromValue(Box::new(closure))),
        other => Ok(Ttl::Expr(Box::new(other))),
    }
}

fn is_negative_number(unary: &syn::ExprUnary) -> bool {
    matches!(unary.op, syn::UnOp::Neg(_)) && matches!(*unary.expr, Expr::Lit(_))
}

fn read_version(input: ParseStream<'_>) -> syn::Result<String> {
    match input.parse()? {
        Lit::Int(number) => Ok(number.base10_digits().to_owned()),
        Lit::Str(text) if text.value().is_empty() => {
            Err(Error::new(text.span(), "a version may not be empty"))
        }
        Lit::Str(text) => Ok(text.value()),
        other => Err(Error::new(other.span(), "a version is a whole number or a text")),
    }
}

/// What to say to something that is no `name = value` and does not stand first.
fn misplaced(input: ParseStream<'_>) -> syn::Result<Error> {
    if input.peek(Ident) && (input.peek2(Token![,]) || input.peek2(syn::parse::End)) {
        let name: Ident = input.parse()?;
        let known = KNOWN.contains(&name.to_string().as_str());
        return Ok(if known {
            Error::new(name.span(), format!("`{name}` needs a value: `{name} = …`"))
        } else {
            unknown(&name)
        });
    }
    let expr: Expr = input.parse()?;
    Ok(Error::new(
        expr.span(),
        "expected `name = value`; only the cache, which comes first, stands without a name",
    ))
}

fn unknown(name: &Ident) -> Error {
    let known = KNOWN.map(|known| format!("`{known}`")).join(", ");
    let message = match nearest(&name.to_string(), KNOWN) {
        Some(near) => format!("unknown attribute `{name}`, did you mean `{near}`? There are: {known}"),
        None => format!("unknown attribute `{name}`. There are: {known}"),
    };
    Error::new(name.span(), message)
}
