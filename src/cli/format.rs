//! The forms that `plan` and `check` print in.

/// The form of what `plan` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
    /// For a comment on a pull request.
    Markdown,
}
