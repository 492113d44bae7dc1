//! A policy folder on its way to going live: read and composed, then proven.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    Place, PolicyError, PolicySet, Problem, Rule,
    compile::{self, Checked},
    compose::{self, Composition, Compositions},
    proof::{self, Proof, Remark},
    request::Vocabulary,
    schema::cedar_schema,
    source::PolicyFiles,
};
use crate::domain::{PolicyFile, PolicyRule, SitePolicy};

/// A folder whose rules can be read and evaluated, but of which nothing is proven yet: good for cases and
/// backtests, never for an alarm that counts.
#[derive(Debug)]
pub struct Draft {
    files: PolicyFiles,
    rules: Vec<Checked>,
    compositions: Compositions,
    default: Arc<PolicySet>,
    sites: BTreeMap<String, Arc<PolicySet>>,
}

/// Rules of which the invariants are proven: what may decide alarms. Only [`Draft::prove`] makes them.
#[derive(Debug)]
pub struct Policies {
    draft: Draft,
    confirmed: bool,
}

impl Draft {
    /// Reads and checks every file of `dir`. All problems come at once, each with its file, its line and
    /// what would be right.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`] where the folder cannot be read, [`PolicyError::Refused`] where a
    /// file is faulty.
    pub fn read(dir: &Path) -> Result<Self, PolicyError> {
        Self::new(PolicyFiles::read(dir)?)
    }

    /// The same of files that somebody sent.
    ///
    /// # Errors
    /// [`PolicyError::Refused`] where a file is faulty or is no policy file.
    pub fn sent(files: Vec<PolicyFile>) -> Result<Self, PolicyError> {
        Self::new(PolicyFiles::sent(files)?)
    }

