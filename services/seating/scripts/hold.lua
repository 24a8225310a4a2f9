-- Hold seats for one buyer: all of them, or none. Counts the attempt, and opens the screening's queue when there are too
-- many; while it is open, a buyer needs a pass (sale_queue.py).
-- KEYS seats, lock, queue, line, away, seen, passes
-- ARGV owner, deadline ms, writing ms, account (empty: needs no pass), pass ends ms, attempts a second, drawing ms,
--   seat...
-- OK version | COLD | BUSY | QUEUE waiting, drawn-at ms, now ms | TAKEN seat...
local KEPT, BURST = 86400000, 5000  -- ms: a queue nobody uses; attempts in excess open it after so much of the rate
if redis.call('EXISTS', KEYS[2]) == 1 then return {'BUSY'} end
if redis.call('HEXISTS', KEYS[1], '_epoch') == 0 then return {'COLD'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The generic cell rate algorithm (GCRA): each attempt takes its share of a second, one after the other.
local function count_attempt(busy_until, kept)
  local rate = tonumber(ARGV[6])
  if rate == 0 then return false end
  local after = math.max(busy_until, now) + 1000 / rate
  redis.call('HSET', KEYS[3], 'busy_until', math.min(after, now + BURST + 1000 / rate))
  if not kept then redis.call('PEXPIRE', KEYS[3], 60000) end
  return after > now + BURST
end

local function is_over(drawn_at, busy_until)
  return busy_until <= now and drawn_at <= now and redis.call('ZCARD', KEYS[4]) == 0
    and redis.call('ZCOUNT', KEYS[7], now, '+inf') == 0
end

local function needs_pass()
  local mode, drawn_at, busy_until = unpack(redis.call('HMGET', KEYS[3], 'mode', 'drawn_at', 'busy_until'))
  drawn_at, busy_until = tonumber(drawn_at or 0), tonumber(busy_until or 0)
  if mode == 'closed' then return false end
  if mode == 'auto' and is_over(drawn_at, busy_until) then
    redis.call('DEL', KEYS[3], KEYS[5], KEYS[6])
    mode = false
  end
  if count_attempt(busy_until, mode) and not mode then
    mode, drawn_at = 'auto', now + ARGV[7]
    redis.call('HSET', KEYS[3], 'mode', mode, 'drawn_at', drawn_at)
    redis.call('PEXPIREAT', KEYS[3], drawn_at + KEPT)
  end
  return mode and tonumber(ARGV[5]) <= now, drawn_at
end

local mark = 'H|' .. ARGV[1] .. '|' .. ARGV[2] .. '|' .. string.format('%d', now + ARGV[3])
local taken = {'TAKEN'}
local fields = {}
local own = 0
for i = 8, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  local state, owner, deadline = string.match(value or '', '^(%u)|([^|]*)|(%d*)')
  local is_taken = state and (state == 'S' or tonumber(deadline) > now)
  if is_taken and owner ~= ARGV[1] then
    taken[#taken + 1] = ARGV[i]
  elseif state ~= 'S' then  -- what the owner has paid for stays sold
    fields[#fields + 1] = ARGV[i]
    fields[#fields + 1] = mark
  end
  if is_taken and owner == ARGV[1] then own = own + 1 end
end
if ARGV[4] ~= '' and own < #ARGV - 7 then  -- who has the seats already is not asked again
  local needed, drawn_at = needs_pass()
  if needed then return {'QUEUE', redis.call('ZCARD', KEYS[4]), drawn_at, now} end
end
if #taken > 1 then return taken end
if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
if tonumber(ARGV[5]) > 0 then redis.call('ZREM', KEYS[7], ARGV[4]) end  -- its place is for the next
return {'OK', redis.call('HINCRBY', KEYS[1], '_version', 1)}
