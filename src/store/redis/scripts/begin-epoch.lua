-- Begins an epoch, unless somebody else did since the caller looked.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes  5 rev  6 events
-- ARGV  1 epoch that the caller saw ('' none)  2 owner that it saw  3 run  4 the new epoch  5 first revision at least
-- returns 1 begun, 0 not
local now = redis.call('HMGET', KEYS[1], 'epoch', 'rev', 'contains')
local complete = hasMarks(KEYS[1], KEYS[2], KEYS[3], KEYS[4])
if (complete and now[1] or '') ~= ARGV[1] or (complete and ownerOf(KEYS[1]) or '') ~= ARGV[2] then return 0 end

local rev = math.max(number(redis.call('GET', KEYS[5])), number(now[2]))
local first = whole(math.max(number(ARGV[5]), rev, lastStreamed(KEYS[6])))
redis.call('ZCARD', KEYS[2])
redis.call('HLEN', KEYS[3])
redis.call('ZCARD', KEYS[4]) -- reads done: a wrong type has failed before anything is written

local contains = now[3] or ''
if now[1] then contains = contains .. ' ' .. now[1] .. ' ' .. whole(rev) end
-- Leases are granted again when those who may know of one have told, or so long after this that none can be left.
local time = redis.call('TIME')
local since = whole(number(time[1]) * 1000)
redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'owner', ARGV[3], 'replication', replication(), 'first', first, 'rev', first, 'contains', contains, 'since', since)
redis.call('SET', KEYS[5], first)
-- Members of their own, so that these keys exist, and that their absence means that they were lost.
redis.call('ZADD', KEYS[2], 0, '')
redis.call('HSET', KEYS[3], '', '')
redis.call('ZADD', KEYS[4], '+inf', '')
return 1
