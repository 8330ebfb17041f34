-- Creates the absent versions, then takes the lease if it may, then reads.
-- KEYS: entry, lease, tags. ARGV: token, lease_ms, tag_ms, manner, digest of the tag names, history, a version for each tag.
local token, lease_ms, tag_ms, manner, names, history = unpack(ARGV, 1, 6)

-- What is no string is not ours: it is overwritten as if it were absent, rather than that the script ends halfway.
local function read(key)
  local value = redis.pcall('GET', key)
  return type(value) == 'string' and value
end

local versions = {}
for i = 3, #KEYS do
  local version = read(KEYS[i])
  if not version or #version ~= 8 then
    version = ARGV[i + 4]
    redis.call('SET', KEYS[i], version, 'PX', tag_ms)
  end
  versions[i - 2] = version
end

-- The layout of a lease: format 1, held (1), token, digest of the tag names, history, versions.
local stamp = names .. history .. table.concat(versions)
local lease = read(KEYS[2])
if lease and redis.call('PTTL', KEYS[2]) < 0 then
  lease = false -- Ours end: one that does not would keep the key taken for ever.
end
local doomed = lease and lease:sub(1, 2) == '\1\1' and lease:sub(19, 26) == names and lease:sub(19) ~= stamp
local won = not lease or doomed or manner == 'forced'
if won then
  redis.call('SET', KEYS[2], '\1\1' .. token .. stamp, 'PX', lease_ms)
end
-- Last: once a script has written anything, the server lets it write on beyond its `maxmemory`.
for i = 3, #KEYS do
  local left_ms = redis.call('PTTL', KEYS[i])
  if left_ms >= 0 and left_ms < tonumber(tag_ms) then
    redis.call('PEXPIRE', KEYS[i], tag_ms)
  end
end
local told = { won and 1 or 0, read(KEYS[1]), lease }
-- One by one: `unpack` takes some thousands at most, and would fail when all is done.
for i = 1, #versions do
  told[3 + i] = versions[i]
end
return told
