//! What is set for the time of some work, and set back when the work ends: also when it panics, since whoever catches the
//! panic may go on with the session.

/// Holds what was set before.
struct Meanwhile<'h, H, S> {
    holder: &'h mut H,
    of: fn(&mut H) -> &mut S,
    before: Option<S>,
}

impl<H, S> Drop for Meanwhile<'_, H, S> {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            *(self.of)(self.holder) = before;
        }
    }
}

/// Does work while something of a holder is set so.
#[inline]
pub(in crate::object) fn meanwhile<H, S, T>(
    holder: &mut H,
    of: fn(&mut H) -> &mut S,
    set: S,
    work: impl FnOnce(&mut H) -> T,
) -> T {
    let before = Some(std::mem::replace(of(holder), set));
    let meanwhile = Meanwhile { holder, of, before };
    work(&mut *meanwhile.holder)
}
