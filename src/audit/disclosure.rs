//! Salted commitments to personal data, in the disclosure form of SD-JWT (RFC 9901 §4.2).

use serde_json::{Value, json};

use super::{base64_url, from_base64_url, sha256, tree::Hash};

/// One named value and the salt that keeps its commitment from being guessed.
/// Deleting it leaves a commitment that nobody can check against a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    text: String,
    name: String,
}

impl Disclosure {
    /// Commits to `value` under `name`. `salt` must be unpredictable and used once.
    pub fn new(salt: &[u8; 32], name: &str, value: &Value) -> Self {
        let content = json!([base64_url(salt), name, value]).to_string();
        Self { text: base64_url(content.as_bytes()), name: name.to_owned() }
    }

    /// Reads a disclosure's text.
    ///
    /// # Errors
    /// Says in words what the text should have been.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, _) = opened(text)?;
        Ok(Self { text: text.to_owned(), name })
    }

    /// The text that is kept and handed to an auditor: base64url of a JSON array
    /// `[salt, name, value]`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the value.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    ///
    /// # Errors
    /// Only where the text was never a disclosure.
    pub fn value(&self) -> Result<Value, String> {
        opened(&self.text).map(|(_, value)| value)
    }

    /// The commitment that the leaf holds: base64url of the SHA-256 of the text's ASCII bytes.
    pub fn digest(&self) -> String {
        digest_of(&self.text)
    }
}

/// The commitment to a disclosure's text, whatever it holds.
pub fn digest_of(text: &str) -> String {
    let hash: Hash = sha256(text.as_bytes());
    base64_url(&hash)
}

fn opened(text: &str) -> Result<(String, Value), String> {
    let bytes = from_base64_url(text).ok_or("a disclosure is base64url without padding")?;
    let parts: (String, String, Value) = serde_json::from_slice(&bytes)
        .map_err(|error| format!("a disclosure holds a JSON array [salt, name, value]: {error}"))?;
    Ok((parts.1, parts.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9901 §4.2.1: a salt of its own, the claim `family_name`, the value `Möbius`.
    #[test]
    fn the_digest_is_that_of_the_standards_own_example() {
        let text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        assert_eq!(digest_of(text), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
        let read = Disclosure::parse(text);
        assert_eq!(read.as_ref().map(Disclosure::name), Ok("family_name"));
        assert_eq!(read.and_then(|one| one.value()), Ok(Value::from("Möbius")));
    }

    #[test]
    fn the_same_value_under_another_salt_is_another_commitment() {
        let one = Disclosure::new(&[1; 32], "note", &Value::from("door open"));
        let two = Disclosure::new(&[2; 32], "note", &Value::from("door open"));
        assert_ne!(one.digest(), two.digest());
        assert_eq!(Disclosure::parse(one.text()), Ok(one));
    }

    #[test]
    fn what_is_no_disclosure_is_refused_in_words() {
        for (text, word) in [("***", "base64url"), ("e30", "JSON array"), ("WzFd", "JSON array")] {
            let error = Disclosure::parse(text).err().unwrap_or_default();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
