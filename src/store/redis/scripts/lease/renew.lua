-- From now on for the whole time again.
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
lease.ttl = number(ARGV[14])
lease.ends = now + lease.ttl
saveLease(lease)
takeLegacy(lease)
used(roots)
return {'GRANTED', whole(lease.fence), whole(lease.ttl), '1'}
