//! Which rules hold at which site: the shared ones, those of its packs, and its own, which may replace others.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{
    compile::Checked,
    error::Problem,
    source::{SITES, line_of},
};
use crate::domain::{PolicyFile, ReplacedRule};

/// Where a rule's file lies, and so where the rule holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Beside `sites.toml`: at every site.
    Shared,
    /// In `packs/NAME`: where the pack is named.
    Pack(String),
    /// In `sites/ID`: at that site alone.
    Site(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shared => formatter.write_str("shared"),
            Self::Pack(pack) => write!(formatter, "pack:{pack}"),
            Self::Site(site) => write!(formatter, "site:{site}"),
        }
    }
}

impl Place {
    /// The place of a file, by its path inside the policy folder.
    pub(super) fn of(name: &str) -> Self {
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["packs", pack, _] => Self::Pack((*pack).to_owned()),
            ["sites", site, _] => Self::Site((*site).to_owned()),
            _ => Self::Shared,
        }
    }
}

/// `sites.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SitesFile {
    default: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    site: Vec<Spanned<SiteEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteEntry {
    id: String,
    packs: Vec<String>,
    #[serde(default)]
    without: Vec<Without>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Without {
    rule: String,
    because: String,
}

/// What holds at one site, or at every site that is not named.
#[derive(Debug)]
pub(super) struct Composition {
    /// The packs, sorted.
    pub packs: Vec<String>,
    /// Places of the rules among the checked ones, sorted by id.
    pub rules: Vec<usize>,
    /// What was taken out or replaced.
    pub replaced: Vec<ReplacedRule>,
}

/// Every composition of a policy folder.
#[derive(Debug)]
pub(super) struct Compositions {
    /// Of the sites that are named or have rules of their own, by id.
    pub sites: BTreeMap<String, Composition>,
    /// Of all others.
    pub default: Composition,
    /// The shared rules with each pack alone, by the pack's name: what its cases are run against.
    pub packs: BTreeMap<String, Composition>,
    /// The shared rules alone.
    pub shared: Composition,
}

/// Puts the rules together as `sites.toml` among `sources` says; where there is none, every pack holds
/// everywhere.
pub(super) fn compose(
    sources: &[PolicyFile],
    rules: &[Checked],
    problems: &mut Vec<Problem>,
) -> Compositions {
    let mut composer = Composer { rules, known: known_packs(sources), problems };
    let (file, text) = match sources.iter().find(|source| source.name == SITES) {
        Some(source) => (composer.parse(source), source.text.as_str()),
        None => (SitesFile::default(), ""),
    };
    let line = |offset| line_of(text, offset);
    let everything: Vec<String> = composer.known.iter().cloned().collect();
    let default = match &file.default {
        Some(packs) => composer.packs(packs.get_ref(), line(packs.span().start)),
        None => everything,
    };
    let mut sites = BTreeMap::new();
    for entry in &file.site {
        let at = line(entry.span().start);
        let entry = entry.get_ref();
        let packs = composer.packs(&entry.packs, at);
        let composition = composer.composition(&packs, Some(&entry.id), &entry.without, at);
        if sites.insert(entry.id.clone(), composition).is_some() {
            composer.refuse(at, format!("the site `{}` stands there twice", entry.id), "join them");
        }
    }
    let with_own_rules: BTreeSet<&String> = rules
        .iter()
        .filter_map(|checked| match &checked.rule.place {
            Place::Site(site) => Some(site),
            Place::Shared | Place::Pack(_) => None,
        })
        .collect();
    for site in with_own_rules {
        if !sites.contains_key(site) {
            let composition = composer.composition(&default, Some(site), &[], 0);
            sites.insert(site.clone(), composition);
        }
    }
    let packs = composer.known.clone().into_iter().map(|pack| {
        let composition = composer.composition(std::slice::from_ref(&pack), None, &[], 0);
        (pack, composition)
    });
    Compositions {
        packs: packs.collect(),
        default: composer.composition(&default, None, &[], 0),
        shared: composer.composition(&[], None, &[], 0),
        sites,
    }
}

/// Every folder in `packs/` that has a rule.
fn known_packs(sources: &[PolicyFile]) -> BTreeSet<String> {
    sources
        .iter()
        .filter_map(|source| match Place::of(&source.name) {
            Place::Pack(pack) => Some(pack),
            Place::Shared | Place::Site(_) => None,
        })
        .collect()
}

struct Composer<'a> {
    rules: &'a [Checked],
    known: BTreeSet<String>,
    problems: &'a mut Vec<Problem>,
}

