//! Reads clusters, live or from dumps.
