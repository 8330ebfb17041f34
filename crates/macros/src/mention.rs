//! Finds where tokens mention a variable, also inside macros and in the holes of their texts.
//! Knows no scopes: what only looks like the variable may be found, too.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The first place where `tokens` mention the variable `name`.
pub(crate) fn mention(tokens: &impl ToTokens, name: &str) -> Option<Span> {
    find(tokens.to_token_stream(), name, false)
}

fn find(tokens: TokenStream, name: &str, in_macro: bool) -> Option<Span> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let found = match token {
            TokenTree::Ident(ident) if ident == name && is_variable(&tokens, at) => Some(ident.span()),
            TokenTree::Literal(text) if in_macro && has_hole(&text.to_string(), name) => Some(text.span()),
            TokenTree::Group(group) => {
                let called = at > 0 && is_punct(&tokens[at - 1], '!');
                // Invisible groups belong to what they stand in.
                let in_macro = called || (in_macro && group.delimiter() == Delimiter::None);
                find(group.stream(), name, in_macro)
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Neither a field, nor a step of a path, nor a field's name, nor a closure's own parameter.
fn is_variable(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize, c: char| at >= back && is_punct(&tokens[at - back], c);
    let after = |ahead: usize, c: char| tokens.get(at + ahead).is_some_and(|token| is_punct(token, c));
    let field = before(1, '.') && !before(2, '.');
    let step = before(1, ':') && before(2, ':');
    let named = after(1, ':');
    let closure = before(1, '|') && (after(1, '|') || after(1, ','));
    !(field || step || named || closure)
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

/// `"… {name} …"`, `"… {name:?} …"` or `"… {x:name$} …"`.
fn has_hole(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        (before == Some('{') && matches!(after, Some('}' | ':'))) || after == Some('$')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(source: &str) -> bool {
        mention(&source.parse::<TokenStream>().expect("tokens"), "id").is_some()
    }

    #[test]
    fn variables_are_found() {
        for source in
            ["id", "&id", "f(id)", "id.len()", "format!(\"{id:>4}\")", "m!(1, id)", "(0..id)", "[*id]"]
        {
            assert!(mentions(source), "{source}");
        }
    }

    #[test]
    fn other_uses_of_the_word_are_not() {
        for source in
            ["user.id", "id::f()", "a::id", "\"id\"", "f(\"{id}\")", "X { id: 1 }", "|id| 1", "identity"]
        {
            assert!(!mentions(source), "{source}");
        }
    }
}
