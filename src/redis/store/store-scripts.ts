/**
 * The scripts of `RedisRevocationStore`. Each sees and leaves everything as a whole.
 * KEYS[1]: the head (a hash). ARGV[1]: what the names of all keys begin with. ARGV[2]: what is asked,
 * as JSON; what stands in its texts is handed on as it is.
 * Each answers first how it went: `ok`, the time in µs, generation, floor, and the number of the
 * last frame; or why it did nothing:
 * `replica`, `empty`, `moved`, `conflict`.
 */

/** Frames that the log keeps. A reader that is further behind loads everything. */
const MOST_FRAMES = 10_000;
/** Hashes of revocations are kept for this long after their hour. */
const SLACK_MS = 60_000;
/** What was read so long ago decides nothing any more. */
const STALE_READ_MS = 5000;

const BEGIN = `
if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then
  return {'replica'}
end
local prefix, asked = ARGV[1], cjson.decode(ARGV[2])
local function key(name) return prefix .. ':' .. name end
local function whole(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local head = {}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do head[fields[at]] = fields[at + 1] end
local function ok(...) return {'ok', whole(micros), head.generation, head.floor, head.number, ...} end
`;

const REQUIRE_HEAD = `
if not head.generation then return {'empty'} end
`;

/** What follows can only be done by a server with replicas that are told of it; see WAIT. */
const TOUCH = `
if asked.touch then redis.call('HSET', KEYS[1], 'touched', whole(micros)) end
`;

/**
 * Asks for \`keys\` of revocations, and for sessions: \`sessions\` by name, those of the \`subjects\`, and
 * those that \`tokens\` lead to. Answers: how many cutoffs there were, the last end of a session; keys and
 * rows of revocations; names and texts of what is kept of sessions.
 */
export const LOOK = `${BEGIN}${REQUIRE_HEAD}${TOUCH}
local rows = {}
if #asked.keys > 0 then
  for _, hour in ipairs(redis.call('ZRANGEBYSCORE', key('hours'), whole(now), '+inf')) do
    local found = redis.call('HMGET', key('hour:' .. hour), unpack(asked.keys))
    for at, text in ipairs(found) do
      if text then rows[#rows + 1] = asked.keys[at]; rows[#rows + 1] = text end
    end
  end
end
local kept = {}
local function keep(name)
  local text = redis.call('GET', key(name))
  if text then kept[#kept + 1] = name; kept[#kept + 1] = text end
  return text
end
for _, name in ipairs(asked.sessions) do keep(name) end
for _, token in ipairs(asked.tokens) do
  local session = keep(token)
  if session then keep(session) end
end
for _, subject in ipairs(asked.subjects) do
  local index = keep(subject)
  if index then for _, session in ipairs(cjson.decode(index)) do keep(session) end end
end
return ok(head.cutoffs, head.lastEnd, rows, kept)`;

const ADD_REVOCATIONS = `
local instant = math.max(micros, tonumber(head.instant) + 1)
local areNew, frame, events, begins = {}, {}, {}, ''
for at, one in ipairs(asked.revocations) do
  begins = one.issuedBefore == 'now' and whole(now) or one.issuedBefore
  local hour = whole(one.hour)
  local hash, identity = key('hour:' .. hour), begins .. ' ' .. one.expiresAt .. ' '
  local rows = redis.call('HGET', hash, one.key)
  local isNew = not (rows and string.find('\\n' .. rows, '\\n' .. identity, 1, true))
  areNew[at] = isNew and 1 or 0
  if isNew then
    local row = identity .. one.scope .. ' ' .. whole(instant) .. ' ' .. one.rest
    redis.call('HSET', hash, one.key, rows and (rows .. '\\n' .. row) or row)
    redis.call('PEXPIREAT', hash, whole(one.hour + ${SLACK_MS}))
    redis.call('ZADD', key('hours'), hour, hour)
    frame[#frame + 1] = one.key .. ' ' .. identity .. one.scope
    if one.event ~= '' then events[#events + 1] = one.event end
    if one.isCutoff then head.cutoffs = head.cutoffs + 1 end
    instant = instant + 1
  end
end
if #frame > 0 then
  head.number = whole(head.number + 1)
  redis.call('XADD', key('log'), head.number .. '-0',
    'random', asked.random, 'frame', table.concat(frame, '\\n'))
  local first = math.max(0, head.number - ${MOST_FRAMES - 1})
  redis.call('XTRIM', key('log'), 'MINID', whole(first) .. '-0')
  redis.call('ZREMRANGEBYSCORE', key('hours'), '-inf', '(' .. whole(now - ${SLACK_MS}))
  redis.call('HSET', KEYS[1], 'number', head.number, 'random', asked.random,
    'instant', whole(instant), 'cutoffs', whole(head.cutoffs))
  redis.call('PUBLISH', key('bell'), '')
end
for _, event in ipairs(asked.events) do events[#events + 1] = event end
for _, event in ipairs(events) do redis.call('XADD', key('audit'), '*', 'event', event) end
if #events > 0 then redis.call('XTRIM', key('audit'), 'MAXLEN', asked.mostEvents) end
`;

