//! Words as a reader would see them: without case, accents, invisible characters or look-alike letters.

use crate::reading::sentences::is_invisible;

/// What stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Gap {
    /// Space, a hyphen or nothing.
    Space,
    /// Punctuation inside a sentence.
    Clause,
    /// A sentence's end, a new line or the text's start.
    Sentence,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reading) struct Token {
    /// Folded.
    pub(in crate::reading) text: String,
    /// What digits in place of letters may stand for; empty for most words.
    pub(in crate::reading) variants: Vec<String>,
    /// What stands before it.
    pub(in crate::reading) gap: Gap,
    /// Where it begins, in bytes of the original text.
    pub(in crate::reading) start: usize,
    /// Where it ends.
    pub(in crate::reading) end: usize,
}

/// The words of a text.
pub(in crate::reading) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut gap = Gap::Sentence;
    let mut word = Word::default();
    let mut chars = text.char_indices().peekable();
    while let Some((place, c)) = chars.next() {
        if is_invisible(c) || is_mark(c) {
            continue;
        }
        let inside = |next: Option<&(usize, char)>| {
            !word.folded.is_empty() && next.is_some_and(|(_, next)| next.is_alphanumeric())
        };
        if c.is_alphanumeric() || is_letter_like(c) {
            word.push(c, place);
        } else if matches!(c, '\'' | '’') && inside(chars.peek()) {
            // `don't` and `dont` are one word.
        } else if let Some(letter) = symbol_letter(c).filter(|_| inside(chars.peek())) {
            word.push_symbol(letter, place);
        } else {
            if !word.folded.is_empty() {
                tokens.push(std::mem::take(&mut word).finish(gap));
                gap = Gap::Space;
            }
            gap = wider(gap, gap_of(c));
        }
    }
    if !word.folded.is_empty() {
        tokens.push(word.finish(gap));
    }
    tokens
}

/// A text folded as one word, for lists.
pub(in crate::reading) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars()
        .filter(|c| !is_invisible(*c) && !is_mark(*c))
        .for_each(|c| fold_into(c, &mut folded));
    folded
}

const fn gap_of(c: char) -> Gap {
    match c {
        '.' | '!' | '?' | '…' | '\n' | '\r' | '¡' | '¿' | '。' => Gap::Sentence,
        ' ' | '\t' | '-' | '\u{a0}' | '_' | '\u{2010}' | '\u{2011}' | '/' => Gap::Space,
        _ => Gap::Clause,
    }
}

const fn wider(one: Gap, other: Gap) -> Gap {
    match (one, other) {
        (Gap::Sentence, _) | (_, Gap::Sentence) => Gap::Sentence,
        (Gap::Clause, _) | (_, Gap::Clause) => Gap::Clause,
        _ => Gap::Space,
    }
}

#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something seen on the way through the word"
)]
struct Word {
    folded: String,
    start: usize,
    end: usize,
    has_letter: bool,
    has_digit: bool,
    /// A capital I behind a small letter, which looks like a small l.
    has_disguised_l: bool,
    last_lower: bool,
}

impl Word {
    fn push(&mut self, c: char, place: usize) {
        if self.folded.is_empty() {
            self.start = place;
        }
        self.end = place + c.len_utf8();
        self.has_digit |= c.is_ascii_digit();
        self.has_letter |= c.is_alphabetic();
        if c == 'I' && self.last_lower {
            self.has_disguised_l = true;
            self.folded.push('|');
        } else {
            fold_into(c, &mut self.folded);
        }
        self.last_lower = c.is_lowercase();
    }

    fn push_symbol(&mut self, letter: char, place: usize) {
        // Every such symbol is one byte long.
        self.end = place + 1;
        self.has_digit = true;
        self.folded.push(letter);
    }

    fn finish(self, gap: Gap) -> Token {
        let mut variants = Vec::new();
        if self.has_disguised_l || (self.has_digit && self.has_letter) {
            for ambiguous in ['i', 'l'] {
                variants.push(self.folded.chars().map(|c| undisguised(c, ambiguous)).collect());
            }
        }
        let text = self.folded.replace('|', "i");
        Token { text, variants, gap, start: self.start, end: self.end }
    }
}

