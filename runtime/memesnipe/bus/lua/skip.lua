#!lua flags=
-- A market reader that fell behind skips to the newest entry; what it held and what it missed is given up, and counted by the caller.
-- KEYS: stream. ARGV: group, age limit in ms, lag limit in entries, now in ms.
-- Returns how many entries were given up, 0 when the reader keeps up.
local function milliseconds(id) return tonumber(string.match(id, '^(%d+)')) end
local horizon = tonumber(ARGV[4]) - tonumber(ARGV[2])
local group
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  if fields[2] == ARGV[1] then group = fields end
end
if not group then return 0 end
local held = redis.call('XPENDING', KEYS[1], ARGV[1])
local given_up = 0
if tonumber(held[1]) > 0 and milliseconds(held[2]) < horizon then
  for _, one in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', string.format('%d', horizon), 10000)) do
    given_up = given_up + redis.call('XACK', KEYS[1], ARGV[1], one[1])
  end
end
local last = group[8]
local oldest = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)
if #oldest == 0 then return given_up end
local lag = tonumber(group[12]) or 0
if milliseconds(oldest[1][1]) >= horizon and lag <= tonumber(ARGV[3]) then return given_up end
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 2)
if #newest < 2 or newest[1][1] == oldest[1][1] then return given_up end
redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], newest[2][1])
return given_up + math.max(lag - 1, 1)
