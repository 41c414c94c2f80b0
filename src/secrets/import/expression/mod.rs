//! The expressions by which betterleaks decides what to leave out. A text becomes a program, a program and a match an
//! answer. Does nothing but compute: no file, no network, no clock.
//!
//! Source: the language is that of <https://expr-lang.org/docs/language-definition>, the functions those of the
//! configuration reference of <https://github.com/betterleaks/betterleaks>.

mod evaluate;
mod function;
mod lex;
mod node;
mod parse;
mod value;

use std::collections::BTreeSet;

use crate::model::Confidence;

use super::sight::Sight;
use node::Node;

/// An expression, ready to be asked.
#[derive(Debug)]
pub(super) struct Program {
    root: Node,
    /// The functions in it that are not computed here, or only where the answer is plain.
    pub(super) unknown: BTreeSet<String>,
}

/// What an expression says of a match.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// It is to be left out.
    pub(super) discards: bool,
    /// How sure the match is, where the expression says so.
    pub(super) confidence: Option<Confidence>,
}

impl Program {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, or not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut unknown = BTreeSet::new();
        let root = parse::parse(text, &mut unknown)?;
        Ok(Self { root, unknown })
    }

    /// Asks it about a match. What cannot be told discards nothing.
    pub(super) fn judge(&self, sight: &Sight<'_>) -> Verdict {
        let mut run = evaluate::Run::new(sight);
        let discards = run.value(&self.root).as_bool() == Some(true);
        Verdict { discards, confidence: run.confidence }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"a = 1\n  api_key: \"s3cr3tValue42\", # note\nlast line\n";

    fn judge(expression: &str) -> Verdict {
        let whole = 8..34;
        let sight = Sight::new(TEXT, &whole, &(18..31), &["src/app.yaml"]).expect("it lies in the text");
        assert_eq!((sight.secret, sight.matched()), (&b"s3cr3tValue42"[..], &b"api_key: \"s3cr3tValue42\", "[..]));
        Program::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}")).judge(&sight)
    }

    #[test]
    fn what_holds_discards() {
        for expression in [
            r#"entropy(finding["secret"]) <= 4.0"#,
            r#"finding.secret == "s3cr3tValue42""#,
            r#"matchesAny(finding["match"], [`^api[_-]key`, "never"])"#,
            r#"containsAny(finding["secret"], ["value"])"#,
            r#"attributes["path"] == "src/app.yaml" && not (1 > 2)"#,
            r#"matchesAny(attributes?.path ?? "", ["\\.ya?ml$"])"#,
            r#"let raw = finding["fragment_raw"]; raw[finding["match_line_start_idx"]:finding["match_start_idx"]] == "  ""#,
            r#"let lines = split(finding["fragment_raw"], "\n"); lines[len(lines) - 2] == "last line" && lines[-2:][0] == lines[2]"#,
            r#"let a = len(finding["secret"]) == 13 ? "x" : "y"; let _ = setConfidence("low"); a in ["z", "x"]"#,
            r#"join(map(split("a<b<c", "<"), { let t = findMatch(#, "b"); t == "" ? # : upper(t) }), "-") == "a-B-c""#,
            r#"replace("aXbX", "X", "", 1) == "abX" && max(1, 3) - min(2, 5) == 1"#,
            r#"lower("ABC") contains "b" && "abc" startsWith "a" && "abc" endsWith "c" && "abc" matches "^a.c$""#,
            r#"any(["a", "b"], # == "b") && all([1, 2], {# > 0}) && none([1], # > 1) && len(filter([1, 2, 3], # > 1)) == 2"#,
            r#"2 + 3 * 4 == 14 && (2 + 3) * 4 == 20 && -1 < 0 && 7 % 4 == 3 and !false"#,
            "// why\ntrue /* and more */",
            r#"unheardOf(finding["secret"]) || true"#,
        ] {
            assert!(judge(expression).discards, "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_told_discards_nothing() {
        for expression in [
            r#"unheardOf(finding["secret"])"#,
            r#"!unheardOf(finding["secret"])"#,
            r#"tokenRatio(finding["secret"]) >= 2.5"#,
            r#"tokenRatio(finding["secret"]) < 2.5"#,
            r#"attributes["git.sha"] == "abc""#,
            r#"attributes["git.sha"] != "abc""#,
            r#"finding["fragment_raw"][9:3] == "x""#,
            r#"1"#,
            r#"split(finding["secret"], "")[99] == "a""#,
        ] {
            assert_eq!(judge(expression), Verdict::default(), "{expression}");
        }
        let unknown = Program::parse(r#"unheardOf(1) || tokenRatio("a") > 2"#).expect("it is read").unknown;
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["tokenRatio", "unheardOf"]);
    }

    #[test]
    fn plain_words_are_told_without_a_vocabulary() {
        assert!(
            judge(r#"tokenRatio("getUserSecretToken") >= 2.5 && failsTokenEfficiency("production_password")"#).discards
        );
    }

    #[test]
    fn confidence_can_be_said() {
        let verdict = judge(r#"let level = 1 < 2 ? "medium" : "low"; let _ = setConfidence(level); false"#);
        assert_eq!(verdict, Verdict { discards: false, confidence: Some(Confidence::Medium) });
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (expression, message) in [
            ("1 +", "expected a value, found the end"),
            ("(true", "expected ')', found the end"),
            ("foo == 1", "there is no 'foo' (known are finding, attributes and what 'let' names)"),
            ("true true", "expected the end, found 'true'"),
            (r#"matchesAny("a", ["b("])"#, "'b(' is no expression: unclosed group"),
            ("\"abc", "a string has no end"),
            ("a § b", "'§' is no sign of the language"),
        ] {
            assert_eq!(Program::parse(expression).err().as_deref(), Some(message), "{expression}");
        }
        assert!(Program::parse(&"(".repeat(100_000)).is_err(), "no stack is deep enough");
        assert!(Program::parse(&"!".repeat(100_000)).is_err());
    }

    #[test]
    fn no_expression_takes_for_ever() {
        let list = format!("[{}1]", "1,".repeat(500));
        let nested = format!("any({list}, any({list}, any({list}, # > 2)))");
        assert!(!judge(&nested).discards);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}|[a-z\"`(){}\\[\\]#?:;=!<>&|+.,0-9 -]{0,40}") {
            let sight = Sight::new(TEXT, &(8..34), &(18..31), &[]).expect("it lies in the text");
            if let Ok(program) = Program::parse(&text) {
                program.judge(&sight);
            }
        }
    }
}
