#!lua flags=
-- Move entries that cannot be decoded to the dead-letter stream and acknowledge them: never lost, never doubled.
-- KEYS: dead-letter stream, stream. ARGV: group, stream's plain name, then for each entry: id, raw, field, reason.
-- Returns how many were moved.
local moved = 0
for i = 3, #ARGV, 4 do
  if redis.call('XACK', KEYS[2], ARGV[1], ARGV[i]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'stream', ARGV[2], 'id', ARGV[i], 'raw', ARGV[i + 1], 'field', ARGV[i + 2], 'reason', ARGV[i + 3])
    moved = moved + 1
  end
end
return moved
