-- Count an attempt, unless a pause lasts: returns the seconds that are left of it, 0 if the attempt may be made.
-- KEYS[1]: hash {tries, ends}   ARGV: free tries, first pause, longest pause, seconds until all is forgotten
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local ends = tonumber(redis.call('HGET', KEYS[1], 'ends') or '0')
if ends > now then
    return tostring(ends - now)
end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
local pause = 0
if tries >= tonumber(ARGV[1]) then
    pause = math.min(tonumber(ARGV[2]) * 2 ^ math.min(tries - tonumber(ARGV[1]), 30), tonumber(ARGV[3]))
end
redis.call('HSET', KEYS[1], 'ends', string.format('%.6f', now + pause))
redis.call('EXPIRE', KEYS[1], math.ceil(pause + tonumber(ARGV[4])))
return '0'
