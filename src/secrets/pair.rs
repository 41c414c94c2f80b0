//! Which id of an AWS access key belongs to which secret, where several could: an id has one secret, and a secret one id.
//! Finds nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Match;
use crate::model::Proof;

/// The kind of credential that is a pair.
const KIND: &str = "aws.access-key";
/// The kind of a secret whose id is not known.
const SECRET: &str = "aws.secret-access-key";
/// What the names of ids and of secrets say of what they are, the longest first.
const ID_WORDS: [&str; 3] = ["accesskeyid", "accesskey", "keyid"];
const SECRET_WORDS: [&str; 4] = ["secretaccesskey", "secretkey", "accesskey", "secret"];
/// A name ends so near before its value and begins so far before it at most, in bytes.
const LONGEST_NAME: usize = 120;
/// So near beside its id a secret needs no name, in bytes.
const BESIDE: usize = 8;

/// Of the pairs that share an id or a secret, keeps those whose secret is named as such, and of these the
/// first ones: who writes the secret before the id does so throughout.
pub(super) fn resolve(text: &[u8], matches: &mut Vec<Match<'_>>) {
    let is_pair = |found: &Match<'_>| found.key.is_some() && found.proof.kind == KIND;
    let mut pairs: Vec<usize> = (0..matches.len()).filter(|place| is_pair(&matches[*place])).collect();
    if pairs.is_empty() {
        return;
    }
    pairs.sort_by_key(|place| {
        let found = &matches[*place];
        (!is_named(text, found), found.whole.start, found.whole.end, found.detector.id.as_str())
    });
    let mut taken = BTreeSet::new();
    let mut lost = BTreeSet::new();
    for place in pairs {
        let found = &matches[place];
        let Some(key) = &found.key else { continue };
        let ends = [key.start, found.span.start];
        if ends.iter().any(|end| taken.contains(end)) {
            lost.insert(place);
        } else {
            taken.extend(ends);
        }
    }
    let mut place = 0;
    matches.retain(|_| {
        place += 1;
        !lost.contains(&(place - 1))
    });
    join_by_name(text, matches);
    drop_ids_of_pairs(matches);
}

/// Takes out ids that have their secret: they are no findings of their own.
pub(super) fn drop_ids_of_pairs(matches: &mut Vec<Match<'_>>) {
    let pairs = matches.iter().filter(|found| found.proof.kind == KIND);
    let keys: BTreeSet<usize> = pairs.filter_map(|found| found.key.as_ref()).map(|key| key.start).collect();
    if !keys.is_empty() {
        matches.retain(|found| !found.detector.public || !keys.contains(&found.span.start));
    }
}

/// Joins ids and secrets that have one name but for what they are, such as `OLD_AWS_ACCESS_KEY_ID` and
/// `OLD_AWS_SECRET_ACCESS_KEY`, however many others lie between. Where several have one name, their places decide.
fn join_by_name<'a>(text: &[u8], matches: &mut Vec<Match<'a>>) {
    let is_id = |found: &&Match<'_>| found.detector.public && found.proof.kind == KIND;
    let ids: Vec<(String, Range<usize>, Proof)> = matches
        .iter()
        .filter(is_id)
        .map(|found| (stem(text, found.span.start, &ID_WORDS), found.span.clone(), found.proof.clone()))
        .collect();
    let is_pair = |found: &Match<'_>| found.key.is_some() && found.proof.kind == KIND;
    let Some(detector) = matches.iter().find(|found| is_pair(found)).map(|found| found.detector) else { return };
    if ids.len() < 2 {
        return;
    }
    // A secret in a pair was found alone, too.
    let mut secrets: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, found) in matches.iter().enumerate() {
        if is_pair(found) || found.proof.kind == SECRET && !secrets.contains_key(&found.span.start) {
            secrets.insert(found.span.start, place);
        }
    }
    let secrets: Vec<(String, usize)> =
        secrets.into_iter().map(|(start, place)| (stem(text, start, &SECRET_WORDS), place)).collect();
    let is_one = |name: &str| {
        ids.iter().filter(|(stem, ..)| stem == name).count() == 1
            && secrets.iter().filter(|(stem, _)| stem == name).count() == 1
    };
    let mut joined = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for (name, place) in secrets.iter().filter(|(name, _)| is_one(name)) {
        let Some((_, span, proof)) = ids.iter().find(|(stem, ..)| stem == name) else { continue };
        let found = &mut matches[*place];
        if found.key.as_ref() != Some(span) {
            found.claims = vec![found.span.clone(), span.clone()];
            found.key = Some(span.clone());
            found.detector = detector;
            KIND.clone_into(&mut found.proof.kind);
            (found.proof.key_id, found.proof.account) = (proof.key_id.clone(), proof.account.clone());
        }
        joined.insert(*place);
        taken.insert(span.start);
    }
    let mut place = 0;
    matches.retain(|found| {
        place += 1;
        let has_lost = found.key.as_ref().is_some_and(|key| taken.contains(&key.start)) && is_pair(found);
        !has_lost || joined.contains(&(place - 1))
    });
}

