//! What the engine makes of this machine: ratios measured side by side in one run, medians and ranges.
//!
//! `make bench` runs it; docs/benchmarks.md explains the figures. The machine must be otherwise idle.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement may stop loudly, prints its figures, and counts little"
)]

mod bare;
mod server;
mod spy;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use sereno::{
    app::{App, Models, sample_alarms},
    assessment::Depth,
    cli::received,
    config::Config,
    domain::Alarm,
    model::{
        GenerateRequest, LanguageModel, Learned, Message, Role, Urgency, Usage,
        engine::{CacheOptions, EngineOptions, LlamaModel},
        machine,
        site::SiteModels,
    },
    pipeline::Pipeline,
};

use spy::{Slow, Spy};

/// Threads of every measurement.
const THREADS: i32 = 2;
/// Rounds of the measurements that are repeated.
const ROUNDS: usize = 5;
/// Sample alarms that are decided whole.
const ALARMS: usize = 12;

#[tokio::main]
async fn main() {
    let config = Config::load(None).unwrap();
    let app = App::new(config).unwrap();
    let options = EngineOptions { threads: Some(THREADS), cache: None, ..app.engine_options() };
    let path = LlamaModel::load(options.clone()).unwrap().file().to_owned();
    println!("{THREADS} threads, {ROUNDS} rounds; medians (least to most)\n");

    // A word after `--` runs the parts whose names hold it: `cargo bench --bench engine -- whole`.
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let runs = |part: &str| wanted.as_ref().is_none_or(|word| part.contains(word.as_str()));
    if runs("constrained") {
        constrained(&options, &path).await;
    }
    if runs("restored") {
        restored(&options).await;
    }
    if runs("whole") {
        whole(&app, &options).await;
    }
    if runs("beside") {
        beside(&options, &path).await;
    }
}

/// A median with its range.
fn tell(what: &str, aim: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    println!(
        "{what:<62} {median:>7.3} ({:.3} to {:.3})   {aim}",
        values[0],
        values[values.len() - 1]
    );
}

fn request(system: &str, user: &str, schema: Value, max_tokens: u32) -> GenerateRequest {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    GenerateRequest {
        messages: vec![message(Role::System, system), message(Role::User, user)],
        schema: Arc::new(schema),
        max_tokens,
        deadline: Duration::from_mins(5),
        seed: 0,
        urgency: Urgency::Routine,
    }
}

/// Text that the grammar holds to a length and otherwise leaves free.
fn story(characters: usize) -> Value {
    json!({"type": "string", "minLength": characters, "maxLength": characters})
}

/// Decoding under a grammar, one token a step, beside a loop that only decodes.
async fn constrained(options: &EngineOptions, path: &Path) {
    let model = LlamaModel::load(EngineOptions { batch_forced: false, ..options.clone() }).unwrap();
    let mut bare = bare::Bare::open(path, THREADS, 1);
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let user = format!("Tell story number {round}.");
        let usage = model.generate(request("You tell stories.", &user, story(400), 600)).await;
        let Usage { sampled_tokens, forced_tokens, busy_ms, .. } = usage.unwrap().usage;
        let emitted = sampled_tokens + forced_tokens;
        let bare_rate = bare.rate(emitted as usize);
        // The first round warms both up.
        if round > 0 {
            ratios.push(f64::from(emitted) * 1_000.0 / f64::from(busy_ms) / bare_rate);
        }
    }
    tell("constrained decoding, tokens/s / a bare decode loop", ">= 0.97", ratios);
}

/// The time until the first choice: evaluated, restored from disk, and from the cache in memory.
async fn restored(options: &EngineOptions) {
    let long = "You read captions of security cameras and say what they show. ".repeat(110);
    let ask = |user: &str| request(&long, user, json!({"enum": ["yes", "no"]}), 8);
    let (mut share, mut first_token, mut disk) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheOptions { folder: folder.path().to_owned(), limit_bytes: 1 << 30 };
        let cached = EngineOptions { cache: Some(cache), ..options.clone() };
        let model = LlamaModel::load(cached.clone()).unwrap();
        let first = model.generate(ask("A man climbs the fence.")).await.unwrap().usage;
        let second = model.generate(ask("A dog crosses the yard.")).await.unwrap().usage;
        let evaluated = |usage: Usage| f64::from(usage.prompt_tokens - usage.reused_tokens);
        share.push(evaluated(second) / evaluated(first));
        first_token.push(f64::from(second.busy_ms) / f64::from(first.busy_ms));
        drop(model);
        let model = LlamaModel::load(cached).unwrap();
        let again = model.generate(ask("A man climbs the fence.")).await.unwrap().usage;
        disk.push(f64::from(again.busy_ms) / f64::from(first.busy_ms));
    }
    tell("prompt tokens evaluated, second alarm / first", "<= 0.15", share);
    tell("time to the first token, second alarm / first", "<= 0.15", first_token);
    tell("first token after a restart, prefix from disk / evaluated", "<= 0.05", disk);
}

