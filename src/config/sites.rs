//! Every site, and which one an alarm belongs to.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::site::Site;
use crate::domain::Alarm;

const EMBEDDED: [(&str, &str); 2] = [
    ("config/sites/sample.toml", include_str!("../../config/sites/sample.toml")),
    ("config/sites/dataset.toml", include_str!("../../config/sites/dataset.toml")),
];

/// The site of an alarm that nobody's file accounts for.
const UNKNOWN: &str = "unknown";

/// Why a site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A folder or a file cannot be read.
    #[error("{}: cannot be read: {source}; sites_dir must name a folder with one TOML file per site", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder holds no site.
    #[error("{}: holds no site; put one TOML file per site there, like config/sites/sample.toml", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A file says something that cannot be.
    #[error("{}:{line}:{column}: {}{reason}", file.display(), named(field))]
    Refused {
        /// The file.
        file: PathBuf,
        /// Line, from one.
        line: usize,
        /// Column in characters, from one.
        column: usize,
        /// The field, with the names of its tables; empty where the file is not TOML.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Two files describe the same site.
    #[error("{}: the site `{id}` is described in another file too", file.display())]
    Twice {
        /// The second file.
        file: PathBuf,
        /// The site.
        id: String,
    },
}

fn named(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("`{field}`: ") }
}

/// Every site that is described.
#[derive(Debug, Clone, Default)]
pub struct Sites(BTreeMap<String, Site>);

impl Sites {
    /// The sites that ship: the sample site, and one for measuring on recorded clips.
    ///
    /// # Errors
    /// When a file is not what it should be; a test holds that none is.
    pub fn embedded() -> Result<Self, SiteError> {
        let mut sites = Self::default();
        for (file, text) in EMBEDDED {
            sites.add(Path::new(file), text)?;
        }
        Ok(sites)
    }

    /// Reads every `.toml` file of a folder, in the order of their names.
    ///
    /// # Errors
    /// [`SiteError`] for the first that cannot be used; none is used then.
    pub fn load(folder: &Path) -> Result<Self, SiteError> {
        let unreadable =
            |path: &Path, source| SiteError::Unreadable { path: path.to_owned(), source };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let mut sites = Self::default();
        for file in &files {
            let text = fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
            sites.add(file, &text)?;
        }
        if sites.is_empty() {
            return Err(SiteError::Empty { path: folder.to_owned() });
        }
        Ok(sites)
    }

    fn add(&mut self, file: &Path, text: &str) -> Result<(), SiteError> {
        let site = Site::parse(file, text)?;
        if self.0.contains_key(&site.id) {
            return Err(SiteError::Twice { file: file.to_owned(), id: site.id });
        }
        self.0.insert(site.id.clone(), site);
        Ok(())
    }

    /// The site of this id.
    pub fn get(&self, id: &str) -> Option<&Site> {
        self.0.get(id)
    }

    /// Every site, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Site> {
        self.0.values()
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no site.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any site lets recommendations name an emergency service.
    pub fn any_emergency_services(&self) -> bool {
        self.iter().any(|site| site.emergency_services)
    }

    /// The id of an alarm's site: the one that it names, else the only site whose file names its
    /// camera, else `unknown`. The id that an alarm names need not be a known one.
    pub fn resolve(&self, alarm: &Alarm) -> String {
        if let Some(site) = &alarm.site {
            return site.clone();
        }
        let mut knowing = self.iter().filter(|site| site.camera(&alarm.camera).is_some());
        match (knowing.next(), knowing.next()) {
            (Some(site), None) => site.id.clone(),
            _ => UNKNOWN.to_owned(),
        }
    }
}
