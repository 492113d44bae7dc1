//! The server at the other end: one HTTP exchange with it, and what each way to fail means.

use std::{error::Error, fmt::Write as _, fs, path::Path, time::Duration};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect::Policy,
};
use rustls::crypto::{CryptoProvider, ring};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    backoff,
    wire::{Answer, Served, quoted},
};
use crate::model::ModelError;

/// Bytes of an answer; eight alternatives a token make some hundred kilobytes.
const ANSWER_BYTES: usize = 4 << 20;
/// Bytes of a refusal that are read to be quoted.
const REFUSAL_BYTES: usize = 4 << 10;
/// Time to ask which models there are.
const LISTING: Duration = Duration::from_secs(10);

/// Why one exchange gave no answer, and what follows from it.
#[derive(Debug)]
pub(super) struct Fault {
    /// For the caller.
    pub error: ModelError,
    /// Whether the same request may do better, after how long at least.
    pub again_after: Option<Duration>,
    /// Whether the server seems to be unwell, rather than the request.
    pub unwell: bool,
}

/// A pool of connections to one server. `Debug` shows no key.
#[derive(Debug)]
pub(super) struct Server {
    client: Client,
    url: String,
}

impl Server {
    /// A pool for the server at `url`; opens no connection yet. Asks only that address: follows no
    /// redirection and no proxy. Certificates are those that the operating system trusts.
    ///
    /// # Errors
    /// [`ModelError::Load`] when the key or the certificates cannot be read.
    pub(super) fn new(
        url: &str,
        key_file: Option<&Path>,
        connect: Duration,
    ) -> Result<Self, ModelError> {
        if CryptoProvider::get_default().is_none() {
            // Whoever comes first in another thread installs the same.
            drop(ring::default_provider().install_default());
        }
        let mut headers = HeaderMap::new();
        if let Some(file) = key_file {
            headers.insert(AUTHORIZATION, bearer(file)?);
        }
        let mut builder = Client::builder()
            .default_headers(headers)
            .connect_timeout(connect)
            .no_proxy()
            .redirect(Policy::none());
        if url.starts_with("http://") {
            // A machine without certificates can ask its neighbour all the same.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            ModelError::Load(format!(
                "the connection to {url} cannot be prepared: {}",
                whole(&error)
            ))
        })?;
        Ok(Self { client, url: url.to_owned() })
    }

    /// The address, without `/v1`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// One answer to one request.
    pub(super) async fn complete(&self, body: &Value) -> Result<Answer, Fault> {
        let request = self.client.post(format!("{}/v1/chat/completions", self.url)).json(body);
        self.exchange(request).await
    }

    /// The models that there are.
    pub(super) async fn models(&self) -> Result<Served, Fault> {
        let request = self.client.get(format!("{}/v1/models", self.url)).timeout(LISTING);
        self.exchange(request).await
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let response = request.send().await.map_err(|error| self.unreachable(&whole(&error)))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refused(status, response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
        if !kind.to_ascii_lowercase().starts_with(b"application/json") {
            let kind = quoted(&String::from_utf8_lossy(kind));
            return Err(self.strange(&format!("its content type is {kind}, not application/json")));
        }
        let (bytes, whole) = self.read(response, ANSWER_BYTES).await?;
        if !whole {
            return Err(self.strange(&format!("it has more than {ANSWER_BYTES} bytes")));
        }
        if bytes.is_empty() {
            return Err(self.strange("it has no body"));
        }
        serde_json::from_slice(&bytes).map_err(|error| self.strange(&error.to_string()))
    }

    /// At most `limit` bytes of the body, and whether that is all of it.
    async fn read(&self, mut response: Response, limit: usize) -> Result<(Vec<u8>, bool), Fault> {
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => {
                    bytes.extend_from_slice(&chunk[..limit - bytes.len()]);
                    return Ok((bytes, false));
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok((bytes, true)),
                Err(error) => return Err(self.unreachable(&whole(&error))),
            }
        }
    }

    /// No connection, or one that broke. Nothing was done that could not be done again.
    fn unreachable(&self, why: &str) -> Fault {
        Fault {
            error: ModelError::Unreachable(format!("{}: {why}", self.url)),
            again_after: Some(Duration::ZERO),
            unwell: true,
        }
    }

    /// Not the answer of such a server: a proxy's page, another program.
    fn strange(&self, why: &str) -> Fault {
        Fault {
            error: ModelError::Answer(format!("from {}: {why}", self.url)),
            again_after: None,
            unwell: true,
        }
    }

    async fn refused(&self, status: StatusCode, response: Response) -> Fault {
        let asked = backoff::asked_for(response.headers()).unwrap_or_default();
        let text = self.read(response, REFUSAL_BYTES).await.map(|(bytes, _)| bytes);
        let said = quoted(&String::from_utf8_lossy(&text.unwrap_or_default()));
        let hint = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "; models.remote.api_key_file names the file with its key"
            }
            StatusCode::NOT_FOUND => "; see models.remote.url and models.remote.model",
            _ => "",
        };
        let why = format!("{} answers {status}: {said}{hint}", self.url);
        let passing = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        Fault {
            error: if passing || status.is_server_error() {
                ModelError::Unreachable(why)
            } else {
                ModelError::Failed(why)
            },
            again_after: passing.then_some(asked),
            unwell: status.is_server_error(),
        }
    }
}

/// The header that carries the key of `file`, marked so that nothing prints it.
fn bearer(file: &Path) -> Result<HeaderValue, ModelError> {
    let refuse = |why: &str| {
        ModelError::Load(format!("models.remote.api_key_file {}: {why}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| refuse(&error.to_string()))?;
    let key = text.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse("must hold the key alone, in one line of printable ASCII characters"));
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {key}"))
        .map_err(|_| refuse("cannot be sent as a header"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// An error with its causes: reqwest's own text leaves out what went wrong.
fn whole(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _infallible = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
