import { type Instant, instant } from '../../../domain/base/instant.ts'
import type {
  KeptDelivery,
  LeasedDelivery,
  NewStory,
  NoticeKeeper,
  NoticeQueue,
  NoticeType,
  Outcome,
  QueueState,
  Taken,
} from '../../../ports/console/notices.ts'
import { NOTICE_BOUNDS, WAITED_TOO_LONG } from '../../sqlite/tables/notices/notice-bounds.ts'
import type { Ask, Connection } from '../connection.ts'

interface LeasedRow {
  readonly id: string
  readonly hook: string
  readonly host: string
  readonly type: NoticeType
  readonly subject: string
  readonly title: string
  readonly content_type: string
  readonly body: string
  readonly attempts: number
}

/** Of all gates that share the database: each delivery is tried by one of them, each story told by one. */
export function createNoticeQueue(connection: Connection): NoticeQueue {
  return {
    take: (stories, now) => takeAll(connection, stories, now),
    async lease(hook, now, limit) {
      const rows = await connection.ask<LeasedRow>(
        'notices could not be read',
        `update notice_deliveries set attempts = attempts + 1, due = $1 where number in (
           select number from notice_deliveries where not dead and hook = $2 and due <= $3
           order by rank, due, number limit $4 for update skip locked)
         returning id, hook, host, type, subject, title, content_type, body, attempts`,
        [now + NOTICE_BOUNDS.lease, hook, now, limit],
      )
      return rows.map(leasedOf)
    },
    async settle({ id, attempts }, outcome) {
      const [text, values] = settling(id, attempts, outcome)
      await connection.ask('what became of a notice could not be written down', text, values)
    },
    async stop(hook, now, why) {
      return await connection.transaction('a webhook could not be stopped', async ask => {
        await ask('insert into notice_stops (hook, at, why) values ($1, $2, $3) on conflict do nothing', [
          hook,
          now,
          why,
        ])
        const killed = await ask(
          'update notice_deliveries set dead = true, due = $1, why = $2 where not dead and hook = $3 returning 1',
          [now, why, hook],
        )
        return killed.length
      })
    },
    async tidy(now) {
      await connection.transaction('notices that are too old could not be let go of', ask => tidy(ask, now))
    },
    async state() {
      const rows = await connection.ask<{ host: string; waiting: number; dead: number; oldest: number | null }>(
        'notices could not be counted',
        `select host, count(*) filter (where not dead) as waiting, count(*) filter (where dead) as dead,
           min(queued) filter (where not dead) as oldest from notice_deliveries group by host order by host`,
      )
      return rows.map(
        ({ oldest, ...row }): QueueState => ({ ...row, oldest: oldest === null ? undefined : instant(oldest) }),
      )
    },
  }
}

