//! Token probabilities of an answer to the choices that a record carries.
//!
//! A server tells probabilities over its whole vocabulary, and not which tokens the schema permitted.
//! So a choice is told where the schema itself names the alternatives: the text of each property of
//! the top object that has an `enum`. Alternatives that begin none of its values are left out; a value
//! that none begins is counted as probable as the least probable one, since it was no more; and the
//! shares are renormalised. So what the server does not tell makes a choice look less clear, never more.

use serde_json::Value;

use super::wire::Token;
use crate::model::Choice;

/// Alternatives that a record carries.
const TOLD: usize = 8;

/// JSON text without the white space between its parts, and where each of its bytes stood before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compact {
    /// The text.
    pub text: String,
    places: Vec<usize>,
}

impl Compact {
    /// Of a text that is known to be JSON.
    pub(super) fn new(json: &str) -> Self {
        let mut compact = Self { text: String::with_capacity(json.len()), places: Vec::new() };
        let (mut quoted, mut escaped) = (false, false);
        for (place, letter) in json.char_indices() {
            if !quoted && letter.is_ascii_whitespace() {
                continue;
            }
            if letter == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = quoted && letter == '\\' && !escaped;
            compact.places.extend(place..place + letter.len_utf8());
            compact.text.push(letter);
        }
        compact
    }
}

/// The choices made in `compact`, whose text before was `content`, in the order of the text.
/// None where the tokens do not spell the content.
pub(super) fn choices(
    compact: &Compact,
    content: &str,
    schema: &Value,
    tokens: &[Token],
) -> Vec<Choice> {
    let spelt: Vec<u8> = tokens.iter().flat_map(Token::spelling).copied().collect();
    let content = content.as_bytes();
    let Some(shift) = spelt.windows(content.len().max(1)).position(|part| part == content) else {
        return Vec::new();
    };
    let mut choices: Vec<Choice> = listed(schema)
        .filter_map(|(key, values)| {
            let marker = format!("\"{key}\":\"");
            let offset = compact.text.find(&marker)? + marker.len();
            let place = compact.places.get(offset)? + shift;
            let (token, begins) = token_at(tokens, place)?;
            let (alternatives, margin) = weigh(token, place - begins, &values)?;
            Some(Choice { offset, alternatives, margin })
        })
        .collect();
    choices.sort_by_key(|choice| choice.offset);
    choices
}

/// Properties whose text is one of several, with what it may be.
fn listed(schema: &Value) -> impl Iterator<Item = (&String, Vec<&str>)> {
    let properties = schema["properties"].as_object();
    properties.into_iter().flatten().filter_map(|(key, property)| {
        let property = match property["$ref"].as_str() {
            Some(reference) => schema.pointer(reference.strip_prefix('#')?)?,
            None => property,
        };
        let values: Vec<&str> =
            property["enum"].as_array()?.iter().filter_map(Value::as_str).collect();
        (values.len() > 1).then_some((key, values))
    })
}

/// The token that spells the byte at `place`, and where it begins.
fn token_at(tokens: &[Token], place: usize) -> Option<(&Token, usize)> {
    let mut begins = 0;
    for token in tokens {
        let ends = begins + token.spelling().len();
        if place < ends {
            return Some((token, begins));
        }
        begins = ends;
    }
    None
}

