#!lua flags=
-- Trim a lossless stream behind its slowest group: nothing that any group still has to read or acknowledge is ever dropped.
-- KEYS: stream. ARGV: an id from which on nothing goes even so, for those who read without a group ('' where there are none), then the
-- names of the groups that must exist before anything may go.
-- Returns how many entries went; 0 while a wanted group is missing, because it would have to read them all.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local function parts(id) return string.match(id, '^(%d+)-(%d+)$') end
-- Ids are compared as text of equal length: sequence numbers pass 2^53, where Lua's numbers lie.
local function less(a, b)
  local am, as = parts(a)
  local bm, bs = parts(b)
  if #am ~= #bm then return #am < #bm end
  if am ~= bm then return am < bm end
  if #as ~= #bs then return #as < #bs end
  return as < bs
end
local found, floor = {}, nil
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  found[fields[2]] = true
  local keep = fields[8]
  if fields[6] > 0 then
    local oldest = redis.call('XPENDING', KEYS[1], fields[2])[2]
    if oldest and less(oldest, keep) then keep = oldest end
  end
  if not floor or less(keep, floor) then floor = keep end
end
for number = 2, #ARGV do
  if not found[ARGV[number]] then return 0 end
end
if not floor then return 0 end
if ARGV[1] ~= '' and less(ARGV[1], floor) then floor = ARGV[1] end
return redis.call('XTRIM', KEYS[1], 'MINID', floor)
