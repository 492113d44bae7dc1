//! The language model on an OpenAI-compatible server: vLLM, llama-server, SGLang.
//!
//! The server is a stranger whose answers are data: bounded in size and time, and checked against the
//! schema here, whatever it says it has done. `docs/inference.md` says what is lost against the engine.

mod backoff;
mod breaker;
mod choices;
mod server;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use self::{
    breaker::Breaker,
    server::{Fault, Server},
    wire::Answer,
};
use super::{Completion, GenerateRequest, LanguageModel, ModelError, ModelManifest};
use crate::{config::RemoteSettings, domain::IdSource};

/// Models that a message names.
const NAMED: usize = 20;
/// A deadline beyond the clock's range becomes this.
const LONGEST: Duration = Duration::from_hours(24);

/// A model that another machine runs. Requests beyond the server's concurrency wait here, first come,
/// first served, whatever their urgency; dropping the future ends the exchange and frees the place.
pub struct RemoteModel {
    manifest: ModelManifest,
    settings: RemoteSettings,
    server: Server,
    breaker: Breaker,
    /// Requests that may be here at all, and how many that is.
    places: (Semaphore, usize),
    /// Requests that may be with the server.
    running: Semaphore,
    ids: Arc<dyn IdSource>,
}

impl std::fmt::Debug for RemoteModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RemoteModel").field("server", &self.server).finish_non_exhaustive()
    }
}

