-- Stands between common.lua and every script of leases.
-- KEYS  1 sync  2 seen  3 keys  4 keytimes  5 rev  6 events  7 lease  8 lock of an older program for the same thing, or the lease again
-- ARGV  1 epoch  2 run  3 highest revision that the caller knows  4 root  5 longest TTL, ms  6 '1': always wait after a loss
--       7 field of the lease in sync  8 name  9 channel of changes  10 channel of leases that became free  11 length of the stream
--       12 how our text in the older lock begins, then the script's own
local sync, lock = KEYS[1], KEYS[7]
local legacy = KEYS[8] ~= KEYS[7] and KEYS[8]
local epoch, root = ARGV[1], ARGV[4]
local time = redis.call('TIME')
local now = number(time[1]) * 1000 + math.floor(number(time[2]) / 1000)

local WAITER_LIFE = 4000
local KEPT_CALLS = 16
-- The longest TTL that any configuration allows. What others allowed before a loss is lost with it.
local LONGEST = 900000
-- A root that was granted nothing for so long is not waited for.
local ROOT_FORGOTTEN = 7 * 24 * 3600000

-- A lease has its own hash. What nobody may forget stands in sync as well, which is evicted as a whole or not at all:
-- '<fence> <until> <ttl> <token>'. Holder and reason are JSON texts, names of waiters are encoded.
-- `handed`: the waiter to whom a release granted it, and who has not asked since.
local function loadLease()
  local is = redis.call('HMGET', lock, 'fence', 'holder', 'token', 'until', 'ttl', 'reason', 'since', 'count', 'root', 'process', 'queue',
    'calls', 'handed')
  local lease = {
    fence = number(is[1]), holder = is[2] or '', token = is[3] or '', ends = number(is[4]), ttl = number(is[5]), reason = is[6] or '""',
    since = is[7] or '0', count = number(is[8]), root = is[9] or '', process = is[10] or '', calls = is[12] or '', handed = is[13] or '', queue = {}, lapsed = {},
  }
  for id, alive, name in string.gmatch(is[11] or '', '(%S+) (%S+) (%S+)') do
    if number(alive) > now then lease.queue[#lease.queue + 1] = {id = id, alive = number(alive), name = name}
    else lease.lapsed[#lease.lapsed + 1] = id end
  end
  local kept = words(redis.call('HGET', sync, ARGV[7]))
  if number(kept[1]) > lease.fence then
    lease.fence, lease.ends, lease.ttl = number(kept[1]), number(kept[2]), number(kept[3])
    lease.token = kept[4] == '-' and '' or kept[4]
    lease.holder, lease.count = lease.token == '' and '' or '"?"', 1
  end
  return lease
end

local function saveLease(lease)
  local queue = {}
  for _, waiter in ipairs(lease.queue) do queue[#queue + 1] = waiter.id .. ' ' .. whole(waiter.alive) .. ' ' .. waiter.name end
  redis.call('HSET', lock, 'fence', whole(lease.fence), 'holder', lease.holder, 'token', lease.token, 'until', whole(lease.ends),
    'ttl', whole(lease.ttl), 'reason', lease.reason, 'since', lease.since, 'count', lease.count, 'root', lease.root,
    'process', lease.process, 'queue', table.concat(queue, ' '), 'calls', lease.calls, 'handed', lease.handed)
  for _, id in ipairs(lease.lapsed) do redis.call('HDEL', lock, 'offer:' .. id) end
  if lease.fence > 0 then
    local token = lease.token == '' and '-' or lease.token
    redis.call('HSET', sync, ARGV[7], whole(lease.fence) .. ' ' .. whole(lease.ends) .. ' ' .. whole(lease.ttl) .. ' ' .. token)
  end
end

local function isHeld(lease)
  return lease.token ~= '' and lease.ends > now
end

-- False: this very call was carried out before.
local function noteCall(lease, id)
  local calls = words(lease.calls)
  for _, known in ipairs(calls) do
    if known == id then return false end
  end
  calls[#calls + 1] = id
  lease.calls = table.concat(calls, ' ', math.max(1, #calls - KEPT_CALLS + 1))
  return true
end

local function leaveQueue(lease, id)
  for n, waiter in ipairs(lease.queue) do
    if waiter.id == id then
      redis.call('HDEL', lock, 'offer:' .. id)
      return table.remove(lease.queue, n)
    end
  end
end

local function wakeNext(lease)
  hint(ARGV[10], ARGV[8] .. ' ' .. (lease.queue[1] and lease.queue[1].id or ''))
end

-- The roots through which leases were granted: in which epoch each told what it knows, and when it last got one.
local function loadRoots()
  local roots, at = words(redis.call('HGET', sync, 'lease-roots')), {}
  for n = 1, #roots, 3 do at[roots[n]] = {epoch = roots[n + 1], used = number(roots[n + 2])} end
  return at
end

local function saveRoots(roots)
  local texts = {}
  for id, is in pairs(roots) do texts[#texts + 1] = id .. ' ' .. is.epoch .. ' ' .. whole(is.used) end
  table.sort(texts)
  redis.call('HSET', sync, 'lease-roots', table.concat(texts, ' '))
end

-- Data was lost, and somebody who may know of a lease has not told: ms until granting goes on in any case, and who it is.
local function withheld(roots, strict)
  local marks = redis.call('HMGET', sync, 'since', 'longest-lease', 'epoch')
  local left = number(marks[1]) + math.max(number(marks[2]), number(ARGV[5]), LONGEST) - now
  if left <= 0 then return nil end
  local missing = {}
  for id, is in pairs(roots) do
    if is.epoch ~= marks[3] and is.used + ROOT_FORGOTTEN > now then missing[#missing + 1] = id end
  end
  if #missing == 0 and not strict then return nil end
  table.sort(missing)
  return left, table.concat(missing, ' ')
end

-- Why nothing can be done for this caller now.
local function refusal(roots)
  if not isOwn(KEYS[1], KEYS[2], KEYS[3], KEYS[4], epoch, ARGV[2]) then return {'EPOCH'} end
  if not roots[root] or roots[root].epoch ~= epoch then return {'REPORT'} end
end

local function used(roots)
  roots[root].used = now
  saveRoots(roots)
end

-- Who has the older program's lock, unless we have: its text, and how long it is his (-1: nobody knows). What is no text is not ours, and
-- shown as its type: it must not end a script that has written already.
local function foreign()
  local text = legacy and redis.pcall('GET', legacy)
  if type(text) == 'table' then text = redis.pcall('TYPE', legacy).ok or 'forbidden' end
  if not text or string.sub(text, 1, #ARGV[12]) == ARGV[12] then return nil end
  local left = redis.pcall('PTTL', legacy)
  return text, type(left) == 'table' and -1 or left
end

local function takeLegacy(lease)
  if legacy and not foreign() then redis.call('SET', legacy, ARGV[12] .. whole(lease.fence), 'PX', whole(lease.ends - now)) end
end

-- A change that touches no record. Returns its revision: the fence. `floor`: what somebody else knows than the caller, or nil.
local function tell(change, before, behind, floor)
  local rev = numberChange(KEYS[6], KEYS[5], sync, epoch, math.max(number(ARGV[3]), number(floor)), ARGV[11], change)
  if type(rev) == 'table' then return rev end
  hint(ARGV[9], before .. whole(rev) .. behind)
  return rev
end

-- What anybody may see of the holder.
local function seen(lease)
  if not isHeld(lease) then return '0', '""', '""', '0', '0', '0', '0', '0', '', '' end
  return '1', lease.holder, lease.reason, whole(lease.ends - now), whole(lease.fence), whole(lease.ttl), lease.since,
    tostring(lease.count), lease.root, lease.process
end
