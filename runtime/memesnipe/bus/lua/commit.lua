#!lua flags=
-- Acknowledge a batch, write what it caused and the stage's new state: one step, exactly once.
--
-- Every check stands before the first write, because a script that fails half-way is NOT rolled back.
--
-- KEYS[1]  the state's key (any key when ARGV[3] is "")
-- KEYS[2..] streams and fence keys; the arguments below point at them by index
-- ARGV[1]  group        ARGV[2] fence life in ms
-- ARGV[3]  the state version that was loaded, "" without state      ARGV[4] the new state      ARGV[5] this commit's token
-- ARGV[6]  number of streams that entries come from, then for each: key index, number of plain ids, ids...
--          (plain: entries that caused nothing)
-- then     number of entries with effects, and for each: key index, id, number of outputs,
--          and for each output: key index, fence key index (0: none), payload
-- Returns {"ok", state version, outputs written} or {"stale"} (another instance committed) or {"lost", stream index, id}
-- (an entry is no longer pending in our group, so its effects are not ours to make).
local group, ttl, expected, data, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function each_entry(plain, effect)
  local at = 6
  local streams = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, streams do
    local key, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    plain(key, at + 2, count)
    at = at + 2 + count
  end
  local entries = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, entries do
    local key, id, outputs = tonumber(ARGV[at]), ARGV[at + 1], tonumber(ARGV[at + 2])
    effect(key, id, at + 3, outputs)
    at = at + 3 + 3 * outputs
  end
end

if expected ~= '' then
  local held = redis.call('HMGET', KEYS[1], 'v', 'w')
  local version = held[1] or '0'
  if version ~= expected then
    -- The reply to this very commit was lost on the way, and this is its repetition: it is done.
    if held[2] == token then return { 'ok', version, 0 } end
    return { 'stale' }
  end
  local lost
  local function check(key, id)
    if not lost and #redis.call('XPENDING', KEYS[key], group, id, id, 1) == 0 then lost = { 'lost', key, id } end
  end
  each_entry(function(key, from, count)
    for i = from, from + count - 1 do check(key, ARGV[i]) end
  end, check)
  if lost then return lost end
end

local written = 0
each_entry(function(key, from, count)
  for i = from, from + count - 1, 1000 do
    redis.call('XACK', KEYS[key], group, unpack(ARGV, i, math.min(i + 999, from + count - 1)))
  end
end, function(key, id, from, outputs)
  if redis.call('XACK', KEYS[key], group, id) == 0 then return end
  for i = from, from + 3 * (outputs - 1), 3 do
    local fence = tonumber(ARGV[i + 1])
    if fence == 0 or redis.call('SET', KEYS[fence], '1', 'NX', 'PX', ttl) then
      redis.call('XADD', KEYS[tonumber(ARGV[i])], '*', 'm', ARGV[i + 2])
      written = written + 1
    end
  end
end)

if expected == '' then return { 'ok', '0', written } end
local version = string.format('%d', tonumber(expected) + 1)
redis.call('HSET', KEYS[1], 'v', version, 'd', data, 'w', token)
return { 'ok', version, written }
