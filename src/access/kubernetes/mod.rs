//! What RBAC rules allow.
