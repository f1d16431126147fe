//! From nothing to an installation, and what the program says about itself.

use super::Home;

#[test]
fn without_a_command_the_help_is_shown_as_an_error() {
    let run = Home::empty().run(&[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("Usage: dockpass") && run.stderr.contains("Examples:"), "{run:?}");
}

#[test]
fn a_mistyped_command_is_answered_with_the_nearest_one() {
    let home = Home::empty();
    assert!(home.fails(2, &["robto", "list"]).contains("'robot'"));
    assert!(home.fails(2, &["robot", "lst"]).contains("'list'"));
}

#[test]
fn exit_codes_are_documented_under_help() {
    let home = Home::empty();
    for arguments in [&["help", "exit-codes"][..], &["exit-codes"]] {
        let text = home.ok(arguments);
        for line in ["0  done", "3  what was named does not exist", "4  the database"] {
            assert!(text.contains(line), "{text}");
        }
    }
}

#[test]
fn completions_are_there_for_the_usual_shells() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(home.ok(&["completion", shell]).contains("dockpass"), "{shell}");
    }
}

#[test]
fn every_command_has_help_and_none_takes_a_secret_as_an_argument() {
    let home = Home::empty();
    let help = home.ok(&["help"]);
    let commands = help.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 15, "{help}");
    for name in
        names.into_iter().filter(|name| !["dockpass", "help", "-c,", "-o,", "-h,", "-V,"].contains(name))
    {
        let text = home.ok(&[name, "--help"]);
        assert!(text.contains("Usage:"), "{name}: {text}");
        for secret in ["--password <", "--secret", "--token"] {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

#[test]
fn a_password_as_an_argument_is_refused_without_repeating_it() {
    let home = Home::empty();
    for argument in ["--password=hunter22", "--password"] {
        let message = home.fails(2, &["user", "create", "alice", argument]);
        assert!(message.contains("--password-stdin") && !message.contains("hunter22"), "{message}");
    }
}

#[test]
fn init_makes_what_is_missing_and_can_be_repeated() {
    let home = Home::empty();
    let run = home.run_with(&["init", "--admin", "root", "--password-stdin"], "long-enough-password\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("dockpass serve") && run.stderr.contains("registry-config"), "{run:?}");
    assert_eq!(home.mode("keys"), 0o700);
    assert_eq!(home.mode("keys/verify.key"), 0o600);
    assert_eq!(home.mode("data/dockpass.db"), 0o600);
    let before = std::fs::read(home.path("keys/verify.key")).unwrap();
    assert!(home.run(&["init", "--admin", "root"]).stderr.contains("its password stays"));
    assert_eq!(std::fs::read(home.path("keys/verify.key")).unwrap(), before);
    assert_eq!(home.json(&["user", "show", "root"])["super_user"], true);
}

#[test]
fn init_leaves_a_configuration_that_is_there_to_its_owner() {
    let home = Home::empty();
    home.write("config.yaml", "TOKEN_ISSUER: mine\n");
    let run = home.run(&["init", "--admin", "root", "--generate-password"]);
    assert!(run.stderr.contains("SUPER_USERS: [root]"), "{run:?}");
    assert_eq!(run.stdout.trim().len(), 24, "{run:?}");
    assert_eq!(std::fs::read_to_string(home.path("config.yaml")).unwrap(), "TOKEN_ISSUER: mine\n");
}

#[test]
fn init_hands_out_the_root_certificate() {
    let home = Home::empty();
    home.ok(&["init", "--root-certificate", "root.crt"]);
    assert_eq!(home.mode("root.crt"), 0o644);
    assert!(
        std::fs::read_to_string(home.path("root.crt")).unwrap().starts_with("-----BEGIN CERTIFICATE-----")
    );
}

#[test]
fn a_command_in_the_wrong_directory_makes_no_second_installation() {
    let home = Home::empty();
    let message = home.fails(4, &["robot", "list", "acme"]);
    assert!(message.contains("data/dockpass.db") && message.contains("dockpass init"), "{message}");
    assert!(!home.path("keys").exists() && !home.path("data").exists());
}
