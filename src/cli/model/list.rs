//! `sereno model list`: every language model that is there or should be.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{AppError, Ending, known_settings, print, short};
use crate::{
    config::{Config, LanguageModelSettings},
    model::{
        engine::{Facts, inspect},
        library::{Installed, Library},
    },
};

/// A model, as the list shows it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// SHA-256 that the file should have; absent where none is pinned.
    pub sha256: Option<String>,
    /// Its adapter's file.
    pub adapter: Option<PathBuf>,
    /// SHA-256 that the adapter should have.
    pub adapter_sha256: Option<String>,
    /// What its header tells; absent where there is no readable file.
    #[serde(flatten)]
    pub facts: Option<Facts>,
    /// Whether the settings name it.
    pub in_use: bool,
    /// Whether all its files are there.
    pub present: bool,
}

/// Prints the list.
pub(super) fn run(config: &Config, json: bool) -> Result<Ending, AppError> {
    let rows = rows(config)?;
    if json {
        return print(&serde_json::to_string_pretty(&rows).map_err(AppError::environment)?);
    }
    print(&table(&rows))
}

/// The models that were added, the one in use, and the one that ships where it is there.
pub(super) fn rows(config: &Config) -> Result<Vec<Row>, AppError> {
    let library = Library::open(&config.models.dir)?;
    let mut rows: Vec<Row> =
        library.models().iter().map(|model| Row::of_installed(config, model)).collect();
    let [in_use, shipped] = known_settings(config)?;
    let row = Row::of_settings(config, &in_use);
    match rows.iter_mut().find(|known| known.files() == row.files()) {
        Some(known) => known.in_use = true,
        None => rows.insert(0, Row { in_use: true, ..row }),
    }
    let row = Row::of_settings(config, &shipped);
    if row.present && !rows.iter().any(|known| known.files() == row.files()) {
        rows.push(row);
    }
    Ok(rows)
}

impl Row {
    fn of_installed(config: &Config, model: &Installed) -> Self {
        let adapter = model.adapter.as_ref();
        Self {
            name: model.name.clone(),
            file: config.model_file(&model.file),
            sha256: Some(model.sha256.clone()),
            adapter: adapter.map(|adapter| config.model_file(&adapter.file)),
            adapter_sha256: adapter.map(|adapter| adapter.sha256.clone()),
            facts: Some(model.facts.clone()),
            in_use: false,
            present: true,
        }
        .looked_at()
    }

    fn of_settings(config: &Config, settings: &LanguageModelSettings) -> Self {
        let file = config.model_file(&settings.file);
        Self {
            name: settings.name.clone(),
            sha256: settings.sha256.clone(),
            adapter: settings.adapter.as_deref().map(|file| config.model_file(file)),
            adapter_sha256: settings.adapter_sha256.clone(),
            facts: inspect(&file).ok(),
            in_use: false,
            present: true,
            file,
        }
        .looked_at()
    }

    fn looked_at(mut self) -> Self {
        self.present = self.file.is_file() && self.adapter.as_deref().is_none_or(Path::is_file);
        self
    }

    /// Two rows with the same files are the same model.
    fn files(&self) -> (&Path, Option<&Path>) {
        (&self.file, self.adapter.as_deref())
    }
}

const TITLES: [&str; 9] = [
    "",
    "name",
    "architecture",
    "parameters",
    "quantisation",
    "size",
    "context",
    "sha256",
    "adapter",
];

fn table(rows: &[Row]) -> String {
    let mut lines = vec![TITLES.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: [usize; 9] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let rendered: Vec<String> = lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    format!("{}\n\n* in use", rendered.join("\n"))
}

fn cells(row: &Row) -> [String; 9] {
    let dash = || "-".to_owned();
    let fact = |told: fn(&Facts) -> String| row.facts.as_ref().map_or_else(dash, told);
    [
        if row.in_use { "*" } else { "" }.to_owned(),
        if row.present { row.name.clone() } else { format!("{} (MISSING)", row.name) },
        fact(|facts| facts.architecture.clone()),
        fact(|facts| scaled(facts.parameters)),
        fact(|facts| facts.quantisation.clone()),
        fact(|facts| format!("{}B", scaled(facts.bytes))),
        fact(|facts| facts.trained_tokens.to_string()),
        row.sha256.as_deref().map_or_else(dash, |sha256| short(sha256).to_owned()),
        row.adapter_sha256.as_deref().map_or_else(dash, |sha256| short(sha256).to_owned()),
    ]
}

/// One line about a model.
pub(super) fn describe(facts: &Facts) -> String {
    format!(
        "{}, {} parameters, {}, {}B, trained for {} tokens of context",
        facts.architecture,
        scaled(facts.parameters).trim_end(),
        facts.quantisation,
        scaled(facts.bytes),
        facts.trained_tokens
    )
}

/// Three digits or so, with k, M or G: `134.5 M`.
pub(super) fn scaled(number: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let step = STEPS.into_iter().find(|(step, _)| number >= *step);
    step.map_or_else(
        || format!("{number} "),
        |(step, letter)| format!("{}.{} {letter}", number / step, number % step / (step / 10)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled() {
        assert_eq!(scaled(134_515_008), "134.5 M");
        assert_eq!(scaled(4_022_468_096), "4.0 G");
        assert_eq!(scaled(999), "999 ");
    }
}
