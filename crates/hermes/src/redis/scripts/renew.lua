-- Lets the lease live on if it is still held by the token. A lost lease is not taken again.
-- KEYS: lease. ARGV: token, lease_ms. Returns 1 (renewed) or 0 (lost).
local token, lease_ms = unpack(ARGV)

local lease = redis.call('GET', KEYS[1])
if lease and lease:sub(1, 18) == '\1\1' .. token then
  return redis.call('PEXPIRE', KEYS[1], lease_ms)
end
return 0
