//! Text against a pattern: LIKE in its three readings, and GLOB.

use std::str::Chars;

/// What a pattern means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matching {
    /// `%` stands for any run of characters, `_` for one; others for themselves.
    Exact,
    /// The same, and ASCII letters match in either case, as SQLite's LIKE has it.
    AsciiCase,
    /// The same, and letters match in either case (`ILIKE`).
    AnyCase,
    /// `*` stands for any run of characters, `?` for one, `[a-z]` for one of a set, `[^a-z]` for one that is not.
    Glob,
}

impl Matching {
    /// How SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Matching::Exact | Matching::AsciiCase => "LIKE",
            Matching::AnyCase => "ILIKE",
            Matching::Glob => "GLOB",
        }
    }

    /// Whether the text matches.
    ///
    /// Greedy with one point of return: only the last run can need another try, so the time is at most the product of
    /// both lengths and nothing recurses.
    pub(super) fn matches(self, text: &str, pattern: &str, escape: Option<char>) -> bool {
        let (mut text, mut pattern) = (text.chars(), pattern.chars());
        let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
        loop {
            let at = text.clone();
            let mut ahead = pattern.clone();
            let fits = match self.step(&mut ahead, escape) {
                Some(Step::Run) => {
                    retry = Some((at, ahead.clone()));
                    pattern = ahead;
                    continue;
                }
                Some(step) => match text.next() {
                    Some(it) => self.takes(&step, it),
                    None => return false,
                },
                None if text.as_str().is_empty() => return true,
                None => false,
            };
            if fits {
                pattern = ahead;
                continue;
            }
            // The last run takes one character more.
            let Some((from, after)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            (text, pattern) = (from.clone(), after.clone());
        }
    }

    /// Takes what the pattern says next; nothing at its end.
    fn step<'a>(self, pattern: &mut Chars<'a>, escape: Option<char>) -> Option<Step<'a>> {
        let next = pattern.next()?;
        Some(match (self, next) {
            (Matching::Glob, '*') => Step::Run,
            (Matching::Glob, '?') => Step::Any,
            (Matching::Glob, '[') => Step::set(pattern),
            (Matching::Glob, it) => Step::One(it),
            // A pattern that ends in the escape matches nothing.
            (_, it) if Some(it) == escape => pattern.next().map_or(Step::Nothing, Step::One),
            (_, '%') => Step::Run,
            (_, '_') => Step::Any,
            (_, it) => Step::One(it),
        })
    }

    fn takes(self, step: &Step<'_>, it: char) -> bool {
        match step {
            Step::Run | Step::Any => true,
            Step::Nothing => false,
            Step::One(c) => match self {
                Matching::Exact | Matching::Glob => *c == it,
                Matching::AsciiCase => c.eq_ignore_ascii_case(&it),
                Matching::AnyCase => *c == it || c.to_lowercase().eq(it.to_lowercase()),
            },
            Step::Set { members, negated } => holds(members, it) != *negated,
        }
    }
}

/// What a pattern says at one place.
enum Step<'a> {
    /// Any run of characters.
    Run,
    /// Any one character.
    Any,
    /// This one.
    One(char),
    /// One of a set, or one that is not in it.
    Set { members: &'a str, negated: bool },
    /// None at all.
    Nothing,
}

impl<'a> Step<'a> {
    /// Reads a set up to its end; one that does not end matches nothing.
    fn set(pattern: &mut Chars<'a>) -> Self {
        let rest = pattern.as_str();
        let (negated, rest) = rest.strip_prefix('^').map_or((false, rest), |rest| (true, rest));
        // A bracket right at the beginning is a member.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        match rest.get(first..).and_then(|it| it.find(']')) {
            Some(end) => {
                *pattern = rest[first + end + 1..].chars();
                Step::Set { members: &rest[..first + end], negated }
            }
            None => Step::Nothing,
        }
    }
}

fn holds(members: &str, it: char) -> bool {
    let mut rest = members.chars();
    while let Some(from) = rest.next() {
        let mut ahead = rest.clone();
        let range = (ahead.next(), ahead.next());
        if let (Some('-'), Some(to)) = range {
            rest = ahead;
            if (from..=to).contains(&it) {
                return true;
            }
        } else if from == it {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_matches_as_sqlite_does() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "A_C", true),
            ("abc", "%b", false),
            ("abab", "%ab", true),
            ("", "%", true),
            ("", "_", false),
            ("", "", true),
            ("a", "", false),
            ("mississippi", "%iss%pi", true),
            ("Ä", "ä", false),
        ] {
            assert_eq!(Matching::AsciiCase.matches(text, pattern, None), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn case_counts_where_it_is_said() {
        assert!(!Matching::Exact.matches("abc", "A%", None));
        assert!(Matching::Exact.matches("abc", "a%", None));
        assert!(Matching::AnyCase.matches("ÄB", "ä_", None));
    }

    #[test]
    fn an_escape_takes_the_meaning() {
        assert!(Matching::Exact.matches("50%", "50\\%", Some('\\')));
        assert!(!Matching::Exact.matches("505", "50\\%", Some('\\')));
        assert!(Matching::Exact.matches("a\\", "a\\\\", Some('\\')));
        assert!(!Matching::Exact.matches("a\\", "a\\", Some('\\')));
    }

    #[test]
    fn glob_knows_sets() {
        for (text, pattern, expected) in [
            ("abc", "a*", true),
            ("abc", "A*", false),
            ("abc", "a?c", true),
            ("abc", "[a-c]bc", true),
            ("abc", "[^a-c]bc", false),
            ("a]c", "a[]]c", true),
            ("a-c", "a[x-]c", true),
            ("abc", "a[b", false),
        ] {
            assert_eq!(Matching::Glob.matches(text, pattern, None), expected, "{text} GLOB {pattern}");
        }
    }
}
