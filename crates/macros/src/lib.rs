//! The attribute macros of Hermes. Use them through the crate `hermescache`.
extern crate proc_macro;
mod args; mod code; mod companions; mod errors; mod expand; mod mention; mod methods; mod target; mod template; mod ttl;
use proc_macro::TokenStream;
/// cached
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream { expand::cached(args.into(), item.into()).into() }
/// methods
#[proc_macro_attribute]
pub fn cached_methods(args: TokenStream, item: TokenStream) -> TokenStream { methods::cached_methods(args.into(), item.into()).into() }