/// What is left of a value's name without the words for what it is.
fn stem(text: &[u8], value: usize, words: &[&str]) -> String {
    let before = text.get(value.saturating_sub(LONGEST_NAME)..value).unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let end = before.iter().rposition(|byte| is_name(*byte)).map_or(0, |place| place + 1);
    let start = before[..end].iter().rposition(|byte| !is_name(*byte)).map_or(0, |place| place + 1);
    let letters = before[start..end].iter().filter(|byte| byte.is_ascii_alphanumeric());
    let name: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    match words.iter().find_map(|word| name.find(word).map(|at| (at, word.len()))) {
        // What stands before the word is another thing than what stands behind it.
        Some((at, length)) => format!("{}|{}", &name[..at], &name[at + length..]),
        None => name,
    }
}

/// Whether the text before a secret names it as that of an access key, or it stands right beside its id.
fn is_named(text: &[u8], found: &Match<'_>) -> bool {
    let Some(key) = &found.key else { return false };
    let is_behind = key.end <= found.span.start;
    let start = if is_behind { key.end } else { found.whole.start };
    let between = text.get(start..found.span.start).unwrap_or_default();
    let letters: Vec<u8> =
        between.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let says = |name: &str| memchr::memmem::find(&letters, name.as_bytes()).is_some();
    (is_behind && between.len() <= BESIDE) || says("secretaccesskey") || says("awssecret")
}

#[cfg(test)]
mod tests {
    use super::super::tests::DETECTORS;

    const IDS: [&str; 2] = ["AKIAWIDGDYXJNVSA7Z6M", "AKIAWIDGDYXJIEGUTSH3"];
    const SECRETS: [&str; 2] = ["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", "FoEXtH+8dvk5jlCl2WGFu2GB9GQtar16H49Lcz+d"];

    /// What is found, as `detector key-id@place`.
    fn found(text: &str) -> Vec<String> {
        let told = DETECTORS.scan(text.as_bytes());
        told.iter()
            .map(|one| {
                let id = one.proof.key_id.as_deref().and_then(|id| IDS.iter().position(|known| *known == id));
                let value = SECRETS.iter().position(|known| known.as_bytes() == &text.as_bytes()[one.span.clone()]);
                format!("{} {id:?} {value:?}", one.detector.id)
            })
            .collect()
    }

    #[test]
    fn every_id_has_its_own_secret_in_either_order() {
        let [(id1, id2), (s1, s2)] = [IDS, SECRETS].map(|[first, second]| (first, second));
        let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        let forward = format!("{id}={id1}\n{secret}={s1}\nOLD_{id}={id2}\nOLD_{secret}={s2}\n");
        assert_eq!(found(&forward), ["aws-access-key Some(0) Some(0)", "aws-access-key Some(1) Some(1)"]);
        let reversed = format!("{secret}={s1}\n{id}={id1}\nOLD_{secret}={s2}\nOLD_{id}={id2}\n");
        assert_eq!(
            found(&reversed),
            ["aws-access-key-reversed Some(0) Some(0)", "aws-access-key-reversed Some(1) Some(1)"]
        );
    }

