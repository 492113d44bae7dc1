//! The console, embedded in the binary: its files, and its first page for every other address.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Console;

const FIRST_PAGE: &str = "index.html";

/// Vite puts what it names by content here; such a file never changes under its name.
const NAMED_BY_CONTENT: &str = "assets/";

/// What stands in for a console that was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<title>Sereno</title></head><body><h1>Sereno</h1>\
<p>This binary was built without its console. Build both with <code>make build</code>, or the \
console alone with <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code> and then the \
binary again.</p><p>The interface for programs works: <a href=\"/api/openapi.json\">\
/api/openapi.json</a>.</p></body></html>";

/// A file of the console, or its first page, which shows the rest by the address.
pub(super) async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    match choose(path, Console::get) {
        Choice::File(name, file) => answer(&name, file, request.headers()),
        Choice::NotBuilt => Html(NOT_BUILT).into_response(),
        Choice::Nothing => {
            let detail = "There is nothing at this address.";
            Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response()
        }
    }
}

enum Choice<F> {
    File(String, F),
    NotBuilt,
    Nothing,
}

/// Which file answers `path`. A program that misspells an address must see 404, not a page; a
/// page's address has no dot in its last part.
fn choose<F>(path: &str, find: impl Fn(&str) -> Option<F>) -> Choice<F> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let ours = ["api", "log", "metrics", "healthz", "readyz"];
    let first = path.split('/').next().unwrap_or_default();
    // The console's own page about the log is `/log`; below it lies the log for witnesses.
    let is_page = !last.contains('.')
        && (!ours.contains(&first) || path == "log")
        && !path.starts_with(NAMED_BY_CONTENT);
    if !path.is_empty()
        && let Some(file) = find(path)
    {
        return Choice::File(path.to_owned(), file);
    }
    if !is_page {
        return Choice::Nothing;
    }
    find(FIRST_PAGE).map_or(Choice::NotBuilt, |file| Choice::File(FIRST_PAGE.to_owned(), file))
}

fn answer(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let cache = if name.starts_with(NAMED_BY_CONTENT) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = entity_tag(&file.metadata.sha256_hash());
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|sent| matches(sent, &tag));
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if let Ok(media_type) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    (headers, file.data.into_owned()).into_response()
}

/// Weak, for the same file also goes out compressed (RFC 9110, section 8.8.1).
fn entity_tag(sha256: &[u8; 32]) -> String {
    let (short, _) = sha256.split_at(16);
    format!("W/\"{}\"", hex::encode(short))
}

fn matches(sent: &HeaderValue, tag: &str) -> bool {
    sent.to_str()
        .is_ok_and(|sent| sent.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(path: &str) -> String {
        let built = ["index.html", "assets/index-3f.js", "favicon.svg"];
        match choose(path, |name| built.contains(&name).then_some(())) {
            Choice::File(name, ()) => name,
            Choice::NotBuilt => "not built".into(),
            Choice::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn every_page_of_the_console_is_its_first_page() {
        for path in ["", "alarms/01936e8a", "log", "settings/users"] {
            assert_eq!(chosen(path), "index.html", "{path}");
        }
        assert_eq!(chosen("assets/index-3f.js"), "assets/index-3f.js");
    }

    #[test]
    fn a_misspelt_address_of_a_program_or_file_is_not_a_page() {
        for path in ["api/v1/alarm", "api", "log/tile/0", "assets/gone", "robots.txt", "a/b.js"] {
            assert_eq!(chosen(path), "nothing", "{path}");
        }
    }

    #[test]
    fn a_binary_without_console_says_how_to_build_it() {
        assert!(matches!(choose("", |_| None::<()>), Choice::NotBuilt));
        assert!(matches!(choose("api/x", |_| None::<()>), Choice::Nothing));
        assert!(NOT_BUILT.contains("make build"));
    }

    #[test]
    fn an_entity_tag_matches_itself_in_a_list() {
        let tag = entity_tag(&[7; 32]);
        let sent = HeaderValue::from_str(&format!("\"x\", {tag}")).unwrap();
        assert!(matches(&sent, &tag));
        assert!(!matches(&HeaderValue::from_static("\"x\""), &tag));
    }
}
