-- Brings a lease back to data that lost it, unless they have a newer grant.
-- ARGV  13 fence  14 token  15 holder  16 reason  17 ttl  18 ms left  19 ms since 1970  20 count  21 process
-- returns 1 done, 0 the epoch is not the caller's
if not isOwn(KEYS[1], KEYS[2], KEYS[3], KEYS[4], epoch, ARGV[2]) then return 0 end
local lease = loadLease()
local fence, left = number(ARGV[13]), math.min(number(ARGV[18]), number(ARGV[17]))
if lease.fence > fence or left <= 0 then return 1 end
-- The same grant: a renewal may have been lost.
local ends = lease.fence == fence and math.max(lease.ends, now + left) or now + left
lease.fence, lease.token, lease.holder, lease.reason, lease.ttl = fence, ARGV[14], ARGV[15], ARGV[16], number(ARGV[17])
lease.ends, lease.since, lease.count, lease.root, lease.process = ends, ARGV[19], number(ARGV[20]), root, ARGV[21]
saveLease(lease)
takeLegacy(lease)
return 1
