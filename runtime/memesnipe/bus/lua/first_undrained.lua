#!lua flags=no-writes
-- One atomic look at many groups: which is the first that still has something to do?
-- KEYS: streams. ARGV: pairs of key index and group, sorted as the caller wants to know them.
-- Returns the pair's number (from 1), 0 when all are drained. A group that does not exist has nothing to do.
local groups = {}
for i, key in ipairs(KEYS) do
  groups[i] = {}
  if redis.call('EXISTS', key) == 1 then
    for _, fields in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      groups[i][fields[2]] = { pending = fields[6], last = fields[8] }
    end
  end
end
for i = 1, #ARGV, 2 do
  local key = tonumber(ARGV[i])
  local group = groups[key][ARGV[i + 1]]
  if group then
    if group.pending > 0 then return (i + 1) / 2 end
    if group.behind == nil then group.behind = #redis.call('XRANGE', KEYS[key], '(' .. group.last, '+', 'COUNT', 1) > 0 end
    if group.behind then return (i + 1) / 2 end
  end
end
return 0
