-- Gives ids back, and declares what the data contains by now.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes
-- ARGV  1 epoch  2 run  3 number of ids, then (id, rev, digest or '', ms) each, then (epoch, rev) each
-- returns 1 done, 0 the epoch is not the caller's
if not isOwn(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2]) then return 0 end
local known = words(redis.call('HGET', KEYS[1], 'contains'))
redis.call('ZCARD', KEYS[2])
redis.call('HLEN', KEYS[3])
redis.call('ZCARD', KEYS[4])

local at = 4
for _ = 1, number(ARGV[3]) do
  giveBack(KEYS[2], KEYS[3], KEYS[4], unpack(ARGV, at, at + 3))
  at = at + 4
end

local highest, order = {}, {}
local function take(epoch, rev)
  if epoch == ARGV[1] then return end
  if not highest[epoch] then order[#order + 1] = epoch end
  highest[epoch] = math.max(highest[epoch] or 0, number(rev))
end
for i = 1, #known, 2 do take(known[i], known[i + 1]) end
for i = at, #ARGV, 2 do take(ARGV[i], ARGV[i + 1]) end
for i, epoch in ipairs(order) do order[i] = epoch .. ' ' .. whole(highest[epoch]) end
redis.call('HSET', KEYS[1], 'contains', table.concat(order, ' '))
return 1
