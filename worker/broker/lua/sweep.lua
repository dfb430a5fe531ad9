-- Find the leases that have expired, after repairing the index of leases. Only leases of the
-- worker's own queues count: another application's workers have timeouts of their own.
--
--   unacked_index.sweeps   hash   last      time of the last sweep by any worker
--                                 since     start of the time without a long gap between sweeps
--                                 compared  when messages and index were last compared
--                                 resume    score at which the next search goes on
--
-- KEYS  unacked_index, unacked, unacked_index.sweeps
-- ARGV  duration of a lease in seconds, most tags, then the worker's queues; none: all are its own
-- reply delivery tags of expired leases, oldest first; none within one lease after a gap
--
-- Repaired are: tags without a message, which are removed; leases stamped in the future, by another
-- clock or before the server's clock was set back, and messages without a tag, which get a lease
-- from now on.
local index, unacked, sweeps = KEYS[1], KEYS[2], KEYS[3]
local duration, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local PAGE, EXAMINED = 100, 10000  -- tags
local own = {}
for i = 3, #ARGV do own[ARGV[i]] = true end

redis.call('ZREM', index, '')  -- a first write that a broker out of memory allows
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local function is_own(lease)
  local queue = string.match(string.sub(lease, -300), '"([^"]*)"%]$')
  return #ARGV == 2 or not queue or own[queue] or string.match(queue, '%.reply%.celery%.pidbox$')
end

-- Visit the worker's own leases with scores in a range. `visit` says whether the tag stays in it.
-- Returns the score at which it stopped, or nothing when it came to the end.
local function walk(from, to, visit)
  local offset, examined = 0, 0
  while true do
    local page = redis.call(
      'ZRANGE', index, from, to, 'BYSCORE', 'LIMIT', offset, PAGE, 'WITHSCORES')
    if #page == 0 then return nil end
    for i = 1, #page, 2 do
      if examined == EXAMINED then return page[i + 1] end
      examined = examined + 1
      local lease = redis.call('HGET', unacked, page[i])
      if not lease then
        redis.call('ZREM', index, page[i])
      elseif not is_own(lease) or visit(page[i]) then
        offset = offset + 1
      end
    end
  end
end

local state = redis.call('HMGET', sweeps, 'last', 'since', 'compared', 'resume')
local last, since, compared = tonumber(state[1] or ''), tonumber(state[2] or ''), tonumber(state[3] or '')
-- After a restart of the broker, an outage or a step of its clock, every worker first gets the
-- chance to renew its leases.
if not last or not since or now - last > duration / 2 or now < last - 1 then since = now end

walk(string.format('(%.6f', now + 1), '+inf', function(tag)
  redis.call('ZADD', index, 'XX', now, tag)
  return false
end)
if not compared or now - compared > duration / 2 or now < compared then
  for _, tag in ipairs(redis.call('HKEYS', unacked)) do
    if not redis.call('ZSCORE', index, tag) and is_own(redis.call('HGET', unacked, tag)) then
      redis.call('ZADD', index, now, tag)
    end
  end
  compared = now
end

local expired, resume = {}, nil
if now - since >= duration then
  local oldest = string.format('%.6f', now - duration)
  resume = walk(state[4] or '-inf', oldest, function(tag)
    if #expired < most then expired[#expired + 1] = tag end
    return true
  end)
end
redis.call('HSET', sweeps, 'last', now, 'since', since, 'compared', compared)
if resume then redis.call('HSET', sweeps, 'resume', resume) else redis.call('HDEL', sweeps, 'resume') end
redis.call('EXPIRE', sweeps, math.ceil(4 * duration))
return expired
