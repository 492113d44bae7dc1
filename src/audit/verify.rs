//! The verifier: recomputes everything from rows that it does not trust, and names what is wrong first.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    checkpoint::Checkpoint,
    disclosure::{Disclosure, digest_of},
    note::VerifierKey,
    sha256,
    tree::{Growing, Hash, leaf_hash},
};

/// At most so many findings are told; more are only counted.
pub const MAX_FINDINGS: usize = 50;

/// Ending of the names of personal values that commit to a document in another table.
pub const DOCUMENT_SUFFIX: &str = "_sha256";

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its index.
    pub seq: u64,
    /// The alarm that its row names.
    pub alarm_id: Option<String>,
    /// Its leaf.
    pub leaf: String,
    /// The recorded hash, hex.
    pub leaf_hash: String,
    /// The recorded time.
    pub recorded_at: String,
}

/// A tree node as it is stored, under the entry that completed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNode {
    /// The entry that completed it.
    pub seq: u64,
    /// Its height, 1 or more.
    pub level: u32,
    /// Hex.
    pub hash: String,
}

/// A personal value as it is stored, under its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDisclosure {
    /// The entry that commits to it.
    pub seq: u64,
    /// Its name.
    pub name: String,
    /// The data key that it belongs to.
    pub dek_id: String,
    /// The disclosure.
    pub text: String,
}

/// A signed head as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The size that its row names.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// The log's head as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// How many entries there should be.
    pub size: u64,
    /// When the last was recorded.
    pub recorded_at: String,
    /// Size of the last checkpoint, 0 when there is none.
    pub signed: u64,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// The entry, where it is one entry's fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// What is wrong, in a sentence that names the place.
    pub problem: String,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// Nothing is wrong.
    pub ok: bool,
    /// Entries read.
    pub size: u64,
    /// Root over them, hex.
    pub root: String,
    /// Checkpoints read.
    pub checkpoints: u64,
    /// Entries that the last good checkpoint covers; what comes after is not signed yet.
    pub signed_size: u64,
    /// Personal values whose commitment was checked.
    pub disclosed: u64,
    /// Commitments whose value has been deleted, which is no fault.
    pub erased: u64,
    /// Alarms, decisions, reports and dispositions that were compared with their commitment.
    pub documents: u64,
    /// How many things are wrong.
    pub problems: u64,
    /// The first of them, in the order of the log.
    pub findings: Vec<Finding>,
}

/// Reads a log from its first entry to its last.
#[derive(Debug)]
pub struct Verifier {
    key: VerifierKey,
    checkpoints: VecDeque<StoredCheckpoint>,
    tree: Growing,
    expected: u64,
    recorded_at: String,
    report: Report,
}

impl Verifier {
    /// Begins; `checkpoints` are all that are stored, in any order.
    pub fn new(key: VerifierKey, mut checkpoints: Vec<StoredCheckpoint>) -> Self {
        checkpoints.sort_by_key(|one| one.size);
        Self {
            key,
            checkpoints: checkpoints.into(),
            tree: Growing::default(),
            expected: 0,
            recorded_at: String::new(),
            report: Report::default(),
        }
    }

    /// Reads the next entry with the tree nodes and personal values stored under it.
    pub fn entry(&mut self, entry: &StoredEntry, nodes: &[StoredNode], kept: &[StoredDisclosure]) {
        self.checkpoints_at_this_size();
        self.sequence(entry);
        let hash = leaf_hash(entry.leaf.as_bytes());
        if hex::encode(hash) != entry.leaf_hash {
            let problem = format!(
                "the leaf does not have the recorded hash: it has {}, recorded is {}",
                hex::encode(hash),
                entry.leaf_hash
            );
            self.wrong(entry.seq, &problem);
        }
        match canonical(&entry.leaf) {
            Ok(leaf) => self.leaf(entry, &leaf, kept),
            Err(problem) => self.wrong(entry.seq, &problem),
        }
        self.nodes(entry.seq, hash, nodes);
    }

    /// Compares a document in another table with what its entry committed to. `text` is `None`
    /// when its row is gone.
    pub fn document(&mut self, seq: u64, name: &str, digest: &str, text: Option<&str>) {
        self.report.documents += 1;
        let what = name.strip_suffix(DOCUMENT_SUFFIX).unwrap_or(name);
        match text {
            None => self.wrong(seq, &format!("the {what} that it commits to is gone")),
            Some(text) if hex::encode(sha256(text.as_bytes())) != digest => {
                self.wrong(seq, &format!("the stored {what} is not the one that it commits to"));
            }
            Some(_) => {}
        }
    }

    /// Notes something that belongs to no entry.
    pub fn stray(&mut self, problem: &str) {
        self.add(None, format!("log: {problem}"));
    }

    /// Compares what was read with the stored head, and ends.
    pub fn finish(mut self, head: &StoredHead) -> Report {
        self.checkpoints_at_this_size();
        let size = self.tree.size();
        while let Some(left) = self.checkpoints.pop_front() {
            self.report.checkpoints += 1;
            self.stray(&format!(
                "the checkpoint of {} entries covers more than the {size} that are there: entries were removed, or its size was changed",
                left.size
            ));
        }
        if head.size != size {
            self.stray(&format!("the head says {} entries, but {size} are there", head.size));
        }
        if head.recorded_at != self.recorded_at {
            self.stray(&format!(
                "the head says that the last entry was recorded at `{}`, but the entry says `{}`",
                head.recorded_at, self.recorded_at
            ));
        }
        if head.signed != self.report.signed_size {
            self.stray(&format!(
                "the head says that {} entries are signed, but the last good checkpoint covers {}",
                head.signed, self.report.signed_size
            ));
        }
        self.report.size = size;
        self.report.root = hex::encode(self.tree.root());
        self.report.ok = self.report.problems == 0;
        self.report
    }

