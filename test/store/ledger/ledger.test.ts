// guards: src/store/ledger/ledger-worker.ts src/store/ledger/open-engine.ts
import { dirname, join } from 'node:path'
import t from 'tap'
import type { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { openLedger } from '../../../src/store/ledger/ledger.ts'
import { diskSubject } from '../stores.ts'
import { ENTRY } from '../written.ts'

const PAGE = { limit: 10 }

const ownOf = (database: string): string => join(dirname(database), 'ledger.sqlite')

t.test('what a gate writes down is told from another thread while it goes on writing', async t => {
  const { store, file } = await diskSubject(t)
  const ledger = openLedger({ journal: { sqlite: file }, file: ownOf(file) })
  t.teardown(async () => await ledger.close())
  t.strictSame(await ledger.journal({}, PAGE), { rows: [], next: undefined })
  store.journal.record(ENTRY)
  await store.journal.flush()
  const { rows } = await ledger.journal({}, PAGE)
  t.strictSame(rows, [{ ...ENTRY, trustDigest: ENTRY.trustDigest, count: 1, id: '1' }])
  store.journal.record({ ...ENTRY, at: instant(ENTRY.at + 5_000), outcome: 'refused', code: 'unattested' })
  await store.journal.flush()
  for (let rows: readonly unknown[] = []; rows.length < 1; ) {
    ;({ rows } = await ledger.refusals({}, PAGE))
    if (rows.length > 0) t.match(rows, [{ code: 'unattested', requests: 1 }])
  }
  t.strictSame(await ledger.coverage(), { since: undefined })
})

t.test('a bad request comes back as one', async t => {
  const { file } = await diskSubject(t)
  const ledger = openLedger({ journal: { sqlite: file }, file: ownOf(file) })
  await t.rejects(ledger.journal({}, { limit: 10, cursor: 'x' }), { name: 'GateError', code: 'bad-request' })
  await ledger.close()
  await t.rejects(
    ledger.journal({}, PAGE),
    { code: 'unknown-store' },
    'and none is answered any more when it is closed',
  )
})

t.test('a journal that is not there cannot be told of, until it is', async t => {
  const database = join(t.testdir(), 'portcullis.sqlite')
  const ledger = openLedger({ journal: { sqlite: database }, file: ownOf(database) })
  await t.rejects(ledger.journal({}, PAGE), { code: 'unknown-store' })
  await ledger.close()
})

t.test('more questions than may wait are answered with a 503, those that are equal are asked once', async t => {
  const ledger = openLedger({
    journal: { sqlite: '/nowhere' },
    file: '/nowhere',
    most: 2,
    workerUrl: new URL('./slow-ledger-worker.ts', import.meta.url),
  })
  t.teardown(async () => await ledger.close())
  const told = await Promise.allSettled([1, 2, 3, 3, 4, 5].map(async limit => await ledger.journal({}, { limit })))
  t.strictSame(
    told.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  t.match(told[4], { reason: { code: 'unknown-overloaded' } })
  t.strictSame(told[2], told[3])
})

t.test('a thread that hangs, or dies, fails one question and no other', async t => {
  const ledger = openLedger({
    journal: { sqlite: '/nowhere' },
    file: '/nowhere',
    hangsAfterMs: 1_500,
    workerUrl: new URL('./slow-ledger-worker.ts', import.meta.url),
  })
  t.teardown(async () => await ledger.close())
  const failure = async (project: string): Promise<string> =>
    await ledger.journal({ project }, PAGE).then(
      () => 'answered',
      (error: GateError) => error.code,
    )
  t.strictSame(await Promise.all(['hang', 'fine'].map(failure)), ['unknown-store', 'answered'])
  t.strictSame(await Promise.all(['die', 'fine'].map(failure)), ['unknown-store', 'answered'])
})
