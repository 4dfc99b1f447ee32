-- Offers ACTION in the menu of an object, at any time.
return { ACTION = { disabled = false } }
