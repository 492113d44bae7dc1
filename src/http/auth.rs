//! Passwords and bearer secrets: made, hashed and checked; nothing here is stored in the clear.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::domain::IdSource;

/// What every API token begins with, so that a leaked one is recognised in a log or a repository.
pub const TOKEN_PREFIX: &str = "sereno_";

/// Characters that a password has at least (NIST SP 800-63B asks for length, not for variety).
pub const PASSWORD_MIN_CHARS: usize = 12;

/// Bytes that a password has at most, so that hashing has a bound.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// Stands in for the hash of a user who does not exist, so that an unknown name costs the same
/// time as a wrong password. Its salt and parameters are those of a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2VyZW5vLW5vYm9keS0tLQ$\
     qwPyxOGwsHZ3t1zpX8ygn0g4h4zNc2VyZW5vbm9ib2Q";

/// Why a password was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PasswordError {
    /// It is too short.
    #[error("the password has {0} characters; use at least {PASSWORD_MIN_CHARS}")]
    TooShort(usize),
    /// It is too long.
    #[error("the password has {0} bytes; use at most {PASSWORD_MAX_BYTES}")]
    TooLong(usize),
    /// The hash function refused it.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Hashes a new password with argon2id (19 MiB, 2 passes, 1 lane: the OWASP minimum) to a PHC
/// string. Takes about 20 ms of one core: call it where blocking is allowed.
pub fn hash_password(password: &str, ids: &dyn IdSource) -> Result<String, PasswordError> {
    let chars = password.chars().count();
    if chars < PASSWORD_MIN_CHARS {
        return Err(PasswordError::TooShort(chars));
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(PasswordError::TooLong(password.len()));
    }
    let salt = ids.random_bytes();
    let (salt, _) = salt.split_at(16);
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that `hash` (a PHC string) was made of. Takes as long for no
/// hash, or a damaged one, as for a wrong password, and blocks for that time.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let exists = known.is_some();
    let Some(hash) = known.or_else(|| PasswordHash::new(NOBODY).ok()) else { return false };
    let matches = password.len() <= PASSWORD_MAX_BYTES
        && argon2().verify_password(password.as_bytes(), &hash).is_ok();
    matches && exists
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// A new secret to show once, and the hash to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What the client keeps. Shown once.
    pub token: String,
    /// SHA-256 of the token, hex: what the store keeps. The token has 256 random bits, so a fast
    /// hash suffices.
    pub hash: String,
}

/// A new API token for a source or another machine.
pub fn new_api_token(ids: &dyn IdSource) -> Secret {
    secret(TOKEN_PREFIX, ids)
}

/// A new session token.
pub(super) fn new_session_token(ids: &dyn IdSource) -> Secret {
    secret("", ids)
}

fn secret(prefix: &str, ids: &dyn IdSource) -> Secret {
    let token = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(ids.random_bytes()));
    let hash = token_hash(&token);
    Secret { token, hash }
}

/// SHA-256 of a token, hex.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Whether `token` can be one of ours; others need not be looked up.
pub(super) fn is_well_formed(token: &str, prefix: &str) -> bool {
    token
        .strip_prefix(prefix)
        .and_then(|random| URL_SAFE_NO_PAD.decode(random).ok())
        .is_some_and(|random| random.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RandomIds;

    const PASSWORD: &str = "a lamp in the tower";

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let hash = hash_password(PASSWORD, &RandomIds).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password(PASSWORD, Some(&hash)));
        assert!(!verify_password("a lamp in the towel", Some(&hash)));
        assert!(!verify_password(PASSWORD, None));
        assert!(!verify_password(PASSWORD, Some("not a hash")));
        assert_ne!(hash, hash_password(PASSWORD, &RandomIds).unwrap(), "salts differ");
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash_password(PASSWORD, &RandomIds).unwrap();
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(nobody.algorithm, somebody.algorithm);
        assert_eq!(nobody.hash.unwrap().len(), somebody.hash.unwrap().len());
        assert_eq!(nobody.salt.unwrap().len(), somebody.salt.unwrap().len());
    }

    #[test]
    fn a_short_or_a_huge_password_is_refused() {
        let refused = |password: &str| hash_password(password, &RandomIds).unwrap_err();
        assert_eq!(refused("short"), PasswordError::TooShort(5));
        assert_eq!(refused(&"x".repeat(2000)), PasswordError::TooLong(2000));
        assert!(hash_password("ñañañañañaña", &RandomIds).is_ok(), "characters count, not bytes");
    }

    #[test]
    fn only_the_hash_of_a_token_is_kept_and_it_is_recognised() {
        let secret = new_api_token(&RandomIds);
        assert!(is_well_formed(&secret.token, TOKEN_PREFIX));
        assert_eq!(secret.hash, token_hash(&secret.token));
        assert_eq!(secret.hash.len(), 64);
        assert!(!is_well_formed(&secret.token, ""));
        assert!(!is_well_formed("sereno_short", TOKEN_PREFIX));
        assert!(is_well_formed(&new_session_token(&RandomIds).token, ""));
    }
}
