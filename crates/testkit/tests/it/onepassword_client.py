"""Drives the fake of 1Password Connect with 1Password's own client: what it does not agree with is no Connect server.

Arguments: the fake's address, its token.
"""

import sys

from onepasswordconnectsdk.client import Client
from onepasswordconnectsdk.errors import FailedToRetrieveItemException, FailedToRetrieveVaultException
from onepasswordconnectsdk.models import Field, Item, ItemVault

URL, TOKEN = sys.argv[1:]


def refused(kind, status, call):
    try:
        call()
    except kind as error:
        assert f"Received {status}" in str(error), error
        return
    raise AssertionError("not refused")


client = Client(URL, TOKEN)
vaults = client.get_vaults()
assert [vault.name for vault in vaults] == ["first", "second"], vaults
vault = client.get_vault_by_title("second").id
assert client.get_vault(vault).name == "second"
refused(FailedToRetrieveVaultException, 404, lambda: client.get_vault("0" * 26))
refused(FailedToRetrieveVaultException, 401, lambda: Client(URL, "wrong").get_vaults())

fields = [Field(label="user", value="me", type="STRING"), Field(label="password", value="p", type="CONCEALED")]
new = Item(title="db \"x\"", category="LOGIN", tags=["a", "b"], fields=fields, vault=ItemVault(id=vault))
made = client.create_item(vault, new)
assert len(made.id) == 26 and made.version == 1 and made.fields[1].value == "p" and made.fields[1].id, made
listed = client.get_items(vault)
assert [(item.title, item.tags, item.vault.id) for item in listed] == [("db \"x\"", ["a", "b"], vault)], listed
assert len(client.get_items(client.get_vault_by_title("first").id)) == 2
assert client.get_item_by_id(made.id, vault).fields[0].value == "me"
assert client.get_item("plain", "first").fields[0].value == "v"
assert client.get_items(vault, 'title eq "nope"') == []
assert [item.id for item in client.get_items(vault, 'tag eq "a"')] == [made.id]

made.fields[1].value = "new"
changed = client.update_item(made.id, vault, made)
assert changed.version == 2 and changed.fields[1].value == "new", changed
refused(FailedToRetrieveItemException, 404, lambda: client.get_item_by_id("0" * 26, vault))
client.delete_item(made.id, vault)
refused(FailedToRetrieveItemException, 404, lambda: client.get_item_by_id(made.id, vault))

first = client.get_vault_by_title("first").id
document = client.get_item("document", "first")
files = client.get_files(document.id, first)
assert [(file.name, file.size) for file in files] == [("key.pem", 4)], files
assert client.get_file_content(files[0].id, document.id, first) == b"\x00pem"
assert client.get_file_content(None, None, None, files[0].content_path) == b"\x00pem"
print("agreed")
