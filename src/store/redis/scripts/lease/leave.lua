-- Takes a waiter out of the queue.
-- ARGV  13 its id
-- returns the fence, where a release granted it to him and he has not heard of it; else ''
local lease = loadLease()
if isHeld(lease) and lease.handed == ARGV[13] then return whole(lease.fence) end
local first = lease.queue[1]
if not leaveQueue(lease, ARGV[13]) then return '' end
saveLease(lease)
if first.id == ARGV[13] and not isHeld(lease) then wakeNext(lease) end
return ''
