//! Reads source trees.