    #[test]
    fn names_join_what_lies_apart() {
        let [(id1, id2), (s1, s2)] = [IDS, SECRETS].map(|[first, second]| (first, second));
        for (id, secret, old) in [
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OLD_"),
            ("aws.accessKeyId", "aws.secretAccessKey", "prod."),
        ] {
            let [l1, l2, l3, l4] = [
                format!("{id}={id1}\n"),
                format!("{old}{id}={id2}\n"),
                format!("{secret}={s1}\n"),
                format!("{old}{secret}={s2}\n"),
            ];
            for lines in [[&l1, &l2, &l3, &l4], [&l1, &l2, &l4, &l3], [&l3, &l4, &l2, &l1], [&l2, &l1, &l3, &l4]] {
                let text: String = lines.into_iter().map(String::as_str).collect();
                let mut found = found(&text);
                found.iter_mut().for_each(|one| *one = one.replace("-reversed", ""));
                found.sort();
                assert_eq!(found, ["aws-access-key Some(0) Some(0)", "aws-access-key Some(1) Some(1)"], "{text}");
            }
            // The secret of an old key is not taken for that of the new one.
            let found = found(&format!("{l1}{l2}{l3}"));
            assert_eq!(found, ["aws-access-key-id Some(1) None", "aws-access-key Some(0) Some(0)"]);
        }
    }

    #[test]
    fn what_stands_behind_a_name_is_part_of_it() {
        let [(id1, id2), (s1, s2)] = [IDS, SECRETS].map(|[first, second]| (first, second));
        let [l1, l2] = [("DEV", id1), ("PROD", id2)].map(|(end, id)| format!("AWS_ACCESS_KEY_ID_{end}={id}\n"));
        let [l3, l4] =
            [("DEV", s1), ("PROD", s2)].map(|(end, secret)| format!("AWS_SECRET_ACCESS_KEY_{end}={secret}\n"));
        for lines in [[&l1, &l2, &l3, &l4], [&l1, &l3, &l2, &l4], [&l4, &l3, &l1, &l2], [&l2, &l1, &l3, &l4]] {
            let text: String = lines.into_iter().map(String::as_str).collect();
            let mut found = found(&text);
            found.iter_mut().for_each(|one| *one = one.replace("-reversed", ""));
            found.sort();
            assert_eq!(found, ["aws-access-key Some(0) Some(0)", "aws-access-key Some(1) Some(1)"], "{text}");
        }
        let numbered = format!("AWS_ACCESS_KEY_ID_2={id1}\nAWS_SECRET_ACCESS_KEY_2={s1}\n");
        assert_eq!(found(&numbered), ["aws-access-key Some(0) Some(0)"]);
        assert_eq!(found(&l4), ["aws-secret-access-key None Some(1)"]);
    }

    #[test]
    fn what_is_called_so_is_the_secret() {
        let [(id, _), (secret, other)] = [IDS, SECRETS].map(|[first, second]| (first, second));
        for (text, count) in [
            (format!("AWS_ACCESS_KEY_ID={id}\nX_CLIENT_SECRET={other}\nAWS_SECRET_ACCESS_KEY={secret}\n"), 2),
            (format!("X_CLIENT_SECRET={other}\nAWS_SECRET_ACCESS_KEY={secret}\nAWS_ACCESS_KEY_ID={id}\n"), 2),
            (format!("AWS_SECRET_ACCESS_KEY={secret}\nX_CLIENT_SECRET={other}\nAWS_ACCESS_KEY_ID={id}\n"), 2),
            (format!("MY_SECRET={other}\nAWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"), 2),
        ] {
            let found = found(&text);
            let pairs: Vec<_> = found.iter().filter(|one| one.starts_with("aws-access-key")).collect();
            assert_eq!(pairs.len(), 1, "{text}: {found:?}");
            assert!(pairs[0].ends_with("Some(0) Some(0)"), "{text}: {found:?}");
            assert_eq!(found.len(), count, "{text}: {found:?}");
        }
    }
}
