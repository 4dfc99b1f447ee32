"""Drives the fake of GitLab with python-gitlab: what it does not agree with is no GitLab.

Arguments: the fake's address, its token.
"""

import sys

import gitlab

URL, TOKEN = sys.argv[1:]


def refused(kind, status, call):
    try:
        call()
    except kind as error:
        assert error.response_code == status, error
        return error
    raise AssertionError("not refused")


client = gitlab.Gitlab(URL, private_token=TOKEN)
project = client.projects.get("7", lazy=True)
assert [group.full_path for group in project.groups.list(get_all=True)] == ["org", "org/team"]
assert project.variables.get("ONE").value == "1"
both = {"filter": {"environment_scope": "prod"}}
assert project.variables.get("BOTH", **both).value == "p"
assert client.projects.get("org/team/app", lazy=True).variables.get("ONE").value == "1"
assert project.variables.get("HIDDEN").value is None
refused(gitlab.GitlabGetError, 409, lambda: project.variables.get("BOTH"))
assert refused(gitlab.GitlabGetError, 404, lambda: project.variables.get("NOPE")).error_message == "404 Variable Not Found"
assert refused(
    gitlab.GitlabGetError, 404, lambda: client.projects.get("8", lazy=True).variables.get("ONE")
).error_message == "404 Project Not Found"
refused(
    gitlab.GitlabAuthenticationError, 401, lambda: gitlab.Gitlab(URL, private_token="x").projects.get("7", lazy=True).variables.get("ONE")
)
group = client.groups.get("2", lazy=True)
listed = group.variables.list(get_all=True)
assert [variable.key for variable in listed] == [f"V{n}" for n in range(45)], listed
pages = group.variables.list(iterator=True, per_page=20)
assert (pages.total, pages.total_pages, pages.per_page) == (45, 3, 20)
assert refused(gitlab.GitlabGetError, 404, lambda: client.groups.get("9", lazy=True).variables.get("X")).error_message == "404 Group Not Found"
print("agreed")
