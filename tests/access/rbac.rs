//! A placeholder line replaced below.
