-- Which of many records are not what the caller believes them to be: all others need not be read.
-- KEYS  1 sync  then of each record: record, types, stamps
-- ARGV  of each: field of the roster, its revision, digest of the record; '' where it was deleted
-- returns the numbers of those that are something else, from 1

-- In the order of digests: Lua compares other texts as the language of the server's user has it.
local function digestOf(record)
  local all = redis.call('HGETALL', record)
  local fields = {}
  for at = 1, #all, 2 do
    fields[#fields + 1] = redis.sha1hex(#all[at] .. ' ' .. all[at] .. all[at + 1])
  end
  table.sort(fields)
  return redis.sha1hex(table.concat(fields))
end

local function isLike(roster, rev, digest, record, types, stamps)
  if roster[2] ~= rev then return false end
  if roster[1] ~= 'L' then return digest == '' and redis.call('EXISTS', record) == 0 end
  return isWhole(roster, record, types, stamps) and digestOf(record) == digest
end

local unlike = {}
for n = 1, #ARGV / 3 do
  local roster = words(redis.call('HGET', KEYS[1], ARGV[3 * n - 2]))
  if not isLike(roster, ARGV[3 * n - 1], ARGV[3 * n], KEYS[3 * n - 1], KEYS[3 * n], KEYS[3 * n + 1]) then unlike[#unlike + 1] = n end
end
return unlike
