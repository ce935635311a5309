import { delayedDue, notPlain } from './turns.ts';

/**
 * What BullMQ 6.7.0 does for one job in `addStandardJob`, `moveToFinished` and `moveToActive`, here for many in one call.
 * Keys, fields and events are exactly BullMQ's; what is not plain is left to its own scripts. `test/contract/gathering.ts`
 * compares what both leave in Redis.
 */
export interface RedisScript {
  readonly name: string;
  /** The queue's keys that it is given, by BullMQ's names for them. */
  readonly keys: readonly string[];
  readonly lua: string;
}

/** Arguments of `addMany` for one job, in order. */
const addFields = 5;

/**
 * Adds plain jobs: no delay, priority, parent or deduplication.
 *
 * ARGV prefix, number of jobs, then for each: id ('' to count one up), name, data, opts, timestamp.
 * Gives the ids in order. An id that exists keeps its job.
 */
export const addMany: RedisScript = {
  name: 'millraceAddMany',
  keys: ['wait', 'meta', 'id', 'active', 'events', 'marker'],
  lua: `
local rcall = redis.call
local waitKey, metaKey, idKey, activeKey, eventsKey, markerKey = unpack(KEYS)
local prefix, count = ARGV[1], tonumber(ARGV[2])

local meta = rcall('HMGET', metaKey, 'opts.maxLenEvents', 'paused', 'concurrency')
local maxEvents = meta[1]
if not maxEvents then
  maxEvents = 10000
  rcall('HSET', metaKey, 'opts.maxLenEvents', maxEvents)
end

-- BullMQ counts on for jobs with an id of their own as well.
local counter = rcall('INCRBY', idKey, count) - count
local ids, added = {}, {}
for i = 1, count do
  local at = 3 + (i - 1) * ${addFields}
  local id, name = ARGV[at], ARGV[at + 1]
  local chosen = id ~= ''
  if not chosen then id = string.format('%d', counter + i) end
  ids[i] = id
  if chosen and rcall('EXISTS', prefix .. id) == 1 then
    rcall('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', 'duplicated', 'jobId', id)
  else
    rcall('HSET', prefix .. id, 'name', name, 'data', ARGV[at + 2], 'opts', ARGV[at + 3],
      'timestamp', ARGV[at + 4], 'delay', 0, 'priority', 0)
    rcall('XADD', eventsKey, '*', 'event', 'added', 'jobId', id, 'name', name)
    rcall('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', 'waiting', 'jobId', id)
    added[#added + 1] = id
  end
end

if #added > 0 then
  -- unpack takes no more than some thousands.
  for from = 1, #added, 5000 do
    rcall('LPUSH', waitKey, unpack(added, from, math.min(#added, from + 4999)))
  end
  local full = meta[3] and rcall('LLEN', activeKey) >= tonumber(meta[3])
  if not meta[2] and not full then rcall('ZADD', markerKey, 0, '0') end
end
return ids
`,
};

/** Arguments of `finishAndTake` for one call, in order. */
const finishFields = 4;

/**
 * Completes jobs and takes others for those who ask, in that order.
 *
 * ARGV prefix, now (ms), lock duration (ms), worker's name, age (s) and count to keep ('' for no bound), number of calls,
 * then for each: id of the job to complete ('' for none), token, result as JSON, '1' to take another.
 * Gives: for each call 0 or notPlain; the taken jobs, each with the index of its call, its
 * fields and its id; 0, notPlain or delayedDue for those who got none; when the next delayed job is due (ms) or 0.
 */
