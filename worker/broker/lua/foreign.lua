-- Find a leased message of another Celery application.
--
-- KEYS  unacked
-- ARGV  number of the worker's own queues, these queues, then the names of its tasks
-- reply queue and task of one such message, or nothing
local own_queues, own_tasks = {}, {}
for i = 2, #ARGV do
  local names = i <= tonumber(ARGV[1]) + 1 and own_queues or own_tasks
  names[ARGV[i]] = true
end
for _, tag in ipairs(redis.call('HKEYS', KEYS[1])) do
  local lease = redis.call('HGET', KEYS[1], tag)
  local queue = string.match(string.sub(lease, -300), '"([^"]*)"%]$')
  if queue and not own_queues[queue] then
    local is_json, decoded = pcall(cjson.decode, lease)
    local message = is_json and type(decoded) == 'table' and decoded[1]
    local headers = type(message) == 'table' and message.headers
    local task = type(headers) == 'table' and headers.task
    if type(task) == 'string' and not own_tasks[task] then return {queue, task} end
  end
end
return false
