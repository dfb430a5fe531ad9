-- Take messages off the waiting lists and put them under a lease, in one step.
--
-- Key layout (kombu's own, so stock producers, exporters and Flower see what they expect):
--   <queue>                list   waiting messages of priority 0, taken from the right
--   <queue>\6\22<3|6|9>    list   waiting messages of the other priorities
--   unacked                hash   delivery tag -> [message, exchange, routing key]
--   unacked_index          zset   delivery tag -> server time of the lease, in seconds
-- and one of ours:
--   <queue>.dead           list   what can't be delivered, newest left: a line of JSON, the message
--
-- KEYS  unacked, unacked_index, then the waiting lists in the order they are tried
-- ARGV  fencing tag, most messages, most bytes, then the queue of each waiting list
-- reply queue and its messages; their delivery tags are <fencing tag>:0, :1, ...
--
-- The first write is RPOP, which a broker out of memory still allows; the rest of the script
-- then runs as well, so that a full broker can be drained.
-- The types of the keys are checked first: a script that fails later is not rolled back, and a
-- message would be off its list without a lease.
local most, bytes_left = tonumber(ARGV[2]), tonumber(ARGV[3])
for i, expected in ipairs({'hash', 'zset'}) do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= expected and kind ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' holds a ' .. kind .. ', not a ' .. expected)
  end
end
for i = 3, #KEYS do
  local queue, reply = ARGV[i + 1], {ARGV[i + 1]}
  while #reply <= most and bytes_left > 0 do
    local message = redis.pcall('RPOP', KEYS[i])
    if type(message) ~= 'string' then break end  -- empty, or no list: the others are served
    local now = redis.call('TIME')
    local tag = ARGV[1] .. ':' .. (#reply - 1)
    redis.call('HSET', KEYS[1], tag, '[' .. message .. ',"","' .. queue .. '"]')
    redis.call('ZADD', KEYS[2], now[1] + now[2] / 1000000, tag)
    reply[#reply + 1] = message
    bytes_left = bytes_left - #message
  end
  if #reply > 1 then return reply end
end
return false
