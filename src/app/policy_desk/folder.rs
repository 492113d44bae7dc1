//! The policy folder: what is new in it is proposed, and what is wrong with it is kept to be told.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Desk, aside,
    check::{self, Checked},
    was_overtaken,
};
use crate::{
    http::{PolicyDeskError, PolicyFolder},
    policy::{Draft, PolicyError},
};

/// Folders inside folders that are looked at: `packs/PACK` is two below.
const DEEPEST: usize = 2;
/// Findings that are kept of a faulty folder.
const MOST_KEPT: usize = 20;

/// The folder, where one is configured, and how it was seen last.
pub(super) struct Folder {
    path: Option<PathBuf>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// What was dealt with.
    handled: Option<Trace>,
    /// What was seen at the last look, perhaps in the middle of a copy.
    last: Option<Trace>,
    problem: Option<String>,
}

/// What changes whenever anything in the folder does; or why it cannot be read.
type Trace = Result<Vec<FileTrace>, String>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FileTrace {
    path: PathBuf,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl Folder {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, seen: Mutex::default() }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// As people are told of it.
    pub(super) fn told(&self) -> PolicyFolder {
        let path = self.path().map(|path| path.display().to_string());
        PolicyFolder { path, problem: self.seen().problem.clone() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this must be dealt with: it is new, and has stood still since the last look.
    fn settled(&self, now: &Trace) -> bool {
        let mut seen = self.seen();
        let still = seen.last.replace(now.clone()).as_ref() == Some(now);
        still && seen.handled.as_ref() != Some(now)
    }

    /// Keeps the problem or takes it away, and tells the service's log once.
    fn keep(&self, findings: Option<&[String]>) {
        let problem = findings.map(|findings| {
            let more = findings.len().saturating_sub(MOST_KEPT);
            let told = findings.iter().take(MOST_KEPT).cloned();
            let more = (more > 0).then(|| format!("and {more} more"));
            told.chain(more).collect::<Vec<_>>().join("\n")
        });
        let mut seen = self.seen();
        if seen.problem == problem {
            return;
        }
        if let Some(problem) = &problem {
            tracing::warn!(
                problem,
                "nothing is taken from the policy folder; what is in force stays so"
            );
        } else {
            tracing::info!("the policy folder is well again");
        }
        seen.problem = problem;
    }
}

impl Desk {
    /// Looks whether the folder has changed and stands still, and then deals with it.
    pub(super) async fn look_at_folder(&self) -> Result<(), PolicyDeskError> {
        let Some(path) = self.folder.path().map(Path::to_owned) else { return Ok(()) };
        let dir = path.clone();
        let trace = aside(move || trace(&dir)).await?;
        if self.folder.settled(&trace) {
            self.deal_with(path, trace).await?;
        }
        Ok(())
    }

    /// Deals with the folder as it is, at start.
    pub(super) async fn open_folder(&self, path: PathBuf) -> Result<(), PolicyDeskError> {
        let dir = path.clone();
        let trace = aside(move || trace(&dir)).await?;
        self.deal_with(path, trace).await
    }

    async fn deal_with(&self, path: PathBuf, trace: Trace) -> Result<(), PolicyDeskError> {
        let note = format!("Found in the policy folder {}.", path.display());
        let draft = aside(move || Draft::read(&path)).await?;
        let problems = self.take_in(draft, &note).await?;
        self.folder.keep(Some(problems.as_slice()).filter(|problems| !problems.is_empty()));
        self.folder.seen().handled = Some(trace);
        Ok(())
    }

    /// Proposes files that nobody sent, if they are sound and not known: in force, on their way, or done
    /// with. What is known is not proven again. Returns what is wrong with them.
    pub(super) async fn take_in(
        &self,
        draft: Result<Draft, PolicyError>,
        note: &str,
    ) -> Result<Vec<String>, PolicyDeskError> {
        let draft = match draft {
            Ok(draft) => draft,
            Err(error) => return Ok(check::findings(&error)),
        };
        if let Some(known) = self.store.policy(draft.digest()).await? {
            return Ok(known.problems);
        }
        let Checked { check, files, .. } = self.in_turn(move || check::examine(draft)).await?;
        if !check.problems.is_empty() {
            return Ok(check.problems);
        }
        match self.store.propose_policy(note, &files, &check, None).await.map_err(Into::into) {
            Ok(version) => {
                tracing::info!(
                    digest = version.digest,
                    note,
                    "other policies than those in force are proposed; try and approve them in the \
                     console under Policies, or at /api/v1/policies"
                );
                Ok(Vec::new())
            }
            // Another service on the same database found the same.
            Err(error) if was_overtaken(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// Every file of the folder with what changes when it does.
fn trace(dir: &Path) -> Trace {
    let mut files = Vec::new();
    walk(dir, DEEPEST, &mut files).map_err(|error| error.to_string())?;
    files.sort();
    Ok(files)
}

fn walk(dir: &Path, deeper: usize, files: &mut Vec<FileTrace>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        // A link may lead nowhere, and a file may go between the two calls: that is a trace, too.
        let Ok(about) = fs::metadata(&path) else {
            files.push(FileTrace { path, inode: 0, bytes: 0, changed: (0, 0), modified: (0, 0) });
            continue;
        };
        if about.is_dir() && deeper > 0 {
            walk(&path, deeper - 1, files)?;
        }
        if about.is_file() {
            files.push(FileTrace {
                path,
                inode: about.ino(),
                bytes: about.size(),
                changed: (about.ctime(), about.ctime_nsec()),
                modified: (about.mtime(), about.mtime_nsec()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_dealt_with_once_it_stands_still() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(Some(dir.path().to_owned()));
        let look = || {
            let now = trace(dir.path());
            let settled = folder.settled(&now);
            if settled {
                folder.seen().handled = Some(now);
            }
            settled
        };
        assert_eq!([look(), look(), look()], [false, true, false]);
        fs::create_dir_all(dir.path().join("packs/p")).unwrap();
        fs::write(dir.path().join("packs/p/a.cedar"), "a").unwrap();
        assert!(!look(), "somebody may still be copying");
        fs::write(dir.path().join("packs/p/a.cedar"), "b").unwrap();
        assert_eq!([look(), look(), look()], [false, true, false]);
        fs::remove_dir_all(dir.path()).unwrap();
        assert_eq!([look(), look(), look()], [false, true, false]);
        assert!(trace(dir.path()).is_err());
    }

    #[test]
    fn a_problem_is_kept_until_it_is_gone() {
        let folder = Folder::new(Some(PathBuf::from("/p")));
        let many: Vec<String> = (0..30).map(|n| format!("f{n}")).collect();
        folder.keep(Some(&many));
        let told = folder.told();
        assert_eq!(told.path.as_deref(), Some("/p"));
        assert!(told.problem.is_some_and(|problem| problem.ends_with("f19\nand 10 more")));
        folder.keep(None);
        assert_eq!(folder.told().problem, None);
    }
}
