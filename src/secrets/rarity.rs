//! How unlike words a text is, by the pairs of letters in it. Knows no list of words and judges no credential.

/// What a pair of letters costs, in half bits, written as one digit to the base 36: 27 rows for the letter before it
/// (none, `a` to `z`), 26 columns for the letter. Counted by us over the 20,000 words that three or more files of
/// source code and manuals hold, each by the square root of the number of those files.
const COSTS: [&[u8; 26]; 27] = [
    b"897889bb9fe99aa7g869acbfhh", // at the start
    b"g978hdaj9kd697l9m685bdeech", // after a
    b"6cbc6dhi6bg5cg7en98c7gkjbi",
    b"6eae6ed79l89ef5ej9a6aeiker",
    b"8dd93deh5giade8di98d9dcgdn", // d
    b"9e86bbchejh9a6fbe568gbe9fl",
    b"7dba76ek4oj8dd6el99a9ijjct",
    b"8feg4eb86og9c89ch78c8ghhfi",
    b"5ggc4ghj6thdbe6fo9c8aleocl", // h
    b"ab89aa9mjog9947bjb87jameqa",
    b"6dfm4dem9mehcc5dmh6d6fdifi",
    b"8cca3cce5mjceabdkc6abidqdl",
    b"7fea4dgj5pd6gg6cofaaafhr7l", // l
    b"5aed4ggl6mgcaf76lf9c9ikkgl",
    b"8g877b5g8iddgc8eke75bcglek",
    b"dc89fccicid884a8n6998a9gil",
    b"6fcd5efb8pf7eg78m598affidr", // p
    b"edfaegfidnnbececicbf1ndnni",
    b"6fba4dcj6pccab7dka88adglbm",
    b"ag9f5fe96ndcde99ie858gejbf",
    b"7gbe4dh85xjbeg8dm78aahfgak", // t
    b"a99c9bbn9pl785e8o666jmmglj",
    b"5fce2egh5skecf9diecdilihji",
    b"5gdc6eh75kgce77dr78cgidhml",
    b"7d7a69fb7mjdbfb5hdb5eggbem", // x
    b"abae8ecg8kh98694qa68gfblfe",
    b"7hfd1dfh7ohdee8fjgbhdfihdb",
];

/// How many bits a letter costs, on average over the runs of letters in a text, whatever their case. Words cost less
/// than five bits, drawn letters about eight. 0 where there are no letters.
pub(super) fn bits_per_letter(text: &[u8]) -> f64 {
    let (mut half_bits, mut letters, mut before) = (0_u32, 0_u32, None);
    for byte in text.iter().map(u8::to_ascii_lowercase) {
        let letter = byte.is_ascii_lowercase().then(|| usize::from(byte - b'a'));
        if let Some(letter) = letter {
            let row = before.map_or(0, |before: usize| before + 1);
            let digit = COSTS.get(row).and_then(|row| row.get(letter)).copied().unwrap_or(b'0');
            half_bits += char::from(digit).to_digit(36).unwrap_or_default();
            letters += 1;
        }
        before = letter;
    }
    if letters == 0 { 0.0 } else { f64::from(half_bits) / f64::from(letters) / 2.0 }
}

/// Whether the letters of a text were drawn rather than written. Of one-case words of six letters one in fifty is held
/// for drawn, of drawn ones three in four are recognised; the longer, the surer.
pub(super) fn is_drawn(text: &[u8]) -> bool {
    let bound = match text.iter().filter(|byte| byte.is_ascii_alphabetic()).count() {
        0..=3 => return false,
        4 => 6.3,
        5 => 5.8,
        6 => 5.5,
        7 => 5.3,
        8 | 9 => 5.1,
        _ => 4.9,
    };
    bits_per_letter(text) > bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cheap_and_drawn_letters_dear() {
        for text in ["password", "secret", "porkchop", "ShardIterator", "keystore", "tacoman", "contrasena", "a1", ""] {
            assert!(!is_drawn(text.as_bytes()), "{text} {}", bits_per_letter(text.as_bytes()));
        }
        for text in ["qzkvna", "xkcvqwou", "BQFZHWPJ", "pvx-rtzkqm", "wqjz"] {
            assert!(is_drawn(text.as_bytes()), "{text} {}", bits_per_letter(text.as_bytes()));
        }
        assert!(
            (bits_per_letter(b"qu") - (8.0 + 0.5) / 2.0).abs() < 1e-9,
            "q begins a word at 16 half bits, then u at 1"
        );
    }
}
