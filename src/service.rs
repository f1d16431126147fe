//! Use cases; knows no HTTP.
