-- Move one leased message to a list: back to its queue, or to the dead list. Only the caller that
-- removes the lease writes the message, so that two workers that sweep at once restore it once.
--
-- KEYS  unacked_index, unacked, the list
-- ARGV  delivery tag, message as it is to stand in the list, LPUSH or RPUSH
-- reply 1 when this call moved it; an error, and nothing is changed, when the key holds another
--       type than a list: a script that fails later is not rolled back
local kind = redis.call('TYPE', KEYS[3]).ok
if kind ~= 'list' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[3] .. ' holds a ' .. kind .. ', not a list')
end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call(ARGV[3], KEYS[3], ARGV[2])
return 1
