//! What becomes of a panic: a counted line in the log that says where, and nothing that could be a secret.

use prometheus_client::metrics::counter::Counter;
use std::panic::PanicHookInfo;

/// Reports panics of all threads from now on through the log, and counts them in `panics`.
pub fn install(panics: Counter) {
    std::panic::set_hook(Box::new(move |info| report(info, &panics)));
}

fn report(info: &PanicHookInfo<'_>, panics: &Counter) {
    panics.inc();
    tracing::error!(location = location(info), reason = reason(info), "panic");
}

fn location(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(String::new, ToString::to_string)
}

/// Only a literal message is repeated. One that was put together at run time may quote what was being worked on: a
/// failed string slice quotes the string.
fn reason(info: &PanicHookInfo<'_>) -> &'static str {
    info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown, it may hold data)")
}

#[cfg(test)]
mod tests {
    use super::super::log::{Format, subscriber};
    use super::super::writer::tests::Page;
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use tracing::level_filters::LevelFilter;

    #[test]
    fn a_panic_is_counted_and_located_and_quotes_nothing() {
        let (page, panics) = (Page::default(), Counter::default());
        let (log, guard) =
            subscriber(Format::Text, LevelFilter::INFO, Box::new(page.clone()), Counter::default()).unwrap();
        let (me, counted, usual) = (std::thread::current().id(), panics.clone(), take_hook());
        // Other tests run meanwhile, and their panics are not ours.
        set_hook(Box::new(move |info| {
            if std::thread::current().id() == me {
                report(info, &counted);
            } else {
                usual(info);
            }
        }));
        tracing::subscriber::with_default(log, || {
            let secret = String::from("hunter2");
            let _ = catch_unwind(AssertUnwindSafe(|| panic!("about {secret}")));
            let _ = catch_unwind(|| panic!("literal"));
        });
        drop(take_hook());
        drop(guard);
        assert_eq!(panics.get(), 2);
        assert!(!page.text().contains("hunter2"), "{}", page.text());
        assert!(
            page.text().contains("literal") && page.text().contains("src/telemetry/panic.rs:"),
            "{}",
            page.text()
        );
    }
}