/// Whole alarms, with the engine and with a llama.cpp server.
async fn whole(app: &App, options: &EngineOptions) {
    let before = machine::memory_resident().unwrap_or(0);
    let engine = Arc::new(LlamaModel::load(options.clone()).unwrap());
    memory(engine.as_ref(), before).await;
    let (form, learned) = (engine.file().to_owned(), engine.learned().cloned());
    let samples: Vec<Alarm> = sample_alarms().into_iter().take(ALARMS).collect();
    let (spy, pipeline, classifying) = watched(app, engine, learned.clone()).await;
    let begun = Instant::now();
    let mut outside = Vec::new();
    for alarm in &samples {
        let models = || (spy.time() + classifying.time()).as_secs_f64();
        let (started, before) = (Instant::now(), models());
        pipeline.decide(&received(app, alarm.clone())).await;
        outside.push(1.0 - (models() - before) / started.elapsed().as_secs_f64());
    }
    let ours = begun.elapsed();
    tell("everything but the models, share of an alarm's time", "<= 0.01", outside);
    let [record, report] = spy.shares();
    tell("sampled / emitted tokens, verdict record", "<= 0.20", record);
    tell("sampled / emitted tokens, verdict and report", "<= 0.40", report);
    for files in [server::Files::Shipped, server::Files::Form(form)] {
        per_server(app, &samples, files, learned.clone(), ours).await;
    }
    drop((pipeline, spy));
    let four = EngineOptions { parallel: 4, ..options.clone() };
    let four = Arc::new(LlamaModel::load(four).unwrap());
    let (_spy, pipeline, _) = watched(app, four, learned).await;
    let begun = Instant::now();
    let decided: Vec<_> = stream::iter(&samples)
        .map(|alarm| async { pipeline.decide(&received(app, alarm.clone())).await })
        .buffer_unordered(4)
        .collect()
        .await;
    assert_eq!(decided.len(), samples.len());
    let ratio = ours.as_secs_f64() / begun.elapsed().as_secs_f64();
    tell("whole alarms per minute, four at once / one at a time", "", vec![ratio]);
}

/// What the process grew by, less the model and the cache for keys and values of three prompts.
async fn memory(engine: &LlamaModel, before: u64) {
    let long = "A man walks along the fence and looks around. ".repeat(100);
    let asked = request("You read captions.", &long, json!({"enum": ["yes", "no"]}), 8);
    engine.generate(asked).await.unwrap();
    let grown = machine::memory_resident().unwrap_or(0).saturating_sub(before);
    // 30 layers of keys and values, 192 numbers of two bytes each, for this model.
    let tokens = (engine.context_tokens() * 3) as u64;
    let cache = tokens * 30 * 2 * 192 * 2;
    let model = std::fs::metadata(engine.file()).unwrap().len();
    let beyond = grown.saturating_sub(model + cache) as f64 / 1e6;
    tell("memory beyond model and KV cache, MB", "<= 150", vec![beyond]);
}

async fn per_server(
    app: &App,
    samples: &[Alarm],
    files: server::Files,
    learned: Option<Learned>,
    ours: Duration,
) {
    let what = files.to_string();
    let Some(server) = server::LlamaServer::start(app, &files, THREADS).await else {
        println!("whole alarms / a llama.cpp server: not measured, run `make setup-server` first");
        return;
    };
    let (_spy, pipeline, _) = watched(app, server.model(), learned).await;
    let begun = Instant::now();
    for alarm in samples {
        pipeline.decide(&received(app, alarm.clone())).await;
    }
    let theirs = begun.elapsed();
    println!("  {ALARMS} alarms: engine {ours:.1?}, llama.cpp server with {what} {theirs:.1?}");
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    tell(&format!("whole alarms per minute / a server with {what}"), ">= 3", vec![ratio]);
}

/// A pipeline whose models are watched.
async fn watched(
    app: &App,
    model: Arc<dyn LanguageModel>,
    learned: Option<Learned>,
) -> (Arc<Spy>, Pipeline, Arc<Slow>) {
    let spy = Arc::new(Spy::new(model, learned));
    let slow = Arc::new(Slow::new(Arc::new(app.load_classifier().await.unwrap())));
    let models = Models {
        language: spy.clone(),
        classifier: slow.clone(),
        sentences: None,
        problems: Vec::new(),
    };
    let policies = app.policies().unwrap();
    let pipeline =
        app.pipeline(policies, &models, SiteModels::default(), Depth::Report).await.unwrap();
    spy.forget();
    (spy, pipeline, slow)
}

/// Four requests beside each other, and what the machine gives four sequences at all.
async fn beside(options: &EngineOptions, path: &Path) {
    let ask = |number: usize| {
        request("You tell stories.", &format!("Tell story number {number}."), story(200), 400)
    };
    let (mut gains, mut limits) = (Vec::new(), Vec::new());
    let one = LlamaModel::load(options.clone()).unwrap();
    let four = LlamaModel::load(EngineOptions { parallel: 4, ..options.clone() }).unwrap();
    let mut alone = bare::Bare::open(path, THREADS, 1);
    let mut together = bare::Bare::open(path, THREADS, 4);
    for round in 0..=ROUNDS {
        let mut rates = Vec::new();
        for (model, at_once) in [(&one, 1), (&four, 4)] {
            let begun = Instant::now();
            let usages: Vec<Usage> = stream::iter(0..4)
                .map(|number| async move { model.generate(ask(number)).await.unwrap().usage })
                .buffer_unordered(at_once)
                .collect()
                .await;
            let tokens: u32 =
                usages.iter().map(|usage| usage.sampled_tokens + usage.forced_tokens).sum();
            rates.push(f64::from(tokens) / begun.elapsed().as_secs_f64());
        }
        let limit = together.rate(60) / alone.rate(60);
        if round > 0 {
            gains.push(rates[1] / rates[0]);
            limits.push(limit);
        }
    }
    tell("four requests at once, tokens/s / one at a time", ">= 1.5", gains);
    tell("  the machine's own limit: bare loop, 4 sequences / 1", "", limits);
}
