#!lua flags=
-- Delete consumers that hold nothing and were not seen for long; checked and deleted in one step, so none loses an entry.
-- KEYS: stream. ARGV: group, idle ms. Returns how many went.
local gone = 0
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  if fields[4] == 0 and fields[6] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields[2])
    gone = gone + 1
  end
end
return gone
