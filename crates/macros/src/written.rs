//! The text of a type or path, for a point: the same in every build that reads the same source.
//! Leaves what is made of it to `methods`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The text of tokens, the same whatever compiler reads them: blanks only between words.
pub(crate) fn as_written(tokens: TokenStream) -> String {
    let mut text = String::new();
    for token in tokens {
        let piece = match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                format!("{open}{}{close}", as_written(group.stream()))
            }
            other => other.to_string(),
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(is_word) && piece.starts_with(is_word) {
            text.push(' ');
        }
        text.push_str(&piece);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_the_same_everywhere() {
        let table = [
            ("Shop", "Shop"),
            ("shop :: Shop < T , 3 >", "shop::Shop<T,3>"),
            ("< Shop as Find < & 'static str > >", "<Shop as Find<&'static str>>"),
            ("dyn  Find+Send", "dyn Find+Send"),
            ("[ u8 ; 4 ]", "[u8;4]"),
        ];
        for (source, written) in table {
            assert_eq!(as_written(source.parse().expect("tokens")), written);
        }
    }
}
