-- Drops the lease if it is still held by the token, and leaves a word in its place if there is one to leave.
-- KEYS: lease. ARGV: token, word, word_ms.
local token, word, word_ms = unpack(ARGV)

local lease = redis.call('GET', KEYS[1])
if lease and lease:sub(1, 18) == '\1\1' .. token then
  redis.call('DEL', KEYS[1])
  if word ~= '' then
    -- A server that is full does not take it. Then those who come next wait for each other, as ever.
    redis.pcall('SET', KEYS[1], word, 'PX', word_ms)
  end
end
return 1
