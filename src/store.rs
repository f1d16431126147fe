//! What is kept, behind one trait.
