//! Why a policy folder is refused: every problem with its file, its line and what would be right.

use std::{fmt, path::PathBuf};

/// One thing that is wrong with a policy file or a cases file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's name inside the policy folder.
    pub file: String,
    /// Its line, counted from one; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right, where that is known.
    pub suggestion: Option<String>,
}

impl Problem {
    /// A problem at `file`:`line`.
    pub(super) fn at(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into(), suggestion: None }
    }

    /// Adds what would be right.
    #[must_use]
    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file)?;
        if self.line > 0 {
            write!(formatter, ":{}", self.line)?;
        }
        write!(formatter, ": {}", self.message)?;
        self.suggestion.iter().try_for_each(|suggestion| write!(formatter, " ({suggestion})"))
    }
}

/// Why there is no policy set. The running one, if any, is untouched.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The folder or a file in it cannot be read.
    #[error("policy folder {}: {reason}", path.display())]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why, and what would be right.
        reason: String,
    },
    /// The files are readable but must not go live. All problems, sorted by file and line.
    #[error("{}", listed(.0))]
    Refused(Vec<Problem>),
    /// Sereno's own vocabulary is broken: a fault of this build, not of anybody's file.
    #[error("this build's policy schema is faulty: {0}")]
    Vocabulary(String),
}

impl PolicyError {
    /// The problems found in the files; none where the folder itself cannot be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Refused(problems) => problems,
            Self::Unreadable { .. } | Self::Vocabulary(_) => &[],
        }
    }

    /// Sorts `problems`, so that the same folder always reads the same.
    pub(super) fn refused(mut problems: Vec<Problem>) -> Self {
        problems.sort();
        Self::Refused(problems)
    }

    /// A fault of this build's own vocabulary.
    pub(super) fn vocabulary(error: impl fmt::Display) -> Self {
        Self::Vocabulary(error.to_string())
    }
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_file_line_fault_and_remedy() {
        let problem = Problem::at("dock.cedar", 7, "there is no @because").suggest("add one");
        assert_eq!(problem.to_string(), "dock.cedar:7: there is no @because (add one)");
        assert_eq!(
            Problem::at("dock.cedar", 0, "it is empty").to_string(),
            "dock.cedar: it is empty"
        );
    }

    #[test]
    fn problems_are_listed_in_the_order_of_the_files() {
        let error = PolicyError::refused(vec![
            Problem::at("b.cedar", 1, "two"),
            Problem::at("a.cedar", 9, "one"),
        ]);
        assert_eq!(error.to_string(), "a.cedar:9: one\nb.cedar:1: two");
        assert_eq!(error.problems().len(), 2);
    }
}
