import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Test } from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import type { Identity } from '../../../src/domain/identity/attestation.ts'
import type { GroupFilter, JournalFilter, Ledger, LedgerPage, LedgerRows } from '../../../src/ports/console/ledger.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import type { Engine } from '../../../src/store/ledger/engine.ts'
import type { ThereRow } from './naive-ledger.ts'
import * as naive from './naive-ledger.ts'
import type { LedgerSubject } from './subjects.ts'

const START = Date.UTC(2026, 0, 30, 11)
/** Between two rows, ms: forty minutes and a bit, so that they span hours, days and months. */
const STEP = 2_500_003
const COMMIT = '0123456789abcdef0123456789abcdef01234567'

const OTHER_COMMIT = 'f'.repeat(40)

/** One that names a ref, one that names a commit in its place, and one that tells both. */
const IDENTITIES: readonly Identity[] = [{ ref: 'v1' }, { ref: COMMIT }, { ref: 'v1', commit: OTHER_COMMIT }].map(
  ({ ref, commit }) => ({
    issuer: 'https://token.actions.example',
    san: `https://forge.example/Acme/app/.github/workflows/release.yml@${ref}`,
    repository: 'Acme/app',
    workflow: 'release.yml',
    ref: ref === COMMIT ? undefined : ref,
    ...(commit === undefined ? {} : { commit }),
  }),
)

const PROJECTS = ['alpha', 'beta', 'gamma-ray']
const POOLS = {
  project: PROJECTS,
  filename: ['alpha-1.whl', 'alpha-2.whl', 'beta-1.tar.gz', 'gamma_ray-1.whl'],
  sha256: ['a'.repeat(64), 'b'.repeat(64)],
  code: ['attestation', 'exemption', 'audit:unattested', 'audit:too-young', 'unattested', 'too-young'],
  rule: ['r1', 'r2'],
  subject: ['token:ci', 'anonymous'],
  index: ['main', 'ml'],
  source: ['acme', 'pypi'],
  client: ['10.0.0.1', '10.0.0.2'],
}

const maybe = <Value>(values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 })

const entry = fc
  .record({
    filename: fc.constantFrom(...POOLS.filename),
    project: fc.constantFrom(...POOLS.project),
    sha256: maybe(POOLS.sha256),
    verdict: fc.constantFrom(
      ...POOLS.code.map(
        code => [code.startsWith('audit:') || /^[ae]/.test(code) ? 'admitted' : 'refused', code] as const,
      ),
      ['forgotten', 'serial'] as const,
    ),
    rule: maybe(POOLS.rule),
    identity: maybe(IDENTITIES),
    client: fc.constantFrom(...POOLS.client),
    subject: maybe(POOLS.subject),
    index: maybe(POOLS.index),
    source: maybe(POOLS.source),
    count: fc.integer({ min: 1, max: 4 }),
    // clocks of several gates, and rows that waited
    jitter: fc.integer({ min: 0, max: 3 * STEP }),
  })
  .map(({ verdict: [outcome, code], jitter, subject, index, source, ...row }) => ({
    jitter,
    row: {
      ...row,
      outcome,
      code,
      policyDigest: 'p',
      trustDigest: undefined,
      ...(subject === undefined ? {} : { subject }),
      ...(index === undefined ? {} : { index }),
      ...(source === undefined ? {} : { source }),
    },
  }))

type Deed =
  | {
      readonly kind: 'add'
      readonly entries: readonly { readonly jitter: number; readonly row: Omit<JournalRow, 'at'> }[]
    }
  | { readonly kind: 'recount'; readonly which: number; readonly count: number }
  | { readonly kind: 'drop-ids' | 'drop-times'; readonly part: number }
  | { readonly kind: 'wait' | 'step' | 'reopen' }

// as doubles come at random, nearly all are next to nothing
const part = fc.integer({ min: 0, max: 10 }).map(twentieths => twentieths / 20)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('recount' as const),
      which: fc.nat(),
      count: fc.integer({ min: 5, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('drop-ids' as const, 'drop-times' as const), part }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('wait' as const, 'step' as const, 'step' as const, 'reopen' as const),
    }),
  },
)

const equal = Object.fromEntries(
  Object.entries(POOLS).map(([name, values]) => [
    name,
    maybe([...values, ...(['sha256', 'rule', 'subject', 'index', 'source'].includes(name) ? [''] : []), 'nowhere']),
  ]),
) as Record<keyof typeof POOLS, fc.Arbitrary<string | undefined>>
const time = fc.integer({ min: 0, max: 150 }).map(steps => instant(START + steps * STEP))

