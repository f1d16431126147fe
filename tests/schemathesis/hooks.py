"""Requests that reach something: of what schemathesis makes up, a part is replaced by names that are there, or by new names
where something is made."""
import itertools
import json
import os
import zlib

import schemathesis

# For each owner, what a parameter of a path may stand for; written by run.py.
THERE = json.loads(os.environ["DOCKPASS_OBJECTS"])
# What deletes or renames a namespace, a team or a person would leave nothing for the operations after it, so it gets objects
# of its own.
DOOMED = {"deleteAdminedOrganization", "deleteOrganization", "changeOrganization", "deleteInstallUser", "changeInstallUser",
          "deleteRepository", "removeOrganizationMember", "deleteOrganizationTeam", "deleteOrganizationApplication",
          "deleteOrganizationPrototypePermission", "deleteOrganizationApplicationToken", "revokeAppToken",
          "resetOrganizationApplicationClientSecret", "takeOwnership"}
# Members of bodies that have to be new, and such as have to be there.
NEW = {"createOrganization": ["name"], "createInstallUser": ["username"], "createNewUser": ["username"],
       "createRepo": ["repository"]}
numbers = itertools.count(1)


def fresh():
    return f"fresh{next(numbers)}"


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    # Of what was made up, so that the same seed asks the same.
    choice = zlib.crc32(repr((operation, case.path_parameters, case.body)).encode())
    whole = choice % 3 > 0
    there = THERE["doomed" if operation in DOOMED else "objects"]
    objects = there[choice // 3 % len(there)]
    for name, value in (case.path_parameters or {}).items():
        # Without a slash it is another route.
        if whole or name == "repository" and "/" not in str(value):
            choices = objects.get(name, [value])
            case.path_parameters[name] = choices[choice // 6 % len(choices)]
    if not whole:
        return
    if operation in ("createOrgRobot", "createUserRobot") and case.method == "PUT":
        case.path_parameters["robot_shortname"] = fresh()
    body = case.body
    if operation.endswith("RobotFederation") and isinstance(body, list):
        for entry in body:
            if isinstance(entry, dict):
                entry["issuer"], entry["subject"] = "https://issuer.example", fresh()
    if not isinstance(body, dict):
        return
    for name in NEW.get(operation, []):
        body[name] = fresh()
    if operation == "createRepo":
        body["namespace"] = objects["orgname"][0]
    if body.get("email"):
        body["email"] = f"{fresh()}@example.com"
    if operation == "createOrganizationPrototypePermission":
        body["delegate"] = {"kind": "team", "name": "devs"}
        body.pop("activating_user", None)
    if operation == "createOrganizationApplicationToken":
        body["scope"] = "repo:read"