/** In the order of their keys, so that two gates that tell the same do not wait for each other in a circle. */
async function takeAll(connection: Connection, stories: readonly NewStory[], now: Instant): Promise<readonly Taken[]> {
  const taken = new Map<NewStory, Taken>()
  await connection.transaction('a notice could not be written down', async ask => {
    const [counts] = await ask<{ waiting: number; stories: number }>(
      `select (select count(*) from notice_deliveries where not dead) as waiting,
         (select count(*) from notice_stories) as stories`,
    )
    const room = { waiting: counts?.waiting ?? 0, stories: counts?.stories ?? 0 }
    for (const story of stories.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
      taken.set(story, await take(ask, { story, now, room }))
  })
  return stories.map(story => taken.get(story) ?? 'no-room')
}

interface Taking {
  readonly story: NewStory
  readonly now: Instant
  readonly room: { waiting: number; stories: number }
}

async function take(ask: Ask, { story, now, room }: Taking): Promise<Taken> {
  const { key, until, kind, deliveries } = story
  const most = kind === 'rare' ? NOTICE_BOUNDS.waiting : NOTICE_BOUNDS.many
  const isFull = room.waiting + deliveries.length > most || (kind === 'many' && room.stories >= NOTICE_BOUNDS.stories)
  if (isFull) {
    const told = await ask('select 1 from notice_stories where story = $1 and until > $2', [key, now])
    return told.length > 0 ? 'told' : 'no-room'
  }
  const fresh = await ask(
    `insert into notice_stories as told (story, until) values ($1, $2)
     on conflict (story) do update set until = excluded.until where told.until <= $3 returning 1`,
    [key, until, now],
  )
  if (fresh.length === 0) return 'told'
  for (const { id, hook, host, type, subject, title, contentType, body } of deliveries)
    await ask(
      `insert into notice_deliveries
         (id, hook, host, type, subject, title, content_type, body, rank, queued, due, dead, why)
       select $1, $2, $3, $4, $5, $6, $7, $8, $9::integer, $10::bigint, $10::bigint, stop.why is not null, stop.why
       from (select 1) as one left join notice_stops as stop on stop.hook = $2`,
      [id, hook, host, type, subject, title, contentType, body, kind === 'rare' ? 0 : 1, now],
    )
  room.waiting += deliveries.length
  room.stories += 1
  return 'taken'
}

function settling(id: string, attempts: number, outcome: Outcome): readonly [string, readonly unknown[]] {
  const own = 'where id = $1 and attempts = $2 and not dead'
  switch (outcome.kind) {
    case 'delivered':
      return ['delete from notice_deliveries where id = $1', [id]]
    case 'again':
      return [`update notice_deliveries set due = $3, why = $4 ${own}`, [id, attempts, outcome.due, outcome.why]]
    case 'dead':
      return [
        `update notice_deliveries set dead = true, due = $3, why = $4 ${own}`,
        [id, attempts, outcome.at, outcome.why],
      ]
    case 'released':
      return [`update notice_deliveries set due = $3, attempts = attempts - 1 ${own}`, [id, attempts, outcome.due]]
    default:
      return outcome satisfies never
  }
}

async function tidy(ask: Ask, now: Instant): Promise<void> {
  await ask('delete from notice_stories where until <= $1', [now])
  await ask('update notice_deliveries set dead = true, due = $1, why = $2 where not dead and queued < $3', [
    now,
    WAITED_TOO_LONG,
    now - NOTICE_BOUNDS.waits,
  ])
  await ask('delete from notice_deliveries where dead and due < $1', [now - NOTICE_BOUNDS.keeps])
  await ask(
    `delete from notice_deliveries where number in
       (select number from notice_deliveries where dead order by due desc, number desc offset $1)`,
    [NOTICE_BOUNDS.dead],
  )
}

function leasedOf({ content_type: contentType, ...row }: LeasedRow): LeasedDelivery {
  return { ...row, contentType }
}

interface KeptRow extends Omit<KeptDelivery, 'state' | 'why'> {
  readonly dead: boolean
  readonly why: string | null
}

/** For commands, which have the database for a moment. */
export function createNoticeKeeper(connection: Connection): NoticeKeeper {
  const what = 'the notices could not be read or written'
  return {
    async list() {
      const rows = await connection.ask<KeptRow>(
        what,
        'select id, host, type, subject, title, attempts, queued, due as at, dead, why from notice_deliveries order by number',
      )
      return rows.map(({ dead, why, ...row }) => ({ ...row, state: dead ? 'dead' : 'waiting', why: why ?? undefined }))
    },
    async retry(ids, now) {
      return await connection.transaction(what, async ask => {
        const found = await ask<{ id: string; hook: string }>(
          `update notice_deliveries set dead = false, attempts = 0, due = $1, queued = $1, why = null
           where dead and ($2::text[] is null or id = any($2)) returning id, hook`,
          [now, ids === 'all' ? null : ids],
        )
        await ask('delete from notice_stops where hook = any($1)', [found.map(({ hook }) => hook)])
        return found.map(({ id }) => id)
      })
    },
  }
}