impl RemoteModel {
    /// Prepares the connection to `url` without opening it, so that a server that is down at start is
    /// used once it is up. At most `waiting` requests wait besides those that the server works on.
    ///
    /// The manifest's `sha256` is that of the address and the model's name, one a line: the weights
    /// cannot be hashed from here, so it says who answered, not with what.
    ///
    /// # Errors
    /// [`ModelError::Load`] when the key's file or the certificates cannot be read.
    pub fn new(
        url: &str,
        settings: RemoteSettings,
        waiting: usize,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, ModelError> {
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix("/v1").unwrap_or(url);
        let connect = Duration::from_secs(settings.connect_seconds);
        let server = Server::new(url, settings.api_key_file.as_deref(), connect)?;
        let places = settings.concurrency + waiting;
        Ok(Self {
            manifest: ModelManifest {
                name: settings.model.clone(),
                sha256: hex::encode(Sha256::digest(format!("{url}\n{}\n", settings.model))),
                adapter_sha256: None,
                form_sha256: None,
                runtime: "openai-compatible".to_owned(),
            },
            server,
            breaker: Breaker::new(
                settings.breaker_failures,
                Duration::from_secs(settings.breaker_seconds),
            ),
            places: (Semaphore::new(places), places),
            running: Semaphore::new(settings.concurrency),
            settings,
            ids,
        })
    }

    /// Asks the server whether it serves the model. Where it cannot be reached, the breaker opens, so
    /// that nobody waits for it until a probe has found it.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the address and, where it answers, the models that it serves.
    pub async fn check(&self) -> Result<(), ModelError> {
        let (url, wanted) = (self.server.url(), &self.settings.model);
        let served = self.server.models().await.map_err(|fault| {
            self.breaker.trip(Instant::now());
            ModelError::Load(format!("the model server {url} cannot be used: {}", fault.error))
        })?;
        let names = served.names();
        if names.contains(&wanted.as_str()) {
            return Ok(());
        }
        self.breaker.trip(Instant::now());
        let named: Vec<_> = names.iter().take(NAMED).map(|name| wire::quoted(name)).collect();
        Err(ModelError::Load(format!(
            "the model server {url} does not serve `{wanted}`, but {}; set models.remote.model",
            if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
        )))
    }

    /// Tries until there is an answer, the tries are spent, or the time is.
    async fn persist(
        &self,
        body: &Value,
        due: Instant,
        deadline: Duration,
    ) -> Result<Answer, ModelError> {
        let mut tries = 0;
        loop {
            self.breaker.admit(Instant::now()).map_err(|left| {
                let url = self.server.url();
                ModelError::Unreachable(format!("{url} keeps failing; asked again in {left:.0?}"))
            })?;
            let attempt = timeout_at(due, self.server.complete(body)).await;
            let fault = match attempt.unwrap_or_else(|_| Err(overdue(deadline))) {
                Ok(answer) => {
                    self.breaker.succeeded();
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let open = fault.unwell && self.breaker.failed(Instant::now());
            let wait = fault.again_after.map(|asked| asked.max(self.jitter(tries)));
            let left = due.saturating_duration_since(Instant::now());
            match wait.filter(|wait| !open && *wait < left) {
                Some(wait) if tries < self.settings.retries => {
                    tracing::debug!(error = %fault.error, ?wait, "the model server is asked again");
                    metrics::counter!("sereno_model_retries_total").increment(1);
                    sleep(wait).await;
                    tries += 1;
                }
                _ => return Err(fault.error),
            }
        }
    }

    fn jitter(&self, tries: u32) -> Duration {
        let random = self.ids.random_bytes();
        let number = random.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        backoff::full_jitter(tries, number)
    }
}

#[async_trait]
impl LanguageModel for RemoteModel {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    /// More than any usual tokenizer makes of it, because the server's is not known here. What is
    /// too long all the same the server refuses, and the alarm goes to a person.
    fn count_tokens(&self, text: &str) -> usize {
        estimate(text)
    }

    fn context_tokens(&self) -> usize {
        self.settings.context_tokens as usize
    }

    fn is_ready(&self) -> bool {
        self.breaker.is_closed()
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError> {
        let (begun, deadline) = (Instant::now(), request.deadline);
        let due = begun + deadline.min(LONGEST);
        let (places, limit) = &self.places;
        let _place = places.try_acquire().map_err(|_| ModelError::Overloaded(*limit))?;
        // The semaphore is never closed.
        let Ok(Ok(_turn)) = timeout_at(due, self.running.acquire()).await else {
            return Err(ModelError::Deadline(deadline));
        };
        let queued = begun.elapsed();
        let RemoteSettings { model, structured, logprobs, .. } = &self.settings;
        let body = wire::body(model, &request, *structured, *logprobs);
        let answer = self.persist(&body, due, deadline).await;
        let busy = begun.elapsed().saturating_sub(queued);
        metrics::histogram!("sereno_model_queue_seconds").record(queued);
        metrics::histogram!("sereno_model_busy_seconds").record(busy);
        let mut completion = wire::completion(answer?, &request)?;
        let usage = &mut completion.usage;
        (usage.queued_ms, usage.busy_ms) = (milliseconds(queued), milliseconds(busy));
        let count = |name, tokens: u32| metrics::counter!(name).increment(u64::from(tokens));
        count("sereno_model_prompt_tokens_total", usage.prompt_tokens);
        count("sereno_model_reused_tokens_total", usage.reused_tokens);
        count("sereno_model_sampled_tokens_total", usage.sampled_tokens);
        Ok(completion)
    }
}

/// A server that lets the time run out is unwell, and there is no time left to try again.
fn overdue(deadline: Duration) -> Fault {
    Fault { error: ModelError::Deadline(deadline), again_after: None, unwell: true }
}

/// For each word one token and another for every third letter; for each other character, digits too,
/// its bytes; for white space, which tokenizers join to what follows, nothing the first time. For our
/// prompts and samples, English and Spanish, never below SmolLM2's count, and in all 1.7 times that.
fn estimate(text: &str) -> usize {
    let (mut tokens, mut letters, mut blank) = (0, 0_usize, false);
    for character in text.chars() {
        if character.is_ascii_alphabetic() {
            letters += 1;
            tokens += usize::from(letters == 1) + usize::from(letters.is_multiple_of(3));
        } else {
            letters = 0;
            tokens += match character {
                ' ' | '\n' if !blank => 0,
                _ => character.len_utf8(),
            };
        }
        blank = character.is_whitespace();
    }
    tokens
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_never_below_what_letters_need() {
        for (text, tokens) in [
            ("", 0),
            ("a cat", 3),
            ("climbs", 3),
            ("2026", 4),
            ("{\"danger\":\"no\"}", 11),
            ("ñ", 2),
            ("a   b", 4),
        ] {
            assert_eq!(estimate(text), tokens, "{text}");
        }
    }
}
