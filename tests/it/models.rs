//! Models that a customer brings: `sereno model`, adapters, and files that cannot be used.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use sereno::{
    model::{
        Completion, GenerateRequest, LanguageModel as _, Message, Role, Urgency,
        engine::{AdapterOptions, EngineOptions, LlamaModel},
        manifest::hash_file,
    },
    prompts::Prompts,
};
use tempfile::TempDir;

use crate::{
    command::{complaint, run, sereno},
    engine::model_file,
};

const SMOLLM2: &str = "smollm2-135m-instruct-q4_1.gguf";

/// Writes GGUF version 3, with text and numbers as metadata and 32-bit floats as tensors
/// (github.com/ggml-org/ggml, docs/gguf.md).
#[derive(Default)]
struct Gguf {
    metadata: Vec<u8>,
    keys: u64,
    tensors: Vec<(String, Vec<u64>, Vec<f32>)>,
}

impl Gguf {
    fn key(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        put_text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value);
        self.keys += 1;
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        let mut bytes = Vec::new();
        put_text(&mut bytes, value);
        self.key(key, 8, &bytes)
    }

    /// An array of texts.
    fn texts(self, key: &str, values: &[&str]) -> Self {
        let mut bytes = 8_u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_text(&mut bytes, value);
        }
        self.key(key, 9, &bytes)
    }

    /// A tensor whose first dimension is contiguous.
    fn tensor(mut self, name: &str, dimensions: &[u64], values: Vec<f32>) -> Self {
        self.tensors.push((name.to_owned(), dimensions.to_vec(), values));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend(self.keys.to_le_bytes());
        bytes.extend(&self.metadata);
        let mut data = Vec::new();
        for (name, dimensions, values) in &self.tensors {
            put_text(&mut bytes, name);
            bytes.extend(u32::try_from(dimensions.len()).expect("few").to_le_bytes());
            bytes.extend(dimensions.iter().flat_map(|dimension| dimension.to_le_bytes()));
            bytes.extend(0_u32.to_le_bytes());
            bytes.extend((data.len() as u64).to_le_bytes());
            data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            data.resize(data.len().next_multiple_of(32), 0);
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(data);
        bytes
    }

    fn write(&self, path: &Path) -> PathBuf {
        fs::write(path, self.bytes()).expect("the folder is writable");
        path.to_owned()
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// An adapter of rank 1 for the last layer of SmolLM2-135M (1,536 wide inside, 576 outside), strong
/// enough to be seen in any answer.
fn adapter(architecture: &str, inside: u64) -> Gguf {
    let wave = |count: u64| (0..count).map(|place| if place % 3 == 0 { 0.3 } else { -0.2 });
    Gguf::default()
        .text("general.type", "adapter")
        .text("general.architecture", architecture)
        .text("adapter.type", "lora")
        .key("adapter.lora.alpha", 6, &1.0_f32.to_le_bytes())
        .tensor("blk.29.ffn_down.weight.lora_a", &[inside, 1], wave(inside).collect())
        .tensor("blk.29.ffn_down.weight.lora_b", &[1, 576], wave(576).collect())
}

/// What looks like a model to a reader of headers.
fn header(architecture: &str) -> Gguf {
    Gguf::default()
        .text("general.architecture", architecture)
        .text("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.tokens", &["a", "b"])
        .text("tokenizer.chat_template", "{{ messages }}")
}

/// A model with more layers than llama.cpp counts; it aborts the process that loads it.
fn too_many_layers() -> Gguf {
    let number = |value: u32| value.to_le_bytes();
    header("llama")
        .key("llama.context_length", 4, &number(2_048))
        .key("llama.embedding_length", 4, &number(64))
        .key("llama.block_count", 4, &number(100_000))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A command with an empty models' folder of its own, `models` in the data folder.
fn with_own_models(data: &TempDir, arguments: &[&str]) -> Command {
    let mut command = sereno(data.path(), arguments);
    command.env("SERENO_MODELS_DIR", data.path().join("models"));
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn as_text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

fn question() -> GenerateRequest {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    GenerateRequest {
        messages: vec![
            message(Role::System, "You read the captions of a security camera."),
            message(Role::User, "A man climbs over the fence. Is the alarm real?"),
        ],
        schema: Arc::new(json!({"enum": ["yes", "no", "perhaps"]})),
        max_tokens: 16,
        deadline: Duration::from_mins(2),
        seed: 1,
        urgency: Urgency::Routine,
    }
}

fn options(adapter: Option<&Path>) -> EngineOptions {
    let adapter =
        adapter.map(|path| AdapterOptions { path: path.to_owned(), expected_sha256: None });
    EngineOptions {
        adapter,
        context_tokens: 1_024,
        threads: Some(1),
        ..EngineOptions::new(model_file(SMOLLM2))
    }
}

async fn answer(model: &LlamaModel) -> Completion {
    model.generate(question()).await.expect("the model answers")
}

#[tokio::test]
async fn an_adapter_is_hashed_and_changes_the_answer() {
    let folder = folder();
    let file = adapter("llama", 1_536).write(&folder.path().join("lora.gguf"));
    let plain = LlamaModel::load(options(None)).expect("the model loads");
    let tuned = LlamaModel::load(options(Some(&file))).expect("model and adapter load");
    assert_eq!(plain.manifest().adapter_sha256, None);
    let hash = hash_file(&file).expect("the adapter is readable");
    assert_eq!(tuned.manifest().adapter_sha256.as_deref(), Some(hash.as_str()));
    assert_eq!(plain.manifest().sha256, tuned.manifest().sha256);

    let (before, after) = (answer(&plain).await, answer(&tuned).await);
    let (before, after) = (&before.choices[0], &after.choices[0]);
    assert_ne!(before.alternatives, after.alternatives, "the logits are the same");

    // An adapter of zeros changes nothing, so it is the numbers that do.
    let silent = Gguf {
        tensors: vec![
            ("blk.29.ffn_down.weight.lora_a".to_owned(), vec![1_536, 1], vec![0.0; 1_536]),
            ("blk.29.ffn_down.weight.lora_b".to_owned(), vec![1, 576], vec![0.0; 576]),
        ],
        ..adapter("llama", 1_536)
    };
    let file = silent.write(&folder.path().join("silent.gguf"));
    let silent = LlamaModel::load(options(Some(&file))).expect("model and adapter load");
    assert_eq!(before.alternatives, answer(&silent).await.choices[0].alternatives);
}

#[tokio::test]
async fn an_adapter_counts_in_full_whether_it_is_merged_or_not() {
    let folder = folder();
    let forms = folder.path().join("forms");
    let file = adapter("llama", 1_536).write(&folder.path().join("lora.gguf"));
    let asked = |forms| EngineOptions { forms, ..options(Some(&file)) };
    let [merged, apart] = [Some(forms), None]
        .map(|forms| LlamaModel::load(asked(forms)).expect("model and adapter load"));
    assert!(merged.manifest().form_sha256.is_some() && apart.manifest().form_sha256.is_none());
    let (merged, apart) = (answer(&merged).await, answer(&apart).await);
    let apart_by = |one: &Completion, other: &Completion| -> f64 {
        let alternatives = &other.choices[0].alternatives;
        one.choices[0]
            .alternatives
            .iter()
            .map(|(token, probability)| {
                let twin = alternatives.iter().find(|(same, _)| same == token);
                (probability - twin.map_or(0.0, |(_, theirs)| *theirs)).abs()
            })
            .fold(0.0, f64::max)
    };
    assert!(apart_by(&merged, &apart) < 0.1, "{merged:?} {apart:?}");
    let plain = answer(&LlamaModel::load(options(None)).expect("the model loads")).await;
    assert!(apart_by(&merged, &plain) > 0.2, "without the adapter: {merged:?} {plain:?}");
}

#[test]
fn an_adapter_that_does_not_fit_or_is_not_the_pinned_one_is_refused() {
    let folder = folder();
    let write = |name: &str, gguf: Gguf| gguf.write(&folder.path().join(name));
    let cut = folder.path().join("cut.gguf");
    let whole = adapter("llama", 1_536).bytes();
    fs::write(&cut, &whole[..whole.len() - 64]).expect("the folder is writable");
    for (file, wrong) in [
        (write("qwen.gguf", adapter("qwen3", 1_536)), "was made for another model"),
        (write("wide.gguf", adapter("llama", 2_048)), "was made for another model"),
        (write("model.gguf", header("llama")), "is not an adapter"),
        // Half a pair would be lost where only whole pairs are looked for.
        (
            write("half.gguf", {
                let whole = adapter("llama", 1_536);
                let factor = "blk.28.ffn_down.weight.lora_a";
                whole.tensor(factor, &[1_536, 1], vec![0.1; 1_536])
            }),
            "was made for another model",
        ),
        (
            write("tokens.gguf", {
                let vectors = |suffix: &str| format!("token_embd.weight.lora_{suffix}");
                adapter("llama", 1_536)
                    .tensor(&vectors("a"), &[1, 49_152], vec![0.01; 49_152])
                    .tensor(&vectors("b"), &[1, 576], vec![0.01; 576])
            }),
            "changes the tokens' own vectors",
        ),
        (cut, "is cut short"),
        (folder.path().join("none.gguf"), "cannot be opened"),
    ] {
        for forms in [None, Some(folder.path().join("forms"))] {
            let asked = EngineOptions { forms, ..options(Some(&file)) };
            let error = LlamaModel::load(asked).err().expect("it is refused");
            let message = error.to_string();
            assert!(message.contains(wrong) && message.contains(as_text(&file)), "{message}");
        }
    }
    let mut pinned = options(Some(&write("fits.gguf", adapter("llama", 1_536))));
    pinned.adapter.as_mut().expect("it is there").expected_sha256 = Some("0".repeat(64));
    let message = LlamaModel::load(pinned).err().expect("it is refused").to_string();
    assert!(message.contains("fits.gguf") && message.contains("pins"), "{message}");
}

#[test]
fn files_that_cannot_be_used_are_named_with_what_is_wrong_and_nothing_is_added() {
    let data = folder();
    let write = |name: &str, gguf: Gguf| gguf.write(&data.path().join(name));
    let cut = data.path().join("cut.gguf");
    let whole = fs::read(model_file(SMOLLM2)).expect("the model is readable");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("the folder is writable");
    let text = data.path().join("notes.gguf");
    fs::write(&text, "not a model").expect("the folder is writable");
    let no_template = Gguf::default()
        .text("general.architecture", "llama")
        .text("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.tokens", &["a"]);
    for (file, wrong) in [
        (data.path().join("none.gguf"), "cannot be opened"),
        (text, "is not a GGUF file"),
        (cut, "is cut short"),
        (write("odd.gguf", header("hal9000")), "unknown model architecture: 'hal9000'"),
        (write("empty.gguf", header("llama")), "cannot be loaded by this build"),
        (write("crash.gguf", too_many_layers()), "llama.cpp crashed"),
        (write("mute.gguf", Gguf::default().text("general.architecture", "llama")), "vocabulary"),
        (write("base.gguf", no_template), "carries no chat template"),
        (write("lora.gguf", adapter("llama", 1_536)), "is an adapter, not a model"),
        (write("part-00001-of-00002.gguf", header("llama")), "is one part of a model"),
    ] {
        let output = run(with_own_models(&data, &["model", "add", as_text(&file)]), "");
        let message = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(wrong) && message.contains(as_text(&file)), "{message}");
    }
    let wrong = write("wide.gguf", adapter("llama", 2_048));
    let model = model_file(SMOLLM2);
    let arguments = ["model", "add", as_text(&model), "--adapter", as_text(&wrong)];
    let output = run(with_own_models(&data, &arguments), "");
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("incorrect shape"), "{}", complaint(&output));
    assert!(!data.path().join("models").exists(), "something was written");
}

#[test]
fn a_models_folder_that_cannot_be_written_is_named() {
    let data = folder();
    let model = model_file(SMOLLM2);
    let mut command = sereno(data.path(), &["model", "add", as_text(&model), "--name", "mine"]);
    command.env("SERENO_MODELS_DIR", "/proc/sereno");
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(3), "{}", complaint(&output));
    let message = complaint(&output);
    assert!(message.contains("/proc/sereno") && message.contains("SERENO_MODELS_DIR"), "{message}");
}

/// The lines of `model add` for sereno.toml.
fn settings(told: &str) -> String {
    let lines = told.lines().skip_while(|line| !line.starts_with("[models.language_model]"));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_model_is_added_put_into_use_verified_and_found_changed() {
    let data = folder();
    let model = model_file(SMOLLM2);
    let lora = adapter("llama", 1_536).write(&data.path().join("lora.gguf"));
    let add = |name: &str, more: &[&str]| {
        let mut arguments = vec!["model", "add", as_text(&model), "--name", name];
        arguments.extend(more);
        run(with_own_models(&data, &arguments), "")
    };
    let list = || -> Value {
        let output = run(with_own_models(&data, &["model", "list", "--json"]), "");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", complaint(&output)))
    };
    let before = list();
    assert_eq!((&before[0]["in_use"], &before[0]["present"]), (&json!(true), &json!(false)));

    assert!(told(&add("plain", &[])).contains("was added"));
    let tuned = add("tuned", &["--adapter", as_text(&lora)]);
    assert!(tuned.status.success(), "{}", complaint(&tuned));
    let again = add("tuned", &["--adapter", as_text(&lora)]);
    assert!(told(&again).contains("was there already"), "{}", complaint(&again));
    assert_eq!(settings(&told(&again)), settings(&told(&tuned)));
    let other = add("tuned", &[]);
    assert_eq!(other.status.code(), Some(2));
    assert!(complaint(&other).contains("--name"), "{}", complaint(&other));

    let minilm = model_file("minilm/model.onnx");
    let settings =
        format!("{}\n[models.embedder]\nfile = {:?}\n", settings(&told(&tuned)), as_text(&minilm));
    fs::write(data.path().join("sereno.toml"), settings).expect("the folder is writable");
    let rows = list();
    let in_use: Vec<_> =
        rows.as_array().expect("a list").iter().filter(|row| row["in_use"] == true).collect();
    assert_eq!(in_use.len(), 1, "{rows}");
    let row = in_use[0];
    assert_eq!((&row["name"], &row["present"]), (&json!("tuned"), &json!(true)));
    assert_eq!((&row["architecture"], &row["quantisation"]), (&json!("llama"), &json!("Q4_1")));
    assert_eq!((&row["parameters"], &row["trained_tokens"]), (&json!(134_515_008), &json!(8_192)));

    let verify =
        |names: &[&str]| run(with_own_models(&data, &[&["model", "verify"], names].concat()), "");
    let fine = verify(&[]);
    assert!(fine.status.success(), "{}", told(&fine));
    let kept = data.path().join("models/tuned.adapter.gguf");
    fs::write(&kept, adapter("llama", 1_536).text("general.name", "swapped").bytes())
        .expect("the folder is writable");
    let changed = verify(&["tuned"]);
    let found = hash_file(&kept).expect("the adapter is readable");
    let expected = hash_file(&lora).expect("the adapter is readable");
    assert_eq!(changed.status.code(), Some(1), "{}", told(&changed));
    for part in [as_text(&kept), &found, &expected] {
        assert!(told(&changed).contains(part), "{}", told(&changed));
    }
    assert!(verify(&["plain"]).status.success());
    assert_eq!(verify(&["nobody"]).status.code(), Some(2));
}

#[test]
fn the_model_that_ships_is_listed_and_measured_without_a_store() {
    let data = folder();
    let listed = run(sereno(data.path(), &["model", "list"]), "");
    let text = told(&listed);
    assert!(text.lines().any(|line| line.starts_with("*  SmolLM2-135M-Instruct")), "{text}");

    let output = run(sereno(data.path(), &["model", "bench", "--alarms", "2", "--json"]), "");
    assert!(output.status.success(), "{}", complaint(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("figures are JSON");
    for figure in [
        "alarms_per_hour",
        "prompt_tokens_per_second",
        "generated_tokens_per_second",
        "seconds_p95",
    ] {
        assert!(figures[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}: {figures}");
    }
    assert_eq!(figures["alarms"], 2);
    assert_eq!(
        fs::read_dir(data.path()).expect("it is readable").count(),
        0,
        "something is stored"
    );

    let unknown = run(sereno(data.path(), &["model", "bench", "--name", "nobody"]), "");
    assert_eq!(unknown.status.code(), Some(2));
}

const SCENE: &str = r#"{"group":"g-1","lang":"en","style":"plain","captions":["A man climbs over the fence and drops into the yard."],"enough":"yes","cause":"person","place":"perimeter","people":"one","vehicles":"none","animals":"none","acts":["climbs"],"objects":[],"hazards":[],"danger":"yes"}"#;

/// What `sereno model lessons` makes of a corpus, line by line, and what it says.
fn lessons(corpus: &str) -> (Vec<Value>, Output) {
    let data = folder();
    let file = data.path().join("corpus.jsonl");
    fs::write(&file, corpus).expect("the folder can be written");
    let output = sereno(data.path(), &["model", "lessons", as_text(&file)])
        .output()
        .expect("the program starts");
    let lines = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    (lines, output)
}

#[test]
fn lessons_ask_what_the_pipeline_asks_and_answer_what_the_author_says() {
    let (lines, output) = lessons(SCENE);
    assert!(output.status.success(), "{}", complaint(&output));
    assert_eq!(lines[0]["prompts"], json!(Prompts::embedded().expect("they load").learned_as()));
    let of = |stage: &str| lines.iter().find(|line| line["stage"] == stage).expect("one is there");
    let answer: Value =
        serde_json::from_str(of("read")["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(answer["danger"], "yes");
    assert_eq!(answer["acts"]["climbs"], "present");
    assert!(of("read")["prompt"].as_array().is_some_and(|tokens| tokens.len() > 20));
    assert_eq!(of("classify")["sentences"].as_array().map(Vec::len), Some(1));
    for line in lines.iter().filter(|line| line["stage"] == "assess") {
        assert!(!line["text"].as_str().expect("text").contains("dismissed"), "{line}");
    }
}

#[test]
fn a_scene_that_cannot_be_read_is_named_by_file_and_line() {
    let (_, output) = lessons(&format!("{SCENE}\n{}", SCENE.replace("climbs\"]", "flies\"]")));
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(said.contains("corpus.jsonl:2") && said.contains("flies"), "{said}");
}
