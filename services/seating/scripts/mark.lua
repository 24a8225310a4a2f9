-- Show what the database has decided about an owner's seats: H held, S sold, F free.
-- A field that by now belongs to another owner, or is sold to this one already, is left alone, and a hold never gets
-- shorter: a late mark must not undo a newer one.
-- KEYS seats, lock   ARGV owner, state, deadline ms, seat...
-- OK version | COLD | BUSY
if redis.call('EXISTS', KEYS[2]) == 1 then return {'BUSY'} end
if redis.call('HEXISTS', KEYS[1], '_epoch') == 0 then return {'COLD'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 4, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  local owned, vacant, ends = false, not value, ARGV[3]
  if value then
    local state, owner, deadline = string.match(value, '^(%u)|([^|]*)|(%d*)')
    owned = owner == ARGV[1] and not (state == 'S' and ARGV[2] == 'H')
    vacant = state ~= 'S' and tonumber(deadline) <= now
    if owned and ARGV[2] == 'H' and tonumber(deadline) > tonumber(ends) then ends = deadline end
  end
  if ARGV[2] == 'F' then
    if owned then redis.call('HDEL', KEYS[1], ARGV[i]) end
  elseif owned or vacant then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[2] .. '|' .. ARGV[1] .. '|' .. ends .. '|0')
  end
end
return {'OK', redis.call('HINCRBY', KEYS[1], '_version', 1)}
