-- Forget messages that are done. Acking a tag whose lease was lost removes nothing.
--
-- KEYS  unacked_index, unacked; perhaps a hash of counters
-- ARGV  how many delivery tags, the tags; then names of counters, each with what to add to it
-- reply how many were still leased under these tags
local last = 1 + tonumber(ARGV[1])
redis.call('ZREM', KEYS[1], unpack(ARGV, 2, last))
local leased = redis.call('HDEL', KEYS[2], unpack(ARGV, 2, last))
for i = last + 1, #ARGV, 2 do
  redis.pcall('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1])  -- pcall: whatever fails here, the messages are done
end
return leased
