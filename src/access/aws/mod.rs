//! What IAM policies allow.