/** Each with few keys. */
const filter: fc.Arbitrary<JournalFilter> = fc
  .tuple(
    fc.record({
      ...equal,
      outcome: maybe(['admitted', 'refused', 'forgotten'] as const),
      identity: maybe(['acme/APP', 'release.yml', 'nobody']),
      commit: maybe([COMMIT, OTHER_COMMIT, '0'.repeat(40)]),
      kind: maybe(['attested', 'watched'] as const),
      since: fc.option(time, { nil: undefined }),
      until: fc.option(time, { nil: undefined }),
    }),
    fc.infiniteStream(fc.nat(4)),
  )
  .map(([whole, choice]) => chosen(whole, choice))

function chosen(whole: object, choice: Iterator<number>): JournalFilter {
  const keys = Object.entries(whole).filter(([, value]) => value !== undefined)
  return Object.fromEntries(keys.filter(() => choice.next().value === 0))
}

/** Every page of a list. */
export async function allPages<Row>(
  ask: (page: LedgerPage) => Promise<LedgerRows<Row>>,
  limit: number,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let cursor: string | undefined; ; ) {
    const page: LedgerRows<Row> = await ask({ limit, cursor })
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    cursor = page.next
  }
}

/** A journal as the test knows it, and the ledger over the real one. */
class Play {
  readonly #subject: LedgerSubject
  #now = 0
  #engine: Engine
  #rows: readonly ThereRow[] = []
  /** ids that may be counted up still, since the ledger saw the others */
  #open: readonly number[] = []
  #steps = 0

  private constructor(subject: LedgerSubject) {
    this.#subject = subject
    this.#engine = this.#opened()
  }

  static async begin(subject: LedgerSubject): Promise<Play> {
    const play = new Play(subject)
    await play.ledger.coverage()
    return play
  }

  get ledger(): Ledger {
    return this.#engine
  }
  get rows(): readonly ThereRow[] {
    return this.#rows
  }