    fn sequence(&mut self, entry: &StoredEntry) {
        if entry.seq != self.expected {
            let problem = if entry.seq > self.expected {
                format!("entry {} should stand here: entries are missing", self.expected)
            } else {
                "it stands in the log twice or out of order".to_owned()
            };
            self.wrong(entry.seq, &problem);
        }
        self.expected = entry.seq + 1;
        if entry.recorded_at < self.recorded_at {
            let problem = format!(
                "it was recorded at {}, before the entry that stands before it ({})",
                entry.recorded_at, self.recorded_at
            );
            self.wrong(entry.seq, &problem);
        }
        self.recorded_at.clone_from(&entry.recorded_at);
    }

    fn leaf(&mut self, entry: &StoredEntry, leaf: &Map<String, Value>, kept: &[StoredDisclosure]) {
        let said = |name: &str| leaf.get(name).and_then(Value::as_str);
        if said("log_origin") != Some(self.key.name()) {
            let problem = format!("its leaf is not of the log {}", self.key.name());
            self.wrong(entry.seq, &problem);
        }
        if said("recorded_at") != Some(&entry.recorded_at) {
            self.wrong(entry.seq, "its row has another time of recording than its leaf");
        }
        if said("alarm_id") != entry.alarm_id.as_deref() {
            self.wrong(entry.seq, "its row names another alarm than its leaf");
        }
        let commits = leaf.get("commits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for one in kept {
            self.disclosure(one, commits, said("dek_id"));
        }
        let missing = commits.len().saturating_sub(kept.len());
        self.report.erased += u64::try_from(missing).unwrap_or_default();
    }

    fn disclosure(&mut self, kept: &StoredDisclosure, commits: &[Value], dek_id: Option<&str>) {
        self.report.disclosed += 1;
        let named = commits.iter().find(|one| one["name"] == kept.name.as_str());
        let digest = named.and_then(|one| one["digest"].as_str());
        if digest.is_none() {
            self.wrong(kept.seq, &format!("it commits to nothing named `{}`", kept.name));
        } else if digest != Some(&digest_of(&kept.text)) {
            let problem = format!("the stored `{}` is not the one that it commits to", kept.name);
            self.wrong(kept.seq, &problem);
        }
        if dek_id != Some(&kept.dek_id) {
            let problem = format!("the stored `{}` is filed under another data key", kept.name);
            self.wrong(kept.seq, &problem);
        }
    }

    fn nodes(&mut self, seq: u64, leaf: Hash, stored: &[StoredNode]) {
        let built = self.tree.push(leaf);
        if built.len() != stored.len() {
            let problem =
                format!("{} tree nodes belong to it, but {} are stored", built.len(), stored.len());
            self.wrong(seq, &problem);
        }
        for ((id, hash), node) in built.iter().zip(stored) {
            if node.level != id.level || node.hash != hex::encode(hash) {
                let problem =
                    format!("the tree node of level {} over it is not the stored one", id.level);
                self.wrong(seq, &problem);
            }
        }
    }

    fn checkpoints_at_this_size(&mut self) {
        while let Some(next) = self.checkpoints.pop_front_if(|one| one.size <= self.tree.size()) {
            self.report.checkpoints += 1;
            if let Err(why) = self.checkpoint(&next) {
                self.stray(&format!("checkpoint of {} entries: {why}", next.size));
            } else {
                self.report.signed_size = next.size;
            }
        }
    }

    fn checkpoint(&self, stored: &StoredCheckpoint) -> Result<(), String> {
        let signed =
            Checkpoint::open(&stored.note, &self.key).map_err(|error| error.to_string())?;
        if signed.size != stored.size {
            return Err(format!("its signed text says {} entries", signed.size));
        }
        if stored.size < self.tree.size() {
            return Err("there are two of this size".to_owned());
        }
        if signed.root != self.tree.root() {
            let first = self.report.signed_size;
            return Err(format!(
                "the entries {first} to {} are not those that were signed: their root is {}, signed is {}",
                stored.size.saturating_sub(1),
                hex::encode(self.tree.root()),
                hex::encode(signed.root)
            ));
        }
        Ok(())
    }

    fn wrong(&mut self, seq: u64, problem: &str) {
        self.add(Some(seq), format!("entry {seq}: {problem}"));
    }

    fn add(&mut self, entry: Option<u64>, problem: String) {
        self.report.problems += 1;
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(Finding { entry, problem });
        }
    }
}

/// The documents in other tables that these personal values commit to: name and hex digest.
pub fn documents(kept: &[StoredDisclosure]) -> Vec<(String, String)> {
    kept.iter()
        .filter(|one| one.name.ends_with(DOCUMENT_SUFFIX))
        .filter_map(|one| Disclosure::parse(&one.text).ok())
        .filter_map(|one| Some((one.name().to_owned(), one.value().ok()?.as_str()?.to_owned())))
        .collect()
}

fn canonical(leaf: &str) -> Result<Map<String, Value>, String> {
    let value: Map<String, Value> = serde_json::from_str(leaf)
        .map_err(|error| format!("the leaf is not a JSON object: {error}"))?;
    match serde_json_canonicalizer::to_string(&value) {
        Ok(text) if text == leaf => Ok(value),
        _ => Err("the leaf is not in canonical form (RFC 8785)".to_owned()),
    }
}
