//! The commands of one line of a shell, with quotes taken away. Expands nothing and runs nothing.

use std::iter::Peekable;
use std::str::Chars;

/// The words of each command, which `;`, `&`, `|` and line ends part; comments are none.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            // What another command prints is one word, however it is written.
            (None | Some('"'), '`') => substitution(&mut letters, '`', word.get_or_insert_default()),
            (None | Some('"'), '$') if letters.peek() == Some(&'(') => {
                letters.next();
                substitution(&mut letters, ')', word.get_or_insert_default());
            }
            // A path of Windows keeps its strokes.
            (None | Some('"'), '\\') if letters.peek().is_some_and(|next| " \"'$\\\n".contains(*next)) => {
                let next = letters.next().filter(|next| *next != '\n');
                word.get_or_insert_default().extend(next);
            }
            (None, '#') if word.is_none() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            (None, ';' | '&' | '|' | '\n') => {
                end(&mut all, &mut word);
                all.push(Vec::new());
            }
            (None, letter) if letter.is_whitespace() => end(&mut all, &mut word),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    end(&mut all, &mut word);
    all.retain(|words| !words.is_empty());
    all
}

/// Takes what stands in a substitution to its end, which stays one word; brackets in it may lie in each other.
fn substitution(letters: &mut Peekable<Chars<'_>>, close: char, word: &mut String) {
    word.push_str(if close == ')' { "$(" } else { "`" });
    let mut open = 0_usize;
    for letter in letters.by_ref() {
        if letter == close && open == 0 {
            break;
        }
        match letter {
            '(' => open += usize::from(close == ')'),
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        word.push(letter);
    }
    word.push(close);
}

fn end(all: &mut [Vec<String>], word: &mut Option<String>) {
    if let (Some(words), Some(word)) = (all.last_mut(), word.take()) {
        words.push(word);
    }
}

/// Name and value of `NAME=value`.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn quoted_words_come_back_as_they_were(words in prop::collection::vec("[^']{0,12}", 1..6)) {
            let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(commands(&line), vec![words]);
        }

        #[test]
        fn any_line_is_taken_apart(line in "[ab=;&|\"' \\\\\n$()`]{0,60}") {
            let letters: usize = commands(&line).iter().flatten().map(String::len).sum();
            // A substitution that is left open is closed.
            prop_assert!(letters <= line.len() + 1);
        }
    }

    #[test]
    fn lines_are_taken_apart_as_a_shell_does() {
        assert_eq!(
            commands("cd /a && A='b c' npx -y \"x y\" | tee z; "),
            [vec!["cd", "/a"], vec!["A=b c", "npx", "-y", "x y"], vec!["tee", "z"]]
        );
        assert_eq!(commands(r"C:\tools\x.exe a\ b"), [vec![r"C:\tools\x.exe", "a b"]]);
        assert_eq!(commands("a \"b\\\"c\" ''"), [vec!["a", "b\"c", ""]]);
        assert!(commands("  ;; \n").is_empty());
        assert_eq!(commands("a#b 'c' # d; e\n# f\ng"), [vec!["a#b", "c"], vec!["g"]]);
        // What another command prints is one word.
        assert_eq!(
            commands("T=$(op read \"op://v/(i)\" | tr -d x) `id -u`; U=\"$(a; b)c\" e"),
            [vec!["T=$(op read \"op://v/(i)\" | tr -d x)", "`id -u`"], vec!["U=$(a; b)c", "e"]]
        );
        assert_eq!((assignment("A_1=b=c"), assignment("--a=b"), assignment("=x")), (Some(("A_1", "b=c")), None, None));
    }
}
