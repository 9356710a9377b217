-- This root has told all it knows of leases.
-- ARGV  13... the other roots that it knows of
-- returns 1 done, 0 the epoch is not the caller's
if not isOwn(KEYS[1], KEYS[2], KEYS[3], KEYS[4], epoch, ARGV[2]) then return 0 end
local roots = loadRoots()
for n = 13, #ARGV do
  if not roots[ARGV[n]] then roots[ARGV[n]] = {epoch = '-', used = now} end
end
roots[root] = {epoch = epoch, used = now}
saveRoots(roots)
local longest = math.max(number(redis.call('HGET', sync, 'longest-lease')), number(ARGV[5]))
redis.call('HSET', sync, 'longest-lease', whole(longest))
hint(ARGV[10], ' ') -- who waits may have waited for this
return 1
