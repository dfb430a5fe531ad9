-- Forget messages that are done. Acking a tag whose lease was lost removes nothing.
--
-- KEYS  unacked_index, unacked
-- ARGV  delivery tags
-- reply how many were still leased under these tags
redis.call('ZREM', KEYS[1], unpack(ARGV))
return redis.call('HDEL', KEYS[2], unpack(ARGV))
