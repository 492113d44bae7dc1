//! Captions as sentences: where each ends, what a model may see of it, and how many fit.

use std::borrow::Cow;

use crate::domain::CaptionId;

/// A sentence with more characters than this is cut on a word.
const LONGEST: usize = 400;
/// Stands where a caption was cut.
const CUT: &str = " […]";
/// What the reader writes before a caption at most; each line pays for it.
const LINE_OPENING: &str = "c10000 (3600-3600 s): \n";

/// Words whose full stop ends no sentence unless a capital letter follows much later.
const ABBREVIATIONS: [&str; 45] = [
    "mr", "mrs", "ms", "dr", "st", "prof", "sr", "jr", "vs", "e.g", "i.e", "eg", "ie", "approx",
    "ca", "no", "nr", "fig", "inc", "ltd", "co", "dept", "est", "min", "max", "sra", "srta", "dra",
    "ud", "uds", "aprox", "núm", "num", "pág", "tel", "av", "avda", "c", "ej", "p.ej", "ss", "dña",
    "d", "plta", "izq",
];

/// A text without what a person cannot see and a model can: tag characters, zero-width and
/// direction marks, variation selectors, other control characters. The stored original keeps them.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| is_invisible(char::from(byte))) {
        return Cow::Borrowed(text);
    }
    if text.contains(is_invisible) {
        Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character takes no place that a person could see.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The sentences of a text, in order, without the space around them. Together they have every
/// character of the text that is not space.
pub fn split(text: &str) -> Vec<&str> {
    Sentences { text, from: 0 }.map(|(start, end)| &text[start..end]).collect()
}

/// Byte ranges of the sentences of a text, found one after another.
struct Sentences<'a> {
    text: &'a str,
    from: usize,
}

impl Iterator for Sentences<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let rest = &self.text[self.from..];
        let start = self.from + (rest.len() - rest.trim_start().len());
        if start == self.text.len() {
            self.from = start;
            return None;
        }
        let end = sentence_end(self.text, start);
        self.from = end;
        let length = self.text[start..end].trim_end().len();
        Some((start, start + length))
    }
}

/// Where the sentence that begins at `start` ends.
fn sentence_end(text: &str, start: usize) -> usize {
    // Where to cut a sentence that is too long: behind the last space so far.
    let mut last_space = None;
    let mut chars = text[start..].char_indices().peekable();
    let mut seen = 0_usize;
    while let Some((offset, c)) = chars.next() {
        let next = start + offset + c.len_utf8();
        seen += 1;
        if c == '\n' && line_breaks(&text[next..]) {
            return next;
        }
        if matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？') {
            let closing = text[next..]
                .find(|c: char| {
                    !matches!(c, '.' | '!' | '?' | '…' | '"' | '\'' | ')' | ']' | '”' | '’' | '»')
                })
                .map_or(text.len(), |length| next + length);
            if ends_here(text, start, next, closing, c) {
                return closing;
            }
        }
        if c.is_whitespace() {
            last_space = Some(next);
        }
        if seen >= LONGEST {
            let ends = chars.peek().is_none_or(|(_, c)| c.is_whitespace());
            return if ends { next } else { last_space.unwrap_or(next) };
        }
    }
    text.len()
}

/// Whether a mark at `next - 1`, with what closes it up to `closing`, ends the sentence.
fn ends_here(text: &str, start: usize, next: usize, closing: usize, mark: char) -> bool {
    let follows = text[closing..].chars().next();
    let Some(follows) = follows else { return true };
    if !follows.is_whitespace() {
        // `。` needs no space after it; `3.5`, `19:54.` within a word do not end anything.
        return matches!(mark, '。' | '！' | '？');
    }
    if mark != '.' {
        return true;
    }
    let before = &text[start..next - 1];
    let word =
        before.rsplit(|c: char| c.is_whitespace() || c == '(' || c == '"').next().unwrap_or(before);
    if word == before.trim_start()
        && !word.is_empty()
        && word.len() <= 3
        && word.bytes().all(|byte| byte.is_ascii_digit())
    {
        // The number of a list's item belongs to the item.
        return false;
    }
    let lower = word.to_lowercase();
    let upper_follows = text[closing..]
        .trim_start()
        .chars()
        .find(|c| !matches!(c, '"' | '“' | '«' | '¿' | '¡' | '\''))
        .is_some_and(char::is_uppercase);
    if matches!(lower.as_str(), "a.m" | "p.m" | "etc" | "u.s" | "u.k" | "ee.uu") {
        return upper_follows;
    }
    let mut letters = word.chars();
    let initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    !(initial || ABBREVIATIONS.contains(&lower.as_str()))
}

