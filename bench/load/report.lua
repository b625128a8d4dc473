-- Says at the end what the run came to, as one line of JSON.
local asker

function setup(thread)
  asker = thread -- the bench uses one thread, which can ask for more than any server here answers
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p99Microseconds":%d,"isExhausted":%s}',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(99), tostring(asker:get("isExhausted") == true)))
end
