#!lua flags=
-- Delete a gone strategy's stream once every group has read and acknowledged all of it. KEYS: stream. Returns 1 when it is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  if fields[6] > 0 or #redis.call('XRANGE', KEYS[1], '(' .. fields[8], '+', 'COUNT', 1) > 0 then return 0 end
end
redis.call('DEL', KEYS[1])
return 1
