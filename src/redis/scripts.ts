/**
 * The scripts. Each sees and leaves the log as a whole.
 * KEYS: the head (a hash), the log (a stream with the ids `<number>-0`), the questions (a list).
 * ARGV[1]: what the names of pages (hashes) and bells begin with.
 */

/** All that we keep goes away by itself, a day after the last relay. */
const KEPT_SECONDS = 86_400;
/** Readers may be under way in pages that are of no checkpoint any more, or not yet. */
const SPARE_PAGES_SECONDS = 600;
/** Without a relay no question is taken. An answer has no use after the longest lease. */
const QUESTION_SECONDS = 60;
const MOST_QUESTIONS = 10_000;

const HEAD = `
local head = redis.call('HMGET', KEYS[1],
  'generation', 'number', 'random', 'checkpoint', 'pagesId', 'pages')
local function pagesOf(id) return ARGV[1] .. ':pages:' .. id end
local function entryAt(number)
  return redis.call('XRANGE', KEYS[2], number .. '-0', number .. '-0')[1]
end`;

/** The entry at the end of the log: `random`, its value, `text`, its value; false where anything is missing. */
const LAST = `${HEAD}
local function lastEntry()
  if not head[1] then return false end
  local entry = entryAt(head[2])
  return entry and entry[2][2] == head[3]
    and redis.call('XLEN', KEYS[2]) == head[2] - head[4] + 1
    and redis.call('HLEN', pagesOf(head[5])) == tonumber(head[6])
    and entry[2]
end
local last = lastEntry()`;

const KEEP = `
redis.call('EXPIRE', KEYS[1], ${KEPT_SECONDS})
redis.call('EXPIRE', KEYS[2], ${KEPT_SECONDS})`;

/** ARGV: the question. */
export const ASK = `
redis.call('RPUSH', KEYS[3], ARGV[2])
redis.call('LTRIM', KEYS[3], -${MOST_QUESTIONS}, -1)
redis.call('EXPIRE', KEYS[3], ${QUESTION_SECONDS})
redis.call('PUBLISH', ARGV[1] .. ':asked', '')`;

export const TAKE_ASKS = `${LAST}
local asks = redis.call('LRANGE', KEYS[3], 0, -1)
redis.call('DEL', KEYS[3])
return {asks, last and {head[1], head[2], head[3], last[4], head[4], head[5], head[6]}}`;

/** ARGV: generation, number and random of the end; number, random and text of the new frame. */
export const APPEND = `${LAST}
if not last or head[1] ~= ARGV[2] or head[2] ~= ARGV[3] or head[3] ~= ARGV[4] then return 0 end
redis.call('XADD', KEYS[2], ARGV[5] .. '-0', 'random', ARGV[6], 'text', ARGV[7])
redis.call('HSET', KEYS[1], 'number', ARGV[5], 'random', ARGV[6])
${KEEP}
redis.call('EXPIRE', pagesOf(head[5]), ${KEPT_SECONDS})
redis.call('PUBLISH', ARGV[1] .. ':framed', '')
return 1`;

/**
 * ARGV: generation, number and random of the end, or empty; then generation, number, random and text
 * of the frame; the id of its pages, and how many there are.
 */
export const BEGIN = `${LAST}
local isAsExpected = (not last and ARGV[2] == '') or
  (last and head[1] == ARGV[2] and head[2] == ARGV[3] and head[3] == ARGV[4])
if not isAsExpected then return 0 end
if head[5] then redis.call('EXPIRE', pagesOf(head[5]), ${SPARE_PAGES_SECONDS}) end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('XADD', KEYS[2], ARGV[6] .. '-0', 'random', ARGV[7], 'text', ARGV[8])
redis.call('HSET', KEYS[1], 'generation', ARGV[5], 'number', ARGV[6], 'random', ARGV[7],
  'checkpoint', ARGV[6], 'pagesId', ARGV[9], 'pages', ARGV[10])
${KEEP}
redis.call('EXPIRE', pagesOf(ARGV[9]), ${KEPT_SECONDS})
redis.call('PUBLISH', ARGV[1] .. ':framed', '')
return 1`;

/** ARGV: generation, number and random of the frame; the id of the pages, and how many. */
export const MOVE_CHECKPOINT = `${HEAD}
local entry = entryAt(ARGV[3])
if head[1] ~= ARGV[2] or tonumber(ARGV[3]) < tonumber(head[4]) then return 0 end
if not entry or entry[2][2] ~= ARGV[4] then return 0 end
redis.call('EXPIRE', pagesOf(head[5]), ${SPARE_PAGES_SECONDS})
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[3] .. '-0')
redis.call('HSET', KEYS[1], 'checkpoint', ARGV[3], 'pagesId', ARGV[5], 'pages', ARGV[6])
redis.call('EXPIRE', pagesOf(ARGV[5]), ${KEPT_SECONDS})
return 1`;

/** ARGV: the first number, or empty for that of the checkpoint; how many frames at most. */
export const READ = `${HEAD}
if not head[1] then return false end
local from = ARGV[2] == '' and head[4] or ARGV[2]
return {head[1], head[4], head[5], head[6],
  redis.call('XRANGE', KEYS[2], from .. '-0', '+', 'COUNT', ARGV[3])}`;

/** ARGV: the id of the pages, the index, the text. */
export const WRITE_PAGE = `
local pages = ARGV[1] .. ':pages:' .. ARGV[2]
redis.call('HSET', pages, ARGV[3], ARGV[4])
redis.call('EXPIRE', pages, ${SPARE_PAGES_SECONDS})`;
