//! Numbers that look random and are the same for the same seed: splitmix64.
//!
//! Source: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

/// A stream of numbers.
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is as even as 64 bits allow, and needs no division.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn chance(&mut self, in_a_hundred: u64) -> bool {
        self.below(100) < in_a_hundred
    }

    /// So many words, with a space between each two.
    pub fn words(&mut self, count: u64) -> String {
        let words: Vec<&str> = (0..count).map(|_| *self.pick(&WORDS)).collect();
        words.join(" ")
    }
}

const WORDS: [&str; 32] = [
    "a", "answer", "as", "borrow", "cascade", "circle", "does", "every", "graph", "hinge", "how", "in", "is", "it",
    "join", "key", "lazy", "never", "object", "of", "panel", "query", "reads", "row", "session", "table", "that",
    "the", "thread", "tree", "why", "with",
];
