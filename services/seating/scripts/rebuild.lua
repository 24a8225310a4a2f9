-- Rebuild the whole board from the database's claims, under the screening's lock.
-- A process that was paused past its lease no longer has the lock's token and is refused: check and write are one step.
-- Holds whose order may be being written at this moment (before their `writing` moment) survive.
-- KEYS seats, lock   ARGV token, epoch, expires-at ms, (seat, value)...
-- OK version | REFUSED
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {'REFUSED'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = {}
local old = redis.call('HGETALL', KEYS[1])
local version = ARGV[2] * 1000000
for i = 1, #old, 2 do
  local writing = string.match(old[i + 1], '^H|[^|]*|%d*|(%d*)$')
  if writing and tonumber(writing) > now then
    fields[#fields + 1] = old[i]
    fields[#fields + 1] = old[i + 1]
  elseif old[i] == '_version' then
    version = math.max(version, old[i + 1] + 1)
  end
end
for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '_epoch', ARGV[2], '_version', string.format('%d', version))
for i = 1, #fields, 2000 do  -- Lua unpacks no more than some thousands at once
  redis.call('HSET', KEYS[1], unpack(fields, i, math.min(i + 1999, #fields)))
end
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return {'OK', version}
