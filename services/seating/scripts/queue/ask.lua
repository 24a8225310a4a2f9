-- Where an account stands in a screening's queue, after letting in those whose turn it is.
-- KEYS queue, line, away, seen, passes
-- ARGV account, join (1 or 0), lot, people a second, people at once, pass ms, absent ms
-- OFF | ABSENT | DRAWING .. | WAITING .. | ADMITTED .., each of these with:
--   number, people before, pass ends ms, drawn-at ms, people waiting, ms between two people, now ms, people just let in
local KEPT = 86400000  -- ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mode, drawn_at, is_drawn, last_number, next_at, last_at, pace = unpack(redis.call('HMGET', KEYS[1],
  'mode', 'drawn_at', 'is_drawn', 'last_number', 'next_at', 'last_at', 'pace'))
if not mode or mode == 'closed' then return {'OFF'} end
drawn_at, last_number = tonumber(drawn_at), tonumber(last_number or 0)

-- The draw: who came early has a random lot; in their order the lots become numbers.
if not is_drawn and now >= drawn_at then
  local early = redis.call('ZRANGE', KEYS[2], 0, -1)
  for i, account in ipairs(early) do redis.call('ZADD', KEYS[2], i, account) end
  last_number, is_drawn = #early, '1'
  redis.call('HSET', KEYS[1], 'is_drawn', is_drawn, 'last_number', last_number)
end

redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now)
local ends = redis.call('ZSCORE', KEYS[5], ARGV[1])
local number = not ends and redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends and not number then
  number = redis.call('ZSCORE', KEYS[3], ARGV[1])  -- who was away when it was their turn is back, with the same number
  if number then
    redis.call('ZREM', KEYS[3], ARGV[1])
  elseif ARGV[2] == '0' then
    return {'ABSENT'}
  elseif is_drawn then
    number = last_number + 1
    redis.call('HSET', KEYS[1], 'last_number', number)
  else
    number = ARGV[3]
  end
  redis.call('ZADD', KEYS[2], number, ARGV[1])
end
if number then redis.call('HSET', KEYS[4], ARGV[1], now) end

-- Let in whoever is next, as fast as allowed and while there is room; a person who has not asked for long is passed over.
local let_in = 0
if is_drawn then
  local step = 1000 / tonumber(ARGV[4])
  local room = tonumber(ARGV[5]) - redis.call('ZCARD', KEYS[5])
  next_at, last_at, pace = math.max(tonumber(next_at or 0), now - 1000), tonumber(last_at or now), tonumber(pace or step)
  while room > 0 and next_at <= now do
    local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    if not first[1] then break end
    redis.call('ZREM', KEYS[2], first[1])
    if now - (redis.call('HGET', KEYS[4], first[1]) or 0) > tonumber(ARGV[7]) then
      redis.call('ZADD', KEYS[3], first[2], first[1])
    else
      redis.call('ZADD', KEYS[5], now + ARGV[6], first[1])
      redis.call('HDEL', KEYS[4], first[1])
      pace = 0.9 * pace + 0.1 * (now - last_at)
      room, let_in, next_at, last_at = room - 1, let_in + 1, next_at + step, now
    end
  end
  if let_in > 0 then
    redis.call('HSET', KEYS[1], 'next_at', next_at, 'last_at', last_at, 'pace', pace)
    ends = ends or redis.call('ZSCORE', KEYS[5], ARGV[1])
  end
end

for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, math.max(now, drawn_at) + KEPT) end

local rest = {drawn_at, redis.call('ZCARD', KEYS[2]), pace or 0, now, let_in}
if ends then return {'ADMITTED', 0, 0, ends, unpack(rest)} end
if not is_drawn then return {'DRAWING', 0, 0, 0, unpack(rest)} end
return {'WAITING', number, redis.call('ZRANK', KEYS[2], ARGV[1]), 0, unpack(rest)}
