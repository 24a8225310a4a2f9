-- Replays the requests of a file (method, path, token, traceparent, key, body; tab-separated), each once or in a circle.
local requests, place = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, trace, key, body = line:match('^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$')
    local headers = {['Content-Type'] = 'application/json'}
    if token ~= '' then headers['Authorization'] = 'Bearer ' .. token end
    if trace ~= '' then headers['traceparent'] = trace end
    if key ~= '' then headers['Idempotency-Key'] = key end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= '' and body or nil)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "not_2xx": %d, "socket_errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
