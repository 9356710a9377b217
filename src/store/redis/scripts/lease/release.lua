-- Ends a lease, and grants it to the first in the queue in the same step. The release has a revision too, and that is the fence until then.
-- ARGV  13 id of the call  14 token, or '' for a forced release  15 the fence that it has to have, or ''
--       16 the change and 17 the event up to the holder (a JSON text), behind which its ttl and fence are set  18 event behind the revision
--       19 ms since 1970  20 the same as events have it (a JSON text)
-- returns {'EPOCH'} {'REPORT'} {'RELEASED', fence, holder, releases that are due} {'WRONG', holder} {'FREE'}
local roots = loadRoots()
local no = refusal(roots)
if no then return no end
local lease = loadLease()
local held = isHeld(lease)
for _, known in ipairs(words(lease.calls)) do
  if known == ARGV[13] then
    if not held then return {'RELEASED', whole(lease.fence), '""', '0'} end
    if lease.token == ARGV[14] then return {'RELEASED', whole(lease.fence), lease.holder, tostring(lease.count)} end
    return {'RELEASED', whole(lease.fence - 1), '""', '0'} -- somebody else's by now: his own fence has not ended
  end
end
if not held or ARGV[15] ~= '' and ARGV[15] ~= whole(lease.fence) then return {'FREE'} end
if ARGV[14] ~= '' and ARGV[14] ~= lease.token then return {'WRONG', lease.holder} end
local holder = lease.holder
if ARGV[14] ~= '' and lease.count > 1 then
  lease.count = lease.count - 1
  noteCall(lease, ARGV[13])
  saveLease(lease)
  return {'RELEASED', whole(lease.fence), holder, tostring(lease.count)}
end

-- Grants it to the first in the queue, where he has left what is needed for that, and hears of it: who listens is alive. Lines of an
-- offer: channel, epoch, root, highest revision that he knows, '1' for strict, token, holder, reason, ttl, process, the change up to its
-- time, the change behind it, the event up to its time, the event up to its revision, the event behind it. Returns what he is to hear, or nil.
local function handOver()
  local waiter = lease.queue[1]
  local offer = {}
  for line in string.gmatch(waiter and redis.call('HGET', lock, 'offer:' .. waiter.id) or '', '([^\n]*)\n') do offer[#offer + 1] = line end
  local channel, of, to, floor, strict, token, taker, reason, ttl, process = unpack(offer, 1, 10)
  if #offer ~= 15 or of ~= epoch or not roots[to] or roots[to].epoch ~= epoch then return nil end
  if foreign() or withheld(roots, strict == '1') then return nil end
  local listeners = redis.pcall('PUBSUB', 'NUMSUB', channel)
  if listeners.err or number(listeners[2]) == 0 then return nil end
  local rev = tell(offer[11] .. ARGV[19] .. offer[12], offer[13] .. ARGV[20] .. offer[14], offer[15], floor)
  if type(rev) == 'table' then return nil end
  leaveQueue(lease, waiter.id)
  lease.fence, lease.holder, lease.token, lease.ttl, lease.ends = rev, taker, token, number(ttl), now + number(ttl)
  lease.reason, lease.since, lease.count, lease.root, lease.process = reason, ARGV[19], 1, to, process
  lease.handed = waiter.id
  noteCall(lease, waiter.id)
  roots[to].used = now
  saveRoots(roots)
  return channel, ARGV[8] .. ' ' .. waiter.id .. ' ' .. whole(rev) .. ' ' .. ttl
end

local facts = holder .. ',"ttlMs":' .. whole(lease.ttl) .. ',"former":' .. whole(lease.fence) .. '}'
local rev = tell(ARGV[16] .. facts .. '}', ARGV[17] .. facts .. ',"rev":', ARGV[18])
if type(rev) == 'table' then return rev end
lease.fence, lease.holder, lease.token, lease.ends, lease.process, lease.handed = rev, '', '', 0, '', ''
noteCall(lease, ARGV[13])
local channel, news = handOver()
saveLease(lease)
if channel then
  takeLegacy(lease)
  hint(channel, news)
else
  if legacy and not foreign() then redis.call('DEL', legacy) end
  wakeNext(lease)
end
return {'RELEASED', whole(rev), holder, '0'}
