-- Ends a lease. The release has a revision too, and that is the fence from then on.
-- ARGV  13 id of the call  14 token, or '' for a forced release  15 the fence that it has to have, or ''
--       16 the change and 17 the event up to the holder (a JSON text), behind which its ttl and fence are set  18 event behind the revision
-- returns {'EPOCH'} {'REPORT'} {'RELEASED', fence, holder, releases that are due} {'WRONG', holder} {'FREE'}
local roots = loadRoots()
local no = refusal(roots)
if no then return no end
local lease = loadLease()
local held = isHeld(lease)
for _, known in ipairs(words(lease.calls)) do
  if known == ARGV[13] then return {'RELEASED', whole(lease.fence), held and lease.holder or '""', held and tostring(lease.count) or '0'} end
end
if not held or ARGV[15] ~= '' and ARGV[15] ~= whole(lease.fence) then return {'FREE'} end
if ARGV[14] ~= '' and ARGV[14] ~= lease.token then return {'WRONG', lease.holder} end
local holder = lease.holder
if ARGV[14] ~= '' and lease.count > 1 then
  lease.count = lease.count - 1
  noteCall(lease, ARGV[13])
  saveLease(lease)
  return {'RELEASED', whole(lease.fence), holder, tostring(lease.count)}
end

local facts = holder .. ',"ttlMs":' .. whole(lease.ttl) .. ',"former":' .. whole(lease.fence) .. '}'
local rev = tell(ARGV[16] .. facts .. '}', ARGV[17] .. facts .. ',"rev":', ARGV[18])
if type(rev) == 'table' then return rev end
lease.fence, lease.holder, lease.token, lease.ends, lease.process = rev, '', '', 0, ''
noteCall(lease, ARGV[13])
saveLease(lease)
if legacy and not foreign() then redis.call('DEL', legacy) end
wakeNext(lease)
return {'RELEASED', whole(rev), holder, '0'}
