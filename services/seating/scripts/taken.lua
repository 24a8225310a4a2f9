-- The ids of the taken seats in one line.   KEYS seats   ->  COLD | seat seat ...
if redis.call('HEXISTS', KEYS[1], '_epoch') == 0 then return 'COLD' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local state, _, deadline = string.match(all[i + 1], '^(%u)|([^|]*)|(%d*)')
  if state == 'S' or (state and tonumber(deadline) > now) then taken[#taken + 1] = all[i] end
end
return table.concat(taken, ' ')
