-- Changes after a revision, and the revision of the data at the same moment.
-- KEYS  1 sync  2 rev  3 events
-- ARGV  1 from this revision on  2 at most so many
-- returns {rev, {{id, {field, value, ...}}, ...}}
local rev = math.max(number(redis.call('GET', KEYS[2])), number(redis.call('HGET', KEYS[1], 'rev')))
return {whole(rev), redis.call('XRANGE', KEYS[3], ARGV[1], '+', 'COUNT', ARGV[2])}
