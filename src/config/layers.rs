//! Layers of settings, each over the one below: the defaults, a file, the environment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{ConfigError, Place, line_and_column};

/// The settings in force and where each comes from.
#[derive(Debug)]
pub(super) struct Layers {
    table: Table,
    places: BTreeMap<String, Place>,
}

impl Layers {
    /// The defaults alone. They name every setting that there is, and its type.
    pub(super) fn defaults(text: &str) -> Result<Self, ConfigError> {
        let table = text
            .parse()
            .map_err(|error| syntax(&PathBuf::from("config/default.toml"), text, &error))?;
        Ok(Self { table, places: BTreeMap::new() })
    }

    /// The merged settings.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Where a setting comes from.
    pub(super) fn place(&self, key: &str) -> Place {
        self.places.get(key).cloned().unwrap_or(Place::BuiltIn)
    }

    /// Lays a file over what is there.
    pub(super) fn add_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let parsed = DeTable::parse(text).map_err(|error| syntax(file, text, &error))?;
        let source = Source { file, text };
        overlay(&mut self.table, parsed.get_ref(), "", source, &mut self.places)
    }

    /// Lays the environment's `SERENO_…` variables over what is there. A variable that is no setting
    /// belongs to another program, unless it is clearly a misspelt one.
    pub(super) fn add_environment(
        &mut self,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), ConfigError> {
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix("SERENO_").filter(|rest| *rest != "CONFIG") else {
                continue;
            };
            let key = match rest {
                "MODELS_DIR" => "models.dir".to_owned(),
                _ => rest.to_lowercase().replace("__", "."),
            };
            let place = Place::Environment(name.clone());
            if let Some(slot) = slot(&mut self.table, &key) {
                *slot = converted(text, slot, &key, &place)?;
                self.places.insert(key, place);
            } else if key.contains('.') || self.near(&key).is_some() {
                return Err(unknown(&self.table, &key, place));
            }
        }
        Ok(())
    }

    /// A setting of the top level that `key` seems to misspell.
    fn near(&self, key: &str) -> Option<&str> {
        self.table
            .keys()
            .map(String::as_str)
            .find(|known| known.len() >= 6 && edits(known, key) <= 2)
    }
}

#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn place(self, byte: usize) -> Place {
        Place::File(self.file.to_owned(), line_and_column(self.text, byte).0)
    }
}

fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
    ConfigError::Syntax {
        file: file.to_owned(),
        line,
        column,
        message: error.message().replace('\n', "; "),
    }
}

fn overlay(
    below: &mut Table,
    above: &DeTable<'_>,
    prefix: &str,
    source: Source<'_>,
    places: &mut BTreeMap<String, Place>,
) -> Result<(), ConfigError> {
    for (name, value) in above {
        let key = format!("{prefix}{}", name.get_ref());
        let place = source.place(name.span().start);
        let Some(slot) = below.get_mut(name.get_ref().as_ref()) else {
            return Err(unknown(below, &key, place));
        };
        match (slot, value.get_ref()) {
            (Value::Table(below), DeValue::Table(above)) => {
                overlay(below, above, &format!("{key}."), source, places)?;
            }
            (slot, _) => {
                *slot = replaced(slot, value, &key, &place)?;
                places.insert(key, place);
            }
        }
    }
    Ok(())
}

/// The file's value, if it has the type of the default.
fn replaced(
    slot: &Value,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    place: &Place,
) -> Result<Value, ConfigError> {
    let found = value.get_ref();
    let same = match (slot, found) {
        (Value::String(_), DeValue::String(text)) => Some(Value::String(text.to_string())),
        (Value::Boolean(_), DeValue::Boolean(flag)) => Some(Value::Boolean(*flag)),
        (Value::Integer(_), DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::Integer)
        }
        _ => None,
    };
    same.ok_or_else(|| wrong_type(slot, key, place, found.type_str()))
}

/// An environment variable's text as the type of the default.
fn converted(text: &str, slot: &Value, key: &str, place: &Place) -> Result<Value, ConfigError> {
    let value = match slot {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Integer(_) => text.replace('_', "").parse().ok().map(Value::Integer),
        _ => None,
    };
    value.ok_or_else(|| wrong_type(slot, key, place, "text"))
}

fn wrong_type(slot: &Value, key: &str, place: &Place, found: &str) -> ConfigError {
    let wanted = match slot {
        Value::Boolean(_) => "must be true or false",
        Value::Integer(_) => "must be a whole number",
        Value::Table(_) => "must be a table of settings",
        _ => "must be text in quotes",
    };
    ConfigError::WrongValue {
        key: key.to_owned(),
        place: place.clone(),
        problem: format!("{wanted}, not {found}"),
    }
}

fn slot<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key).filter(|value| !value.is_table()),
        Some((first, rest)) => match table.get_mut(first) {
            Some(Value::Table(inner)) => slot(inner, rest),
            _ => None,
        },
    }
}

fn unknown(table: &Table, key: &str, place: Place) -> ConfigError {
    let name = key.rsplit('.').next().unwrap_or(key);
    let near = table.keys().min_by_key(|known| edits(known, name));
    let hint = match near.filter(|known| edits(known, name) <= known.len() / 2) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "config/default.toml lists every setting".to_owned(),
    };
    ConfigError::UnknownKey { key: key.to_owned(), place, hint }
}

/// Levenshtein's distance in bytes.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.bytes().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (place, right) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("listen", "listne"), 2);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("workers", "workers"), 0);
    }
}
