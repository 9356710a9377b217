-- Of many records, what is another text when anything that is known of one is another.
-- KEYS  1 sync  then of each record: record, types, stamps
-- ARGV  the field of the roster of each
-- returns the fingerprints, as `read` returns them
local found = {}
for n, field in ipairs(ARGV) do
  found[n] = fingerprintOf(allOf(KEYS[1], field, KEYS[3 * n - 1], KEYS[3 * n], KEYS[3 * n + 1]))
end
return found
