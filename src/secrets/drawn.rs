//! What keys and tokens are made of, and how likely what was drawn looks as if it was not. Searches nothing.

/// The shortest run that counts, in bytes.
pub(super) const SHORTEST: usize = 16;

/// How often small letters and capitals follow each other in a run that was drawn, when it has no digit.
pub(super) const CHANGES: usize = 4;

/// Whether a byte is one of those that keys and tokens are made of: `[A-Za-z0-9+/=_.~-]`.
pub(super) const fn is_run_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'/' | b'=' | b'_' | b'~')
}

/// How likely it is that drawn letters, small and capital ones, change too seldom between the two.
pub(super) fn chance_of_no_change(letters: usize) -> f64 {
    let steps = letters.saturating_sub(1);
    // Each step is a change or none, like a coin.
    let mut ways = 1.0;
    let mut few = 0.0;
    for changes in 0..CHANGES.min(steps + 1) {
        few += ways;
        ways = ways * (steps - changes) as f64 / (changes + 1) as f64;
    }
    few / 2_f64.powi(steps as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_loses_little() {
        assert_eq!(chance_of_no_change(0), 1.0);
        assert!((chance_of_no_change(16) - 576.0 / 32768.0).abs() < 1e-12);
        assert!(chance_of_no_change(40) < 1e-7);
    }
}
