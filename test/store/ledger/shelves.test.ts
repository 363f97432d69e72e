// guards: src/store/ledger/shelves/admissions.ts src/store/ledger/shelves/block.ts src/store/ledger/shelves/entry.ts
// guards: src/store/ledger/shelves/shelf.ts src/store/ledger/shelves/shelves.ts
// guards: src/store/ledger/questions/download-sums.ts src/store/ledger/questions/downloads.ts
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

/** Few of most, so that many are the same, and many clients, so that many are not. */
const row = fc
  .record({
    project: fc.constantFrom('alpha', 'beta'),
    version: fc.nat(3),
    sha256: fc.constantFrom('a'.repeat(64), 'b'.repeat(64), undefined),
    code: fc.constantFrom('attestation', 'exemption', 'audit:unattested', 'unattested', 'serial'),
    rule: fc.constantFrom('r1', 'r2', undefined),
    signer: fc.constantFrom('acme', 'other', undefined),
    subject: fc.constantFrom('token:ci', 'anonymous', undefined),
    index: fc.constantFrom('main', 'ml', undefined),
    client: fc.oneof(fc.constant(1), fc.nat(400)),
    count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 ** 40 })),
    late: fc.oneof(fc.constant(0), fc.nat(5 * STEP)),
  })
  .map(({ version, signer, client, subject, index, code, late, ...its }): JournalRow & { readonly late: number } => ({
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
  }))

const time = (most: number) => fc.integer({ min: 0, max: most }).map(steps => instant(START + steps * STEP))
const filter = (most: number): fc.Arbitrary<JournalFilter> =>
  fc.oneof(
    fc.constant({}),
    fc.record(
      {
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
      },
      { requiredKeys: [] },
    ),
    fc.constantFrom({ project: 'alpha' }, { subject: 'token:ci' }, { kind: 'attested' as const }),
  )

/** A journal and a ledger over it, whose shelves are small: three segments of so many rows together, by blocks of so many bytes. */
async function small(t: Test, segment: number, block: number) {
  const subject = await sqliteSubject(t, next(), { together: 3, block })
  let now = 0
  const engine = subject.open({ clock: () => START + 1e12, elapsed: () => now, segment })
  t.teardown(async () => await engine.close())
  const settle = async (): Promise<void> => {
    await engine.coverage()
    now += 400_000
    await engine.coverage()
    while (await engine.step());
  }
  return { subject, engine, settle, wait: () => (now += 2_000) }
}

async function write(
  subject: LedgerSubject,
  rows: readonly (JournalRow & { readonly late: number })[],
  before: readonly ThereRow[],
): Promise<readonly ThereRow[]> {
  const begins = before.at(-1)?.id ?? 0
  const added = rows.map(({ late, ...its }, place) => ({ ...its, at: instant(START + (begins + place) * STEP - late) }))
  const ids = await subject.add(added)
  return [...before, ...added.map((its, place) => ({ ...its, id: ids[place] ?? 0 }))]
}

async function compare(
  t: Test,
  engine: Engine,
  rows: readonly ThereRow[],
  wanted: readonly JournalFilter[],
  limit: number,
): Promise<void> {
  for (const one of wanted)
    t.strictSame(
      await allPages(async page => await engine.downloads(one, page), limit),
      downloadsOf(rows, one),
      JSON.stringify(one),
    )
}

const next = folders(t)

t.test('who got what is the same by the shelves as by every row', async t => {
  const plays = fc.sample(
    fc.record({
      rows: fc.array(row, { minLength: 150, maxLength: 250 }),
      later: fc.array(row, { minLength: 1, maxLength: 90 }),
      filters: fc.array(filter(300), { minLength: 4, maxLength: 4 }),
      limit: fc.integer({ min: 1, max: 60 }),
      block: fc.integer({ min: 1, max: 700 }),
      goes: fc.double({ min: 0, max: 0.9, noNaN: true }),
    }),
    12,
  )
  for (const { rows, later, filters, limit, block, goes } of plays) {
    const { subject, engine, settle, wait } = await small(t, 16, block)
    let there = await write(subject, rows, [])
    await settle()
    await compare(t, engine, there, filters, limit)

    there = await write(subject, later, there)
    wait()
    await compare(t, engine, there, filters, limit)
    await settle()
    await compare(t, engine, there, filters, limit)

    const first = there[Math.floor(goes * there.length)]?.id ?? 0
    await subject.dropBefore(first)
    there = there.filter(({ id }) => id >= first)
    wait()
    await compare(t, engine, there, filters, limit)

    const times = there.map(({ at }) => at).sort((one, other) => one - other)
    const oldest = times[Math.floor(goes * times.length)] ?? 0
    await subject.dropOlder(oldest)
    there = there.filter(({ at }) => at >= oldest)
    wait()
    await compare(t, engine, there, filters, limit)
  }
})
