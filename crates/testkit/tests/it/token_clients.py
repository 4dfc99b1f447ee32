"""Drives the fakes of BeyondTrust, GitLab, Grafana and GitHub with clients that others wrote."""

import sys

import gitlab
import httpx
from bt_cli.core.config import WLCConfig
from bt_cli.wlc.client import WLCClient
from github import Auth, GithubException, GithubIntegration
from grafana_client import GrafanaApi, TokenAuth
from grafana_client.client import GrafanaClientError, GrafanaUnauthorizedError


def refused(kind, call, status):
    try:
        call()
    except kind as error:
        found = getattr(error, "response_code", None) or getattr(error, "status_code", None) or getattr(error, "status", None)
        assert found == status, (found, status)
        return
    raise AssertionError("it was not refused")


def deploy_tokens(url, key):
    owner = gitlab.Gitlab(url, private_token=key).projects.get(42, lazy=True)
    made = owner.deploytokens.create(
        {"name": "n", "scopes": ["read_repository", "read_registry"], "expires_at": "2031-02-03T04:05:06Z", "username": "robot"}
    )
    assert made.token and made.username == "robot" and made.scopes == ["read_repository", "read_registry"]
    found = owner.deploytokens.get(made.id)
    assert (found.id, found.name, found.username) == (made.id, "n", "robot")
    assert not hasattr(found, "token"), "a token is told once"
    for _ in range(44):
        owner.deploytokens.create({"name": "n", "scopes": ["read_repository"]})
    listed = owner.deploytokens.list(get_all=True)
    assert len(listed) == 45 and len({token.username for token in listed}) == 45
    owner.deploytokens.delete(made.id)
    refused(gitlab.GitlabGetError, lambda: owner.deploytokens.get(made.id), 404)
    refused(gitlab.GitlabDeleteError, lambda: owner.deploytokens.delete(made.id), 404)
    nobody = gitlab.Gitlab(url, private_token=key).projects.get(43, lazy=True)
    refused(gitlab.GitlabCreateError, lambda: nobody.deploytokens.create({"name": "n", "scopes": []}), 404)
    group = gitlab.Gitlab(url, private_token=key).groups.get("a/b", lazy=True)
    assert group.deploytokens.create({"name": "g", "scopes": ["read_registry"]}).id
    assert len(group.deploytokens.list(get_all=True)) == 1
    stranger = gitlab.Gitlab(url, private_token="other").projects.get(42, lazy=True)
    refused(gitlab.GitlabAuthenticationError, lambda: stranger.deploytokens.list(), 401)


def service_accounts(url, token):
    accounts = GrafanaApi.from_url(url, TokenAuth(token=token)).serviceaccount
    made = accounts.create({"name": "app", "role": "Viewer"})
    other = accounts.create({"name": "app-2", "role": "Admin"})
    assert made["name"] == "app" and made["role"] == "Viewer" and made["login"]
    assert accounts.search_one("app-2")["id"] == other["id"]
    assert len(accounts.search_all(query="app")) == 2
    refused(GrafanaClientError, lambda: accounts.create({"name": "app", "role": "Viewer"}), 400)
    one = accounts.create_token(made["id"], {"name": "one"})
    assert one["key"] and one["name"] == "one"
    two = accounts.create_token(made["id"], {"name": "two", "secondsToLive": 600})
    assert {token["name"] for token in accounts.get_tokens(made["id"])} == {"one", "two"}
    accounts.delete_token(made["id"], one["id"])
    assert [token["id"] for token in accounts.get_tokens(made["id"])] == [two["id"]]
    refused(GrafanaClientError, lambda: accounts.delete_token(made["id"], one["id"]), 404)
    stranger = GrafanaApi.from_url(url, TokenAuth(token="other")).serviceaccount
    refused(GrafanaUnauthorizedError, lambda: stranger.search(query="app"), 401)


def installations(url, app, installation, pem):
    key = open(pem).read()
    given = GithubIntegration(auth=Auth.AppAuth(app, key), base_url=url).get_access_token(int(installation), permissions={"contents": "read"})
    assert given.token and given.expires_at.year == 2099 and given.permissions == {"contents": "read"}
    refused(GithubException, lambda: GithubIntegration(auth=Auth.AppAuth(app, key), base_url=url).get_access_token(1), 404)
    refused(GithubException, lambda: GithubIntegration(auth=Auth.AppAuth("1", key), base_url=url).get_access_token(int(installation)), 401)


def dynamic_secrets(url, site, token):
    def refused_with(status, call):
        try:
            call()
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == status, error
            return
        raise AssertionError("it was not refused")

    def client(**changed):
        return WLCClient(WLCConfig(**({"api_url": url, "site_id": site, "pat": token} | changed)))

    with client() as own:
        own.create_dynamic("role@1", {"type": "aws", "credentialType": "assumed_role"}, folder="prod/db")
        one = own.generate_dynamic("role@1", folder="prod/db")["secret"]
        two = own.generate_dynamic("role@1", folder="prod/db")["secret"]
        for made in (one, two):
            assert set(made) == {"accessKeyId", "secretAccessKey", "sessionToken", "leaseId", "expiration"}, made
        assert one["accessKeyId"] != two["accessKeyId"]
        leases = own.list_leases("role@1", folder="prod/db")
        assert [lease["leaseId"] for lease in leases] == [one["leaseId"], two["leaseId"]]
        assert own.list_leases("role@1") == []
        refused_with(404, lambda: own.generate_dynamic("role@1"))
        refused_with(404, lambda: own.generate_dynamic("other", folder="prod/db"))
    for status, changed in [(401, {"pat": "other"}), (400, {"api_version": "2026-01-02"}), (403, {"site_id": "other"})]:
        with client(**changed) as stranger:
            refused_with(status, lambda: stranger.generate_dynamic("role@1", folder="prod/db"))


def main():
    gitlab_url, grafana_url, github_url, key, app, installation, pem, beyondtrust_url, site = sys.argv[1:]
    deploy_tokens(gitlab_url, key)
    service_accounts(grafana_url, key)
    installations(github_url, app, installation, pem)
    dynamic_secrets(beyondtrust_url, site, key)
    print("agreed")


main()
