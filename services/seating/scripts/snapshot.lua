-- The seats that are taken at this moment, by the server's own clock.
-- KEYS seats   ->  COLD | OK version (seat, value)...
local all = redis.call('HGETALL', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {'COLD'}
local warm = false
for i = 1, #all, 2 do
  if all[i] == '_epoch' then
    warm = true
  elseif all[i] == '_version' then
    answer[2] = all[i + 1]
  end
end
if not warm then return {'COLD'} end
answer[1] = 'OK'
for i = 1, #all, 2 do
  local state, _, deadline = string.match(all[i + 1], '^(%u)|([^|]*)|(%d*)')
  if state == 'S' or (state and tonumber(deadline) > now) then
    answer[#answer + 1] = all[i]
    answer[#answer + 1] = all[i + 1]
  end
end
return answer