/// Whether a new line begins a new sentence: an empty line, a list's item, a capital letter. A line
/// that merely runs on does not.
fn line_breaks(rest: &str) -> bool {
    let line = rest.trim_start_matches([' ', '\t', '\r']);
    line.chars().next().is_none_or(|c| !(c.is_lowercase() || matches!(c, ',' | ';' | ')')))
}

/// Captions that fit a model's window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fitted {
    /// What is kept, by caption, in order: the whole caption, or its first sentences and ` […]`.
    pub lines: Vec<(CaptionId, String)>,
    /// Captions that were cut or left out, in order. A caption without any text is not among them.
    pub cut: Vec<CaptionId>,
}

/// How many sentences of one caption are kept.
struct Kept<'a> {
    id: CaptionId,
    text: &'a str,
    sentences: Sentences<'a>,
    /// Bytes of the text that are kept.
    end: usize,
    /// Ends of the kept sentences.
    ends: Vec<usize>,
    closed: bool,
}

impl Kept<'_> {
    fn whole(&self) -> bool {
        self.text[self.end..].trim().is_empty()
    }

    fn line(&self) -> Option<String> {
        match (self.end, self.whole()) {
            (0, _) => None,
            (_, true) => Some(self.text.to_owned()),
            (end, false) => Some(format!("{}{CUT}", &self.text[..end])),
        }
    }
}

/// Keeps as many whole sentences as `max_tokens` allow, `count` saying how many tokens a text has;
/// each kept caption also pays for what the reader writes before it. The first sentences of all
/// captions come before the second ones of any; where not even those fit, the newest captions stay.
pub fn fit(
    captions: &[(CaptionId, String)],
    count: impl Fn(&str) -> usize,
    max_tokens: usize,
) -> Fitted {
    let opening = count(LINE_OPENING);
    let mark = count(CUT);
    let mut kept: Vec<Kept<'_>> = captions
        .iter()
        .map(|(id, text)| (id, text.trim()))
        .filter(|(_, text)| !text.is_empty())
        .map(|(id, text)| Kept {
            id: *id,
            text,
            sentences: Sentences { text, from: 0 },
            end: 0,
            ends: Vec::new(),
            closed: false,
        })
        .collect();
    take_in_turn(&mut kept, &count, max_tokens, opening, mark);
    shrink_to(&mut kept, &count, max_tokens, opening);
    Fitted {
        lines: kept.iter().filter_map(|one| Some((one.id, one.line()?))).collect(),
        cut: kept.iter().filter(|one| !one.whole()).map(|one| one.id).collect(),
    }
}

