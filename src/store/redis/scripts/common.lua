-- Stands before every other script: what they share. No script decodes JSON: cjson turns [] into {} and rounds numbers.

-- Text of a whole number up to 2^53; Lua's own would be 1e+14.
local function whole(number)
  return string.format('%.0f', number)
end

local function number(text)
  return tonumber(text or '0') or 0
end

-- The marks of an epoch are lost together or count as lost: without the ids seen, a retry would be applied again.
-- TOUCH keeps them from being the least recently used keys while records are written.
local function hasMarks(sync, seen, keys, keytimes)
  return redis.call('TOUCH', sync, seen, keys, keytimes) == 4
end

-- Whoever is not reached looks by himself. This user may be forbidden to publish; by then everything is written, and Lua does not roll back.
local function hint(channel, text)
  redis.pcall('PUBLISH', channel, text)
end

-- Another one whenever this server was a replica for a while: then its data may be another's, although the process is the same.
-- '' where it is not told: this user may be forbidden to ask.
local function replication()
  local told = redis.pcall('INFO', 'replication')
  return type(told) == 'string' and string.match(told, 'master_replid:(%x+)') or ''
end

local function isSameReplication(known)
  if not known or known == '' then return true end -- an older version, or a user who was not told, has noted none
  local now = replication()
  return now == '' or now == known
end

-- The server process under which the data set was confirmed; '' where it was another's data since.
local function ownerOf(sync)
  local now = redis.call('HMGET', sync, 'owner', 'replication')
  return isSameReplication(now[2]) and now[1] or ''
end

-- Whether the data set is that of `epoch`, confirmed under server process `run`.
local function isOwn(sync, seen, keys, keytimes, epoch, run)
  if not hasMarks(sync, seen, keys, keytimes) then return false end
  local known = redis.call('HMGET', sync, 'epoch', 'owner', 'replication')
  if known[1] ~= epoch or known[2] ~= run or not isSameReplication(known[3]) then return false end
  local now = (not known[3] or known[3] == '') and replication() or ''
  if now ~= '' then redis.call('HSET', sync, 'replication', now) end -- from now on it is known
  return true
end

-- 'none' for a key of another type too: what a program put there by mistake is not ours to read or to overwrite.
local function isHash(key)
  return redis.call('TYPE', key).ok == 'hash'
end

local function isForeign(key)
  local type = redis.call('TYPE', key).ok
  return type ~= 'hash' and type ~= 'none'
end

-- A roster entry is 'L <rev> <born> <flags>' or 'D <rev> <born> <stamp>'. The flags of a live record tell which other
-- hashes it has: s stamps, t types. Returns the words.
local function words(entry)
  local found = {}
  for word in string.gmatch(entry or '', '%S+') do found[#found + 1] = word end
  return found
end

local function flags(stamps, types)
  return '.' .. (isHash(stamps) and 's' or '') .. (isHash(types) and 't' or '')
end

-- Whether a live record and what belongs to it is there, as its roster entry says.
local function isWhole(roster, record, types, stamps)
  local has = roster[4] or ''
  if not isHash(record) or (redis.call('HGET', record, 'rev') or '0') ~= roster[2] then return false end
  return (not string.find(has, 's', 1, true) or isHash(stamps)) and (not string.find(has, 't', 1, true) or isHash(types))
end

-- unpack() takes a few thousand values and no more.
local function hset(key, pairs)
  for from = 1, #pairs, 1000 do
    redis.call('HSET', key, unpack(pairs, from, math.min(from + 999, #pairs)))
  end
end

local function hdel(key, fields)
  for from = 1, #fields, 1000 do
    redis.call('HDEL', key, unpack(fields, from, math.min(from + 999, #fields)))
  end
end

-- An adopted record has no revision; but a hash without any field would be no hash.
local function setRevision(record, rev)
  if rev == '0' then redis.call('HDEL', record, 'rev') end
  if rev ~= '0' or not isHash(record) then redis.call('HSET', record, 'rev', rev) end
end

-- An id that was applied in a data set that was lost, unless this one knows it.
local function giveBack(seen, keys, keytimes, id, rev, digest, time)
  if redis.call('ZADD', seen, 'NX', rev, id) == 0 or digest == '' then return end
  if redis.call('HSETNX', keys, id, rev .. ' ' .. digest) == 1 then redis.call('ZADD', keytimes, time, id) end
end

-- The highest id that the stream has ever given; entries may be trimmed, or written by others.
local function lastStreamed(events)
  if redis.call('EXISTS', events) == 0 then return 0 end
  local facts = redis.call('XINFO', 'STREAM', events)
  for i = 1, #facts, 2 do
    if facts[i] == 'last-generated-id' then return number(string.match(facts[i + 1], '^%d+')) end
  end
  return 0
end

-- Gives a change its revision and tells it in the stream. Returns the revision and the one before it, or what Redis refuses it with:
-- XADD comes first, and fails for a key that is no stream.
local function numberChange(events, counter, sync, epoch, floor, length, change)
  local prev = math.max(number(redis.call('GET', counter)), number(redis.call('HGET', sync, 'rev')))
  local rev = math.max(prev, number(floor)) + 1
  local function append()
    return redis.pcall('XADD', events, 'MAXLEN', '~', length, whole(rev) .. '-0', 'epoch', epoch, 'prev', whole(prev), 'change', change)
  end
  local added = append()
  if type(added) == 'table' and added.err and string.find(added.err, 'equal or smaller', 1, true) then
    rev = lastStreamed(events) + 1 -- another program has written to our stream
    added = append()
  end
  if type(added) == 'table' and added.err then return added end
  redis.call('SET', counter, whole(rev))
  redis.call('HSET', sync, 'rev', whole(rev))
  return rev, prev
end
