//! What is wrong in a schema or a model.

use std::fmt;

/// One mistake of a declaration: where it stands, what is wrong, what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The table, column, key or relation, such as `posts.author_id`.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead; may be empty.
    pub advice: String,
    /// What sort of mistake it is.
    pub fault: Fault,
}

/// The sorts of mistakes that a reader may want to tell apart without reading a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The declaration contradicts itself or another.
    #[default]
    Configuration,
    /// Several foreign keys could be meant.
    AmbiguousForeignKeys,
    /// No foreign key could be meant.
    NoForeignKeys,
}

impl Mistake {
    /// States a mistake.
    pub fn new(place: impl Into<String>, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Mistake { place: place.into(), problem: problem.into(), advice: advice.into(), fault: Fault::Configuration }
    }

    /// Says what sort of mistake it is.
    pub fn fault(self, fault: Fault) -> Self {
        Mistake { fault, ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

/// Says which of the known names was probably meant, or lists them when none is near.
pub fn closest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known.iter().map(|name| (distance(wanted, name), *name)).min();
    match near {
        Some((far, name)) if far <= wanted.chars().count() / 3 + 1 => format!("did you mean `{name}`?"),
        Some(_) => format!("there are {}", known.join(", ")),
        None => String::new(),
    }
}

/// The number of edits between two names (Levenshtein, one row of the table at a time).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
