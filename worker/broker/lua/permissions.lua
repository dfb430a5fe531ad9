-- Run each command that the other scripts need, without any effect, to see whether it is allowed.
--
-- KEYS  unacked, unacked_index, a list and a hash that nobody uses; then names that are only checked: the server
--       refuses the script if the user may not use one of them
-- reply 1; else the error of the first command that is refused
redis.call('ZREM', KEYS[2], '')  -- a first write that a broker out of memory allows
redis.call('TIME')
redis.call('TYPE', KEYS[1])
redis.call('HSET', KEYS[1], '', '')
redis.call('HEXISTS', KEYS[1], '')
redis.call('HGET', KEYS[1], '')
redis.call('HMGET', KEYS[1], '')
redis.call('HDEL', KEYS[1], '')
redis.call('ZADD', KEYS[2], 'XX', 0, '')
redis.call('ZRANGE', KEYS[2], 0, 0)
redis.call('ZSCORE', KEYS[2], '')
redis.call('RPOP', KEYS[3])
redis.call('HKEYS', KEYS[4])
redis.call('LPUSH', KEYS[3], '')
redis.call('EXPIRE', KEYS[3], 1)  -- so that nothing stays when a command below is refused
redis.call('RPUSH', KEYS[3], '')
redis.call('RPOP', KEYS[3])
redis.call('RPOP', KEYS[3])
return 1
