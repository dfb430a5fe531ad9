-- Renew the leases of messages in flight, by the server's clock. Lost leases are not brought back.
--
-- KEYS  unacked_index
-- ARGV  delivery tags
-- reply how many leases were renewed
redis.call('ZREM', KEYS[1], '')  -- a first write that a broker out of memory allows
local now = redis.call('TIME')
local renewed = 0
for i = 1, #ARGV do
  renewed = renewed + redis.call('ZADD', KEYS[1], 'XX', 'CH', now[1] + now[2] / 1000000, ARGV[i])
end
return renewed
