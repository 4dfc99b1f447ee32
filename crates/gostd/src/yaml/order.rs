//! The order of keys: numbers within them count as numbers, letters come after all else.
//!
//! It has circles: `19` is before `1a`, that is before `2`, and that before `19`. There Go's order hangs on chance.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

/// Sorts by merging, for the standard library's sort panics where there are circles.
pub(super) fn sort<T: Copy>(keys: &mut [(&str, T)]) {
    if keys.len() < 2 {
        return;
    }
    let (left, right) = keys.split_at_mut(keys.len() / 2);
    sort(left);
    sort(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (&*left, &*right);
    while let ([a, ..], [b, ..]) = (left, right) {
        if compare(b.0, a.0) == Ordering::Less {
            merged.push(*b);
            right = &right[1..];
        } else {
            merged.push(*a);
            left = &left[1..];
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    keys.copy_from_slice(&merged);
}

fn compare(a: &str, b: &str) -> Ordering {
    let mut pairs = a.char_indices().zip(b.chars());
    let Some(((at, a_char), b_char)) = pairs.find(|((_, a), b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (is_letter(a_char), is_letter(b_char)) {
        (true, true) => return a_char.cmp(&b_char),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero is worth something behind other digits, and nothing at the beginning of a number.
    let mut before = a[..at].chars().rev().take_while(|c| is_digit(*c));
    let within = (a_char == '0' || b_char == '0') && before.any(|c| c != '0');
    let (left, right) = (number(&a[at..], within), number(&b[at..], within));
    left.cmp(&right).then(a_char.cmp(&b_char))
}

/// The number at the beginning, and how many digits it has. What is too large wraps around.
fn number(text: &str, within: bool) -> (i64, usize) {
    let digits = text.chars().take_while(|c| is_digit(*c));
    digits.fold((i64::from(within), 0), |(value, count), c| {
        let digit = i64::from(u32::from(c)) - i64::from(u32::from('0'));
        (value.wrapping_mul(10).wrapping_add(digit), count + 1)
    })
}

fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\A\p{L}").expect("a valid pattern"));
    is_of(c, c.is_ascii_alphabetic(), &LETTER)
}

fn is_digit(c: char) -> bool {
    static DIGIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\A\p{Nd}").expect("a valid pattern"));
    is_of(c, c.is_ascii_digit(), &DIGIT)
}

fn is_of(c: char, ascii: bool, class: &Regex) -> bool {
    if c.is_ascii() {
        ascii
    } else {
        class.is_match(c.encode_utf8(&mut [0; 4]))
    }
}
