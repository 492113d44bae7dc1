//! The session cookie: written, read and taken back.

use axum::http::{HeaderMap, HeaderValue, header};

/// The cookie's name.
const NAME: &str = "sereno_session";

/// Hours that a session lasts.
pub(super) const SESSION_HOURS: i64 = 12;

/// The session token that the browser sent.
pub(super) fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == NAME)
        .map(|(_, token)| token)
}

/// `Set-Cookie` for a new session. The token is base64url, so no character needs quoting.
pub(super) fn set(token: &str, secure: bool) -> Option<HeaderValue> {
    write(token, SESSION_HOURS * 3600, secure)
}

/// `Set-Cookie` that makes the browser forget the session.
pub(super) fn clear(secure: bool) -> Option<HeaderValue> {
    write("", 0, secure)
}

fn write(token: &str, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        headers
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let headers = sent(&["theme=dark", "a=b; sereno_session=tok; sereno_session2=x"]);
        assert_eq!(session_token(&headers), Some("tok"));
        assert_eq!(session_token(&sent(&["sereno_sessions=tok", "sereno_session"])), None);
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let plain = set("abc", false).unwrap();
        assert_eq!(plain, "sereno_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200");
        assert!(set("abc", true).unwrap().to_str().unwrap().ends_with("; Secure"));
        assert!(clear(false).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
