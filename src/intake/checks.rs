//! How long and of what kind the members of an alarm may be.

use serde_json::Value;

use super::{BadAlarm, IntakeLimits};
use crate::domain::Alarm;

/// Bytes of an id that a source makes up.
const ID_BYTES: usize = 256;
/// Bytes of a name: camera, site, kind, a detector's label, a caption's model.
const NAME_BYTES: usize = 128;
/// Bytes of a clip's address.
const URI_BYTES: usize = 4_096;

fn bad(path: impl Into<String>, message: impl Into<String>) -> BadAlarm {
    BadAlarm { path: path.into(), message: message.into() }
}

/// What can be counted before any member is read. A member of the wrong type passes here; reading it
/// says so.
pub(super) fn sizes(alarm: &Value, limits: &IntakeLimits) -> Result<(), BadAlarm> {
    let list = |name: &str| alarm.get(name).and_then(Value::as_array);
    let counts = [
        ("captions", limits.captions),
        ("visible_text", limits.visible_texts),
        ("detections", limits.detections),
    ];
    for (name, most) in counts {
        if let Some(found) = list(name).map(Vec::len).filter(|found| *found > most) {
            return Err(bad(name, format!("has {found} items; at most {most} are accepted")));
        }
    }
    for (place, caption) in list("captions").into_iter().flatten().enumerate() {
        let bytes = caption.get("text").and_then(Value::as_str).map_or(0, str::len);
        if bytes > limits.caption_bytes {
            let message =
                format!("has {bytes} bytes; at most {} are accepted", limits.caption_bytes);
            return Err(bad(format!("captions[{place}].text"), message));
        }
    }
    for (place, text) in list("visible_text").into_iter().flatten().enumerate() {
        let chars = text.as_str().map_or(0, |text| text.chars().count());
        if chars > limits.visible_text_chars {
            let most = limits.visible_text_chars;
            let message = format!("has {chars} characters; at most {most} are accepted");
            return Err(bad(format!("visible_text[{place}]"), message));
        }
    }
    if let Some(raw) = alarm.get("raw") {
        if !(raw.is_object() || raw.is_null()) {
            return Err(bad("raw", "must be an object, or left out"));
        }
        let bytes = raw.to_string().len();
        if bytes > limits.raw_bytes {
            let message = format!("has {bytes} bytes; at most {} are accepted", limits.raw_bytes);
            return Err(bad("raw", message));
        }
    }
    Ok(())
}

/// What the members say.
pub(super) fn values(alarm: &Alarm) -> Result<(), BadAlarm> {
    name("source", &alarm.source, ID_BYTES)?;
    name("source_event_id", &alarm.source_event_id, ID_BYTES)?;
    name("camera", &alarm.camera, NAME_BYTES)?;
    if let Some(site) = &alarm.site {
        name("site", site, NAME_BYTES)?;
    }
    kind(&alarm.kind)?;
    clip(alarm)?;
    for (place, caption) in alarm.captions.iter().enumerate() {
        let path = format!("captions[{place}]");
        times(&path, caption.start_s, caption.end_s)?;
        if let Some(model) = &caption.model {
            name(&format!("{path}.model"), model, NAME_BYTES)?;
        }
    }
    for (place, detection) in alarm.detections.iter().enumerate() {
        let path = format!("detections[{place}]");
        name(&format!("{path}.label"), &detection.label, NAME_BYTES)?;
        times(&path, detection.start_s, detection.end_s)?;
        if detection.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
            return Err(bad(format!("{path}.confidence"), "must be 0 to 1"));
        }
    }
    Ok(())
}

fn name(path: &str, text: &str, most: usize) -> Result<(), BadAlarm> {
    if text.trim().is_empty() {
        return Err(bad(path, "is empty; it must name something"));
    }
    if text.len() > most {
        return Err(bad(path, format!("has {} bytes; at most {most} are accepted", text.len())));
    }
    match text.chars().find(|c| c.is_control() || is_deceptive(*c)) {
        None => Ok(()),
        Some(c) => {
            let code = u32::from(c);
            Err(bad(
                path,
                format!("has the invisible or control character U+{code:04X}; leave it out"),
            ))
        }
    }
}

/// Characters that make two different names look the same, or turn them round on a screen.
const fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

fn kind(kind: &str) -> Result<(), BadAlarm> {
    name("kind", kind, NAME_BYTES)?;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if kind.bytes().all(plain) {
        return Ok(());
    }
    Err(bad("kind", "must have only a–z, 0–9 and _, such as line_crossing"))
}

fn clip(alarm: &Alarm) -> Result<(), BadAlarm> {
    let Some(clip) = &alarm.clip else { return Ok(()) };
    name("clip.uri", &clip.uri, URI_BYTES)?;
    let hex = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !clip.sha256.as_ref().is_none_or(hex) {
        return Err(bad("clip.sha256", "must be 64 hexadecimal digits"));
    }
    if !clip.duration_s.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0) {
        return Err(bad("clip.duration_s", "must be 0 or more seconds"));
    }
    Ok(())
}

fn times(path: &str, start: Option<f64>, end: Option<f64>) -> Result<(), BadAlarm> {
    for (member, seconds) in [("start_s", start), ("end_s", end)] {
        if !seconds.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0) {
            return Err(bad(format!("{path}.{member}"), "must be 0 or more seconds"));
        }
    }
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            let message = format!("is {end}, before start_s, {start}; it must not lie before it");
            Err(bad(format!("{path}.end_s"), message))
        }
        _ => Ok(()),
    }
}

/// Makes texts storable: a control character other than tab and line ends becomes U+FFFD. Nothing
/// else is changed; what models must not see is taken out when they read.
pub(super) fn clean(alarm: &mut Alarm) {
    let texts = alarm.captions.iter_mut().map(|caption| &mut caption.text);
    for text in texts.chain(&mut alarm.visible_text) {
        if text.contains(is_unprintable) {
            *text = text.replace(is_unprintable, "\u{fffd}");
        }
    }
}

const fn is_unprintable(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}')
}
