-- How many seats are taken.   KEYS seats   ->  -1 (cold) | number
if redis.call('HEXISTS', KEYS[1], '_epoch') == 0 then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = 0
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local state, _, deadline = string.match(value, '^(%u)|([^|]*)|(%d*)')
  if state == 'S' or (state and tonumber(deadline) > now) then taken = taken + 1 end
end
return taken
