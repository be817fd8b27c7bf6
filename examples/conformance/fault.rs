//! Why a step failed, and the category that the format has for it.

use diptych::error::{ErrorKind, Fault as MistakeFault, Mistake, Misuse, Rule};
use diptych::{Error, Violation};

/// Why a step failed.
pub enum Fault {
    /// Diptych refused it.
    Refused(Error),
    /// What the types of Rust leave no way to ask for: the category that the format has for it.
    Category(&'static str),
    /// Nobody has written yet what the step asks for.
    Unsupported(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.misuse() {
            Some(Misuse::NotSupported { what }) => Fault::Unsupported((*what).to_owned()),
            _ => Fault::Refused(error),
        }
    }
}

pub fn unsupported<T>(what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Unsupported(what.into()))
}

/// Errors of which a flush with several faults may report any.
const FAMILY: [&str; 9] = [
    "foreign_key_violation",
    "unique_violation",
    "not_null_violation",
    "stale_data",
    "blank_primary_key",
    "null_primary_key",
    "circular_dependency",
    "object_deleted",
    "identity_conflict",
];

/// Whether two categories agree.
pub fn agree(expected: &str, got: &str, by_family: bool) -> bool {
    expected == got || (by_family && FAMILY.contains(&expected) && FAMILY.contains(&got))
}

/// The category of the error of a step.
pub fn category(error: &Error, op: &str) -> &'static str {
    match error.kind() {
        ErrorKind::Violation(it) => of_violation(it),
        ErrorKind::Open(all) => all.first().map_or("invalid_request", of_violation),
        ErrorKind::Declaration(all) => of_mistakes(all),
        ErrorKind::Misuse(it) => of_misuse(it, op),
        _ => "invalid_request",
    }
}

/// Of several mistakes the most particular one.
fn of_mistakes(all: &[Mistake]) -> &'static str {
    let has = |fault| all.iter().any(|it| it.fault == fault);
    if has(MistakeFault::AmbiguousForeignKeys) {
        "ambiguous_foreign_keys"
    } else if has(MistakeFault::NoForeignKeys) {
        "no_foreign_keys"
    } else {
        "configuration"
    }
}

fn of_violation(violation: &Violation) -> &'static str {
    match violation.rule {
        Rule::NotNull => "not_null_violation",
        Rule::PrimaryKey | Rule::Unique => "unique_violation",
        Rule::ForeignKey | Rule::StillReferenced | Rule::Restrict => "foreign_key_violation",
        Rule::Type | Rule::Check => "invalid_request",
    }
}

fn of_misuse(misuse: &Misuse, op: &str) -> &'static str {
    match misuse {
        Misuse::WrongClass { .. } => "type_mismatch",
        Misuse::NotLoaded { .. } => "lazy_load_forbidden",
        Misuse::NotInCollection { .. } => "not_in_collection",
        Misuse::NoPosition { .. } => "index_out_of_range",
        Misuse::NotOne { found: 0, .. } => "not_found",
        Misuse::NotOne { .. } => "multiple_found",
        Misuse::NotFound { .. } => "object_deleted",
        Misuse::Stale { .. } => "stale_data",
        Misuse::UnknownDiscriminator { .. } => "unknown_discriminator",
        Misuse::WriteOnly { .. } => "write_only_collection",
        Misuse::NotEvaluable { .. } => "evaluate_unsupported",
        Misuse::Circular { .. } => "circular_dependency",
        Misuse::UnknownName { .. } => "no_attribute",
        Misuse::SingleParent { .. } => "single_parent",
        Misuse::Deleted { .. } => "already_deleted",
        Misuse::Detached { .. } => "detached",
        Misuse::NotInSession { .. } => "not_in_session",
        Misuse::Merge { .. } => "merge_unsupported",
        Misuse::IdentityConflict { .. } => "identity_conflict",
        Misuse::BlankKey { .. } => "blank_primary_key",
        Misuse::NullKey { .. } => "null_primary_key",
        Misuse::Inactive => "transaction_inactive",
        Misuse::State { state: "deleted", .. } if !matches!(op, "expire" | "refresh") => "already_deleted",
        Misuse::State { .. } => of_state(op),
        _ => "invalid_request",
    }
}

/// An object is not in the state that the step needs.
fn of_state(op: &str) -> &'static str {
    match op {
        "delete" => "not_persisted",
        "expire" | "refresh" => "not_persistent",
        "unset" => "no_value",
        _ => "invalid_request",
    }
}
