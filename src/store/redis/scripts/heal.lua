-- Puts an evicted record back as its last change left it. Fields that stand there stay: a legacy program wrote them since.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes  5 record  6 types  7 stamps
-- ARGV  1 epoch  2 run  3 field of the roster  4 roster entry without its flags  5 its revision
--       6 number of fields, then (field, value, type entry or '') each, then the stamps (field, value) each
-- returns 1 done, 0 the roster says something else by now, or a key holds something that is no hash
if not isOwn(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2]) then return 0 end
local roster = words(redis.call('HGET', KEYS[1], ARGV[3]))
if roster[1] ~= 'L' or table.concat(roster, ' ', 1, 3) ~= ARGV[4] then return 0 end
if isForeign(KEYS[5]) or isForeign(KEYS[6]) or isForeign(KEYS[7]) then return 0 end

-- Somebody was faster: what stands there is the record, and may know more than the caller.
if isWhole(roster, KEYS[5], KEYS[6], KEYS[7]) then return 1 end

local at = 7
for _ = 1, number(ARGV[6]) do
  local field, value, type = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local stands = redis.call('HSETNX', KEYS[5], field, value) == 1 or redis.call('HGET', KEYS[5], field) == value
  if stands and type ~= '' then redis.call('HSET', KEYS[6], field, type) end
  at = at + 3
end
setRevision(KEYS[5], ARGV[5])

redis.call('DEL', KEYS[7])
local stamps = {}
for i = at, #ARGV do stamps[#stamps + 1] = ARGV[i] end
hset(KEYS[7], stamps)
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4] .. ' ' .. flags(KEYS[7], KEYS[6]))
return 1