impl Composer<'_> {
    fn refuse(&mut self, line: usize, message: String, suggestion: &str) {
        self.problems.push(Problem::at(SITES, line, message).suggest(suggestion));
    }

    fn parse(&mut self, source: &PolicyFile) -> SitesFile {
        toml::from_str(&source.text).unwrap_or_else(|error: toml::de::Error| {
            let line = error.span().map_or(0, |span| line_of(&source.text, span.start));
            let example = "it has `default` and [[site]] entries with `id`, `packs` and `without`";
            self.refuse(line, error.message().to_owned(), example);
            SitesFile::default()
        })
    }

    /// The packs of these names; those that do not exist are told.
    fn packs(&mut self, names: &[String], line: usize) -> Vec<String> {
        for name in
            names.iter().filter(|name| !self.known.contains(*name)).cloned().collect::<Vec<_>>()
        {
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            let suggestion = format!("there are: {}", known.join(", "));
            self.refuse(line, format!("there is no pack `{name}`"), &suggestion);
        }
        let mut packs: Vec<String> =
            names.iter().filter(|name| self.known.contains(*name)).cloned().collect();
        packs.sort();
        packs.dedup();
        packs
    }

    fn composition(
        &mut self,
        packs: &[String],
        site: Option<&str>,
        without: &[Without],
        line: usize,
    ) -> Composition {
        let holds = |place: &Place| match place {
            Place::Shared => true,
            Place::Pack(pack) => packs.contains(pack),
            Place::Site(one) => site == Some(one),
        };
        let mut held: BTreeMap<&str, usize> = BTreeMap::new();
        let mut replaced = Vec::new();
        let chosen: Vec<usize> =
            (0..self.rules.len()).filter(|at| holds(&self.rules[*at].rule.place)).collect();
        // The site's own come last, so that they find what they replace.
        let (own, others): (Vec<usize>, Vec<usize>) =
            chosen.into_iter().partition(|at| matches!(self.rules[*at].rule.place, Place::Site(_)));
        held.extend(others.into_iter().map(|at| (self.rules[at].rule.id.as_str(), at)));
        for at in own {
            let rule = &self.rules[at].rule;
            let before = held.insert(&rule.id, at).map(|before| &self.rules[before].rule);
            match (before, &rule.overrides) {
                (None, None) => {}
                (Some(before), Some(because)) => replaced.push(ReplacedRule {
                    rule: rule.id.clone(),
                    at: before.at(),
                    by: Some(rule.at()),
                    because: because.clone(),
                }),
                (Some(before), None) => {
                    let message = format!(
                        "@id(\"{}\") is already borne by the rule at {}",
                        rule.id,
                        before.at()
                    );
                    let advice =
                        "rename it, or say why it replaces that one with @overrides(\"…\")";
                    self.problems.push(Problem::at(&rule.file, rule.line, message).suggest(advice));
                }
                (None, Some(_)) => {
                    let message = format!("@overrides: no rule `{}` holds at this site", rule.id);
                    let advice = "give it the id of the rule that it replaces, or drop @overrides";
                    self.problems.push(Problem::at(&rule.file, rule.line, message).suggest(advice));
                }
            }
        }
        for entry in without {
            match held.remove(entry.rule.as_str()) {
                Some(at) if !entry.because.trim().is_empty() => replaced.push(ReplacedRule {
                    rule: entry.rule.clone(),
                    at: self.rules[at].rule.at(),
                    by: None,
                    because: entry.because.clone(),
                }),
                Some(_) => {
                    let message =
                        format!("`without` takes out `{}` without saying why", entry.rule);
                    self.refuse(line, message, "fill in `because`");
                }
                None => {
                    let message = format!("`without` names the rule `{}`", entry.rule);
                    self.refuse(line, message, "no rule of that id holds at this site");
                }
            }
        }
        Composition { packs: packs.to_vec(), rules: held.into_values().collect(), replaced }
    }
}
