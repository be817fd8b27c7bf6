//! Room for what only some objects have, so that an object itself stays small and has nothing to drop.

/// Things by number; numbers of things that were taken off are given again.
#[derive(Clone, Default)]
pub(super) struct Shelf<T> {
    things: Vec<T>,
    free: Vec<u32>,
}

impl<T: Default> Shelf<T> {
    pub(super) fn add(&mut self, thing: T) -> u32 {
        match self.free.pop() {
            Some(at) => {
                self.things[at as usize] = thing;
                at
            }
            None => {
                self.things.push(thing);
                self.things.len() as u32 - 1
            }
        }
    }

    #[inline]
    pub(super) fn get(&self, at: u32) -> &T {
        &self.things[at as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: u32) -> &mut T {
        &mut self.things[at as usize]
    }

    pub(super) fn take(&mut self, at: u32) -> T {
        self.free.push(at);
        std::mem::take(&mut self.things[at as usize])
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.iter_mut()
    }
}
