#!lua flags=
-- Write one message unless its business key was seen on this stream.
-- KEYS: stream, fence key. ARGV: fence life in ms, token of this call, payload, length to keep at least (0: all).
-- Returns the entry's id, "" if the key was seen before; repeating the same call (same token) returns the same id.
local seen = redis.call('GET', KEYS[2])
if seen then
  local id, token = string.match(seen, '^(%S+) (.*)$')
  return token == ARGV[2] and id or ''
end
local id
if ARGV[4] == '0' then
  id = redis.call('XADD', KEYS[1], '*', 'm', ARGV[3])
else
  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'm', ARGV[3])
end
redis.call('SET', KEYS[2], id .. ' ' .. ARGV[2], 'PX', ARGV[1])
return id
