-- Who has a lease and who waits for it. Nothing is changed.
-- returns {newest fence, {holder...}, {id of a waiter, name, ...}, {ms, roots} of what is withheld or {}, {text, ms} of the older lock or {}}
local lease = loadLease()
local queue = {}
for _, waiter in ipairs(lease.queue) do
  queue[#queue + 1] = waiter.id
  queue[#queue + 1] = waiter.name
end
local left, missing = withheld(loadRoots(), ARGV[6] == '1')
local text, ms = foreign()
return {whole(lease.fence), {seen(lease)}, queue, left and {whole(left), missing} or {}, text and {text, tostring(ms)} or {}}