/// What could have stood from the token's byte `from` on, with shares, and how clear the choice was.
fn weigh(token: &Token, from: usize, values: &[&str]) -> Option<(Vec<(String, f64)>, f64)> {
    let (lead, _) = token.spelling().split_at_checked(from)?;
    let begun = |spelling: &[u8]| {
        let rest = std::str::from_utf8(spelling.strip_prefix(lead)?).ok()?;
        let rest = rest.split('"').next().filter(|rest| !rest.is_empty())?;
        values.iter().any(|value| value.starts_with(rest)).then(|| rest.to_owned())
    };
    let chosen = begun(token.spelling())?;
    let mut weights = vec![(chosen, token.logprob.exp())];
    let others = token.top_logprobs.iter().filter(|other| other.spelling() != token.spelling());
    for other in others {
        let Some(rest) = begun(other.spelling()) else { continue };
        // `no` and `no"` are two tokens and one alternative.
        match weights.iter_mut().find(|(known, _)| *known == rest) {
            Some((_, weight)) => *weight += other.logprob.exp(),
            None => weights.push((rest, other.logprob.exp())),
        }
    }
    let least = token.top_logprobs.iter().map(|other| other.logprob).reduce(f64::min)?;
    for value in values {
        if !weights.iter().any(|(begun, _)| value.starts_with(begun)) {
            weights.push(((*value).to_owned(), least.min(token.logprob).exp()));
        }
    }
    let next = weights[1..].iter().map(|(_, weight)| *weight).reduce(f64::max)?;
    let margin = weights[0].1.ln() - next.ln();
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    if !total.is_normal() {
        return None;
    }
    for (_, weight) in &mut weights {
        *weight /= total;
    }
    weights.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    weights.truncate(TOLD);
    // Infinity would not be JSON.
    Some((weights, margin.clamp(f64::from(f32::MIN), f64::from(f32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Completion, Usage};
    use serde_json::json;

    /// A token with its alternatives, itself among them or not.
    fn token(text: &str, alternatives: &[(&str, f64)]) -> Token {
        let share = |text: &str, share: f64| json!({"token": text, "logprob": share.ln()});
        let own =
            alternatives.iter().find(|(other, _)| *other == text).map_or(1.0, |(_, own)| *own);
        let mut told = share(text, own);
        told["top_logprobs"] = alternatives.iter().map(|(text, own)| share(text, *own)).collect();
        serde_json::from_value(told).unwrap()
    }

    fn schema() -> Value {
        json!({
            "$defs": {"verdict": {"enum": ["verified", "dismissed", "uncertain"]}},
            "properties": {
                "verdict": {"$ref": "#/$defs/verdict"},
                "people": {"enum": ["none"]},
                "danger": {"enum": ["yes", "no", "unclear"]},
                "why": {"type": "string"},
            },
        })
    }

    fn completion(content: &str, tokens: &[Token]) -> Completion {
        let compact = Compact::new(content);
        let choices = choices(&compact, content, &schema(), tokens);
        Completion { text: compact.text, choices, usage: Usage::default() }
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn white_space_goes_between_parts_and_stays_in_texts() {
        let compact = Compact::new("{ \"a\" :\n [1, \"x \\\" y\"], \"ñ\": \"\\\\\" }");
        assert_eq!(compact.text, r#"{"a":[1,"x \" y"],"ñ":"\\"}"#);
        assert_eq!(compact.places.len(), compact.text.len());
        assert_eq!(compact.places[..5], [0, 2, 3, 4, 6]);
    }

    #[test]
    fn a_choice_is_found_however_the_tokens_lie() {
        let given = [("no", 0.6), ("yes", 0.2), ("un", 0.1), ("maybe", 0.1)];
        let with = |lead: &str| given.map(|(text, share)| (format!("{lead}{text}"), share));
        for (before, lead, content) in [
            (vec!["{\"", "danger", "\":\""], "", r#"{"danger":"no"}"#),
            (vec!["{", "\"danger\"", ": "], "\"", r#"{"danger": "no"}"#),
            (vec![" {\n  \"danger", "\":"], " \"", "{\n  \"danger\": \"no\"}"),
        ] {
            let alternatives = with(lead);
            let alternatives: Vec<_> =
                alternatives.iter().map(|(text, share)| (text.as_str(), *share)).collect();
            let mut tokens: Vec<Token> = before.iter().map(|text| token(text, &[])).collect();
            tokens.extend([token(&format!("{lead}no"), &alternatives), token("\"}", &[])]);
            let completion = completion(content, &tokens);
            let choice = completion.choice_at("danger").unwrap();
            let told: Vec<_> = choice.alternatives.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(told, ["no", "yes", "un"], "{content}");
            assert!(close(choice.alternatives[0].1, 0.6 / 0.9));
            assert!(close(choice.margin, 3.0_f64.ln()));
        }
    }

    #[test]
    fn what_the_schema_does_not_name_is_no_choice() {
        let spelt = [("v", 0.5), ("d", 0.3), ("x", 0.2)];
        let tokens = [
            token("{\"verdict\":\"", &[]),
            token("v", &spelt),
            token("erified\",\"people\":\"", &[]),
            token("none", &[("none", 0.9), ("one", 0.1)]),
            token("\",\"why\":\"", &[]),
            token("So", &[("So", 0.5), ("It", 0.5)]),
            token(".\"}<|im_end|>", &[]),
        ];
        let content = r#"{"verdict":"verified","people":"none","why":"So."}"#;
        let completion = completion(content, &tokens);
        assert_eq!(completion.choices.len(), 1);
        let told = &completion.choice_at("verdict").unwrap().alternatives;
        assert_eq!((told[0].0.as_str(), told[2].0.as_str()), ("v", "uncertain"));
        assert!(close(told[0].1, 0.5) && close(told[2].1, 0.2), "no more than `x`");
    }

    #[test]
    fn tokens_that_begin_one_value_alike_are_one_alternative() {
        let tokens = [
            token("{\"danger\":\"", &[]),
            token("no\"", &[("no\"", 0.4), ("no", 0.2), ("yes", 0.3)]),
            token("}", &[]),
        ];
        let completion = completion(r#"{"danger":"no"}"#, &tokens);
        let choice = completion.choice_at("danger").unwrap();
        assert_eq!(choice.alternatives.len(), 3);
        assert!(close(choice.margin, 2.0_f64.ln()));
    }

    #[test]
    fn what_was_not_told_is_counted_at_its_bound() {
        let asked = |own: f64, given: &[(&str, f64)]| {
            let mut no = token("no", given);
            no.logprob = own.ln();
            let tokens = [token("{\"danger\":\"", &[]), no, token("\"}", &[])];
            completion(r#"{"danger":"no"}"#, &tokens).choice_at("danger").unwrap().clone()
        };
        let choice = asked(0.9, &[("no", 0.9), ("never", 0.06), ("none", 0.03)]);
        assert!(close(choice.alternatives[0].1, 0.9 / 0.96));
        assert!(close(choice.margin, 30.0_f64.ln()));
        // The schema forced a token that the model held for improbable: nothing is known of the others.
        let choice = asked(0.001, &[("maybe", 0.9), ("so", 0.05)]);
        assert!(choice.alternatives.iter().all(|(_, share)| close(*share, 1.0 / 3.0)));
        assert!(close(choice.margin, 0.0));
    }

    #[test]
    fn without_probabilities_or_with_those_of_another_text_there_are_no_choices() {
        let content = r#"{"danger":"no"}"#;
        assert_eq!(completion(content, &[]).choices, []);
        let bare = [token("{\"danger\":\"", &[]), token("no", &[]), token("\"}", &[])];
        assert_eq!(completion(content, &bare).choices, []);
        let other = [token("{\"danger\":\"", &[]), token("yes", &[("yes", 0.9)])];
        assert_eq!(completion(content, &other).choices, []);
        let mut mad = token("no", &[("no", 0.9), ("yes", 0.1)]);
        mad.logprob = 1e300;
        let mad = [token("{\"danger\":\"", &[]), mad, token("\"}", &[])];
        assert_eq!(completion(content, &mad).choices, []);
    }
}
