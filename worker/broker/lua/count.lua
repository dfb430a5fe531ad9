-- Count the articles that producers push, by source, in windows of the server's time.
--
--   flood:<queue>:<n>   hash   source -> articles pushed in the n-th window since 1970
--
-- KEYS  flood:<queue>
-- ARGV  seconds of a window, then pairs of a source and its number of articles
-- reply for each source the number in this window and the one before it, these articles included
local window = tonumber(ARGV[1])
local number = math.floor(redis.call('TIME')[1] / window)
local current = KEYS[1] .. ':' .. string.format('%d', number)
local before = KEYS[1] .. ':' .. string.format('%d', number - 1)
local totals = {}
for i = 2, #ARGV, 2 do
  local earlier = tonumber(redis.call('HGET', before, ARGV[i]) or 0)
  totals[#totals + 1] = earlier + redis.call('HINCRBY', current, ARGV[i], ARGV[i + 1])
end
redis.call('EXPIRE', current, 2 * window)
return totals
