-- Write what a worker says of itself, and forget the workers that have been silent for long.
--
--   <queue>.recent   hash   worker   time at which a worker last said anything, in seconds
--
-- KEYS  a hash of workers (node -> JSON), a sorted set of the same nodes by the time of their last
--       word, the hash of recent events
-- ARGV  node, JSON, seconds after which a silent worker is forgotten
-- reply how many workers are left
redis.call('ZREM', KEYS[2], '')  -- a first write that a broker out of memory allows
local time, forget_s = redis.call('TIME'), tonumber(ARGV[3])
local now = time[1] + time[2] / 1000000
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.pcall('HSET', KEYS[3], 'worker', time[1])
local silent = redis.call('ZRANGE', KEYS[2], '-inf', now - forget_s, 'BYSCORE', 'LIMIT', 0, 1000)
if #silent > 0 then
  redis.call('HDEL', KEYS[1], unpack(silent))
  redis.call('ZREM', KEYS[2], unpack(silent))
end
redis.call('EXPIRE', KEYS[1], forget_s)
redis.call('EXPIRE', KEYS[2], forget_s)
return redis.call('ZCARD', KEYS[2])
