-- Has lockstep act on the object now: any change of an annotation does, and this one is what people write by hand. Of a
-- ClusterExternalSecret, the one that is handed on to its ExternalSecrets.
local os = require("os")
local name = "force-sync"
if obj.kind == "ClusterExternalSecret" then
  name = "external-secrets.io/force-sync"
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations[name] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