/**
 * Adds what is new of \`revocations\`, each with its event, and \`events\`; writes \`texts\` of sessions.
 * Nothing, where one of the texts, or the number of cutoffs, is not as it was read. An instant
 * \`now\` is that of the script. Answers: which revocations were new, and the instant of the last.
 */
export const CHANGE = `${BEGIN}${REQUIRE_HEAD}
if head.generation ~= asked.generation then return {'moved'} end
if asked.readAt and now > asked.readAt + ${STALE_READ_MS} then return {'conflict'} end
if asked.cutoffs and asked.cutoffs ~= head.cutoffs then return {'conflict'} end
for _, one in ipairs(asked.texts) do
  if (redis.call('GET', key(one.name)) or '') ~= one.was then return {'conflict'} end
end
${ADD_REVOCATIONS}
for _, one in ipairs(asked.texts) do
  if one.text ~= one.was then redis.call('SET', key(one.name), one.text, 'PXAT', whole(one.keptUntil)) end
end
if asked.lastEnd and tonumber(asked.lastEnd) > tonumber(head.lastEnd) then
  redis.call('HSET', KEYS[1], 'lastEnd', asked.lastEnd)
end
return ok(areNew, begins)`;

/**
 * Reads the frames behind \`number\`, at most \`most\`, if that frame is there and has this \`random\`.
 * Answers: the random of the last frame; the first number that it has; and the
 * frames, or nothing where that frame is not there.
 */
export const READ = `${BEGIN}${REQUIRE_HEAD}${TOUCH}
local first = redis.call('XRANGE', key('log'), '-', '+', 'COUNT', 1)[1]
local function answer(frames) return ok(head.random, first and first[1] or '', frames) end
if not asked.number then return answer({}) end
local place = asked.number .. '-0'
local last = redis.call('XRANGE', key('log'), place, place)[1]
if not last or last[2][2] ~= asked.random then return answer(false) end
return answer(redis.call('XRANGE', key('log'), '(' .. place, '+', 'COUNT', asked.most))`;

/** Announces an instance for a time; removes what has run out. */
export const ANNOUNCE = `${BEGIN}${REQUIRE_HEAD}
local all = redis.call('HGETALL', key('instances'))
for at = 1, #all, 2 do
  if cjson.decode(all[at + 1])['until'] < now then redis.call('HDEL', key('instances'), all[at]) end
end
local announced = cjson.encode({
  ['until'] = now + asked.lastsMs, maxStalenessMs = asked.maxStalenessMs, cursor = asked.cursor
})
redis.call('HSET', key('instances'), asked.id, announced)
return ok()`;

/** Answers all announcements that have not run out, but that of the instance that asks. */
export const INSTANCES = `${BEGIN}${REQUIRE_HEAD}${TOUCH}
local others = {}
local all = redis.call('HGETALL', key('instances'))
for at = 1, #all, 2 do
  if all[at] ~= asked.id and cjson.decode(all[at + 1])['until'] >= now then
    others[#others + 1] = all[at + 1]
  end
end
return ok(others)`;

/**
 * Makes a head where there is none, or anew, with a floor. Answers whether it did.
 * What was there stays; cursors of the old generation are of no use any more.
 */
export const INIT = `${BEGIN}
if head.generation and #asked.revocations == 0 then return ok(0) end
head = {
  generation = asked.generation, random = asked.random,
  floor = #asked.revocations > 0 and whole(now) or '',
  number = head.number or '0', instant = head.instant or '0', cutoffs = head.cutoffs or '0',
  lastEnd = head.lastEnd or '0'
}
head.number = whole(head.number + 1)
redis.call('DEL', key('log'))
redis.call('XADD', key('log'), head.number .. '-0', 'random', asked.random, 'frame', '')
for field, value in pairs(head) do redis.call('HSET', KEYS[1], field, value) end
${ADD_REVOCATIONS}
redis.call('PUBLISH', key('bell'), '')
return ok(1)`;
