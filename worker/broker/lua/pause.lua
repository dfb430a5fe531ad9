-- Set or remove a pause: a note that workers take no messages of a lane, or hold back a source.
--
--   <queue>.pauses   hash   lane:<name of the lane's queue>, source:<name>   the pause, as JSON
--                           version   a random text that changes with each of them
--
-- KEYS  <queue>.pauses
-- ARGV  new version, field, the pause or "" to remove it, an id that the present pause must have or ""
-- reply the pause that was there before, or nothing; nothing changes if it has another id
redis.call('HDEL', KEYS[1], '')  -- a first write that a broker out of memory allows
local before = redis.call('HGET', KEYS[1], ARGV[2])
if ARGV[4] ~= '' and not (before and string.find(before, ARGV[4], 1, true)) then return before end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  redis.call('HSET', KEYS[1], 'version', ARGV[1])
elseif before then
  redis.call('HDEL', KEYS[1], ARGV[2])
  if #redis.call('HKEYS', KEYS[1]) > 1 then
    redis.call('HSET', KEYS[1], 'version', ARGV[1])
  else
    redis.call('HDEL', KEYS[1], 'version')  -- nothing is paused: the key is gone
  end
end
return before
