-- Tell how old leases and waiting messages are, by the server's clock, and how many messages there
-- were in the last hour. The lists are looked at again only after some seconds: a message may have
-- more than a megabyte.
--
--   <queue>.oldest   hash   <n>    of the n-th list: when its tail was looked at, when the message
--                                  there was first seen there, its mark, and its id or nothing
--                           m<n>   one a minute, for an hour: number of the minute, messages then
--
-- KEYS  unacked_index, unacked, the hash, then the waiting lists
-- ARGV  duration of a lease in seconds, seconds for which a look at a list is good
-- reply time, overdue leases, list of minutes and messages, then for each list the time when its
--       oldest message was first seen ('' for none) and the id of that message ('' if not found)
local leases, seen = KEYS[1], KEYS[3]
local EDGE, MINUTES = 4096, 60
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
-- A first write that a broker out of memory allows; a replica refuses it, and can still be read.
redis.pcall('HDEL', seen, '')

local function look(number, list)
  local saved = redis.call('HGET', seen, number) or ''
  local at, first, mark, id = string.match(saved, '^(%S+) (%S+) (%S+) (%S*)$')
  if at and tonumber(at) <= now and now - tonumber(at) < tonumber(ARGV[2]) then return first, id end
  local message = redis.call('LINDEX', list, -1)
  if not message then return '', '' end
  local tail = string.sub(message, -EDGE)
  local found = #message .. ':' .. redis.sha1hex(string.sub(message, 1, EDGE) .. tail)
  if found ~= mark then first = string.format('%.3f', now) end
  -- In a body quotes are escaped, so that only a header has this form.
  id = string.match(tail, '"id":%s*"([%x-]+)"') or ''
  redis.pcall('HSET', seen, number, string.format('%.3f %s %s %s', now, first, found, id))
  return first, id
end

local messages, reply = redis.call('HLEN', KEYS[2]), {}
for i = 4, #KEYS do
  local waiting = redis.pcall('LLEN', KEYS[i])
  local first, id = '', ''
  if type(waiting) == 'number' and waiting > 0 then
    messages = messages + waiting
    first, id = look(i - 3, KEYS[i])
  end
  reply[#reply + 1], reply[#reply + 2] = first, id
end
local minute, minutes = math.floor(now / 60), {}
local field = 'm' .. minute % MINUTES
local written = redis.call('HGET', seen, field) or ''
if tonumber(string.match(written, '^%d+')) ~= minute then
  redis.pcall('HSET', seen, field, string.format('%d %d', minute, messages))
  redis.pcall('EXPIRE', seen, 2 * 60 * MINUTES)
end
local fields = redis.call('HGETALL', seen)
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 1) == 'm' then minutes[#minutes + 1] = fields[i + 1] end
end
local overdue = redis.call('ZCOUNT', leases, '-inf', string.format('%.6f', now - tonumber(ARGV[1])))
return {string.format('%.6f', now), overdue, minutes, unpack(reply)}
