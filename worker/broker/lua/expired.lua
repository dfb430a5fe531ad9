-- Delivery tags whose lease is older than the visibility timeout, oldest first.
--
-- KEYS  unacked_index
-- ARGV  visibility timeout in seconds, most tags
local now = redis.call('TIME')
local oldest = now[1] + now[2] / 1000000 - tonumber(ARGV[1])
return redis.call('ZRANGE', KEYS[1], '-inf', oldest, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[2]))
