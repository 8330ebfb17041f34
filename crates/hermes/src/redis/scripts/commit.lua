-- Writes the entry if the lease is still held by the token, and drops the lease, also if the write fails.
-- KEYS: entry, lease, tags. ARGV: token, ttl_ms, bytes, tag_ms. Returns 1 (stored), 0 (fenced) or 2 (refused).
local token, ttl_ms, bytes, tag_ms = unpack(ARGV)

local lease = redis.call('GET', KEYS[2])
if not lease or lease:sub(1, 18) ~= '\1\1' .. token then
  return 0
end
-- First: once a script has written anything, the server lets it write on beyond its `maxmemory`.
local written = redis.pcall('SET', KEYS[1], bytes, 'PX', ttl_ms)
redis.call('DEL', KEYS[2])
for i = 3, #KEYS do
  local left_ms = redis.call('PTTL', KEYS[i])
  if left_ms >= 0 and left_ms < tonumber(tag_ms) then
    redis.call('PEXPIRE', KEYS[i], tag_ms)
  end
end
return written.err and 2 or 1