  #opened(): Engine {
    return this.#subject.open({ clock: () => START + 1e12, elapsed: () => this.#now, segment: 8 })
  }

  async #reopen(): Promise<void> {
    await this.#engine.close()
    this.#engine = this.#opened()
    this.#open = []
    await this.#engine.coverage()
  }

  async act(deed: Deed): Promise<void> {
    switch (deed.kind) {
      case 'add': {
        const added = deed.entries.map(({ row, jitter }) => {
          this.#steps += 1
          return { ...row, at: instant(START + this.#steps * STEP - jitter) }
        })
        const ids = await this.#subject.add(added)
        this.#rows = [...this.#rows, ...added.map((row, place) => ({ ...row, id: ids[place] ?? 0 }))]
        this.#open = [...this.#open, ...ids]
        return
      }
      case 'recount': {
        const id = this.#open[deed.which % Math.max(1, this.#open.length)]
        const row = this.#rows.find(its => its.id === id)
        if (row === undefined) return
        const { count } = { count: row.count + deed.count }
        await this.#subject.recount(row.id, count)
        this.#rows = this.#rows.map(its => (its === row ? { ...its, count } : its))
        return
      }
      case 'drop-ids': {
        const first = this.#rows[Math.floor(deed.part * this.#rows.length)]
        if (first === undefined) return
        await this.#subject.dropBefore(first.id)
        this.#rows = this.#rows.filter(({ id }) => id >= first.id)
        return
      }
      case 'drop-times': {
        // rows that come later are later
        const before = Math.min(this.#middle(deed.part), START + (this.#steps - 3) * STEP)
        await this.#subject.dropOlder(before)
        this.#rows = this.#rows.filter(({ at }) => at >= before)
        return
      }
      case 'wait':
        // the ledger has seen what was there, and notes it
        await this.#engine.coverage()
        this.#now += 400_000
        this.#open = []
        return
      case 'step':
        await this.#engine.step()
        return
      case 'reopen':
        await this.#reopen()
        return
      default:
        deed satisfies never
    }
  }

  #middle(share: number): number {
    return this.#rows.map(({ at }) => at).sort((one, other) => one - other)[Math.floor(share * this.#rows.length)] ?? 0
  }

  /** Until everything is covered. */
  async settle(): Promise<void> {
    while ((await this.#engine.coverage()).since !== undefined) await this.#engine.step()
  }

  async close(): Promise<void> {
    await this.#engine.close()
  }
}

const bare = (row: { readonly id: unknown } & JournalRow): object => ({ ...row, id: undefined })

async function compareLists({ ledger, rows }: Play, filter: JournalFilter, limit: number): Promise<void> {
  const { project, code, rule, subject, index, since } = filter
  const all = Object.entries({ project, code, rule, subject, index, since })
  const ofGroups: GroupFilter = Object.fromEntries(all.filter(([, value]) => value !== undefined))
  const listed = await allPages(async page => await ledger.journal(filter, page), limit)
  assert.deepEqual(listed.map(bare), naive.rowsOf(rows, filter).map(bare), 'the journal')
  assert.deepEqual(
    listed.map(({ id }) => Number(id)),
    naive.rowsOf(rows, filter).map(({ id }) => id),
  )
  assert.deepEqual(
    await allPages(async page => await ledger.refusals(ofGroups, page), limit),
    naive.groupsOf(rows, 'refused', ofGroups),
    'what was refused',
  )
  assert.deepEqual(
    await allPages(async page => await ledger.wouldRefuse(ofGroups, page), limit),
    naive.groupsOf(rows, 'watched', ofGroups),
    'what would be',
  )
  assert.deepEqual(
    await allPages(async page => await ledger.downloads(filter, page), limit),
    naive.downloadsOf(rows, filter),
    'who got what',
  )
  for (const text of ['', 'a-', 'eta'])
    assert.deepEqual(
      await allPages(async page => await ledger.projects({ text }, page), limit),
      naive.projectsOf(rows, text),
      'projects',
    )
}

async function compareSums({ ledger, rows }: Play, since: Instant, index: string | undefined): Promise<void> {
  for (const hours of [5, 24 * 9]) {
    const until = instant(since + hours * 3_600_000)
    const times = await ledger.overTime({ since, until, ...(index === undefined ? {} : { index }) })
    assert.deepEqual(times, naive.timesOf(rows, times, index), 'over time')
    assert.ok((times[0]?.from ?? 0) <= since && (times.at(-1)?.until ?? 0) >= until, 'all of it')
  }
  const top = await ledger.top(since, 2)
  assert.deepEqual(
    top.projects,
    naive.mostOf(rows, since, 2, row => row.project),
  )
  assert.deepEqual(
    top.rules,
    naive.mostOf(rows, since, 2, row => row.rule),
  )
  assert.deepEqual(
    top.subjects,
    naive.mostOf(rows, since, 2, row => row.subject),
  )
  assert.deepEqual(
    top.codes,
    naive.mostOf(rows, since, 2, row => row.code),
  )
  assert.deepEqual(top.attested, naive.attestedOf(rows, since))
}

/** Requests of the rows that a filter leads to. */
async function behind(ledger: Ledger, filter: JournalFilter): Promise<number> {
  const rows = await allPages(async page => await ledger.journal(filter, page), 500)
  return rows.reduce((sum, { count }) => sum + count, 0)
}

async function compareBehind({ ledger }: Play): Promise<void> {
  const page = { limit: 500 }
  for (const [kind, { rows }] of [
    [{ outcome: 'refused' }, await ledger.refusals({}, page)],
    [{ kind: 'watched' }, await ledger.wouldRefuse({}, page)],
  ] as const)
    for (const { index = '', project, code, rule = '', requests } of rows)
      assert.equal(await behind(ledger, { ...kind, index, project, code, rule }), requests)
  for (const { subject = '', client, index = '', filename, sha256 = '', requests } of (await ledger.downloads({}, page))
    .rows)
    assert.equal(await behind(ledger, { outcome: 'admitted', subject, client, index, filename, sha256 }), requests)
  for (const { project, admitted, refused, watched } of (await ledger.projects({}, page)).rows) {
    assert.equal(await behind(ledger, { project, outcome: 'admitted' }), admitted)
    assert.equal(await behind(ledger, { project, outcome: 'refused' }), refused)
    assert.equal(await behind(ledger, { project, kind: 'watched' }), watched)
  }
  const range = { since: instant(START), until: instant(START + 6 * 86_400_000) }
  for (const { from, until, admitted, attested, refused, watched } of await ledger.overTime(range)) {
    if (admitted + refused === 0) continue
    const hour = { since: from, until }
    assert.equal(await behind(ledger, { ...hour, outcome: 'admitted' }), admitted)
    assert.equal(await behind(ledger, { ...hour, outcome: 'refused' }), refused)
    assert.equal(await behind(ledger, { ...hour, kind: 'attested' }), attested)
    assert.equal(await behind(ledger, { ...hour, kind: 'watched' }), watched)
  }
}

/** What every ledger holds, over any journal. */
export function ledgerConformance(t: Test, make: () => Promise<LedgerSubject>, runs: number): void {
  const deeds = fc.array(deed, { minLength: 2, maxLength: 14 })
  const filters = fc.array(filter, { minLength: 1, maxLength: 3 })
  const limits = fc.integer({ min: 1, max: 7 })

  async function played(all: readonly Deed[], look: (play: Play) => Promise<void>): Promise<void> {
    const play = await Play.begin(await make())
    try {
      for (const one of all) await play.act(one)
      await play.settle()
      await look(play)
    } finally {
      await play.close()
    }
  }

  t.test('it tells what stands in the journal, whatever was written, counted up or dropped meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, filters, limits, time, maybe(['main', '']), async (all, wanted, limit, since, index) => {
        await played(all, async play => {
          for (const one of wanted) await compareLists(play, one, limit)
          await compareSums(play, since, index)
        })
      }),
      { numRuns: runs },
    )
  })

  t.test('every number leads to the rows behind it', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, async all => await played(all, compareBehind)),
      { numRuns: Math.ceil(runs / 3) },
    )
  })
}
