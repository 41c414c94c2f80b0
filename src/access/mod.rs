//! What policies amount to: capabilities, trusted principals, ways to administrator. Pure functions over documents.

pub mod aws;
pub mod kubernetes;
pub mod okta;
