//! A server that misbehaves as it is told, one answer after another.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Response, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, json};

/// One thing that a server may do.
#[derive(Clone)]
pub enum Act {
    /// A chat completion with this text, ended for this reason.
    Says(String, &'static str),
    /// This status, a `Retry-After`, and a body of this type.
    Sends(u16, Option<&'static str>, &'static str, Vec<u8>),
    /// Says nothing for ever.
    Hangs,
    /// Drops the connection in the middle.
    Breaks,
}

impl Act {
    /// A good answer.
    pub fn good() -> Self {
        Self::Says(super::ANSWER.to_owned(), "stop")
    }

    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self::Sends(status, None, "text/plain", b"no".to_vec())
    }

    /// These bytes, said to be JSON.
    pub fn json(body: &[u8]) -> Self {
        Self::Sends(200, None, "application/json", body.to_vec())
    }
}

/// What the server was asked.
#[derive(Clone)]
pub struct Asked {
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The body.
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Injector {
    acts: Arc<Mutex<VecDeque<Act>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Injector {
    /// Starts a server that does `acts` in turn and repeats the last one. Serves the model `m`.
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> (Self, String) {
        let injector =
            Self { acts: Arc::new(Mutex::new(acts.into_iter().collect())), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        injector.serve(listener);
        (injector, url)
    }

    /// The same at an address that was free a moment ago.
    pub async fn start_at(address: SocketAddr, act: Act) -> Self {
        let injector = Self { acts: Arc::new(Mutex::new([act].into())), asked: Arc::default() };
        injector.serve(tokio::net::TcpListener::bind(address).await.unwrap());
        injector
    }

    fn serve(&self, listener: tokio::net::TcpListener) {
        let injector = self.clone();
        let complete = move |headers: HeaderMap, axum::Json(body): axum::Json<Value>| {
            let injector = injector.clone();
            async move { injector.answer(&headers, body).await }
        };
        let models = json!({"object": "list", "data": [{"id": "m", "object": "model"}]});
        let router = Router::new()
            .route("/v1/models", get(move || async move { axum::Json(models) }))
            .route("/v1/chat/completions", post(complete));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    }

    /// Everything that it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn answer(&self, headers: &HeaderMap, body: Value) -> Response<Body> {
        let authorization =
            headers.get("authorization").map(|header| header.to_str().unwrap().to_owned());
        self.asked.lock().unwrap().push(Asked { authorization, body });
        let act = {
            let mut acts = self.acts.lock().unwrap();
            if acts.len() > 1 { acts.pop_front().unwrap() } else { acts[0].clone() }
        };
        let respond = |status: u16, kind: &str, body: Body| {
            let status = StatusCode::from_u16(status).unwrap();
            Response::builder().status(status).header("content-type", kind).body(body).unwrap()
        };
        match act {
            Act::Says(text, reason) => {
                let answer = json!({
                    "choices": [{"message": {"content": text}, "finish_reason": reason}],
                    "usage": {"prompt_tokens": 40, "completion_tokens": 12},
                });
                respond(200, "application/json", answer.to_string().into())
            }
            Act::Sends(status, wait, kind, bytes) => {
                let mut response = respond(status, kind, bytes.into());
                if let Some(wait) = wait {
                    response.headers_mut().insert("retry-after", wait.parse().unwrap());
                }
                response
            }
            Act::Hangs => std::future::pending().await,
            Act::Breaks => {
                let pieces = [Ok("{\"choices\":["), Err(std::io::Error::other("broken off"))];
                let stream = futures_util::stream::iter(pieces);
                respond(200, "application/json", Body::from_stream(stream))
            }
        }
    }
}
