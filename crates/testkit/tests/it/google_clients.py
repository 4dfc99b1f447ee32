"""Drives the fake of Google Cloud with Google's own clients: what they do not agree with is no Google.

Arguments: the fake's address, the key of an account as a file, the address of AWS's metadata.
"""

import json
import sys

import google_crc32c
from google.api_core import exceptions
from google.auth import aws, compute_engine, identity_pool, impersonated_credentials, jwt
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.cloud import secretmanager_v1
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)
from google.oauth2 import credentials as people
from google.oauth2 import service_account

URL, KEY, AWS = sys.argv[1:]
HOST = URL.removeprefix("https://")
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
PARENT = "projects/project-1"
NUMBER = "projects/123456789012"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
IAM = f"{URL}/v1/projects/-/serviceAccounts/target@p.iam.gserviceaccount.com:generateAccessToken"
AUTOMATIC = {"automatic": {}}


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("not refused")


def no(status, call):
    """Over REST, classes of errors tell the HTTP status alone."""
    error = refused(exceptions.GoogleAPICallError, call)
    assert error.response.json()["error"]["status"] == status, (error, status)
    return error


def client_of(credentials):
    transport = SecretManagerServiceRestTransport(host=HOST, credentials=credentials)
    return secretmanager_v1.SecretManagerServiceClient(transport=transport)


class Subject(identity_pool.SubjectTokenSupplier):
    def __init__(self, token):
        self.token = token

    def get_subject_token(self, context, request):
        return self.token


def federated(token, audience=POOL, url=None):
    return identity_pool.Credentials(
        audience=audience,
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url=f"{URL}/v1/token",
        subject_token_supplier=Subject(token),
        service_account_impersonation_url=url,
        scopes=SCOPES,
    )


