-- Forget messages that are done. Acking a tag whose lease was lost removes nothing.
--
--   <queue>.recent   hash   <n>    of one of the last 16 minutes: number of the minute, messages that
--                                  ended in it, microseconds that pool processes worked on them
--                           last   time of the last of these acks, in seconds
--
-- KEYS  unacked_index, unacked; perhaps a hash of counters, and the hash of recent minutes
-- ARGV  how many delivery tags, the tags; perhaps messages and microseconds to add to this minute,
--       then names of counters, each with what to add to it
-- reply how many were still leased under these tags
local last = 1 + tonumber(ARGV[1])
redis.call('ZREM', KEYS[1], unpack(ARGV, 2, last))
local leased = redis.call('HDEL', KEYS[2], unpack(ARGV, 2, last))
if #ARGV == last then return leased end
-- pcall from here on: whatever fails, the messages are done
for i = last + 3, #ARGV, 2 do redis.pcall('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1]) end
local now = redis.call('TIME')[1]
local minute, messages, us = math.floor(now / 60), ARGV[last + 1], ARGV[last + 2]
local field = minute % 16
local written = redis.pcall('HGET', KEYS[4], field)
if type(written) == 'string' then
  local of, messages_before, us_before = string.match(written, '^(%d+) (%d+) (%d+)$')
  if tonumber(of) == minute then messages, us = messages + messages_before, us + us_before end
end
redis.pcall('HSET', KEYS[4], field, string.format('%d %d %d', minute, messages, us), 'last', now)
return leased
