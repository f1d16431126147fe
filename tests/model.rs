//! Permissions against a reference model: whatever happens in whatever order, a token grants exactly what the reference
//! says, a revoked right is gone from the next token, a name that is made again starts with nothing, and an audit event is
//! there if and only if the change is.
//!
//! `DOCKPASS_MODEL_CASES` runs that many sequences instead of the few of a plain `cargo test`.

mod history;
mod machine;
mod reference;
mod step;

use crate::support::number;
use machine::{Login, Machine, Met};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use step::{Name, Step};

/// What is done in one go.
#[derive(Clone, Debug)]
enum Event {
    /// A change by the command line (`None`) or by an account.
    Change(Step, Option<String>),
    Token(Login, Vec<((Name, Name), u8)>),
}

fn event() -> impl Strategy<Value = Event> {
    let robot = (
        step::who(),
        step::who(),
        prop::bool::weighted(0.9),
        prop_oneof![6 => Just(0_usize), 1 => 1..3_usize],
    );
    let login = prop_oneof![
        12 => robot.prop_map(|(name, other, own, back)| {
            let secret_of = if own { name.clone() } else { other };
            Login::Robot { name, secret_of, back }
        }),
        2 => Just(Login::Nobody),
        // Each costs a slow hash.
        1 => prop::sample::select(&step::SPACES[2..]).prop_map(Login::User),
    ];
    let scopes = prop::collection::vec((step::at(), 1..16_u8), 1..4);
    prop_oneof![
        3 => step::step().prop_map(|step| Event::Change(step, None)),
        1 => (step::step(), step::who()).prop_map(|(step, who)| Event::Change(step, Some(who))),
        4 => (login, scopes).prop_map(|(login, scopes)| Event::Token(login, scopes)),
    ]
}

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/model/regressions.txt"))),
        // Each is a whole history on a database of its own; fewer steps tell what went wrong.
        max_shrink_iters: 400,
        ..Config::default()
    }
}

#[test]
fn tokens_grant_exactly_what_the_reference_says_whatever_has_happened() {
    let cases = number("DOCKPASS_MODEL_CASES");
    let mut runner = match cases {
        // Always the same sequences, so that the test finds the same on every machine.
        None => TestRunner::new_with_rng(config(6), TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
        Some(cases) => TestRunner::new(config(u32::try_from(cases).unwrap())),
    };
    let met = RefCell::new(Met::default());
    let result = runner.run(&prop::collection::vec(event(), 60..160), |events| {
        let mut machine = Machine::new();
        for event in &events {
            match event {
                Event::Change(step, who) => machine.step(step, who.as_deref()),
                Event::Token(login, scopes) => machine.token(login, scopes),
            }
        }
        met.borrow_mut().add(machine.met);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let met = met.into_inner();
    println!("{met:?}");
    assert!(met.changes > 0 && met.refusals > 0 && met.wrong_logins > 0, "{met:?}");
    assert!(met.grants > 0 && met.denials > 0 && met.creations > 0, "{met:?}");
}

#[test]
fn a_pull_is_granted_alike_with_and_without_a_push_beside_it_that_makes_a_repository() {
    let mut machine = Machine::new();
    machine.token(&Login::User("alice"), &[(("acme", "acme"), 1)]);
    machine.token(&Login::User("alice"), &[(("acme", "acme"), 1), (("alice", "lib/base"), 3)]);
}
