//! Collects the mistakes of one struct, so that all are reported together.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

use crate::code::Code;

/// The mistakes found so far.
///
/// It must be read with [`finish`](Ctxt::finish): a mistake that nobody reports would let a wrong expansion through,
/// so dropping it unread panics in a debug build.
#[derive(Debug)]
pub(crate) struct Ctxt {
    mistakes: RefCell<Option<Vec<syn::Error>>>,
}

impl Ctxt {
    pub(crate) fn new() -> Self {
        Ctxt { mistakes: RefCell::new(Some(Vec::new())) }
    }

    /// Notes a mistake at the tokens `at`, and the line that would be right.
    pub(crate) fn refuse(&self, code: Code, at: impl ToTokens, problem: impl Display, write: impl Display) {
        self.push(syn::Error::new_spanned(at, message(code, problem, write)));
    }

    /// Notes a mistake where there are no tokens but a place.
    pub(crate) fn refuse_at(&self, code: Code, at: Span, problem: impl Display, write: impl Display) {
        self.push(syn::Error::new(at, message(code, problem, write)));
    }

    fn push(&self, error: syn::Error) {
        self.mistakes.borrow_mut().get_or_insert_default().push(error);
    }

    /// How many there are, to tell whether a part was read without one.
    pub(crate) fn count(&self) -> usize {
        self.mistakes.borrow().as_ref().map_or(0, Vec::len)
    }

    /// The compile errors, one for each mistake; none if all is well.
    pub(crate) fn finish(self) -> Vec<TokenStream> {
        let mistakes = self.mistakes.borrow_mut().take().unwrap_or_default();
        mistakes.iter().map(syn::Error::to_compile_error).collect()
    }
}

fn message(code: Code, problem: impl Display, write: impl Display) -> String {
    format!("[{code}] {problem}\nwrite: {write}")
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        let unread = self.mistakes.borrow().is_some();
        if cfg!(debug_assertions) && unread && !std::thread::panicking() {
            panic!("the mistakes of a struct were dropped unread");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_carries_its_code_and_the_line_to_write() {
        let ctxt = Ctxt::new();
        ctxt.refuse_at(Code::NoKey, Span::call_site(), "no key", "`#[key]`");
        assert_eq!(ctxt.count(), 1);
        let errors = ctxt.finish();
        assert!(errors[0].to_string().contains("[D03] no key"));
    }

    #[test]
    #[should_panic(expected = "unread")]
    #[cfg(debug_assertions)]
    fn mistakes_must_be_read() {
        drop(Ctxt::new());
    }
}
