-- Move one leased message to a list: back to its queue, or to the dead list. Only who removes
-- the lease may write the message, so that two workers that sweep at once restore it once.
--
-- KEYS  unacked_index, unacked, the list
-- ARGV  delivery tag, message as it is to stand in the list, LPUSH or RPUSH
-- reply 1 when this call moved it
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call(ARGV[3], KEYS[3], ARGV[2])
return 1
