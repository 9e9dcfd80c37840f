#!lua flags=
-- Make a list hold exactly these values. KEYS: list. ARGV: values, oldest first.
redis.call('DEL', KEYS[1])
for i = 1, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
return #ARGV
