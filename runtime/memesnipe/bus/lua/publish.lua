#!lua flags=
-- Write one message unless its business key was seen on this stream.
-- KEYS: stream, its fence hashes of this period and of the one before.
-- ARGV: life of a fence hash in ms, token of this call, business key, payload, length to keep at least (0: all).
-- Returns the entry's id, "" if the key was seen before; repeating the same call (same token) returns the same id.
local life, token, key, payload, length = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seen = redis.call('HGET', KEYS[2], key) or redis.call('HGET', KEYS[3], key)
if seen then
  local id, by = string.match(seen, '^(%S+) (.*)$')
  return by == token and id or ''
end
local id
if length == '0' then
  id = redis.call('XADD', KEYS[1], '*', 'm', payload)
else
  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', length, '*', 'm', payload)
end
redis.call('HSET', KEYS[2], key, id .. ' ' .. token)
redis.call('PEXPIRE', KEYS[2], life)
return id
