-- What Envoy has to know of a request: whether it can be one for a picture, which formats the client
-- reads, and what the picture is. Weights as in origin/negotiation.py, names as in signing/repair.py.

local PASSED_ON = {
  [":authority"] = true, [":method"] = true, [":path"] = true, [":scheme"] = true,
  ["accept"] = true, ["range"] = true,
  ["x-forwarded-for"] = true, ["x-forwarded-proto"] = true, ["x-request-id"] = true,
}
local METHODS = { GET = true, HEAD = true, OPTIONS = true }
local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local LONGEST_ACCEPT, MOST_ELEMENTS = 4096, 64

local function refuse(handle, status, message)
  handle:respond({ [":status"] = status, ["cache-control"] = "no-store" }, message .. "\n")
end

-- A weight in thousandths, or nil for what breaks the grammar or names a narrower type.
local function weight(parameters)
  if parameters == "" then return 1000 end
  local q = parameters:match("^;[ \t]*[qQ]=([%d.]+)$")
  if q and (q:match("^0%.?%d?%d?%d?$") or q:match("^1%.?0?0?0?$")) then
    return math.floor(tonumber(q) * 1000 + 0.5)
  end
end

-- One of four values. Who likes WebP better than AVIF gets WebP.
local function reduced(accept)
  if #accept > LONGEST_ACCEPT then
    accept = accept:sub(1, LONGEST_ACCEPT):match("^(.*),") or ""
  end
  local weights, count = {}, 0
  for element in accept:gmatch("[^,]+") do
    count = count + 1
    if count > MOST_ELEMENTS then break end
    local name, parameters = element:match("^[ \t]*([^;, \t]+)[ \t]*(.-)[ \t]*$")
    local q = name and weight(parameters)
    if q then
      name = name:lower()
      weights[name] = math.min(q, weights[name] or q)
    end
  end
  local avif, webp = weights["image/avif"] or 0, weights["image/webp"] or 0
  if avif > 0 and avif >= webp then
    return webp > 0 and "image/avif,image/webp" or "image/avif"
  end
  return webp > 0 and "image/webp" or "*/*"
end

local function decoded(text)
  local bits, count, bytes = 0, 0, {}
  for at = 1, #text do
    local value = BASE64:find(text:sub(at, at), 1, true)
    if not value then return text end
    bits, count = bits * 64 + value - 1, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(math.floor(bits / 2 ^ count))
      bits = bits % 2 ^ count
    end
  end
  return table.concat(bytes)
end

-- The reference of the source, however it is written, and the format if the URL names one.
local function parts(rest)
  local from, to = rest:find("/plain/", 1, true)
  if from then
    local written = rest:sub(to + 1):gsub("^local:/([^/])", "local:///%1")
    written = written:gsub("^(%a[%w+.-]*):/([^/])", "%1://%2")
    local text, format = written:match("^(.*)@([^@]*)$")
    text = (text or written):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    return text, format
  end
  local tail, options = {}, true
  for segment in rest:gmatch("[^/]+") do
    options = options and (segment == "-" or segment:find(":", 1, true) or segment:lower():find("%%3a")) and true
    if not options then tail[#tail + 1] = segment end
  end
  local text, format = table.concat(tail):match("^([^.]*)%.?(.*)$")
  return decoded((text:gsub("=+$", ""))), format
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if not METHODS[headers:get(":method")] then return refuse(handle, "405", "Method not allowed") end
  if (headers:get("content-length") or "0") ~= "0" or headers:get("transfer-encoding") then
    return refuse(handle, "413", "No body is expected")
  end
  local path = headers:get(":path"):gsub("%?.*$", "")
  if path == "/robots.txt" then
    return handle:respond({ [":status"] = "200" }, "User-agent: *\nAllow: /\n")
  end
  -- Whether it is the right signature, an origin says; here is only seen whether it can be one.
  local signature, rest = path:match("^/([%w_-]+)(/.+)$")
  if not signature or #signature < 22 or #signature > 43 then
    return refuse(handle, "403", "The signature is not right")
  end

  local dropped = {}
  for name in pairs(headers) do
    if not PASSED_ON[name] then dropped[#dropped + 1] = name end
  end
  for _, name in ipairs(dropped) do headers:remove(name) end

  local source, format = parts(rest)
  local accept = "*/*"
  if not format or format == "" then accept = reduced(headers:get("accept") or "") end
  headers:replace(":path", path)
  headers:replace("accept", accept)
  -- The cache's key is made of host and path, and Vary makes it keep nothing at all.
  headers:replace(":authority", accept:gsub("[^%w]+", "-"):lower() .. ".safelight")
  headers:replace("x-safelight-source", (source:gsub("[^\33-\126]", function(byte)
    return string.format("%%%02X", byte:byte())
  end)))
  -- The cache asks as a client of its own and would add itself to the others.
  headers:replace("x-safelight-forwarded-for", headers:get("x-forwarded-for") or "")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local vary, details = headers:get("x-safelight-vary"), headers:get("x-safelight-details")
  headers:remove("x-safelight-vary")
  headers:remove("x-safelight-details")
  if vary and vary ~= "" and vary ~= "-" then headers:replace("vary", vary) end
  if details then
    headers:add("cache-status", details == "cache.response_from_cache_filter" and "envoy; hit" or "envoy; fwd=miss")
  end
end
