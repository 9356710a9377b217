-- From now on for that time again.
-- ARGV  13 token  14 ttl
-- returns {'EPOCH'} {'REPORT'} {'GRANTED', fence, ms left, '1'} {'WRONG', holder} {'FREE'}
local roots = loadRoots()
local no = refusal(roots)
if no then return no end
local lease = loadLease()
if not isHeld(lease) then return {'FREE'} end
if lease.token ~= ARGV[13] then return {'WRONG', lease.holder} end
-- The older program's lock was taken over by one that does not ask: then it is not ours any more.
local text = foreign()
if text then return {'WRONG', '"' .. legacy .. '"'} end
local ttl = number(ARGV[14])
-- Acquired more than once, several renew it, each for his own time: none of them shortens it.
local shared = lease.count > 1
lease.ttl = shared and math.max(lease.ttl, ttl) or ttl
lease.ends = shared and math.max(lease.ends, now + ttl) or now + ttl
saveLease(lease)
takeLegacy(lease)
used(roots)
return {'GRANTED', whole(lease.fence), whole(lease.ends - now), '1'}
