-- A record with all that is known about it, in one moment.
-- KEYS  1 sync  2 record  3 types  4 stamps
-- ARGV  1 field of the roster  2 '1': with the fingerprint
-- returns {roster entry or '', record, types, stamps, fingerprint}, each hash as field, value, ...
local all = allOf(KEYS[1], ARGV[1], KEYS[2], KEYS[3], KEYS[4])
if ARGV[2] == '1' then all[5] = fingerprintOf(all) end
return all
