-- Take messages off the waiting lists and put them under a lease, in one step.
--
-- Key layout (kombu's own, so stock producers, exporters and Flower see what they expect):
--   <queue>                list   waiting messages of priority 0, taken from the right
--   <queue>\6\22<3|6|9>    list   waiting messages of the other priorities
--   unacked                hash   delivery tag -> [message, exchange, routing key]
--   unacked_index          zset   delivery tag -> server time of the lease, in seconds
-- and one of ours:
--   <queue>.dead           list   what can't be delivered, newest left: a line of JSON, the message
--   <queue>.pauses         hash   lanes and sources that are paused, see pause.lua
--
-- KEYS  unacked, unacked_index, <queue>.pauses, then the waiting lists in the order they are tried
-- ARGV  fencing tag, most messages, most bytes, the version of the pauses that the worker knows ("" for
--       none), the worker's pool processes, then the queue of each waiting list
-- reply queue, version of the pauses, the pauses if the version is another one (fields and values), and
--       the messages; their delivery tags are <fencing tag>:0, :1, ... Without a message, the queue is
--       "" if the version is another one; else there is no reply
--
-- Of n waiting messages a claim takes n / processes, rounded up, so that no process has them all while
-- another is idle, and the last batches are small ("guided self-scheduling", Polychronopoulos and Kuck,
-- 1987). Under load, n is so large that the limits count.
--
-- The first write is RPOP, which a broker out of memory still allows; the rest of the script
-- then runs as well, so that a full broker can be drained.
-- The types of the keys are checked first: a script that fails later is not rolled back, and a
-- message would be off its list without a lease.
local most, bytes_left, processes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
for i, expected in ipairs({'hash', 'zset'}) do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= expected and kind ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' holds a ' .. kind .. ', not a ' .. expected)
  end
end
local version = redis.pcall('HGET', KEYS[3], 'version')
if type(version) ~= 'string' then version = '' end  -- nothing is paused, or the key is no hash
local pauses, is_paused = {}, {}
if version ~= '' then
  for i = 4, #KEYS do
    local queue = ARGV[i + 2]
    is_paused[queue] = redis.call('HEXISTS', KEYS[3], 'lane:' .. queue) == 1
  end
  for _, field in ipairs(version ~= ARGV[4] and redis.call('HKEYS', KEYS[3]) or {}) do
    pauses[#pauses + 1] = field
    pauses[#pauses + 1] = redis.call('HGET', KEYS[3], field)
  end
end
for i = 4, #KEYS do
  local queue = ARGV[i + 2]
  local reply = {queue, version, pauses}
  local waiting = redis.pcall('LLEN', KEYS[i])
  local share = type(waiting) == 'number' and math.ceil(waiting / processes) or 0
  while #reply < math.min(most, share) + 3 and bytes_left > 0 and not is_paused[queue] do
    local message = redis.pcall('RPOP', KEYS[i])
    if type(message) ~= 'string' then break end  -- empty, or no list: the others are served
    local now = redis.call('TIME')
    local tag = ARGV[1] .. ':' .. (#reply - 3)
    redis.call('HSET', KEYS[1], tag, '[' .. message .. ',"","' .. queue .. '"]')
    redis.call('ZADD', KEYS[2], now[1] + now[2] / 1000000, tag)
    reply[#reply + 1] = message
    bytes_left = bytes_left - #message
  end
  if #reply > 3 then return reply end
end
return version ~= ARGV[4] and {'', version, pauses}
