//! What becomes of the folder, whatever is added; the files are any bytes, since the caller checks them.

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    source: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.gguf");
        fs::write(&source, b"weights").unwrap();
        Self { folder, source }
    }

    fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn candidate(&self, name: &str) -> Candidate {
        Candidate {
            name: name.to_owned(),
            model: self.source.clone(),
            facts: Facts {
                architecture: "llama".to_owned(),
                parameters: 7,
                quantisation: "Q4_1".to_owned(),
                trained_tokens: 2_048,
                bytes: 7,
            },
            adapter: None,
        }
    }

    fn add(&self, candidate: &Candidate) -> Result<Added, LibraryError> {
        Library::add(&self.models(), candidate, &mut |_| {})
    }

    /// The folder's files but for the lock.
    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.models())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".installed.lock")
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_model_is_copied_and_listed_once() {
    let bench = Bench::new();
    let added = bench.add(&bench.candidate("small")).unwrap();
    assert!(!added.was_there);
    assert!(bench.add(&bench.candidate("small")).unwrap().was_there);
    assert_eq!(bench.files(), [LIST, "small.gguf"]);
    let library = Library::open(&bench.models()).unwrap();
    assert_eq!(library.models(), [added.entry]);
    // A file that went missing is put back.
    fs::remove_file(bench.models().join("small.gguf")).unwrap();
    assert!(!bench.add(&bench.candidate("small")).unwrap().was_there);
    assert_eq!(fs::read(bench.models().join("small.gguf")).unwrap(), b"weights");
}

#[test]
fn the_same_bytes_under_another_name_or_with_an_adapter_are_kept_once() {
    let bench = Bench::new();
    bench.add(&bench.candidate("small")).unwrap();
    let adapter = bench.folder.path().join("lora.gguf");
    fs::write(&adapter, b"adapter").unwrap();
    let tuned = Candidate { adapter: Some(adapter), ..bench.candidate("tuned") };
    let entry = bench.add(&tuned).unwrap().entry;
    assert_eq!(entry.file, Path::new("small.gguf"));
    assert_eq!(entry.adapter.unwrap().file, Path::new("tuned.adapter.gguf"));
    assert_eq!(bench.files(), [LIST, "small.gguf", "tuned.adapter.gguf"]);
    let inside = Candidate { model: bench.models().join("small.gguf"), ..bench.candidate("third") };
    assert_eq!(bench.add(&inside).unwrap().entry.file, Path::new("small.gguf"));
}

#[test]
fn a_name_with_other_bytes_is_refused_and_nothing_changes() {
    let bench = Bench::new();
    bench.add(&bench.candidate("small")).unwrap();
    fs::write(&bench.source, b"others").unwrap();
    let before = fs::read(bench.models().join(LIST)).unwrap();
    let refused = bench.add(&bench.candidate("small")).unwrap_err().to_string();
    assert!(refused.contains("--name"), "{refused}");
    fs::write(bench.models().join("mine.gguf"), b"put there by hand").unwrap();
    let refused = bench.add(&bench.candidate("mine")).unwrap_err().to_string();
    assert!(refused.contains("other bytes"), "{refused}");
    assert_eq!(fs::read(bench.models().join(LIST)).unwrap(), before);
    assert_eq!(bench.files(), [LIST, "mine.gguf", "small.gguf"]);
}

#[test]
fn a_missing_adapter_or_an_unwritable_list_leaves_nothing_behind() {
    let bench = Bench::new();
    let missing = Candidate {
        adapter: Some(bench.folder.path().join("none.gguf")),
        ..bench.candidate("small")
    };
    assert!(matches!(bench.add(&missing), Err(LibraryError::Refused(_))));
    assert!(bench.files().is_empty());
    // A folder where the list's new text would be written makes that fail, for root as well.
    fs::create_dir(bench.models().join(".installed.toml.part")).unwrap();
    let failed = bench.add(&bench.candidate("small"));
    assert!(matches!(failed, Err(LibraryError::Machine(_))), "{failed:?}");
    assert_eq!(bench.files(), [".installed.toml.part"]);
}

#[test]
fn names_that_are_paths_or_options_are_refused() {
    for name in ["", "../up", "a/b", "-x", ".hidden", "two words", "ñ"] {
        assert!(check_name(name).is_err(), "{name}");
    }
    assert!(check_name("Qwen3-4B-Instruct-2507_Q4.K").is_ok());
}

#[test]
fn a_damaged_list_is_named() {
    let bench = Bench::new();
    fs::create_dir_all(bench.models()).unwrap();
    fs::write(bench.models().join(LIST), "[[model]]\nname = 3\n").unwrap();
    let refused = Library::open(&bench.models()).unwrap_err().to_string();
    assert!(refused.contains(LIST), "{refused}");
}