    /// The files that this build ships with.
    ///
    /// # Errors
    /// None but for a faulty build; the tests load them.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::new(PolicyFiles::shipped())
    }

    /// The same of files that are at hand.
    ///
    /// # Errors
    /// [`PolicyError::Refused`] where a file is faulty.
    pub fn new(files: PolicyFiles) -> Result<Self, PolicyError> {
        let mut problems = Vec::new();
        let rules = compile::compile(&cedar_schema(), &files, &mut problems)?;
        let compositions = compose::compose(&files, &rules, &mut problems);
        if !problems.is_empty() {
            return Err(PolicyError::refused(problems));
        }
        let vocabulary = Arc::new(Vocabulary::new()?);
        let set = |composition: &Composition| {
            let chosen = composition.rules.iter().map(|at| rules[*at].clone()).collect();
            PolicySet::new(chosen, files.digest(), &vocabulary).map(Arc::new)
        };
        let sites = compositions.sites.iter();
        let sites = sites.map(|(id, one)| Ok((id.clone(), set(one)?)));
        Ok(Self {
            default: set(&compositions.default)?,
            sites: sites.collect::<Result<_, PolicyError>>()?,
            files,
            rules,
            compositions,
        })
    }

    /// SHA-256, hex, over the schema and every file: names these rules in every record.
    pub fn digest(&self) -> &str {
        self.files.digest()
    }

    /// The files, sorted by name.
    pub fn files(&self) -> &PolicyFiles {
        &self.files
    }

    /// Every rule of every pack and site, sorted by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|checked| &checked.rule)
    }

    /// The rules that hold at `site`.
    pub fn of(&self, site: &str) -> &Arc<PolicySet> {
        self.sites.get(site).unwrap_or(&self.default)
    }

    /// The sites that `sites.toml` names or that have rules of their own.
    pub fn sites(&self) -> impl Iterator<Item = &str> {
        self.sites.keys().map(String::as_str)
    }

    /// What holds where: each site that is named, then all others.
    pub fn site_policies(&self) -> Vec<SitePolicy> {
        let of = |site: Option<&String>, one: &Composition| SitePolicy {
            site: site.cloned(),
            packs: one.packs.clone(),
            rules: one.rules.len() as u64,
            replaced: one.replaced.clone(),
        };
        let sites = self.compositions.sites.iter().map(|(site, one)| of(Some(site), one));
        sites.chain([of(None, &self.compositions.default)]).collect()
    }

    /// Every rule as people read it, sorted by id.
    pub fn policy_rules(&self) -> Vec<PolicyRule> {
        self.rules().map(Rule::told).collect()
    }

    /// Every rule in Cedar's own JSON form, by id; a site's own under `site:ID/` before it.
    pub fn cedar_json(&self) -> serde_json::Value {
        let rules = self.rules.iter().filter_map(|checked| {
            let name = match &checked.rule.place {
                Place::Shared | Place::Pack(_) => checked.rule.id.clone(),
                place @ Place::Site(_) => format!("{place}/{}", checked.rule.id),
            };
            // What was parsed has such a form.
            Some((name, checked.policy.to_json().ok()?))
        });
        serde_json::Value::Object(rules.collect())
    }

    /// Every rule, sorted by id.
    pub(super) fn checked_rules(&self) -> &[Checked] {
        &self.rules
    }

    fn checked(&self, composition: &Composition) -> Vec<&Checked> {
        composition.rules.iter().map(|at| &self.rules[*at]).collect()
    }

    /// What the cases of a file in this place are run against.
    pub(super) fn beside(&self, place: &Place) -> Result<Arc<PolicySet>, PolicyError> {
        let composition = match place {
            Place::Site(site) => return Ok(Arc::clone(self.of(site))),
            Place::Shared => &self.compositions.shared,
            // A pack without a rule has cases alone, which the shared rules answer.
            Place::Pack(pack) => {
                self.compositions.packs.get(pack).unwrap_or(&self.compositions.shared)
            }
        };
        let rules = composition.rules.iter().map(|at| self.rules[*at].clone()).collect();
        PolicySet::new(rules, self.digest(), &self.default.vocabulary).map(Arc::new)
    }

    /// Every composition that decides alarms, with a name for messages.
    fn live(&self) -> impl Iterator<Item = (String, &Composition)> {
        let sites = self.compositions.sites.iter();
        sites
            .map(|(id, one)| (format!("site {id}"), one))
            .chain([("sites that are not named".to_owned(), &self.compositions.default)])
    }

    /// Proves the invariants of every site's rules over all alarms that there could be.
    ///
    /// # Errors
    /// [`PolicyError::Refused`] with a counterexample for each that does not hold.
    pub fn prove(self) -> Result<Policies, PolicyError> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut all_confirmed = true;
        for (place, composition) in self.live() {
            let Proof { problems: found, confirmed } =
                proof::prove(&self.checked(composition), &place)?;
            problems.extend(found);
            all_confirmed &= confirmed;
        }
        // What two sites have in common is told once.
        problems.sort();
        problems.dedup();
        if problems.is_empty() {
            Ok(Policies { draft: self, confirmed: all_confirmed })
        } else {
            Err(PolicyError::refused(problems))
        }
    }

    /// What is sound but odd; see [`Remark`]. Sorted by file and line.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks: Vec<Remark> = self
            .live()
            .flat_map(|(_, composition)| proof::review(&self.checked(composition)))
            .collect();
        remarks.sort();
        // A rule that is odd at one site is told once, with the first example.
        remarks.dedup_by(|one, other| {
            let head = |remark: &Remark| remark.message.lines().next().map(ToOwned::to_owned);
            (&one.file, one.line, head(one)) == (&other.file, other.line, head(other))
        });
        remarks
    }

    /// Facts of the schema that no rule asks about, by their Cedar paths.
    pub fn unused_facts(&self) -> Vec<&'static str> {
        proof::unused(self.rules.iter())
    }
}

impl Policies {
    /// Reads, checks and proves the files of `dir`.
    ///
    /// # Errors
    /// As [`Draft::read`] and [`Draft::prove`].
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        Draft::read(dir)?.prove()
    }

    /// The rules that this build ships with.
    ///
    /// # Errors
    /// None but for a faulty build; the tests load them.
    pub fn shipped() -> Result<Self, PolicyError> {
        Draft::shipped()?.prove()
    }

    /// Whether cvc5 proved the invariants too.
    pub fn confirmed(&self) -> bool {
        self.confirmed
    }
}

impl std::ops::Deref for Policies {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.draft
    }
}
