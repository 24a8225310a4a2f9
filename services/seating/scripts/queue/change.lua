-- Open or close a screening's queue by hand. One that is open keeps its people, and what was drawn stays drawn.
-- KEYS queue, line, away, seen, passes   ARGV open or close, draw-at ms (0: when the drawing time is over), drawing ms
-- mode before, drawn-at ms before, mode, drawn-at ms, people waiting, unused passes
local KEPT, CLOSED = 86400000, 3600000  -- ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mode, drawn_at, is_drawn = unpack(redis.call('HMGET', KEYS[1], 'mode', 'drawn_at', 'is_drawn'))
local before = {mode or 'off', drawn_at or 0}
if ARGV[1] == 'close' then
  redis.call('DEL', unpack(KEYS))
  redis.call('HSET', KEYS[1], 'mode', 'closed')
  redis.call('PEXPIRE', KEYS[1], CLOSED)
  return {before[1], before[2], 'closed', 0, 0, 0}
end
if mode == 'closed' then drawn_at = false end
if not is_drawn and tonumber(ARGV[2]) > 0 then drawn_at = ARGV[2] end
drawn_at = drawn_at or now + ARGV[3]
redis.call('HSET', KEYS[1], 'mode', 'hand', 'drawn_at', drawn_at)
redis.call('PEXPIREAT', KEYS[1], math.max(now, drawn_at) + KEPT)
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now)
return {before[1], before[2], 'hand', drawn_at, redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[5])}
