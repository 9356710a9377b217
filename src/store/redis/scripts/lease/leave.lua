-- Takes a waiter out of the queue.
-- ARGV  13 its id
-- returns 1 it was there, 0 not
local lease = loadLease()
local first = lease.queue[1]
if not leaveQueue(lease, ARGV[13]) then return 0 end
saveLease(lease)
if first.id == ARGV[13] and not isHeld(lease) then wakeNext(lease) end
return 1
