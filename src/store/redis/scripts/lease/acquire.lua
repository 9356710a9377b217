-- Grants a lease, or says who has it; who waits gets a place in the queue.
-- ARGV  13 id of the call  14 token  15 holder  16 reason  17 ttl  18 process  19 the waiter's name, or '' for one that does not wait
--       20 the change  21 event before the revision  22 event behind it  23 ms since 1970
--       24 what a release needs to grant it to the waiter (lines, see release.lua), or '' for one that does not hear of it
-- returns {'EPOCH'} {'REPORT'} {'GRANTED', fence, ms left, '1' held before} {'TAKEN', place or '', ms until the next try, holder...}
--         {'WITHHELD', ms, roots, place} {'FOREIGN', text, ms, place}
local roots = loadRoots()
local no = refusal(roots)
if no then return no end
local id, token, ttl, waits = ARGV[13], ARGV[14], number(ARGV[17]), ARGV[19] ~= ''
local lease = loadLease()

local function place()
  if not waits then return '' end
  local at
  for n, waiter in ipairs(lease.queue) do
    if waiter.id == id then at = n end
  end
  at = at or #lease.queue + 1
  lease.queue[at] = {id = id, alive = now + WAITER_LIFE, name = ARGV[19]}
  saveLease(lease)
  if ARGV[24] == '' then redis.call('HDEL', lock, 'offer:' .. id) else redis.call('HSET', lock, 'offer:' .. id, ARGV[24]) end
  return tostring(at)
end

if isHeld(lease) then
  if lease.token == token then
    if noteCall(lease, id) then lease.count = lease.count + 1 end
    lease.ends = math.max(lease.ends, now + ttl)
    lease.ttl = math.max(lease.ttl, ttl)
    leaveQueue(lease, id)
    if lease.handed == id then lease.handed = '' end
    saveLease(lease)
    takeLegacy(lease)
    return {'GRANTED', whole(lease.fence), whole(lease.ends - now), '1'}
  end
  return {'TAKEN', place(), whole(lease.ends - now), seen(lease)}
end
local first = lease.queue[1]
if first and first.id ~= id then return {'TAKEN', place(), whole(first.alive - now), seen(lease)} end

local left, missing = withheld(roots, ARGV[6] == '1')
if left then return {'WITHHELD', whole(left), missing, place()} end
local text, ms = foreign()
if text then return {'FOREIGN', text, tostring(ms), place()} end

local rev = tell(ARGV[20], ARGV[21], ARGV[22])
if type(rev) == 'table' then return rev end
lease.fence, lease.holder, lease.token, lease.ends, lease.ttl = rev, ARGV[15], token, now + ttl, ttl
lease.reason, lease.since, lease.count, lease.root, lease.process = ARGV[16], ARGV[23], 1, root, ARGV[18]
lease.handed = ''
leaveQueue(lease, id)
noteCall(lease, id)
saveLease(lease)
takeLegacy(lease)
used(roots)
return {'GRANTED', whole(rev), whole(ttl), '0'}
