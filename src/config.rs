//! Settings and sites: the only reader of the environment and of `config/`.

mod check;
mod layers;
mod schedule;
mod settings;
mod site;
mod site_file;
mod sites;

use std::path::PathBuf;

pub use settings::{
    Config, Embedder, IntakeLimits, LanguageModelSettings, Limits, LogSettings, Models,
    RemoteSettings, Structured,
};
pub use site::{Camera, QualitySettings, Site, Zone};
pub use sites::{SiteError, Sites};

/// Where a setting comes from, for messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The defaults that are compiled in.
    BuiltIn,
    /// A file, at a line counted from one.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("config/default.toml"),
            Self::File(file, line) => write!(formatter, "{}:{line}", file.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A settings file that was asked for cannot be read.
    #[error("{}: cannot be read: {source}; name a readable TOML file with --config or SERENO_CONFIG, or none", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A settings file is not TOML.
    #[error("{}:{line}:{column}: not TOML: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from one.
        line: usize,
        /// Column in characters, from one.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// No setting has this name.
    #[error("{place}: unknown setting `{key}`; {hint}")]
    UnknownKey {
        /// The key, with the names of its tables.
        key: String,
        /// Where it stands.
        place: Place,
        /// What may have been meant.
        hint: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{place}: `{key}` {problem}")]
    WrongValue {
        /// The key, with the names of its tables.
        key: String,
        /// Where it stands.
        place: Place,
        /// What is wrong and what would be right. Never the value of a secret.
        problem: String,
    },
}

/// Line and column, both from one, of a byte in a text.
fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
