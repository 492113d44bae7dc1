//! What sites have learned from their own labels, for whoever decides an alarm of theirs.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use serde::Deserialize;

use super::{ModelError, classify::Head};
use crate::domain::odds::Scale;

/// One site's head, scale and threshold; `evaluation::learning` makes them.
#[derive(Debug, Clone)]
pub struct SiteModel {
    /// The site.
    pub site: String,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of its document, hex.
    pub sha256: String,
    /// What reads the captions there in place of the head that ships.
    pub head: Option<Head>,
    /// Puts the two reads' probability on the scale that the site's labels gave.
    pub scale: Scale,
    /// Below this an alarm may be closed without a person, where that is granted.
    pub below: Option<f64>,
    /// Digest of the models and prompts that it was learned over.
    pub made_with: String,
}

/// The part of the document that decides.
#[derive(Deserialize)]
struct Deciding {
    site: String,
    version: u32,
    made_with: String,
    head: Option<serde_json::Value>,
    scale: Scale,
    bound: Below,
}

#[derive(Deserialize)]
struct Below {
    below: Option<f64>,
}

impl SiteModel {
    /// Reads a document that the store keeps.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the field that is wrong.
    pub fn parse(document: &str, sha256: &str) -> Result<Self, ModelError> {
        let read: Deciding = serde_json::from_str(document)
            .map_err(|error| ModelError::Load(format!("a site's learned document: {error}")))?;
        let name = format!("what {} learned, version {}", read.site, read.version);
        if !read.scale.slope.is_finite()
            || !read.scale.offset.is_finite()
            || read.scale.slope <= 0.0
        {
            let why = "`scale` must be finite and rising, or alarming reads would calm";
            return Err(ModelError::Load(format!("{name}: {why}")));
        }
        let head = read
            .head
            .map(|head| Head::parse(&name, &head.to_string(), sha256.to_owned()))
            .transpose()?;
        Ok(Self {
            site: read.site,
            version: read.version,
            sha256: sha256.to_owned(),
            head,
            scale: read.scale,
            below: read.bound.below,
            made_with: read.made_with,
        })
    }
}

/// The ones in force, by site. Clones share them, so that all learn of a new one at once.
#[derive(Debug, Clone, Default)]
pub struct SiteModels(Arc<RwLock<BTreeMap<String, Arc<SiteModel>>>>);

impl SiteModels {
    /// What `site` has learned; nothing where what ships decides.
    pub fn get(&self, site: &str) -> Option<Arc<SiteModel>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(site).cloned()
    }

    /// Puts these in force and no others.
    pub fn replace(&self, models: impl IntoIterator<Item = SiteModel>) {
        let fresh = models.into_iter().map(|one| (one.site.clone(), Arc::new(one))).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"site":"s","version":2,"made_with":"m","labels":{},
        "head":null,"scale":{"slope":0.5,"offset":-1.0},"bound":{"below":0.1}}"#;

    #[test]
    fn a_document_decides_by_its_scale_and_its_threshold() {
        let models = SiteModels::default();
        models.replace([SiteModel::parse(DOCUMENT, "hash").unwrap()]);
        let found = models.get("s").unwrap();
        assert_eq!((found.version, found.below, found.head.is_none()), (2, Some(0.1), true));
        assert!(models.get("elsewhere").is_none());
        models.replace([]);
        assert!(models.get("s").is_none());
    }

    #[test]
    fn a_scale_that_turns_alarm_into_calm_is_refused() {
        let turned = DOCUMENT.replace("0.5", "-0.5");
        let said = SiteModel::parse(&turned, "hash").unwrap_err().to_string();
        assert!(said.contains("what s learned, version 2") && said.contains("`scale`"), "{said}");
    }
}
