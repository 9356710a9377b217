-- Records with all that is known about them, in one moment.
-- KEYS  1 sync  then of each record: record, types, stamps
-- ARGV  of each: field of the roster
-- returns of each: {roster entry or '', record, types, stamps}, each hash as field, value, ...
local function all(key)
  return isHash(key) and redis.call('HGETALL', key) or {}
end
local records = {}
for n = 1, #ARGV do
  records[n] = {redis.call('HGET', KEYS[1], ARGV[n]) or '', all(KEYS[3 * n - 1]), all(KEYS[3 * n]), all(KEYS[3 * n + 1])}
end
return records