export const finishAndTake: RedisScript = {
  name: 'millraceFinishAndTake',
  keys: [
    'wait',
    'active',
    'prioritized',
    'events',
    'stalled',
    'delayed',
    'meta',
    'pc',
    'completed',
    'marker',
  ],
  lua: `
local rcall = redis.call
local waitKey, activeKey, prioritizedKey, eventsKey, stalledKey, delayedKey, metaKey, pcKey, completedKey, markerKey =
  unpack(KEYS)
local prefix, now, lockMs, worker, keepAge, keepCount, count = unpack(ARGV, 1, 7)
count = tonumber(count)

local meta = rcall('HMGET', metaKey, 'paused', 'concurrency', 'max', 'opts.maxLenEvents')

local codes, finished, locks, ranked, takers = {}, {}, {}, {}, {}
for i = 1, count do
  local at = 8 + (i - 1) * ${finishFields}
  local id, token = ARGV[at], ARGV[at + 1]
  codes[i] = 0
  if id ~= '' then
    local jobKey = prefix .. id
    local job = rcall('HMGET', jobKey, 'name', 'atm', 'parentKey', 'deid')
    local lock = rcall('GET', jobKey .. ':lock')
    if not job[1] or job[3] or job[4] or lock ~= token
      or rcall('EXISTS', jobKey .. ':dependencies', jobKey .. ':unsuccessful') > 0
      or rcall('LREM', activeKey, -1, id) == 0 then
      codes[i] = ${notPlain}
    else
      finished[#finished + 1] = i
      locks[#locks + 1] = jobKey .. ':lock'
      ranked[#ranked + 1] = now
      ranked[#ranked + 1] = id
      rcall('HSET', jobKey, 'atm', (tonumber(job[2]) or 0) + 1, 'returnvalue', ARGV[at + 2], 'finishedOn', now)
    end
  end
  if codes[i] == 0 and ARGV[at + 3] == '1' then takers[#takers + 1] = i end
end

if #finished > 0 then
  local ids = {}
  for n, i in ipairs(finished) do ids[n] = ARGV[8 + (i - 1) * ${finishFields}] end
  rcall('DEL', unpack(locks))
  rcall('SREM', stalledKey, unpack(ids))
  rcall('ZADD', completedKey, unpack(ranked))

  -- Before this call's own events, so that it trims none of them.
  local maxEvents = meta[4]
  if not maxEvents then
    maxEvents = 10000
    rcall('HSET', metaKey, 'opts.maxLenEvents', maxEvents)
  end
  rcall('XTRIM', eventsKey, 'MAXLEN', '~', maxEvents)
  for n, i in ipairs(finished) do
    rcall('XADD', eventsKey, '*', 'event', 'completed', 'jobId', ids[n],
      'returnvalue', ARGV[8 + (i - 1) * ${finishFields} + 2], 'prev', 'active')
  end

  -- A completed job has told its parent, if it had one, so that nothing but its keys is left of it.
  local function remove(old)
    for _, id in ipairs(old) do
      local jobKey = prefix .. id
      rcall('DEL', jobKey, jobKey .. ':logs', jobKey .. ':dependencies', jobKey .. ':processed',
        jobKey .. ':failed', jobKey .. ':unsuccessful')
    end
    if #old > 0 then rcall('ZREM', completedKey, unpack(old)) end
  end
  if keepAge ~= '' then
    local oldest = now - keepAge * 1000
    remove(rcall('ZREVRANGEBYSCORE', completedKey, oldest, '-inf', 'LIMIT', 0, 1000))
  end
  if keepCount ~= '' then
    local old
    repeat
      old = rcall('ZREVRANGE', completedKey, keepCount, keepCount + 999)
      remove(old)
    until #old < 1000
  end
end

local taken, state, nextDelayed = {}, 0, 0
if #takers > 0 then
  if meta[1] or meta[2] or meta[3] then
    state = ${notPlain}
  elseif #rcall('ZRANGEBYSCORE', delayedKey, 0, (now + 1) * 0x1000 - 1, 'LIMIT', 0, 1) > 0 then
    state = ${delayedDue}
  else
    for _, i in ipairs(takers) do
      local id = rcall('RPOPLPUSH', waitKey, activeKey)
      if not id then
        id = rcall('ZPOPMIN', prioritizedKey)[1]
        if not id then
          rcall('DEL', pcKey)
          break
        end
        rcall('LPUSH', activeKey, id)
      end
      local jobKey = prefix .. id
      rcall('SET', jobKey .. ':lock', ARGV[8 + (i - 1) * ${finishFields} + 1], 'PX', lockMs)
      rcall('XADD', eventsKey, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
      if worker == '' then
        rcall('HSET', jobKey, 'processedOn', now)
      else
        rcall('HSET', jobKey, 'processedOn', now, 'pb', worker)
      end
      rcall('HINCRBY', jobKey, 'ats', 1)
      taken[#taken + 1] = { i, rcall('HGETALL', jobKey), id }
    end
    if #taken > 0 then rcall('ZADD', markerKey, 0, '0') end
    if #taken < #takers then
      local due = rcall('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')[2]
      if due then nextDelayed = math.floor(tonumber(due) / 0x1000) end
    end
  end
end

if #finished > 0 and #taken == 0 and state == 0 and nextDelayed == 0
  and rcall('LLEN', waitKey) == 0 and rcall('LLEN', activeKey) == 0 and rcall('ZCARD', prioritizedKey) == 0 then
  rcall('XADD', eventsKey, '*', 'event', 'drained')
end
return { codes, taken, state, nextDelayed }
`,
};
