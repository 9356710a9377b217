-- Gives a change its revision and applies it, or says why not: every write of every path.
-- Everything is read and checked before anything is written: Lua does not roll back.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes  5 rev  6 events  7 record  8 types  9 stamps  10 lease
-- ARGV  1 epoch  2 run  3 highest revision that the caller knows  4 id  5 digest of an idempotency key, or ''
--       6 field of the roster  7 ifRev or ''  8 fence or ''
--       9 expected roster entry without flags, '-' for none, '' for any  10 expected liveness '1' '0', or ''
--       11 channel  12 event before the revision  13 event behind it  14 the change  15 length of the stream
--       16 ids kept  17 ms for which keys are kept  18 what becomes of the record: 'none' 'change' 'adopt' 'delete'
--       19 ms of the change  20 stamp of the deletion, or '' for the change's own
--       21 name of the lease of the fence  22 revision that has to be the last, or ''  23 id that has to have it, or ''
--       then lists, each after its length:
--       expected (field, token or '' for none)  set (field, value, type entry or '')  unset field
--       stamps dropped with everything below: path  stamped (path, stamp or '' for the change's own)  counts (field, value)
--       ids given back, whose effects the change brings (id, rev, digest or '', ms)
-- returns {'EPOCH'} {'DUP', rev} {'OTHER', rev} {'EVICTED'} {'FENCE', newest} {'CONFLICT', rev} {'STALE'} {'OK', rev, prev}
local sync, seen, keys, keytimes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local record, types, stamps = KEYS[7], KEYS[8], KEYS[9]
local id, digest, action = ARGV[4], ARGV[5], ARGV[18]

local at = 23
local function list(width)
  local entries = {}
  at = at + 1
  for n = 1, number(ARGV[at]) do
    local entry = {}
    for i = 1, width do entry[i] = ARGV[at + (n - 1) * width + i] end
    entries[n] = entry
  end
  at = at + #entries * width
  return entries
end
local expected, set, unset, dropped, stamped, counts = list(2), list(3), list(1), list(1), list(2), list(2)
local given = list(4)

-- The checks, in the order of the contract.

if not isOwn(sync, seen, keys, keytimes, ARGV[1], ARGV[2]) then return {'EPOCH'} end

local used = digest ~= '' and redis.call('HGET', keys, id)
if used then
  local rev, former = string.match(used, '^(%S+) (.*)$')
  return {former == digest and 'DUP' or 'OTHER', rev}
end
local before = redis.call('ZSCORE', seen, id)
if before then return {'DUP', whole(number(before))} end

local marks = redis.call('HMGET', sync, ARGV[6], 'rev', 'first')
local roster = words(marks[1])
local live = roster[1] == 'L'

-- A key of another type stands in the way of what belongs there, which is lost as far as we can tell.
if isForeign(record) or isForeign(types) or isForeign(stamps) then return {'EVICTED'} end
if live and not isWhole(roster, record, types, stamps) then return {'EVICTED'} end

if ARGV[8] ~= '' then
  -- The lease may have been evicted: sync remembers the fence.
  local kept = words(redis.call('HGET', sync, 'lease:' .. ARGV[21]))
  local newest = whole(math.max(number(redis.call('HGET', KEYS[10], 'fence')), number(kept[1])))
  if ARGV[8] ~= newest or number(newest) < number(marks[3]) then return {'FENCE', newest} end
end

local current = live and roster[2] or '0'
if ARGV[7] ~= '' and ARGV[7] ~= current then return {'CONFLICT', current} end

if ARGV[22] ~= '' then
  local last = whole(math.max(number(redis.call('GET', KEYS[5])), number(marks[2])))
  if last ~= ARGV[22] then return {'STALE'} end
  if ARGV[23] ~= '' and whole(number(redis.call('ZSCORE', seen, ARGV[23]))) ~= last then return {'STALE'} end
end
if ARGV[9] ~= '' then
  local parts = live and 3 or #roster
  if ARGV[9] ~= (#roster == 0 and '-' or table.concat(roster, ' ', 1, parts)) then return {'STALE'} end
end
if ARGV[10] ~= '' and ARGV[10] ~= (live and '1' or '0') then return {'STALE'} end

-- Of what stands there: its type entry while that describes it, else its digest. Comparing needs no copy of the value.
local function token(field)
  local value = redis.call('HGET', record, field)
  if not value then return '' end
  local sum = redis.sha1hex(value)
  local type = redis.call('HGET', types, field)
  return type and string.sub(type, -40) == sum and type or sum
end
for _, field in ipairs(expected) do
  if token(field[1]) ~= field[2] then return {'STALE'} end
end

-- Stamps of what is replaced go, with those of everything below it.
local function stampsBelow(paths)
  local gone, found = {}, {}
  for _, path in ipairs(paths) do gone[path[1]] = true end
  for _, known in ipairs(redis.call('HKEYS', stamps)) do
    local cut = string.sub(known, 1, 1) == '/' and #known or 0
    while cut > 0 do
      if gone[string.sub(known, 1, cut)] then
        found[#found + 1] = known
        break
      end
      cut = (string.find(string.sub(known, 1, cut), '/[^/]*$') or 1) - 1
    end
  end
  return found
end
local outdated = #dropped > 0 and stampsBelow(dropped) or {}

-- Without a roster entry, stamps and counts are of a lineage that was lost. The order of the fields stays.
local orphans = {}
if #roster == 0 then
  for _, known in ipairs(redis.call('HKEYS', stamps)) do
    if string.sub(known, 1, 1) ~= '#' then orphans[#orphans + 1] = known end
  end
end

-- The writes.

redis.call('HLEN', keys)
redis.call('ZCARD', keytimes)
local rev, prev = numberChange(KEYS[6], KEYS[5], sync, ARGV[1], ARGV[3], ARGV[15], ARGV[14])
if type(rev) == 'table' then return rev end
local own = whole(rev)
redis.call('ZADD', seen, own, id)
if rev % 64 == 0 then redis.call('ZREMRANGEBYRANK', seen, 0, -number(ARGV[16]) - 1) end
if digest ~= '' then
  local now = number(redis.call('TIME')[1]) * 1000
  redis.call('HSET', keys, id, own .. ' ' .. digest)
  redis.call('ZADD', keytimes, now, id)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', keytimes, '-inf', now - number(ARGV[17]), 'LIMIT', 0, 32)) do
    redis.call('HDEL', keys, old)
    redis.call('ZREM', keytimes, old)
  end
end

for _, former in ipairs(given) do giveBack(seen, keys, keytimes, unpack(former)) end

local stamp = ARGV[19] .. '.' .. own .. '.' .. ARGV[1]
local function stampOf(given)
  return given == '' and stamp or given
end

if action ~= 'none' then
  if #roster == 0 then hdel(stamps, orphans) end
  if roster[1] == 'D' then redis.call('HSETNX', stamps, '', roster[4]) end
  if action == 'delete' then redis.call('DEL', record, types, stamps) end

  local values, kinds, plain, known = {}, {}, {}, {}
  for i, field in ipairs(set) do
    values[#values + 1] = field[1]
    values[#values + 1] = field[2]
    if field[3] == '' then
      plain[#plain + 1] = field[1]
    else
      kinds[#kinds + 1] = field[1]
      kinds[#kinds + 1] = field[3]
    end
    -- A Redis hash keeps no order: the fields of a record are listed in the order in which they came.
    redis.call('HSETNX', stamps, '#' .. field[1], own .. '.' .. i)
  end
  for _, field in ipairs(unset) do
    plain[#plain + 1] = field[1]
    known[#known + 1] = '#' .. field[1]
    redis.call('HDEL', record, field[1])
  end
  hset(record, values)
  hset(types, kinds)
  hdel(types, plain)
  hdel(stamps, known)

  hdel(stamps, outdated)
  local stampPairs = {}
  for _, leaf in ipairs(stamped) do
    stampPairs[#stampPairs + 1] = leaf[1]
    stampPairs[#stampPairs + 1] = stampOf(leaf[2])
  end
  for _, count in ipairs(counts) do
    stampPairs[#stampPairs + 1] = count[1]
    stampPairs[#stampPairs + 1] = count[2]
  end
  hset(stamps, stampPairs)

  local born = live and roster[3] or own
  local recordRev = action ~= 'adopt' and own or live and roster[2] or '0'
  if action == 'delete' then
    redis.call('HDEL', record, 'rev')
    redis.call('HSET', sync, ARGV[6], 'D ' .. own .. ' ' .. born .. ' ' .. stampOf(ARGV[20]))
  else
    setRevision(record, recordRev)
    redis.call('HSET', sync, ARGV[6], 'L ' .. recordRev .. ' ' .. born .. ' ' .. flags(stamps, types))
  end
end

hint(ARGV[11], ARGV[12] .. own .. ARGV[13])
return {'OK', own, whole(prev)}
