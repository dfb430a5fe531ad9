-- Take, keep or end the turn to judge alerts, and write their state in the same step.
--
-- KEYS  the turn (a string with the name of its holder), the state (a string)
-- ARGV  holder, milliseconds for which the turn is then kept, the new state or '' to leave it
-- reply 1 if the turn is the holder's, 0 if another worker has it
redis.call('PERSIST', KEYS[2])  -- a first write that a broker out of memory allows
local holder = redis.call('GET', KEYS[1])
if ARGV[3] ~= '' then
  -- A worker that stood still for longer than its turn must not overwrite what others found since.
  if holder ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[2], ARGV[3])
elseif holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
