-- A record with all that is known about it, in one moment.
-- KEYS  1 sync  2 record  3 types  4 stamps
-- ARGV  1 field of the roster
-- returns {roster entry or '', record, types, stamps}, each hash as field, value, ...
local function all(key)
  return isHash(key) and redis.call('HGETALL', key) or {}
end
return {redis.call('HGET', KEYS[1], ARGV[1]) or '', all(KEYS[2]), all(KEYS[3]), all(KEYS[4])}
