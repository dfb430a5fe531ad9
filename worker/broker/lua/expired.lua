-- Delivery tags whose lease is older than the visibility timeout, oldest first. Tags without a
-- message are removed: enough of them would hide all that come after.
--
-- KEYS  unacked_index, unacked
-- ARGV  visibility timeout in seconds, most tags
local now = redis.call('TIME')
local oldest = now[1] + now[2] / 1000000 - tonumber(ARGV[1])
local tags = redis.call('ZRANGE', KEYS[1], '-inf', oldest, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[2]))
local held = {}
for _, tag in ipairs(tags) do
  if redis.call('HEXISTS', KEYS[2], tag) == 1 then
    held[#held + 1] = tag
  else
    redis.call('ZREM', KEYS[1], tag)
  end
end
return held
