import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { type Instant, instant, millis } from '../../../src/domain/base/instant.ts'
import { HELD } from '../../../src/domain/memory/source.ts'
import { createExplain } from '../../../src/gate/explain/explain.ts'
import type { ExplainParts } from '../../../src/gate/explain/explain-artifact.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { createInlineVerifier } from '../../../src/verify/workers/inline.ts'
import { NOW, policyOf } from '../../world/judging/judging.ts'
import { distFilename } from '../../world/vectors/vectors.ts'
import { createWorld, type World } from '../../world/world.ts'

/** Nothing of an index: whatever is asked of it is a mistake of the test. */
const UNREACHABLE = { project: unasked, legacy: unasked, provenance: unasked, isOwnOrigin: () => true }

function unasked(): never {
  throw new TypeError('the index was asked')
}

async function parts(world: World, policy: string, changes: Partial<ExplainParts> = {}): Promise<ExplainParts> {
  const compiled = policyOf(policy)
  const events = { emit() {} }
  const { store } = createMemoryStore({ clock: () => NOW, events })
  return {
    index: UNREACHABLE,
    integrity: UNREACHABLE,
    verifier: createInlineVerifier(),
    trust: trustIn(world),
    policies: { current: () => compiled, lastError: () => undefined },
    memory: await store.memory(HELD),
    negativeTtl: millis(0),
    events,
    clock: () => NOW,
    ...changes,
  }
}

function trustIn(world: World, fresh?: (now: Instant) => never): ExplainParts['trust'] {
  const json = world.signing.trustedRootJson
  const material = { json, digest: sha256Of(json) }
  return {
    fresh: fresh ?? (() => material),
    digest: () => material.digest,
    status: () => ({
      source: 'pinned',
      digest: material.digest,
      refreshed: undefined,
      ageMs: undefined,
      fresh: true,
      detail: '',
    }),
    settled: async () => {},
    close: async () => {},
  }
}

const SETTINGS = { at: undefined, maxSize: 1_000_000, isInternal: () => false }

async function published(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const filename = distFilename(wheel.filename)
  const file = { filename, sha256: sha256Of(wheel.bytes), size: wheel.bytes.length }
  const provenance = wheel.provenance ?? Buffer.alloc(0)
  const exempted = `${world.policyText()}exemptions:
  - { id: EX-1, project: demo, waive: [attestation], files: { ${wheel.filename}: "sha256:${wheel.sha256}" }, reason: r, owner: o, expires: 2026-12-24 }
`
  return { world, file, provenance, exempted }
}

t.test('without the index nothing passes that only the index knows', async t => {
  const { world, file, provenance } = await published(t)
  const { outcome, steps, signed } = await createExplain(await parts(world, world.policyText()), SETTINGS).local(
    file,
    provenance,
  )
  t.match(outcome, { kind: 'admitted' })
  t.match(signed, { publisher: /repository: acme\/demo/, logIndex: String })
  const marks = Map.groupBy(steps, ({ mark }) => mark)
  t.strictSame(
    marks.get('skip')?.map(({ check }) => check),
    ['listed by the index with this sha256', 'project status', 'yanked'],
  )
  t.notOk(marks.get('pass')?.some(({ check }) => check === 'yanked' || check === 'project status'))
})

t.test('whatever the moment of judging, trust must be fresh now; if it is not, nobody can tell', async t => {
  const { world, file, provenance } = await published(t)
  const asked: Instant[] = []
  const trust = trustIn(world, now => {
    asked.push(now)
    throw new GateError('unknown-trust', 'too old')
  })
  const at = instant(NOW - 86_400_000)
  const explain = createExplain(await parts(world, world.policyText(), { trust }), { ...SETTINGS, at })
  t.match((await explain.local(file, provenance)).outcome, { code: 'unknown-trust' })
  t.strictSame(asked, [NOW])
})

t.test('an exemption that waives attestation holds where trust does not, as long as it runs', async t => {
  const { world, file, provenance, exempted } = await published(t)
  const trust = trustIn(world, () => {
    throw new GateError('unknown-trust', 'too old')
  })
  const held = await createExplain(await parts(world, exempted, { trust }), SETTINGS).local(file, provenance)
  t.match(held, { outcome: { kind: 'admitted' }, notes: [/could not be found out: too old/] })
  const later = { ...SETTINGS, at: instant(NOW + 40 * 86_400_000) }
  const ended = await createExplain(await parts(world, exempted, { trust }), later).local(file, provenance)
  t.match(ended.outcome, { code: 'unknown-trust' })
})

t.test('a verifier with a defect gives no verdict, not even for exempted bytes', async t => {
  const { world, file, provenance, exempted } = await published(t)
  const verifier = {
    verify: () => Promise.reject(new TypeError('a defect')),
    close: async () => {},
  }
  const explain = createExplain(await parts(world, exempted, { verifier }), SETTINGS)
  await t.rejects(explain.local(file, provenance), { message: 'a defect' })
})
