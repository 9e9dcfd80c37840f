#!lua flags=
-- Acknowledge a batch, write what it caused and the stage's new state: one step, exactly once.
--
-- Every check stands before the first write, because a script that fails half-way is NOT rolled back. Whatever can be asked
-- for the whole batch is asked once: a call from Lua costs as much as the work it does.
--
-- KEYS[1]  the state's key (any key when ARGV[3] is "")
-- KEYS[2..] streams; a stream that is written is followed by its two fence hashes (this period's and the one before)
-- ARGV[1]  group      ARGV[2] consumer     ARGV[3] the state version that was loaded, "" without state
-- ARGV[4]  new state  ARGV[5] this commit's token                          ARGV[6] life of a fence hash, ms
-- ARGV[7]  number of the state's parts that changed; for each: its field, its value ("": forget it)
-- then     number of streams that entries come from; for each: key index, number of ids, ids
-- then     number of outputs; for each: id of its entry, key index of that entry's stream, key index of the output's stream,
--          business key ("": none), payload
-- then     number of streams with earlier market entries that caused nothing; for each: key index, number of ids, ids
-- Returns {"ok", state version, outputs written}, {"stale"} (another instance committed), or {"lost", id}: the entry is no
-- longer pending in our group, and a state that counts it must not be kept. Without state its outputs are dropped.
local group, consumer, expected, data, token, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local CHUNK = 1000
local LIVES = ' lives' -- a field of each fence hash that got its time to live; no business key begins with a blank

if expected ~= '' then
  local held = redis.call('HMGET', KEYS[1], 'v', 'w')
  local version = held[1] or '0'
  if version ~= expected then
    -- The reply to this very commit was lost on the way, and this is its repetition: it is done.
    if held[2] == token then return { 'ok', version, 0 } end
    return { 'stale' }
  end
end

local at = 7
local function argument()
  at = at + 1
  return ARGV[at - 1]
end

local stored, forgotten = { 'v', '', 'd', data, 'w', token }, {}
for _ = 1, tonumber(argument()) do
  local field, value = argument(), argument()
  if value == '' then
    forgotten[#forgotten + 1] = field
  else
    stored[#stored + 1] = field
    stored[#stored + 1] = value
  end
end

-- Which entries are still ours to finish? One look at our pending entries answers for a batch that is read in order.
local sources, gone = {}, {}
for s = 1, tonumber(argument()) do
  local key, count = tonumber(argument()), tonumber(argument())
  local ids = {}
  for i = 1, count do ids[i] = argument() end
  local rows = redis.call('XPENDING', KEYS[key], group, ids[1], ids[count], count + 1, consumer)
  local all = #rows == count
  for i = 1, count do all = all and rows[i][1] == ids[i] end
  if not all then
    local mine = {}
    for _, id in ipairs(ids) do
      if #redis.call('XPENDING', KEYS[key], group, id, id, 1) == 1 then
        mine[#mine + 1] = id
      elseif expected ~= '' then
        return { 'lost', id }
      else
        gone[key .. ' ' .. id] = true
      end
    end
    ids = mine
  end
  sources[s] = { key, ids }
end

-- Which outputs are new? Asked per stream, for all business keys at once.
local outputs, asked = {}, {}
for _ = 1, tonumber(argument()) do
  local id, source, target, key, payload = argument(), argument(), tonumber(argument()), argument(), argument()
  if next(gone) == nil or not gone[source .. ' ' .. id] then
    outputs[#outputs + 1] = { target, key, payload }
    if key ~= '' then
      local keys = asked[target]
      if not keys then
        keys = {}
        asked[target] = keys
      end
      keys[#keys + 1] = key
    end
  end
end
local seen = {}
for target, keys in pairs(asked) do
  local found = {}
  keys[#keys + 1] = LIVES
  for hash = target + 2, target + 1, -1 do
    found[LIVES] = nil -- only this period's own mark counts, and it is looked at last
    for from = 1, #keys, CHUNK do
      local to = math.min(from + CHUNK - 1, #keys)
      local values = redis.call('HMGET', KEYS[hash], unpack(keys, from, to))
      for i = from, to do
        if values[i - from + 1] then found[keys[i]] = true end
      end
    end
  end
  seen[target] = found
end

for s = 1, tonumber(argument()) do
  local key, count = tonumber(argument()), tonumber(argument())
  local ids = {}
  for i = 1, count do ids[i] = argument() end
  sources[#sources + 1] = { key, ids }
end
for _, source in ipairs(sources) do
  for from = 1, #source[2], CHUNK do
    redis.call('XACK', KEYS[source[1]], group, unpack(source[2], from, math.min(from + CHUNK - 1, #source[2])))
  end
end
local written, noted = 0, {}
for _, output in ipairs(outputs) do
  local target, key = output[1], output[2]
  if key == '' or not seen[target][key] then
    redis.call('XADD', KEYS[target], '*', 'm', output[3])
    written = written + 1
    if key ~= '' then
      seen[target][key] = true
      local pairs_of = noted[target]
      if not pairs_of then
        pairs_of = {}
        noted[target] = pairs_of
      end
      pairs_of[#pairs_of + 1] = key
      pairs_of[#pairs_of + 1] = '1'
    end
  end
end
for target, pairs_of in pairs(noted) do
  local fresh = not seen[target][LIVES]
  if fresh then
    pairs_of[#pairs_of + 1] = LIVES
    pairs_of[#pairs_of + 1] = '1'
  end
  for from = 1, #pairs_of, CHUNK do
    redis.call('HSET', KEYS[target + 1], unpack(pairs_of, from, math.min(from + CHUNK - 1, #pairs_of)))
  end
  if fresh then redis.call('PEXPIRE', KEYS[target + 1], life) end
end

if expected == '' then return { 'ok', '0', written } end
local version = string.format('%d', tonumber(expected) + 1)
stored[2] = version
for from = 1, #forgotten, CHUNK do
  redis.call('HDEL', KEYS[1], unpack(forgotten, from, math.min(from + CHUNK - 1, #forgotten)))
end
for from = 1, #stored, CHUNK do
  redis.call('HSET', KEYS[1], unpack(stored, from, math.min(from + CHUNK - 1, #stored)))
end
return { 'ok', version, written }
