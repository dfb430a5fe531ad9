-- Move one waiting message to the end of another list. Nothing happens if a worker has claimed it.
--
-- KEYS  the list it waits on, the other list
-- ARGV  message
-- reply 1 when this call moved it
-- The type is checked first: a script that fails later is not rolled back.
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'list' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a list')
end
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[1])
return 1
