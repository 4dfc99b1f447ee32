"""Drives the fake of Infisical with Infisical's own client: what it does not agree with is no Infisical.

Argument: the fake's address.
"""

import os
import sys

from infisical_sdk import InfisicalSDKClient
from infisical_sdk.infisical_requests import APIError

URL = sys.argv[1]
SCOPE = {"environment_slug": "prd", "project_slug": "app"}


def client(token=None):
    return InfisicalSDKClient(host=URL, token=token, cache_ttl=None)


def refused(status, call):
    try:
        call()
    except APIError as error:
        assert error.status_code == status, (error, status)
        return error
    raise AssertionError("not refused")


def logins():
    ours = client()
    granted = ours.auth.universal_auth.login("id", "secret")
    assert granted.expiresIn == 3600 and granted.tokenType == "Bearer", granted
    ours.auth.ldap_auth.login("id", "user", "password")
    os.environ.update(AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="AKIA1", AWS_SECRET_ACCESS_KEY="key", AWS_SESSION_TOKEN="session")
    client().auth.aws_auth.login("id")
    refused(401, lambda: client().auth.aws_auth.login("other"))
    os.environ["AWS_SECRET_ACCESS_KEY"] = "wrong"
    refused(401, lambda: client().auth.aws_auth.login("id"))
    refused(401, lambda: client().auth.universal_auth.login("id", "wrong"))
    refused(401, lambda: client("nobody").secrets.list_secrets(secret_path="/", **SCOPE))
    return ours


def reads(ours):
    def get(name, path="/"):
        return ours.secrets.get_secret_by_name(name, secret_path=path, **SCOPE)

    assert get("API_KEY").secretValue == "one"
    assert get("DEEP", "/sub/deep").secretPath == "/sub/deep"
    assert get("SHARED").secretValue == "s", "imported"
    missing = refused(404, lambda: get("NONE"))
    assert missing.response["error"] == "NotFound", missing.response
    for scope in ({"environment_slug": "no"}, {"project_slug": "no"}):
        scope = {**SCOPE, **scope}
        refused(404, lambda: ours.secrets.list_secrets(secret_path="/", **scope))


def lists(ours):
    def names(path, recursive=False):
        found = ours.secrets.list_secrets(secret_path=path, recursive=recursive, **SCOPE)
        imported = [secret["secretKey"] for block in found.imports for secret in block.secrets]
        return [secret.secretKey for secret in found.secrets], imported

    assert names("/") == (["API_KEY"], ["SHARED"]), names("/")
    assert names("/sub", recursive=True) == (["DEEP"], [])
    assert names("/sub") == ([], [])


OURS = logins()
reads(OURS)
lists(OURS)
print("agreed")
