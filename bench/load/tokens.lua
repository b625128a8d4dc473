-- Sends each token of a file once: wrk … -s tokens.lua <url> -- <file> <method>
-- A POST also names the token in its body, as a logout does.
local tokens, method = {}, "GET"
local next_index = 0
isExhausted = false

function init(args)
  method = args[2]
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
end

local function head(token)
  return method .. " " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
    "\r\nAuthorization: Bearer " .. token .. "\r\n"
end

function request()
  next_index = next_index + 1
  if next_index > #tokens then
    isExhausted = true
    wrk.thread:stop()
    next_index = #tokens
  end
  local token = tokens[next_index]
  if method == "GET" then return head(token) .. "\r\n" end
  local body = '{"token":"' .. token .. '"}'
  return head(token) .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

dofile(string.match(debug.getinfo(1, "S").source, "^@(.*/)") .. "report.lua")
