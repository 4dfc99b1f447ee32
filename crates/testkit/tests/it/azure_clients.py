"""Drives the fake of Azure with Azure's own clients: what they do not agree with is no Azure.

Arguments: the fake's address, its tenant, a file with a certificate and its key, the address of the metadata.
"""

import sys

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)
from azure.keyvault.certificates import CertificateClient, CertificatePolicy
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.secrets import SecretClient

URL, TENANT, PEM, METADATA = sys.argv[1:]
HERE = {"authority": URL, "disable_instance_discovery": True}
# The name of the vault is no name below the domain that tokens are for: there is no such name on loopback.
VAULT = {"verify_challenge_resource": False}


def refused(kind, status, call):
    try:
        call()
    except kind as error:
        assert status in (None, error.status_code), (error, status)
        return error
    raise AssertionError("not refused")


def logins():
    def names(credential):
        client = SecretClient(URL, credential, **VAULT)
        return [secret.name for secret in client.list_properties_of_secrets()]

    by_secret = ClientSecretCredential(TENANT, "client", "secret", **HERE)
    assert names(by_secret) == []
    assert names(CertificateCredential(TENANT, "client", PEM, **HERE)) == []
    assert names(ClientAssertionCredential(TENANT, "client", lambda: "subject", **HERE)) == []
    assert names(ManagedIdentityCredential()) == []
    assert names(ManagedIdentityCredential(client_id="client")) == []
    for wrong in [
        ClientSecretCredential(TENANT, "client", "wrong", **HERE),
        ClientSecretCredential(TENANT, "stranger", "secret", **HERE),
        ClientAssertionCredential(TENANT, "client", lambda: "stranger", **HERE),
        ManagedIdentityCredential(client_id="stranger"),
    ]:
        refused(ClientAuthenticationError, None, lambda: wrong.get_token("https://vault.azure.net/.default"))
    return by_secret


def secrets(credential):
    client = SecretClient(URL, credential, **VAULT)
    first = client.set_secret("app", "one", content_type="text/plain", tags={"team": "a"})
    second = client.set_secret("app", "two", tags={"team": "b"})
    assert first.properties.version != second.properties.version
    newest = client.get_secret("app")
    assert (newest.value, newest.properties.tags) == ("two", {"team": "b"})
    assert newest.properties.created_on and newest.properties.enabled
    older = client.get_secret("app", first.properties.version)
    assert (older.value, older.properties.content_type) == ("one", "text/plain")
    versions = {properties.version for properties in client.list_properties_of_secret_versions("app")}
    assert versions == {first.properties.version, second.properties.version}
    missing = refused(ResourceNotFoundError, 404, lambda: client.get_secret("never"))
    assert missing.error.code == "SecretNotFound"
    refused(ResourceNotFoundError, 404, lambda: client.get_secret("app", "0" * 32))
    refused(HttpResponseError, 400, lambda: client.set_secret("no_name", "x"))

    client.update_secret_properties("app", enabled=False, tags={"team": "c"})
    disabled = refused(HttpResponseError, 403, lambda: client.get_secret("app"))
    assert disabled.error.innererror["code"] == "SecretDisabled"
    listed = [properties for properties in client.list_properties_of_secrets()]
    assert [(one.name, one.enabled, one.tags) for one in listed] == [("app", False, {"team": "c"})]
    client.update_secret_properties("app", enabled=True)

    for number in range(60):
        client.set_secret(f"many-{number}", str(number))
    pages = [len(list(page)) for page in client.list_properties_of_secrets().by_page()]
    assert pages == [25, 25, 11], pages

    deleted = client.begin_delete_secret("app").result()
    assert deleted.recovery_id and deleted.scheduled_purge_date
    refused(ResourceNotFoundError, 404, lambda: client.get_secret("app"))
    conflict = refused(ResourceExistsError, 409, lambda: client.set_secret("app", "three"))
    assert conflict.error.innererror["code"] == "ObjectIsDeletedButRecoverable"
    client.begin_recover_deleted_secret("app").wait()
    assert client.get_secret("app").value == "two"
    client.begin_delete_secret("app").wait()
    client.purge_deleted_secret("app")
    refused(ResourceNotFoundError, 404, lambda: client.get_deleted_secret("app"))
    client.set_secret("app", "anew")


def keys(credential):
    client = KeyClient(URL, credential, **VAULT)
    made = client.create_ec_key("sign", tags={"team": "a"})
    read = client.get_key("sign", made.properties.version)
    assert (read.key.kty, read.key.crv) == ("EC", "P-256") and read.id == made.id
    private = JsonWebKey(kty="RSA", key_ops=["sign"], n=b"\7" * 256, e=b"\1\0\1", d=b"\5" * 256)
    imported = client.import_key("rsa", private, tags={"team": "b"})
    assert imported.key.n == b"\7" * 256 and imported.key.d is None
    assert sorted(key.name for key in client.list_properties_of_keys()) == ["rsa", "sign"]
    assert refused(ResourceNotFoundError, 404, lambda: client.get_key("never")).error.code == "KeyNotFound"
    client.begin_delete_key("rsa").wait()
    refused(ResourceNotFoundError, 404, lambda: client.get_key("rsa"))


def certificates(credential):
    client = CertificateClient(URL, credential, **VAULT)
    with open(PEM, "rb") as file:
        pem = file.read()
    policy = CertificatePolicy(issuer_name="Unknown", content_type="application/x-pem-file")
    imported = client.import_certificate("web", pem, policy=policy, tags={"team": "a"})
    read = client.get_certificate_version("web", imported.properties.version)
    assert read.cer == imported.cer and read.cer[:1] == b"\x30"
    assert client.get_certificate("web").properties.tags == {"team": "a"}
    missing = refused(ResourceNotFoundError, 404, lambda: client.get_certificate("never"))
    assert missing.error.code == "CertificateNotFound"
    client.begin_delete_certificate("web").wait()
    refused(ResourceNotFoundError, 404, lambda: client.get_certificate("web"))


credential = logins()
secrets(credential)
keys(credential)
certificates(credential)
print("agreed")
