//! Reads IAM, live or from export files.
