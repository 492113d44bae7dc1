//! What a setting may be, beyond its type.

use super::settings::{Config, Limits, Models, RemoteSettings};

/// A setting, whether its value will do, and what would.
type Check = (&'static str, bool, &'static str);

/// The first setting that will not do, and what would.
pub(super) fn first_problem(config: &Config) -> Option<(&'static str, &'static str)> {
    general(config)
        .into_iter()
        .chain(models(&config.models))
        .chain(remote(&config.models.remote))
        .chain(limits(&config.limits))
        .find(|(_, holds, _)| !holds)
        .map(|(key, _, problem)| (key, problem))
}

fn general(config: &Config) -> [Check; 6] {
    let url = config.database_url.as_deref();
    [
        ("data_dir", !config.data_dir.as_os_str().is_empty(), "must name a folder"),
        (
            "listen",
            is_address(&config.listen),
            "must be an address and a port, such as 127.0.0.1:8080",
        ),
        (
            "database_url",
            url.is_none_or(is_database),
            "must begin with sqlite: or postgres://, or be empty",
        ),
        (
            "log_origin",
            is_origin(&config.log_origin),
            "must be a name without spaces and `+`, such as example.org/sereno",
        ),
        ("workers", (1..=64).contains(&config.workers), "must be 1 to 64"),
        (
            "log.level",
            !config.log.level.trim().is_empty() && config.log.level.is_ascii(),
            "must be a filter such as info or sereno=debug,warn",
        ),
    ]
}

fn models(models: &Models) -> [Check; 10] {
    const SHA256: &str = "must be 64 hexadecimal digits, or empty";
    let model = &models.language_model;
    let embedder = &models.embedder;
    [
        ("models.dir", !models.dir.as_os_str().is_empty(), "must name a folder"),
        ("models.language_model.sha256", model.sha256.as_deref().is_none_or(is_sha256), SHA256),
        (
            "models.language_model.adapter_sha256",
            model.adapter_sha256.as_deref().is_none_or(is_sha256),
            SHA256,
        ),
        (
            "models.language_model.context_tokens",
            model.context_tokens == 0 || (1_024..=131_072).contains(&model.context_tokens),
            "must be 0 (chosen) or 1024 to 131072",
        ),
        (
            "models.language_model.threads",
            model.threads.is_none_or(|threads| (1..=1_024).contains(&threads)),
            "must be 0 (all cores but one) to 1024",
        ),
        (
            "models.language_model.parallel",
            (1..=64).contains(&model.parallel),
            "must be between 1 and 64",
        ),
        (
            "models.language_model.stall_seconds",
            (1..=86_400).contains(&model.stall_seconds),
            "must be between 1 and 86400",
        ),
        (
            "models.language_model.queue",
            (1..=100_000).contains(&model.queue),
            "must be 1 to 100000",
        ),
        (
            "models.language_model.deadline_seconds",
            // An alarm takes two answers, and must be decided before its worker's lease runs out.
            (1..=120).contains(&model.deadline_seconds),
            "must be 1 to 120",
        ),
        (
            "models.embedder",
            [&embedder.sha256, &embedder.head_sha256]
                .into_iter()
                .flatten()
                .all(|sha256| is_sha256(sha256))
                && (1..=1_024).contains(&embedder.threads),
            "must have a sha256 of 64 hexadecimal digits or empty, and 1 to 1024 threads",
        ),
    ]
}

fn remote(remote: &RemoteSettings) -> [Check; 8] {
    [
        (
            "models.remote.url",
            remote.url.as_deref().is_none_or(is_server),
            "must begin with http:// or https:// and hold no log-in, or be empty",
        ),
        (
            "models.remote.model",
            remote.url.is_none() || !remote.model.trim().is_empty(),
            "must name the model that the server at models.remote.url serves",
        ),
        (
            "models.remote.connect_seconds",
            (1..=60).contains(&remote.connect_seconds),
            "must be 1 to 60",
        ),
        (
            "models.remote.concurrency",
            (1..=1_024).contains(&remote.concurrency),
            "must be 1 to 1024",
        ),
        ("models.remote.retries", remote.retries <= 20, "must be 0 to 20"),
        (
            "models.remote.breaker_failures",
            (1..=1_000).contains(&remote.breaker_failures),
            "must be 1 to 1000",
        ),
        (
            "models.remote.breaker_seconds",
            (1..=3_600).contains(&remote.breaker_seconds),
            "must be 1 to 3600",
        ),
        (
            "models.remote.context_tokens",
            (1_024..=1 << 20).contains(&remote.context_tokens),
            "must be 1024 to 1048576",
        ),
    ]
}

fn limits(limits: &Limits) -> [Check; 3] {
    let alarm = &limits.alarm;
    let each = [
        alarm.captions,
        alarm.caption_bytes,
        alarm.visible_texts,
        alarm.visible_text_chars,
        alarm.raw_bytes,
    ];
    [
        (
            "limits.body_bytes",
            (1_024..=1 << 30).contains(&limits.body_bytes),
            "must be 1024 to 1073741824",
        ),
        ("limits.queue_open", limits.queue_open > 0, "must be at least 1"),
        (
            "limits.alarm",
            each.into_iter().all(|limit| limit > 0),
            "must have limits of at least 1, or no alarm with captions could be received",
        ),
    ]
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn is_database(url: &str) -> bool {
    ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

/// An address to which a path can be added. A log-in in it would end up in messages.
fn is_server(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        !rest.starts_with('/')
            && !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_graphic())
            && !rest.contains(['@', '?', '#'])
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A key name of a signed note: no spaces, no plus sign (C2SP `signed-note`).
fn is_origin(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
