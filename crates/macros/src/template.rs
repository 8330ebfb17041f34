//! Reads templates such as `"user:{id}"`: texts, and holes that name a parameter or one of its fields.
//! Leaves to `target` which parameters there are.

use proc_macro2::Span;
use syn::{Error, LitStr, Member};

/// A string literal of `tags` or `key`, taken apart.
pub(crate) struct Template {
    pub(crate) span: Span,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) enum Piece {
    /// Text as it stands, `{{` and `}}` resolved.
    Text(String),
    /// What stands between braces.
    Hole(Hole),
}

/// `{root.field:spec}`.
pub(crate) struct Hole {
    /// A parameter, or `self`.
    pub(crate) root: String,
    pub(crate) fields: Vec<Member>,
    /// The format spec, without its colon; `Display` if empty.
    pub(crate) spec: String,
    /// Parameters that the spec takes a width or precision from, as in `{id:>width$}`.
    pub(crate) widths: Vec<String>,
}

impl Template {
    pub(crate) fn parse(literal: &LitStr) -> syn::Result<Self> {
        let span = literal.span();
        let fault = |message: &str| Error::new(span, message);
        let source = literal.value();
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let (brace, tail) = rest[at..].split_at(1);
            rest = tail;
            if let Some(tail) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = tail;
            } else if brace == "}" {
                return Err(fault("a `}` without its `{`: write `}}` for a brace in the text"));
            } else {
                let Some(end) = rest.find('}') else {
                    return Err(fault("a `{` without its `}`: write `{{` for a brace in the text"));
                };
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Hole(Hole::parse(&rest[..end], span)?));
                rest = &rest[end + 1..];
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { span, pieces })
    }

    /// Every parameter (or `self`) that the template names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        holes(&self.pieces)
            .flat_map(|hole| std::iter::once(&hole.root).chain(&hole.widths))
            .map(String::as_str)
    }
}

/// The holes among `pieces`.
pub(crate) fn holes(pieces: &[Piece]) -> impl Iterator<Item = &Hole> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Hole(hole) => Some(hole),
        Piece::Text(_) => None,
    })
}

impl Hole {
    fn parse(source: &str, span: Span) -> syn::Result<Self> {
        let fault = |message: String| Error::new(span, message);
        let (path, spec) = source.split_once(':').unwrap_or((source, ""));
        let mut steps = path.trim().split('.');
        let root = steps.next().unwrap_or_default();
        if root.is_empty() {
            return Err(fault(format!("`{{{source}}}` names no parameter: write `{{id}}` or `{{user.id}}`")));
        }
        if root.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(format!("`{{{source}}}` is a position: name the parameter instead")));
        }
        if root != "self" && syn::parse_str::<syn::Ident>(root).is_err() {
            return Err(fault(format!(
                "`{{{source}}}` is not a parameter or a field of one; \
                 for anything more, write an expression instead of a literal"
            )));
        }
        let fields = steps
            .map(|step| {
                syn::parse_str::<Member>(step)
                    .map(|field| placed(field, span))
                    .map_err(|_| fault(format!("`{step}` in `{{{source}}}` is not the name of a field")))
            })
            .collect::<syn::Result<Vec<_>>>()?;
        if root == "self" && fields.is_empty() {
            return Err(fault(
                "`{self}` as a whole cannot be written: name a field, as in `{self.id}`".to_owned(),
            ));
        }
        let widths = widths(spec).map_err(fault)?;
        Ok(Self { root: root.to_owned(), fields, spec: spec.to_owned(), widths })
    }
}

/// A field at the place of its template.
fn placed(mut field: Member, span: Span) -> Member {
    match &mut field {
        Member::Named(name) => name.set_span(span),
        Member::Unnamed(index) => index.span = span,
    }
    field
}

/// The names before each `$` of a format spec.
fn widths(spec: &str) -> Result<Vec<String>, String> {
    if spec.contains(".*") {
        return Err(format!("`{spec}` takes its precision from a position: name a parameter instead"));
    }
    let mut names = Vec::new();
    for before in spec.split('$').rev().skip(1) {
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        // `08width$`: flags and a leading zero may touch the name.
        let name = before[start..].trim_start_matches(|c: char| c.is_ascii_digit());
        if name.is_empty() {
            return Err(format!("`{spec}` takes its width from a position: name a parameter instead"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str) -> Result<String, String> {
        let template = Template::parse(&LitStr::new(source, Span::call_site())).map_err(|e| e.to_string())?;
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("[{text}]"),
            Piece::Hole(hole) => {
                let fields: String = hole
                    .fields
                    .iter()
                    .map(|field| match field {
                        Member::Named(name) => format!(".{name}"),
                        Member::Unnamed(index) => format!(".{}", index.index),
                    })
                    .collect();
                format!("({}{fields}|{}|{})", hole.root, hole.spec, hole.widths.join(","))
            }
        };
        Ok(template.pieces.iter().map(show).collect())
    }

    #[test]
    fn templates_fall_into_texts_and_holes() {
        let table = [
            ("", ""),
            ("users", "[users]"),
            ("user:{id}", "[user:](id||)"),
            ("{a}{b}", "(a||)(b||)"),
            ("{user.name.0}:{self.id}", "(user.name.0||)[:](self.id||)"),
            ("{{{id}}}", "[{](id||)[}]"),
            ("{{id}}", "[{id}]"),
            ("{id:>5}", "(id|>5|)"),
            ("{x:>width$.places$}", "(x|>width$.places$|places,width)"),
            ("{r:08w$}", "(r|08w$|w)"),
            ("ä{id}ß", "[ä](id||)[ß]"),
        ];
        for (source, shown) in table {
            assert_eq!(show(source).as_deref(), Ok(shown), "{source}");
        }
    }

    #[test]
    fn other_templates_are_refused() {
        for source in [
            "{}", "{0}", "{id", "id}", "{a b}", "{a.}", "{.a}", "{a()}", "{self}", "{x:0$}", "{x:.*}", "{:?}",
        ] {
            assert!(show(source).is_err(), "{source}");
        }
    }
}
