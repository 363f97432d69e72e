// guards: src/store/ledger/shelves/admissions.ts src/store/ledger/shelves/block.ts src/store/ledger/shelves/entry.ts
// guards: src/store/ledger/shelves/shelf.ts src/store/ledger/shelves/shelves.ts
// guards: src/store/ledger/questions/download-sums.ts src/store/ledger/questions/downloads.ts
import assert from 'node:assert/strict'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { JournalFilter } from '../../../src/ports/console/ledger.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import type { Engine } from '../../../src/store/ledger/engine.ts'
import { allPages } from './ledger-conformance.ts'
import { downloadsOf, type ThereRow } from './naive-ledger.ts'
import { folders, type LedgerSubject, sqliteSubject } from './subjects.ts'

const START = Date.UTC(2026, 0, 30)
const STEP = 61_003

/** `late`: how much older it is than those before it, ms */
type RandomRow = JournalRow & { readonly late: number }

/** Few of most, so that many are the same, and many clients, so that many are not. */
const row = fc
  .record({
    project: fc.constantFrom('alpha', 'beta'),
    version: fc.nat(1),
    sha256: fc.constantFrom('a'.repeat(64), undefined),
    code: fc.constantFrom('attestation', 'exemption', 'audit:unattested', 'unattested', 'serial'),
    rule: fc.constantFrom('r1', 'r2', undefined),
    signer: fc.constantFrom('acme', 'other', undefined),
    subject: fc.constantFrom('token:ci', undefined),
    index: fc.constantFrom('ml', undefined),
    client: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.nat(400)),
    count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 ** 40 })),
    late: fc.oneof(fc.constant(0), fc.nat(5 * STEP)),
  })
  .map(
    ({ version, signer, client, subject, index, code, late, ...its }): RandomRow => ({
      ...its,
      late,
      at: instant(0),
      code,
      filename: `${its.project}-${version}.whl`,
      outcome: code === 'serial' ? 'forgotten' : code === 'unattested' ? 'refused' : 'admitted',
      identity:
        signer === undefined
          ? undefined
          : { issuer: 'https://issuer.example', san: signer, repository: signer, workflow: undefined, ref: undefined },
      policyDigest: 'p',
      trustDigest: undefined,
      client: `10.0.${client >> 8}.${client & 255}`,
      ...(subject === undefined ? {} : { subject }),
      ...(index === undefined ? {} : { index }),
    }),
  )

const time = (most: number) => fc.integer({ min: 0, max: most }).map(steps => instant(START + steps * STEP))
/** With two keys at most. */
const filter = (most: number): fc.Arbitrary<JournalFilter> => {
  const whole = fc.record({
    project: fc.constantFrom('alpha', 'beta'),
    subject: fc.constantFrom('token:ci', ''),
    filename: fc.constantFrom('alpha-1.whl', 'beta-0.whl'),
    client: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    index: fc.constantFrom('ml', ''),
    sha256: fc.constantFrom('a'.repeat(64), ''),
    rule: fc.constantFrom('r1', ''),
    code: fc.constantFrom('exemption', 'attestation'),
    identity: fc.constantFrom('acme', 'issuer'),
    kind: fc.constantFrom('attested' as const, 'watched' as const),
    since: time(most),
    until: time(most),
  })
  return fc
    .tuple(whole, fc.uniqueArray(fc.nat(11), { maxLength: 2 }))
    .map(([all, chosen]) => Object.fromEntries(Object.entries(all).filter((_, place) => chosen.includes(place))))
}

const plays = fc.record({
  rows: fc.array(row, { minLength: 150, maxLength: 250 }),
  later: fc.array(row, { minLength: 1, maxLength: 90 }),
  filters: fc.array(filter(250), { minLength: 5, maxLength: 5 }),
  limit: fc.integer({ min: 1, max: 60 }),
  block: fc.integer({ min: 1, max: 700 }),
  goes: fc.integer({ min: 0, max: 18 }).map(twentieths => twentieths / 20),
})

const next = folders(t)

/** A journal and a ledger over it, whose shelves are small: three segments of sixteen rows together, by blocks of so many bytes. */
class Play {
  readonly folder: string
  readonly #subject: LedgerSubject
  #engine: Engine
  #now = 0
  #rows: readonly ThereRow[] = []

  private constructor(folder: string, subject: LedgerSubject) {
    this.folder = folder
    this.#subject = subject
    this.#engine = this.#opened()
  }

  static async begin(t: Test, block: number): Promise<Play> {
    const folder = next()
    return new Play(folder, await sqliteSubject(t, folder, { together: 3, block }))
  }