def of_aws(audience):
    return aws.Credentials(
        audience=audience,
        subject_token_type="urn:ietf:params:aws:token-type:aws4_request",
        token_url=f"{URL}/v1/token",
        credential_source={
            "environment_id": "aws1",
            "url": f"{AWS}/latest/meta-data/iam/security-credentials",
            "region_url": f"{AWS}/latest/meta-data/placement/availability-zone",
            "imdsv2_session_token_url": f"{AWS}/latest/api/token",
            "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        },
        scopes=SCOPES,
    )


def logins():
    with open(KEY) as file:
        key = json.load(file)
    # With scopes, an account would sign for itself; we want it to be exchanged.
    by_key = service_account.Credentials.from_service_account_info(key, scopes=SCOPES)
    by_person = people.Credentials(
        None, refresh_token="refresh", token_uri=f"{URL}/token", client_id="id", client_secret="secret"
    )
    for good in [
        by_key,
        by_person,
        federated("subject"),
        federated("subject", url=IAM),
        of_aws(POOL),
        compute_engine.Credentials(),
        impersonated_credentials.Credentials(
            by_key, "target@p.iam.gserviceaccount.com", SCOPES, iam_endpoint_override=IAM
        ),
    ]:
        good.refresh(Request())
        assert good.token and not good.expired, good
    told = compute_engine.IDTokenCredentials(Request(), target_audience="somebody", use_metadata_identity_endpoint=True)
    told.refresh(Request())
    assert jwt.decode(told.token, verify=False)["aud"] == "somebody"
    stranger = dict(key, client_email="stranger@p.iam.gserviceaccount.com")
    for bad in [
        service_account.Credentials.from_service_account_info(stranger, scopes=SCOPES),
        people.Credentials(
            None, refresh_token="other", token_uri=f"{URL}/token", client_id="id", client_secret="secret"
        ),
        federated("stranger"),
        federated("subject", audience="//other"),
        of_aws("//other"),
        federated("stranger", url=IAM),
    ]:
        refused(GoogleAuthError, lambda: bad.refresh(Request()))
    return by_key


def values(client):
    secret = client.create_secret(
        parent=PARENT,
        secret_id="app",
        secret={"replication": AUTOMATIC, "labels": {"team": "a"}, "annotations": {"note": "N"}},
    )
    assert secret.name == f"{NUMBER}/secrets/app" and secret.etag and secret.create_time
    no("NOT_FOUND", lambda: client.access_secret_version(name=f"{PARENT}/secrets/app/versions/latest"))
    for value in [b"one", b"two"]:
        payload = {"data": value, "data_crc32c": google_crc32c.value(value)}
        version = client.add_secret_version(parent=f"{PARENT}/secrets/app", payload=payload)
        assert version.state == secretmanager_v1.SecretVersion.State.ENABLED
    damaged = {"data": b"three", "data_crc32c": 1}
    no(
        "INVALID_ARGUMENT",
        lambda: client.add_secret_version(parent=f"{PARENT}/secrets/app", payload=damaged),
    )
    for version, value in [("latest", b"two"), ("1", b"one"), ("2", b"two")]:
        found = client.access_secret_version(name=f"{PARENT}/secrets/app/versions/{version}")
        assert found.payload.data == value and found.name.endswith("/1" if value == b"one" else "/2")
        assert found.payload.data_crc32c == google_crc32c.value(value)
    read = client.get_secret(name=f"{PARENT}/secrets/app")
    assert (dict(read.labels), dict(read.annotations)) == ({"team": "a"}, {"note": "N"})
    for missing in ["never/versions/latest", "app/versions/9"]:
        no("NOT_FOUND", lambda: client.access_secret_version(name=f"{PARENT}/secrets/{missing}"))
    no("NOT_FOUND", lambda: client.get_secret(name=f"{PARENT}/secrets/never"))
    no("PERMISSION_DENIED", lambda: client.get_secret(name="projects/other/secrets/app"))


def states(client):
    name = f"{PARENT}/secrets/app/versions/2"
    client.disable_secret_version(name=name)
    latest = f"{PARENT}/secrets/app/versions/latest"
    disabled = no("FAILED_PRECONDITION", lambda: client.access_secret_version(name=latest))
    assert "DISABLED state" in disabled.message, disabled
    enabled = client.list_secret_versions(
        request={"parent": f"{PARENT}/secrets/app", "filter": "state:ENABLED"}
    )
    assert [version.name for version in enabled] == [f"{NUMBER}/secrets/app/versions/1"]
    client.enable_secret_version(name=name)
    assert client.access_secret_version(name=latest).payload.data == b"two"
    client.destroy_secret_version(name=name)
    destroyed = no("FAILED_PRECONDITION", lambda: client.access_secret_version(name=latest))
    assert "DESTROYED state" in destroyed.message, destroyed
    no("FAILED_PRECONDITION", lambda: client.enable_secret_version(name=name))
    all_of_them = list(client.list_secret_versions(parent=f"{PARENT}/secrets/app"))
    assert [version.name[-1] for version in all_of_them] == ["2", "1"]
    assert all_of_them[0].create_time > all_of_them[1].create_time


def lists(client):
    for number in range(12):
        labels = {"half": "even" if number % 2 == 0 else "odd"}
        client.create_secret(
            parent=PARENT, secret_id=f"many-{number}", secret={"replication": AUTOMATIC, "labels": labels}
        )

    def names(**request):
        found = client.list_secrets(request={"parent": PARENT, **request})
        return sorted(secret.name.rsplit("/")[-1] for secret in found)

    assert len(names(page_size=5)) == 13 and len(names()) == 13
    pages = list(client.list_secrets(request={"parent": PARENT, "page_size": 5}).pages)
    assert [len(page.secrets) for page in pages] == [5, 5, 3]
    assert names(filter="labels.half=odd AND name:many-1") == ["many-1", "many-11"]
    assert names(filter="name:app") == ["app"]
    no("INVALID_ARGUMENT", lambda: names(filter="what?"))


def changes(client):
    no(
        "ALREADY_EXISTS",
        lambda: client.create_secret(parent=PARENT, secret_id="app", secret={"replication": AUTOMATIC}),
    )
    for bad in [
        {"secret_id": "no/name", "secret": {"replication": AUTOMATIC}},
        {"secret_id": "bare", "secret": {}},
        {"secret_id": "label", "secret": {"replication": AUTOMATIC, "labels": {"A": "b"}}},
    ]:
        no("INVALID_ARGUMENT", lambda: client.create_secret(parent=PARENT, **bad))
    secret = client.get_secret(name=f"{PARENT}/secrets/app")
    secret.labels.clear()
    secret.labels["team"] = "b"
    updated = client.update_secret(secret=secret, update_mask={"paths": ["labels"]})
    assert dict(updated.labels) == {"team": "b"} and dict(updated.annotations) == {"note": "N"}
    no("ABORTED", lambda: client.update_secret(secret=secret, update_mask={"paths": ["labels"]}))
    no(
        "ABORTED",
        lambda: client.delete_secret(request={"name": f"{PARENT}/secrets/app", "etag": secret.etag}),
    )
    client.delete_secret(request={"name": f"{PARENT}/secrets/app", "etag": updated.etag})
    no("NOT_FOUND", lambda: client.get_secret(name=f"{PARENT}/secrets/app"))


def regions(client):
    parent = f"{PARENT}/locations/europe-west1"
    no(
        "INVALID_ARGUMENT",
        lambda: client.create_secret(parent=parent, secret_id="app", secret={"replication": AUTOMATIC}),
    )
    client.create_secret(parent=parent, secret_id="app", secret={"labels": {"team": "a"}})
    client.add_secret_version(parent=f"{parent}/secrets/app", payload={"data": b"here"})
    found = client.access_secret_version(name=f"{parent}/secrets/app/versions/latest")
    assert found.payload.data == b"here"
    assert found.name == f"{NUMBER}/locations/europe-west1/secrets/app/versions/1"
    assert [secret.name for secret in client.list_secrets(parent=parent)] == [
        f"{NUMBER}/locations/europe-west1/secrets/app"
    ]
    no("NOT_FOUND", lambda: client.get_secret(name=f"{PARENT}/secrets/app"))


client = client_of(logins())
values(client)
states(client)
lists(client)
changes(client)
regions(client)
print("agreed")
