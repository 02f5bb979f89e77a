-- Reports as phones send them: each with its own id and Idempotency-Key, at a random place in the town.
-- Environment: TOKENS (comma-separated), BOX (west,south,east,north), CATEGORY, ANSWERS (JSON), RESULT (a file for the figures).
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

local function hex(n)
  return string.format("%04x", n)
end

local function uuid()
  local r = math.random
  return hex(r(0, 65535)) .. hex(r(0, 65535)) .. "-" .. hex(r(0, 65535)) .. "-4" .. string.sub(hex(r(0, 65535)), 2) ..
    "-8" .. string.sub(hex(r(0, 65535)), 2) .. "-" .. hex(r(0, 65535)) .. hex(r(0, 65535)) .. hex(r(0, 65535))
end

function init(args)
  math.randomseed(os.time() * 100 + seed)
  for _ = 1, 20 do math.random() end
  local box = {}
  for number in string.gmatch(os.getenv("BOX"), "[^,]+") do box[#box + 1] = tonumber(number) end
  west, south, width, height = box[1], box[2], box[3] - box[1], box[4] - box[2]
  headers = {
    ["Content-Type"] = "application/json",
    ["Accept-Language"] = "es-MX,es;q=0.9,en;q=0.8",
    ["App-Version"] = "ios/1.2.0",
  }
  tokens = {}
  for token in string.gmatch(os.getenv("TOKENS"), "[^,]+") do tokens[#tokens + 1] = token end
  category, answers = os.getenv("CATEGORY"), os.getenv("ANSWERS")
end

function request()
  local id = uuid()
  headers["Idempotency-Key"] = id
  headers["Authorization"] = "Bearer " .. tokens[math.random(#tokens)]
  local body = string.format(
    '{"id":"%s","category":"%s","location":{"lon":%.6f,"lat":%.6f,"accuracy_m":8.5},"address":"48 Alder Lane",' ..
    '"description":"A deep hole in the right lane, just before the crossing; cars swerve into the cycle lane.",' ..
    '"answers":%s,"captured_at":"2026-11-25T08:15:30Z"}',
    id, category, west + math.random() * width, south + math.random() * height, answers)
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local out = io.open(os.getenv("RESULT"), "w")
  out:write(string.format(
    '{"requests": %d, "seconds": %.4f, "p50_ms": %.3f, "p95_ms": %.3f, "p99_ms": %.3f, "not_2xx": %d, "socket_errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
  out:close()
end