/// One sentence of each caption in turn, newest first, until nothing more fits.
fn take_in_turn(
    kept: &mut [Kept<'_>],
    count: &impl Fn(&str) -> usize,
    max_tokens: usize,
    opening: usize,
    mark: usize,
) {
    // Refusals are bounded too: each of them costs a count.
    let (mut left, mut refusals) = (max_tokens, 64_u32);
    loop {
        let mut took = false;
        for one in kept.iter_mut().rev().filter(|one| !one.closed) {
            let least = if one.ends.is_empty() { opening + mark } else { 0 };
            if left <= least || refusals == 0 {
                one.closed = true;
                continue;
            }
            let Some((_, end)) = one.sentences.next() else {
                one.closed = true;
                continue;
            };
            // The space before a sentence belongs to it: a model counts both together.
            let cost = count(&one.text[one.end..end]).max(1) + least;
            if cost > left {
                one.closed = true;
                refusals -= 1;
                continue;
            }
            left -= cost;
            one.end = end;
            one.ends.push(end);
            took = true;
        }
        if !took {
            return;
        }
    }
}

/// A text may have more tokens than its sentences have together; then the oldest captions give up
/// their last sentences until the budget holds.
fn shrink_to(
    kept: &mut [Kept<'_>],
    count: &impl Fn(&str) -> usize,
    max_tokens: usize,
    opening: usize,
) {
    let cost = |one: &Kept<'_>| one.line().map_or(0, |line| count(&line) + opening);
    let mut costs: Vec<usize> = kept.iter().map(cost).collect();
    let mut total: usize = costs.iter().sum();
    while total > max_tokens {
        let longest = kept.iter().map(|one| one.ends.len()).max().unwrap_or(0);
        let Some(place) = kept.iter().position(|one| one.ends.len() == longest && longest > 0)
        else {
            return;
        };
        kept[place].ends.pop();
        kept[place].end = kept[place].ends.last().copied().unwrap_or(0);
        total -= costs[place];
        costs[place] = cost(&kept[place]);
        total += costs[place];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn captions(texts: &[&str]) -> Vec<(CaptionId, String)> {
        (1..).zip(texts).map(|(id, text)| (CaptionId(id), (*text).to_owned())).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        insta::assert_debug_snapshot!(
            split("Mr. Gray waits at 3.5 m from Gate No. 4 at 7:30 p.m. with a bag. He leaves! \
                   ¿Quién es? ¡Nadie! Aprox. dos minutos después, la Sra. Díaz cierra. \"Done.\" Then fog…"),
            @r#"
        [
            "Mr. Gray waits at 3.5 m from Gate No. 4 at 7:30 p.m. with a bag.",
            "He leaves!",
            "¿Quién es?",
            "¡Nadie!",
            "Aprox. dos minutos después, la Sra. Díaz cierra.",
            "\"Done.\"",
            "Then fog…",
        ]
        "#
        );
    }

    #[test]
    fn lists_and_lines_are_sentences_but_soft_wraps_are_not() {
        assert_eq!(
            split("Seen:\n- A van\n- A dog\n1. The van\nstops there.\n\n2. It leaves"),
            ["Seen:", "- A van", "- A dog", "1. The van\nstops there.", "2. It leaves"]
        );
    }

    #[test]
    fn text_without_marks_is_cut_on_a_word() {
        let text = "walks ".repeat(1_000);
        let sentences = split(&text);
        assert!(sentences.iter().all(|one| one.len() <= LONGEST && one.ends_with("walks")));
        let unbroken = "x".repeat(1_000);
        assert_eq!(split(&unbroken).len(), 3);
    }

    #[test]
    fn what_nobody_sees_is_taken_out_and_letters_stay() {
        assert_eq!(plain("a\u{200b}b\u{202e}c\u{e0041}\u{fe0f}d\u{0}"), "abcd");
        assert!(matches!(plain("niño, 東京\n\t"), Cow::Borrowed("niño, 東京\n\t")));
    }

    #[test]
    fn everything_that_fits_is_kept_as_it_is() {
        let all = captions(&["A van stops.  A man gets out.", "He walks."]);
        let fitted = fit(&all, words, 1_000);
        assert_eq!(fitted.lines, all);
        assert!(fitted.cut.is_empty());
    }

    #[test]
    fn first_sentences_of_all_come_before_second_ones_of_any() {
        let all = captions(&["One a. One b. One c. One d.", "Two a. Two b.", "Three a."]);
        // Each line pays four words for its opening and its mark.
        let fitted = fit(&all, words, 3 * 4 + 8);
        let lines: Vec<&str> = fitted.lines.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(lines, ["One a. […]", "Two a. Two b.", "Three a."]);
        assert_eq!(fitted.cut, [CaptionId(1)]);
    }

    #[test]
    fn where_not_even_first_sentences_fit_the_newest_stay() {
        let all = captions(&["Old one here.", "Middle one here.", "New one here."]);
        let fitted = fit(&all, words, 8);
        assert_eq!(fitted.lines, [(CaptionId(3), "New one here.".to_owned())]);
        assert_eq!(fitted.cut, [CaptionId(1), CaptionId(2)]);
    }

    #[test]
    fn a_sentence_longer_than_the_budget_is_left_out_and_said_so() {
        let fitted = fit(&captions(&["A very long sentence without end"]), words, 3);
        assert_eq!((fitted.lines.len(), fitted.cut.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn nothing_exceeds_the_budget_and_nothing_is_lost_silently(
            texts in prop::collection::vec("[a-zñ .!?\n]{0,120}", 0..12),
            budget in 0_usize..120,
        ) {
            let all: Vec<_> = (1..).map(CaptionId).zip(texts).collect();
            // Bytes count more than words do, and joined texts more than their parts.
            for count in [words as fn(&str) -> usize, str::len, |text: &str| text.len() * text.len() / 9] {
                let fitted = fit(&all, count, budget);
                let spent: usize = fitted.lines.iter().map(|(_, line)| count(line)).sum();
                prop_assert!(spent <= budget);
                for (id, text) in &all {
                    let line = fitted.lines.iter().find(|(kept, _)| kept == id);
                    let whole = line.is_some_and(|(_, line)| line == text.trim());
                    prop_assert_eq!(!whole && !text.trim().is_empty(), fitted.cut.contains(id));
                    if let Some((_, line)) = line.filter(|_| !whole) {
                        let start = line.strip_suffix(CUT);
                        prop_assert!(start.is_some_and(|start| text.trim().starts_with(start)));
                    }
                }
            }
        }

        #[test]
        fn sentences_have_every_character_and_are_short(text in "[A-Za-z0-9ñ¿?¡!.,\"' \n-]{0,900}") {
            let sentences = split(&text);
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&sentences.concat()), bare(&text));
            prop_assert!(sentences.iter().all(|one| one.chars().count() <= LONGEST + 8));
        }
    }
}
