"""Drives the fake of Doppler with Doppler's own client: what it does not agree with is no Doppler.

Argument: the fake's address. Conditional downloads and logging in the client does not know: they are asked for as the
API's documents say.
"""

import sys

import requests
from dopplersdk import DopplerSDK
from http_exceptions import HTTPException

URL = sys.argv[1]


def client(token):
    sdk = DopplerSDK(access_token=token)
    sdk.set_base_url(URL)
    return sdk


def refused(status, call):
    try:
        call()
    except HTTPException as error:
        found = error.status_code
        assert found == status, (found, status)
        return
    raise AssertionError("not refused")


def downloads(sdk):
    # The client keeps what the documents' example has, and drops all others.
    everything = sdk.secrets.download(project="app", config="prd")
    assert everything.USER == "u" and everything.STRIPE is None, vars(everything)
    chosen = sdk.secrets.download(project="app", config="prd", secrets="API_KEY,NONE")
    assert chosen.USER is None, vars(chosen)
    for transformer, name in {
        "camel": "dbUserName",
        "upper-camel": "DbUserName",
        "lower-snake": "db_user_name",
        "tf-var": "TF_VAR_db_user_name",
        "dotnet-env": "Db__UserName",
        "lower-kebab": "db-user-name",
    }.items():
        found = requests.get(
            URL + "/v3/configs/config/secrets/download",
            params={"project": "app", "config": "prd", "name_transformer": transformer},
            auth=("everywhere", ""),
        )
        assert found.json()[name] == "u", (transformer, found.text)
    names = sdk.secrets.names(project="app", config="prd")
    assert "API_KEY" in names.names, names.names
    secret = sdk.secrets.get(project="app", config="prd", name="API_KEY")
    assert secret.name == "API_KEY" and secret.value["raw"] == "one", vars(secret)


def conditional_downloads():
    def get(tag=None):
        return requests.get(
            URL + "/v3/configs/config/secrets/download",
            headers={"If-None-Match": tag} if tag else {},
            auth=("reader", ""),
        )

    first = get()
    assert first.status_code == 200 and first.json()["API_KEY"] == "one"
    assert first.json()["DOPPLER_PROJECT"] == "app" and first.json()["DOPPLER_CONFIG"] == "prd"
    tag = first.headers["ETag"]
    again = get(tag)
    assert again.status_code == 304 and not again.content
    assert get('"another"').status_code == 200


def updates(sdk):
    def update(token, **body):
        body = {"project": "app", "config": "prd", **body}
        return client(token).secrets.update(body)

    update("everywhere", secrets={"NEW": "1", "API_KEY": "two"})
    assert sdk.secrets.get(project="app", config="prd", name="NEW").value["raw"] == "1"
    change = {"name": "NEW", "originalName": "NEW", "value": None, "shouldDelete": True}
    update("everywhere", change_requests=[change])
    refused(404, lambda: sdk.secrets.get(project="app", config="prd", name="NEW"))
    refused(422, lambda: update("everywhere", secrets={"lower": "1"}))
    refused(403, lambda: update("reader", secrets={"NEW": "1"}))


def refusals():
    def download(token, project="app", config="prd"):
        return lambda: client(token).secrets.download(project=project, config=config)

    refused(401, download("nobody"))
    refused(404, download("everywhere", config="none"))
    refused(403, download("reader", config="dev"))


def logins():
    def log_in(identity, token):
        body = {"identity": identity, "token": token}
        return requests.post(URL + "/v3/auth/oidc", json=body)

    granted = log_in("identity", "subject").json()
    assert granted["success"] and granted["expires_at"].endswith("Z"), granted
    client(granted["token"]).secrets.names(project="app", config="prd")
    assert log_in("identity", "somebody else").status_code == 401
    assert log_in("none", "subject").status_code == 400


SDK = client("everywhere")
downloads(SDK)
conditional_downloads()
updates(SDK)
refusals()
logins()
print("agreed")
