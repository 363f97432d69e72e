import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { createWriteBehind, type Pending, type WriteBehind } from '../../../src/store/sqlite/write-behind.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { until } from '../../world/until.ts'

interface Desk {
  readonly database: Database.Database
  readonly writes: WriteBehind
  readonly commits: () => number
  readonly written: () => number
}

function open(t: Test): Desk {
  let commits = 0
  const verbose = (statement: unknown): void => {
    if (String(statement) === 'commit') commits += 1
  }
  const database = new Database(':memory:', { verbose })
  database.exec('create table rows (row integer primary key)')
  const count = database.prepare<[], number>('select count(*) from rows').pluck()
  const writes = createWriteBehind({ database, events: { emit: () => {} }, failed: () => {} })
  t.teardown(() => {
    writes.close()
    database.close()
  })
  return { database, writes, commits: () => commits, written: () => count.get() ?? 0 }
}

/** Rows that wait, as memories of projects do. */
function manyRows({ database }: Desk, rows: number, spoilt = -1): Pending & { readonly left: () => number } {
  const insert = database.prepare<[number]>('insert into rows (row) values (?)')
  const waiting = Array.from({ length: rows }, (_, row) => row)
  let spoil = spoilt
  return {
    inPieces: true,
    left: () => waiting.length,
    size: () => waiting.length,
    write(limit, written) {
      const piece = waiting.slice(written, written + limit)
      for (const row of piece) {
        if (row === spoil) {
          spoil = -1
          throw new Error('the disk is full')
        }
        insert.run(row)
      }
      return () => void waiting.splice(0, piece.length)
    },
  }
}

async function settled({ left }: { readonly left: () => number }): Promise<number> {
  let turns = 0
  for (; left() > 0; turns += 1) await turn()
  return turns
}

t.test('thousands of rows are one transaction, in pieces between which others have their turn', async t => {
  // a transaction ends when it took long, which on a machine that stands still is early
  await inAnyRound(
    t,
    'one or two transactions, where each piece was one',
    async () => {
      const desk = open(t)
      const rows = manyRows(desk, 4_000)
      desk.writes.add(rows)
      desk.writes.due()
      const turns = await settled(rows)
      t.ok(turns > 4, 'no piece has all of them')
      t.equal(desk.written(), 4_000)
      return { commits: desk.commits() }
    },
    ({ commits }) => commits <= 2,
  )
})

t.test('a transaction does not grow without end', async t => {
  const desk = open(t)
  const rows = manyRows(desk, 12_000)
  desk.writes.add(rows)
  desk.writes.due()
  await settled(rows)
  t.ok(desk.commits() >= 2)
  t.equal(desk.written(), 12_000)
})

t.test(
  'where a later piece cannot be written, nothing of the transaction is forgotten, and all of it is written again',
  async t => {
    const desk = open(t)
    const rows = manyRows(desk, 2_000, 1_500)
    desk.writes.add(rows)
    desk.writes.due()
    while (!isFailing(desk)) await delay(5)
    t.equal(rows.left(), 2_000)
    t.equal(desk.written(), 0)
    desk.writes.flush()
    t.equal(rows.left(), 0)
    t.equal(desk.written(), 2_000)
  },
)

t.test('whoever wants everything written does not wait for the pieces', async t => {
  const desk = open(t)
  const rows = manyRows(desk, 4_000)
  desk.writes.add(rows)
  desk.writes.due()
  while (!desk.database.inTransaction) await turn()
  desk.writes.flush()
  t.equal(rows.left(), 0)
  t.notOk(desk.database.inTransaction)
})

t.test('what is much is written at once, what is little within half a second', async t => {
  const desk = open(t)
  const rows = manyRows(desk, 10)
  desk.writes.add(rows)
  desk.writes.due()
  await delay(50)
  t.equal(rows.left(), 10)
  desk.writes.hurry()
  await until('they are written', () => rows.left() === 0)
})

function isFailing({ writes }: Desk): boolean {
  try {
    writes.assertWriting()
    return false
  } catch {
    return true
  }
}