/// The letter that a digit stands for in `1gn0r3`; one and the bar may be i or l.
const fn undisguised(c: char, ambiguous: char) -> char {
    match c {
        '0' => 'o',
        '1' | '|' => ambiguous,
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

const fn symbol_letter(c: char) -> Option<char> {
    match c {
        '@' => Some('a'),
        '$' => Some('s'),
        _ => None,
    }
}

/// Combining marks.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}

/// Enclosed letters, which are symbols to Unicode.
const fn is_letter_like(c: char) -> bool {
    matches!(c, '\u{249c}'..='\u{24e9}' | '\u{1f110}'..='\u{1f189}' | '\u{1f1e6}'..='\u{1f1ff}')
}

fn fold_into(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    if let Some(letter) = enclosed(c).or_else(|| look_alike(c)) {
        folded.push(letter);
        return;
    }
    for lower in c.to_lowercase() {
        match lower {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            other => folded.push(unaccented(other)),
        }
    }
}

/// Letters of the compatibility blocks: full width, mathematical, circled, squared, flags.
fn enclosed(c: char) -> Option<char> {
    let code = u32::from(c);
    let letter = |offset: u32| char::from_u32(u32::from('a') + offset % 26);
    match code {
        0xff01..=0xff5e => char::from_u32(code - 0xfee0).map(|c| c.to_ascii_lowercase()),
        0x1d400..=0x1d6a3 => letter((code - 0x1d400) % 52),
        0x1d7ce..=0x1d7ff => char::from_u32(u32::from('0') + (code - 0x1d7ce) % 10),
        0x249c..=0x24b5 => letter(code - 0x249c),
        0x24b6..=0x24cf => letter(code - 0x24b6),
        0x24d0..=0x24e9 => letter(code - 0x24d0),
        0x1f110..=0x1f129 => letter(code - 0x1f110),
        0x1f130..=0x1f149 => letter(code - 0x1f130),
        0x1f150..=0x1f169 => letter(code - 0x1f150),
        0x1f170..=0x1f189 => letter(code - 0x1f170),
        0x1f1e6..=0x1f1ff => letter(code - 0x1f1e6),
        _ => None,
    }
}

/// Greek, Cyrillic and small capital letters that look like Latin ones.
const fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'А' | 'а' | 'Α' | 'α' | 'ᴀ' | 'ɑ' => 'a',
        'В' | 'в' | 'Β' | 'β' | 'ʙ' | 'Ь' | 'ь' => 'b',
        'С' | 'с' | 'ᴄ' | 'Ϲ' | 'ϲ' => 'c',
        'ԁ' | 'ᴅ' => 'd',
        'Е' | 'е' | 'Ё' | 'ё' | 'Ε' | 'ε' | 'ᴇ' | 'Є' | 'є' => 'e',
        'ꜰ' | 'ғ' | 'Ғ' => 'f',
        'ɡ' | 'ɢ' => 'g',
        'Н' | 'н' | 'Η' | 'һ' | 'Һ' | 'ʜ' => 'h',
        'І' | 'і' | 'Ι' | 'ι' | 'ɪ' | 'ı' | 'Ӏ' | 'ӏ' => 'i',
        'Ј' | 'ј' | 'ᴊ' => 'j',
        'К' | 'к' | 'Κ' | 'κ' | 'ᴋ' => 'k',
        'ʟ' => 'l',
        'М' | 'м' | 'Μ' | 'ᴍ' => 'm',
        'Ν' | 'η' | 'ɴ' | 'И' | 'и' | 'п' | 'П' => 'n',
        'О' | 'о' | 'Ο' | 'ο' | 'ᴏ' | 'Ө' | 'ө' | 'σ' | 'ø' | 'Ø' => 'o',
        'Р' | 'р' | 'Ρ' | 'ρ' | 'ᴘ' => 'p',
        'ԛ' => 'q',
        'Г' | 'г' | 'Я' | 'я' | 'ʀ' => 'r',
        'Ѕ' | 'ѕ' | 'ꜱ' => 's',
        'Т' | 'т' | 'Τ' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' | 'ц' | 'Ц' => 'u',
        'ν' | 'ᴠ' | 'ѵ' => 'v',
        'Ԝ' | 'ԝ' | 'ᴡ' | 'ω' | 'ш' | 'Ш' => 'w',
        'Х' | 'х' | 'Χ' | 'χ' => 'x',
        'У' | 'у' | 'Υ' | 'γ' | 'ʏ' => 'y',
        'Ζ' | 'ᴢ' => 'z',
        _ => return None,
    })
}

/// A small Latin letter without its accent.
const fn unaccented(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ' | 'ả' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ' | 'ẻ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ị' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' | 'ő' | 'ọ' | 'ỏ' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn disguises_fall_off() {
        for disguised in [
            "ＩＧＮＯＲＥ",
            "𝐈𝐠𝐧𝐨𝐫𝐞",
            "ⓘⓖⓝⓞⓡⓔ",
            "іgnоrе",
            "ig\u{200b}no\u{ad}re",
            "Ígñörè",
            "ɪɢɴᴏʀᴇ",
        ] {
            assert_eq!(words(disguised), ["ignore"], "{disguised}");
        }
    }

    #[test]
    fn digits_in_words_are_read_as_letters_too_and_numbers_stay() {
        let token = &tokens("1gn0r3")[0];
        assert!(token.variants.contains(&"ignore".to_owned()));
        assert!(tokens("a1@rm")[0].variants.contains(&"alarm".to_owned()));
        assert!(tokens("aIarm")[0].variants.contains(&"alarm".to_owned()));
        assert!(tokens("2026")[0].variants.is_empty());
    }

    #[test]
    fn gaps_say_what_parts_words() {
        use Gap::{Clause, Sentence, Space};
        let gaps: Vec<Gap> =
            tokens("A man, a well-known dog. No!").iter().map(|token| token.gap).collect();
        assert_eq!(gaps, [Sentence, Space, Clause, Space, Space, Space, Sentence]);
        assert_eq!(words("don't he’s"), ["dont", "hes"]);
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "¡Año, \u{200b}fin!";
        let spans: Vec<&str> =
            tokens(text).iter().map(|token| &text[token.start..token.end]).collect();
        assert_eq!(spans, ["Año", "fin"]);
    }
}
