-- Hold seats for one buyer: all of them, or none.
-- KEYS seats, lock   ARGV owner, deadline ms, writing ms, seat...
-- OK version | COLD | BUSY | TAKEN seat...
if redis.call('EXISTS', KEYS[2]) == 1 then return {'BUSY'} end
if redis.call('HEXISTS', KEYS[1], '_epoch') == 0 then return {'COLD'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mark = 'H|' .. ARGV[1] .. '|' .. ARGV[2] .. '|' .. string.format('%d', now + ARGV[3])
local taken = {'TAKEN'}
local fields = {}
for i = 4, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  local state, owner, deadline = string.match(value or '', '^(%u)|([^|]*)|(%d*)')
  if state and owner ~= ARGV[1] and (state == 'S' or tonumber(deadline) > now) then
    taken[#taken + 1] = ARGV[i]
  elseif state ~= 'S' then  -- what the owner has paid for stays sold
    fields[#fields + 1] = ARGV[i]
    fields[#fields + 1] = mark
  end
end
if #taken > 1 then return taken end
if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
return {'OK', redis.call('HINCRBY', KEYS[1], '_version', 1)}
