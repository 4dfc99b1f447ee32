-- How well one of lockstep's objects is, told by its conditions. Argo CD hands the object over as `obj`.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local ready = conditions.Ready
if ready == nil then
  return { status = "Progressing", message = "lockstep has not looked at it yet" }
end

-- What is told of an older generation says nothing of this one.
local seen = status.observedGeneration or ready.observedGeneration
if seen ~= nil and seen ~= obj.metadata.generation then
  return { status = "Progressing", message = "lockstep has not looked at the last edit yet" }
end

if holds("Stalled") then
  return { status = "Degraded", message = conditions.Stalled.message }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
if ready.status == "Unknown" then
  return { status = "Progressing", message = ready.message }
end

-- It is tried again. Before its first success that is a start that takes longer: its store may come in the same sync.
local syncs = obj.kind == "ExternalSecret" or obj.kind == "PushSecret"
if syncs and holds("Reconciling") and status.syncedResourceVersion == nil then
  return { status = "Progressing", message = conditions.Reconciling.message }
end
return { status = "Degraded", message = ready.message }