  #opened(): Engine {
    return this.#subject.open({ clock: () => START + 1e12, elapsed: () => this.#now, segment: 16 })
  }

  async write(rows: readonly RandomRow[]): Promise<void> {
    const begins = this.#rows.at(-1)?.id ?? 0
    const added = rows.map(({ late, ...its }, place) => ({
      ...its,
      at: instant(START + (begins + place) * STEP - late),
    }))
    const ids = await this.#subject.add(added)
    this.#rows = [...this.#rows, ...added.map((its, place) => ({ ...its, id: ids[place] ?? 0 }))]
    this.#now += 2_000
  }

  /** That part of the rows goes, by their ids, then as much by their times. */
  async drop(part: number): Promise<void> {
    const first = this.#rows[Math.floor(part * this.#rows.length)]?.id ?? 0
    await this.#subject.dropBefore(first)
    this.#rows = this.#rows.filter(({ id }) => id >= first)
    const times = this.#rows.map(({ at }) => at).sort((one, other) => one - other)
    const oldest = times[Math.floor(part * times.length)] ?? 0
    await this.#subject.dropOlder(oldest)
    this.#rows = this.#rows.filter(({ at }) => at >= oldest)
    this.#now += 2_000
  }

  /** Until all whole segments are in the file. */
  async settle(): Promise<void> {
    await this.#engine.coverage()
    this.#now += 400_000
    await this.#engine.coverage()
    while (await this.#engine.step());
  }

  async reopen(): Promise<void> {
    await this.close()
    this.#engine = this.#opened()
  }

  async close(): Promise<void> {
    await this.#engine.close()
  }

  /** A list that is begun, and goes on after `meanwhile`, is of what there was. */
  async compareBegun(limit: number, meanwhile: () => Promise<void>): Promise<void> {
    const all = downloadsOf(this.#rows, {})
    const first = await this.#engine.downloads({}, { limit })
    await meanwhile()
    const rest =
      first.next === undefined
        ? []
        : await allPages(async ({ cursor = first.next }) => await this.#engine.downloads({}, { limit, cursor }), limit)
    assert.deepEqual([...first.rows, ...rest], all)
  }

  /** How many rows it has; asked again while the answer was cut short, as it may be where time is short. */
  async secondPage(limit: number): Promise<number> {
    const { next: cursor } = await this.#engine.downloads({}, { limit })
    let most = 0
    for (let time = 0; time < 3; time += 1)
      most = Math.max(most, (await this.#engine.downloads({}, { limit, cursor })).rows.length)
    return most
  }

  async compare(filters: readonly JournalFilter[], limit: number): Promise<void> {
    for (const one of filters)
      assert.deepEqual(
        await allPages(async page => await this.#engine.downloads(one, page), limit),
        downloadsOf(this.#rows, one),
      )
  }
}

/** Of how many segments each shelf of the file is, the least first. */
function shelvesIn(folder: string): readonly number[] {
  const database = new Database(join(folder, 'ledger.sqlite'), { readonly: true })
  const sizes = database.prepare<[], number>('select json_array_length(segments) from shelves order by 1').pluck()
  try {
    return sizes.all()
  } finally {
    database.close()
  }
}

t.test('who got what is the same by the shelves as by every row', async () => {
  const property = fc.asyncProperty(plays, async ({ rows, later, filters, limit, block, goes }) => {
    const play = await Play.begin(t, block)
    await play.write(rows)
    await play.settle()
    await play.compare(filters, limit)
    await play.compareBegun(limit, async () => {
      await play.write(later)
      await play.compare(filters, limit)
      await play.settle()
    })
    await play.reopen()
    await play.settle()
    await play.compare(filters, limit)
    await play.drop(goes)
    await play.compare([{}, ...filters], limit)
    await play.close()
  })
  await fc.assert(property, { numRuns: 15, endOnFailure: true })
})

t.test('shelves of one segment are put together, and go with the last of their segments', async t => {
  const play = await Play.begin(t, 100)
  await play.write(fc.sample(row, 16 * 11))
  await play.settle()
  t.strictSame(shelvesIn(play.folder), [1, 1, 3, 3, 3])
  await play.drop(0.5)
  await play.compare([{}, { project: 'beta' }], 50)
  t.ok(shelvesIn(play.folder).length < 5)
  await play.close()
})

t.test('a file that has no shelves yet is made again', async t => {
  const play = await Play.begin(t, 100)
  await play.write(fc.sample(row, 16 * 5))
  await play.settle()
  await play.close()
  const database = new Database(join(play.folder, 'ledger.sqlite'))
  database.exec('drop table shelves; drop table shelf_blocks')
  database.pragma('user_version = 2')
  database.close()
  await play.reopen()
  await play.settle()
  await play.compare([{}, { project: 'alpha' }], 50)
  t.strictSame(shelvesIn(play.folder), [1, 1, 3])
  await play.close()
})

t.test('a page is full, though most of what it meets stood on the one before', async t => {
  const play = await Play.begin(t, 100)
  const [one] = fc.sample(row, 1).map(its => ({ ...its, outcome: 'admitted' as const, late: 0 }))
  if (one === undefined) return
  const once = ['2', '3', '4', '5'].map(client => ({ ...one, client }))
  const often = Array.from({ length: 50 }, (_, place) => ({ ...one, client: `${6 + (place % 4)}` }))
  await play.write([...once, ...often])
  await play.settle()
  t.equal(await play.secondPage(4), 4)
  await play.close()
})
