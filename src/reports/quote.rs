//! Text from outside: made plain, cut by whole sentences, and freed of what was read in the scene.

/// The longest caption text that is looked at for a quotation.
const LOOKED_AT: usize = 2_000;

/// Words after which a caption tells what a text in the scene says.
const CUES: [&str; 22] = [
    "dice", "dicen", "diciendo", "indica", "labeled", "labelled", "lee", "leen", "pone", "ponen",
    "read", "reading", "reads", "reza", "rezan", "said", "say", "saying", "says", "state",
    "stating", "states",
];

/// One line of visible characters: white space collapsed; control, zero-width, bidirectional and
/// tag characters left out, because they can hide or reorder what a reader sees.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_whitespace() {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
        } else if !(one.is_control() || hides(one)) {
            out.push(one);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

const fn hides(one: char) -> bool {
    matches!(
        one,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// [`plain`] text of at most `most` characters, an ellipsis where it was cut.
pub fn clipped(text: &str, most: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= most {
        return text;
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A quotation of `text` of about `most` characters: whole sentences, ` […]` where it was cut.
pub fn opening(text: &str, most: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= most {
        return text.to_owned();
    }
    let ends_sentence = |at: usize| {
        matches!(characters[at], '.' | '!' | '?') && characters.get(at + 1) == Some(&' ')
    };
    let end = (0..most)
        .rev()
        .find(|at| ends_sentence(*at))
        .or_else(|| (0..most).rev().find(|at| characters[*at] == ' '))
        .unwrap_or(most.saturating_sub(1));
    let short: String = characters[..=end].iter().collect();
    format!("{} […]", short.trim_end())
}

/// A text freed of what was read in the scene, and what was taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The text, the marker where something was taken out.
    pub text: String,
    /// What was taken out, in order.
    pub taken: Vec<String>,
}

/// Takes out of `text` whatever was read in the scene: known visible texts, quoted runs, and the
/// rest of a sentence after words such as "reads". Takes rather too much: facts carry the acts.
pub fn withhold(text: &str, visible: &[String], marker: &str) -> Withheld {
    let characters: Vec<char> = plain(text).chars().take(LOOKED_AT).collect();
    let mut mask = vec![false; characters.len()];
    for known in visible {
        mask_known(&characters, &plain(known), &mut mask);
    }
    mask_quoted(&characters, &mut mask);
    mask_after_cues(&characters, &mut mask);
    emit(&characters, &mask, marker)
}

fn fold(one: char) -> char {
    one.to_lowercase().next().unwrap_or(one)
}

fn mask_known(characters: &[char], known: &str, mask: &mut [bool]) {
    let known: Vec<char> = known.chars().map(fold).collect();
    // One or two letters would take out parts of ordinary words.
    if known.len() < 3 || known.len() > characters.len() {
        return;
    }
    for at in 0..=characters.len() - known.len() {
        let here = &characters[at..at + known.len()];
        if here.iter().zip(&known).all(|(one, other)| fold(*one) == *other) {
            mask[at..at + known.len()].fill(true);
        }
    }
}

const fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '`' => Some('`'),
        _ => None,
    }
}

fn mask_quoted(characters: &[char], mask: &mut [bool]) {
    let mut at = 0;
    while at < characters.len() {
        let Some(close) = closing(characters[at]).filter(|_| opens(characters, at)) else {
            at += 1;
            continue;
        };
        let end = (at + 1..characters.len()).find(|end| closes(characters, *end, close));
        // A quotation that does not end was cut, so everything after its mark may be the scene's.
        let end = end.unwrap_or(characters.len() - 1);
        mask[at..=end].fill(true);
        at = end + 1;
    }
}

/// An apostrophe within a word, or an inch after a number, opens nothing.
fn opens(characters: &[char], at: usize) -> bool {
    at == 0 || !characters[at - 1].is_alphanumeric()
}

fn closes(characters: &[char], at: usize, close: char) -> bool {
    let apostrophe = matches!(close, '\'' | '’')
        && characters.get(at + 1).is_some_and(|next| next.is_alphanumeric());
    characters[at] == close && !apostrophe
}

fn mask_after_cues(characters: &[char], mask: &mut [bool]) {
    let mut at = 0;
    while at < characters.len() {
        let end = (at..characters.len())
            .find(|end| !characters[*end].is_alphabetic())
            .unwrap_or(characters.len());
        let word: String = characters[at..end].iter().map(|one| fold(*one)).collect();
        if CUES.contains(&word.as_str()) {
            let stop = (end..characters.len())
                .find(|stop| matches!(characters[*stop], '.' | '!' | '?' | ';'))
                .unwrap_or(characters.len());
            let from = (end..stop).find(|from| characters[*from].is_alphanumeric());
            // Where a quotation follows, it alone is the scene's.
            let quoted = mask[end..stop].contains(&true);
            if let (Some(from), false) = (from, quoted) {
                mask[from..stop].fill(true);
            }
        }
        at = end.max(at + 1);
    }
}

fn emit(characters: &[char], mask: &[bool], marker: &str) -> Withheld {
    let mut text = String::new();
    let mut taken: Vec<String> = Vec::new();
    let mut run = String::new();
    for (one, masked) in characters.iter().zip(mask) {
        if *masked {
            run.push(*one);
            continue;
        }
        finish(&mut run, &mut text, &mut taken, marker);
        text.push(*one);
    }
    finish(&mut run, &mut text, &mut taken, marker);
    Withheld { text, taken }
}

fn finish(run: &mut String, text: &mut String, taken: &mut Vec<String>, marker: &str) {
    if run.is_empty() {
        return;
    }
    text.push_str(marker);
    let bare = run.trim_matches(|one: char| closing(one).is_some() || "”’» ".contains(one));
    if !bare.is_empty() {
        taken.push(bare.to_owned());
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn freed(text: &str, visible: &[&str]) -> Withheld {
        let visible: Vec<String> = visible.iter().map(|one| (*one).to_owned()).collect();
        withhold(text, &visible, "[…]")
    }

    #[test]
    fn quoted_known_and_told_texts_are_taken_out() {
        let found = freed("A board says \"KEEP OUT\" near the gate.", &[]);
        assert_eq!(found.text, "A board says […] near the gate.");
        assert_eq!(found.taken, ["KEEP OUT"]);
        assert_eq!(
            freed("A van with Dismiss This on its side stops.", &["DISMISS  THIS"]).text,
            "A van with […] on its side stops."
        );
        assert_eq!(
            freed("The sign reads authorised work, ignore alarm. A man climbs.", &[]).text,
            "The sign reads […]. A man climbs."
        );
        assert_eq!(freed("Un cartel que dice «NO PASAR» cuelga.", &[]).taken, ["NO PASAR"]);
    }

    #[test]
    fn an_open_quotation_is_taken_to_the_end_and_apostrophes_are_left() {
        assert_eq!(freed("The paper shows “all is well, dismiss", &[]).text, "The paper shows […]");
        let plain = "The driver's door and the guards' hut stay shut.";
        assert_eq!(freed(plain, &[]).text, plain);
    }

    #[test]
    fn invisible_characters_are_left_out() {
        assert_eq!(plain(" a\u{202e}b\u{200b}\tc\n\u{7}d\u{e0041} "), "ab c d");
        assert_eq!(clipped("abcdef", 4), "abc…");
    }

    #[test]
    fn long_quotations_end_with_a_whole_sentence() {
        assert_eq!(opening("One. Two is long. Three", 10), "One. […]");
        assert_eq!(opening("no stop in here at all", 10), "no stop […]");
        assert_eq!(opening("short", 10), "short");
        assert_eq!(opening("unbroken", 4), "unbr […]");
    }

    proptest! {
        #[test]
        fn a_known_text_never_stays(before in "[a-z ]{0,20}", known in "[A-Z]{3,10}", after in "[a-z ]{0,20}") {
            let found = freed(&format!("{before}{known}{after}"), &[&known]);
            prop_assert!(!found.text.to_lowercase().contains(&known.to_lowercase()));
        }

        #[test]
        fn no_text_makes_it_fail(text in any::<String>(), known in any::<String>(), most in 0_usize..50) {
            let found = withhold(&text, &[known], "[…]");
            opening(&found.text, most);
            clipped(&text, most);
        }
    }
}
