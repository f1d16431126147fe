"""Runs schemathesis against a dockpass of its own: as a super-user, as an ordinary user and as nobody.

    run.py PROGRAM [SEED]

Every caller gets a fresh database with the same objects in it. What is checked: the document itself, and that no answer is a
failure of the server, has a status, a type or a form that the document does not tell, or is let through without the
credentials that the document asks for.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = pathlib.Path(__file__).parent
PASSWORD = "correct-horse-battery"
SEED = 20261124
CHECKS = ",".join([
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "ignored_auth", "use_after_free",
])
# Made-up requests for each operation besides those that cover its parameters, the phases of a run, and how many operations must
# succeed at least once: answers that only refuse would prove little.
CALLERS = {
    "super-user": (6, "coverage,fuzzing,stateful", 75),
    "user": (4, "coverage,fuzzing", 55),
    "anonymous": (1, "coverage", 5),
}
# A caller takes half a minute; this is for a machine that hangs.
SECONDS = 600
SCOPES = "repo:read repo:write repo:admin repo:create user:read user:admin org:admin super:user"


class Dockpass:
    """A process on a free port, with data in a directory that goes away."""

    def __init__(self, program):
        self.directory = tempfile.TemporaryDirectory(prefix="dockpass-schemathesis-")
        here = pathlib.Path(self.directory.name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        settings = {
            "LISTEN": [f"127.0.0.1:{port}"],
            "DATABASE_URL": f"sqlite:{here}/dockpass.db",
            "KEYS_DIR": f"{here}/keys",
            "SERVER_HOSTNAME": "registry.example.com",
            "SUPER_USERS": ["root1"],
            "FEATURE_SUPERUSERS_FULL_ACCESS": True,
            "FEATURE_USER_INITIALIZE": True,
            "FEATURE_USER_CREATION": True,
            "LOG_FORMAT": "json",
        }
        config = here / "config.yaml"
        config.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()))
        self.log = (here / "log").open("w+")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCKPASS")}
        self.process = subprocess.Popen(
            [program, "serve", "--config", str(config)], cwd=here, env=environment, stdout=self.log, stderr=self.log)
        for _ in range(400):
            try:
                if requests.get(f"{self.origin}/health/instance", timeout=5).ok:
                    return
            except requests.ConnectionError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.log.seek(0)
        sys.exit(f"dockpass did not start:\n{self.log.read()}")

    def lines(self):
        """What was logged so far, one object a line."""
        self.log.flush()
        self.log.seek(0)
        return [json.loads(line) for line in self.log if line.startswith("{")]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        self.log.close()
        self.directory.cleanup()
        return status


class Api:
    """The REST API as one caller."""

    def __init__(self, origin, token=None):
        self.origin, self.session = origin, requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method, path, body=None):
        answer = self.session.request(method, f"{self.origin}/api/v1{path}", json=body, timeout=30)
        if "X-Next-CSRF-Token" in answer.headers:
            self.session.headers["X-CSRF-Token"] = answer.headers["X-Next-CSRF-Token"]
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def sign_in(self, username, password):
        token = self.session.get(f"{self.origin}/csrf_token", timeout=30).json()["csrf_token"]
        self.session.headers["X-CSRF-Token"] = token
        self("POST", "/signin", {"username": username, "password": password})




def furnish_namespace(api, user, organization):
    """Makes an organization of a user with something of everything in it; the values of path parameters that name it."""
    api("POST", "/organization/", {"name": organization, "email": f"{organization}@example.com"})
    for team, role in [("devs", "member"), ("makers", "creator")]:
        api("PUT", f"/organization/{organization}/team/{team}", {"role": role})
    for robot in ["ci", "cd"]:
        api("PUT", f"/organization/{organization}/robots/{robot}", {"description": "builds"})
    for member in ["carol", f"{organization}+ci"]:
        api("PUT", f"/organization/{organization}/team/devs/members/{member}")
    repository = {"namespace": organization, "repository": "app", "visibility": "public", "description": "an app"}
    api("POST", "/repository", repository)
    api("PUT", f"/repository/{organization}/app/permissions/user/{organization}+ci", {"role": "write"})
    api("PUT", f"/repository/{organization}/app/permissions/team/devs", {"role": "read"})
    rule = {"role": "read", "delegate": {"name": "devs", "kind": "team"}}
    client = api("POST", f"/organization/{organization}/applications", {"name": "tool"})["client_id"]
    minted = api("POST", f"/organization/{organization}/applications/{client}/tokens", {"name": "tool", "scope": "repo:read"})
    return {
        "orgname": [organization], "namespace": [organization], "name": [organization], "error_type": ["not_found"],
        "prefix": ["c", "d"], "robot_shortname": ["ci", "cd"], "teamname": ["devs", "makers"], "repository": [f"{organization}/app"],
        "membername": ["carol", f"{organization}+ci"], "username": ["carol", user, f"{organization}+ci"],
        "prototypeid": [api("POST", f"/organization/{organization}/prototypes", rule)["id"]], "client_id": [client],
        "token_uuid": [minted["uuid"], api("POST", "/user/apptoken", {"title": "laptop"})["token"]["uuid"]],
    }


def furnish(origin):
    """Makes what requests can be about; the tokens of the callers, and the names of everything by its owner."""
    first = {"username": "root1", "password": PASSWORD, "email": "root@example.com", "access_token": True}
    root_token = Api(origin)("POST", "/user/initialize", first)["access_token"]
    root, devel = Api(origin, root_token), Api(origin)
    passwords = {
        name: root("POST", "/superuser/users/", {"username": name, "email": f"{name}@example.com"})["password"]
        for name in ["devel", "carol", "mallory1", "mallory2"]
    }
    devel.sign_in("devel", passwords["devel"])
    for api in [root, devel]:
        for robot in ["ci", "cd"]:
            api("PUT", f"/user/robots/{robot}", {"description": "builds"})
    objects = [furnish_namespace(root, "root1", "acme"), furnish_namespace(devel, "devel", "developers")]
    doomed = [furnish_namespace(root, "root1", "doomedorg"), furnish_namespace(devel, "devel", "doomedtoo")]
    for number, there in enumerate(doomed, 1):
        there["username"] = [f"mallory{number}"]
    client = objects[1]["client_id"][0]
    token = {"name": "caller", "scope": SCOPES}
    devel_token = devel("POST", f"/organization/developers/applications/{client}/tokens", token)["token"]
    return {"super-user": root_token, "user": devel_token, "anonymous": None}, {"objects": objects, "doomed": doomed}


def run_as(program, caller, seed):
    examples, phases, least = CALLERS[caller]
    dockpass = Dockpass(program)
    try:
        tokens, objects = furnish(dockpass.origin)
        document = requests.get(f"{dockpass.origin}/api/v1/openapi.json", timeout=30).json()
        OpenAPIV31SpecValidator(document).validate()
        command = [
            str(pathlib.Path(sys.executable).with_name("schemathesis")), "run",
            f"{dockpass.origin}/api/v1/openapi.json", "--checks", CHECKS, "--max-examples", str(examples),
            "--seed", str(seed), "--generation-database", "none", "--request-timeout", "10",
            "--suppress-health-check", "all", "--max-redirects", "0", "--continue-on-failure", "--workers", "1",
            "--phases", phases, "--warnings", "off", "--no-color",
            # It would end the caller's own rights.
            "--exclude-operation-id", "deleteCurrentUser", "--exclude-operation-id", "changeUserDetails",
        ]
        if tokens[caller]:
            command += ["--header", f"Authorization: Bearer {tokens[caller]}"]
        print(f"== schemathesis as {caller}, seed {seed}", flush=True)
        environment = os.environ | {"DOCKPASS_OBJECTS": json.dumps(objects), "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
        before = len(dockpass.lines())
        found = subprocess.run(command, cwd=dockpass.directory.name, env=environment, timeout=SECONDS).returncode
        lines = dockpass.lines()[before:]
    finally:
        stopped = dockpass.stop()
    # Also what schemathesis does not see: a panic in the background, an error that was answered with something harmless.
    failures = [line for line in lines if line["level"] == "ERROR" or line.get("status", 0) >= 500]
    for line in failures[:20]:
        print(json.dumps(line))
    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    reached = {line["route"] for line in lines if line.get("status", 999) < 300} & operations
    requests_sent = sum("status" in line for line in lines)
    print(f"== as {caller}: {requests_sent} requests; {len(reached)} of {len(operations)} operations succeeded at least once")
    enough = len(reached) >= least
    if not enough:
        print("never succeeded:", *sorted(operations - reached))
    return found == 0 and not failures and stopped == 0 and enough


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    failed = [caller for caller in CALLERS if not run_as(program, caller, seed)]
    if failed:
        sys.exit(f"schemathesis found something as {', '.join(failed)}; seed {seed}")


main()
