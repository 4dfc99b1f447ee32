-- Has lockstep act on the object now: any change of an annotation does, and this one is what people write by hand.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["force-sync"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
