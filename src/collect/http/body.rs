//! The body of an answer, which may hold secrets that nobody asked for. It must not be printable.

/// Bytes that are overwritten when they are dropped, so that a secret in an answer does not outlive its reading here.
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Takes the bytes over.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a look at the bytes the compiler may leave the fill out.
        std::hint::black_box(&self.0);
    }
}
