//! The command line: wires everything and returns an exit code.
