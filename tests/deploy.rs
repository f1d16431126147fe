//! What `deploy/` ships is what its systems read, and what dockpass understands.

use dockpass::config::Config;
use dockpass::http::route::Route;
use dockpass::http::server::Limits;
use hyper::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn kubernetes() -> Vec<Value> {
    let text = fs::read_to_string(path("kubernetes.yaml")).unwrap();
    let documents = text.split("\n---\n");
    documents.map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn the_kubernetes_configuration_is_read_and_its_probes_ask_what_there_is() {
    let objects = kubernetes();
    let text = of_kind(&objects, "ConfigMap")["data"]["config.yaml"].as_str().unwrap();
    let config = Config::parse(Some((Path::new("config.yaml"), text)), &BTreeMap::new()).unwrap();
    assert_eq!(config.derived.realm, "https://auth.example.com/v2/auth");

    let pod = &of_kind(&objects, "StatefulSet")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let asked = container[probe]["httpGet"]["path"].as_str().unwrap();
        Route::parse(&Method::GET, asked).unwrap_or_else(|error| panic!("{probe}: {error:?}"));
    }
    let ports: Vec<u64> = container["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| port["containerPort"].as_u64().unwrap())
        .collect();
    assert_eq!(ports, [u64::from(config.server.listen[0].port()), 9480]);
    assert_eq!(config.server.metrics_listen.map(|address| address.port()), Some(9480));
}

#[test]
fn the_pod_can_write_nothing_but_its_volume_and_has_no_right_to_spare() {
    let objects = kubernetes();
    let pod = &of_kind(&objects, "StatefulSet")["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["automountServiceAccountToken"], false);
    let container = &pod["containers"][0];
    let security = &container["securityContext"];
    assert_eq!(security["readOnlyRootFilesystem"], true);
    assert_eq!(security["allowPrivilegeEscalation"], false);
    assert_eq!(security["capabilities"]["drop"][0], "ALL");
    let writable: Vec<_> = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mount| mount["readOnly"] != true)
        .map(|mount| mount["mountPath"].as_str().unwrap())
        .collect();
    assert_eq!(writable, ["/data"]);
    assert_eq!(of_kind(&objects, "StatefulSet")["spec"]["replicas"], 1);
}

/// After the signal: running requests, work that cannot be interrupted, the last logins.
#[test]
fn whoever_stops_dockpass_waits_until_it_has_drained() {
    let drained = Limits::default().drain.as_secs() + 5;
    let unit = fs::read_to_string(path("dockpass.service")).unwrap();
    let patience = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    assert!(patience.parse::<u64>().unwrap() > drained, "{patience}");
    let objects = kubernetes();
    let patience =
        &of_kind(&objects, "StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
    assert!(patience.as_u64().unwrap() > drained, "{patience}");
}

#[test]
fn the_unit_is_one_that_systemd_reads() {
    let text = fs::read_to_string(path("dockpass.service")).unwrap();
    for line in ["Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="] {
        assert!(text.lines().any(|have| have == line), "{line}");
    }
    // The settings that it hands over are settings.
    for variable in text.lines().filter_map(|line| line.strip_prefix("Environment=DOCKPASS_")) {
        let (key, value) = variable.split_once('=').unwrap();
        let environment = BTreeMap::from([(format!("DOCKPASS_{key}"), value.to_owned())]);
        Config::parse(None, &environment).unwrap();
    }
    // The program has to be where the unit says, or systemd complains of that.
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("dockpass.service");
    let here = text.replace("/usr/bin/dockpass", env!("CARGO_BIN_EXE_dockpass"));
    fs::write(
        &unit,
        here.lines().filter(|line| !line.starts_with("Documentation=")).collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    // Its points go from 0 (nothing is open) to 10; the limit is given in tenths.
    let mut security = Command::new("systemd-analyze");
    security.args(["--offline=true", "--threshold=20", "security"]).arg(&unit);
    match security.output() {
        Err(error) => println!("SKIPPED: systemd-analyze security: {error}"),
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("{}", told.lines().last().unwrap_or_default());
            assert!(output.status.success(), "{told}{output:?}");
        }
    }
    match Command::new("systemd-analyze").arg("verify").arg(&unit).output() {
        Err(error) => println!("SKIPPED: systemd-analyze verify: {error}"),
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let about_us: Vec<_> = told.lines().filter(|line| line.contains("dockpass.service")).collect();
            assert!(about_us.is_empty(), "{told}");
        }
    }
}
