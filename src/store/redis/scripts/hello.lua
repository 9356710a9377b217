-- Whose data this is, and how far it goes.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes  5 rev
-- returns {'1' marks complete | '0', epoch, owner, first, contains, rev, seconds, microseconds}
local sync = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'contains', 'rev')
local time = redis.call('TIME')
return {
  hasMarks(KEYS[1], KEYS[2], KEYS[3], KEYS[4]) and '1' or '0',
  sync[1] or '', ownerOf(KEYS[1]), sync[2] or '0', sync[3] or '',
  whole(math.max(number(redis.call('GET', KEYS[5])), number(sync[4]))),
  time[1], time[2],
}
