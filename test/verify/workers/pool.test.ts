// guards: src/verify/workers/worker.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { createVerifierPool } from '../../../src/verify/workers/pool.ts'
import { rootsOf } from '../../world/judging/roots.ts'
import {
  distFilename,
  productionTrust,
  realEvidence,
  stagingEvidence,
  stagingTrust,
  vectorsSkip,
} from '../../world/vectors/vectors.ts'

const workerUrl = new URL('../../fault/hanging-worker.ts', import.meta.url)
const trust = { sigstore: { digest: 'none', json: '{}' }, custom: [] }

function saying(text: string) {
  return { bytes: Buffer.from(text), filename: distFilename('pkg-1.0.tar.gz'), sha256: sha256Of('') }
}

function misbehaving(overrides: Partial<Parameters<typeof createVerifierPool>[0]> = {}) {
  return createVerifierPool({ size: 1, timeoutMs: 60_000, maxQueue: 4, workerUrl, ...overrides })
}

for (const how of ['exit', 'throw', 'nonsense', 'unattested', 'another'])
  t.test(`a worker that answers with "${how}" is "cannot tell", and the next document finds another`, async t => {
    const events: GateEvent[] = []
    const pool = misbehaving({ events: { emit: event => void events.push(event) } })
    t.teardown(() => pool.close())
    await t.rejects(pool.verify(saying(how), trust), { code: 'unknown-verifier' })
    t.match(await pool.verify(saying('well'), trust), { kind: 'invalid', detail: 'well behaved' })
    t.match(events, [
      { type: 'verification', outcome: 'unknown' },
      { type: 'verification', outcome: 'invalid' },
    ])
  })

t.test('a worker that hangs is ended after the time limit, and those who wait are served', async t => {
  const pool = misbehaving({ timeoutMs: 8_000 })
  t.teardown(() => pool.close())
  const hanging = pool.verify(saying('hang'), trust)
  const waiting = pool.verify(saying('well'), trust)
  await t.rejects(hanging, { code: 'unknown-verifier', detail: /more than 8000 ms/ })
  t.match(await waiting, { detail: 'well behaved' })
})

t.test(
  'a worker that was warmed up is the one that the first document finds, with the roots that it has read',
  async t => {
    // says how often it was asked before the roots came with a document, and in which thread
    const source = `import { parentPort, threadId } from 'node:worker_threads'
    let warm
    parentPort.on('message', ({ kind, id, roots }) => {
      if (kind === 'warm-up') warm = roots.sigstore.digest
      else parentPort.postMessage({ id, kind: 'finding', finding: JSON.stringify({ format: 3, kind: 'invalid',
        why: 'signature-invalid', detail: [threadId, warm, roots === undefined].join(' ') }) })
    })`
    const pool = misbehaving({ workerUrl: new URL(`data:text/javascript,${encodeURIComponent(source)}`) })
    t.teardown(() => pool.close())
    pool.warmUp(trust)
    pool.warmUp({ ...trust, sigstore: { digest: 'another', json: '{}' } })
    const first = await pool.verify(saying(''), trust)
    t.match(first, { detail: /^\d+ none true$/ })
    t.strictSame(await pool.verify(saying(''), trust), first, 'and so does the second')
  },
)

t.test('a root that is not usable spoils no warm worker', { skip: vectorsSkip }, async t => {
  const pool = createVerifierPool({ size: 1, timeoutMs: 60_000, maxQueue: 4 })
  t.teardown(() => pool.close())
  pool.warmUp(trust)
  const [evidence] = realEvidence()
  if (evidence === undefined) throw new Error('no vectors')
  t.match(await pool.verify(evidence, rootsOf(productionTrust())), { kind: 'attested' })
})

t.test('a pool that is closed warms nothing up', async t => {
  const pool = misbehaving()
  pool.warmUp(trust)
  await pool.close()
  pool.warmUp(trust)
  await t.rejects(pool.verify(saying('well'), trust), { code: 'unknown-verifier', detail: /closed/ })
})

t.test('a worker without work is ended, and the next document gets a new one', async t => {
  // says which thread it is
  const source = `import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ id }) => parentPort.postMessage({ id, kind: 'finding', finding:
      JSON.stringify({ format: 3, kind: 'invalid', why: 'signature-invalid', detail: String(threadId) }) }))`
  const threads = async (idleMs: number): Promise<number> => {
    const pool = misbehaving({ idleMs, workerUrl: new URL(`data:text/javascript,${encodeURIComponent(source)}`) })
    t.teardown(() => pool.close())
    const seen = new Set<string>()
    for (let document = 0; document < 3; document += 1) {
      seen.add(JSON.stringify(await pool.verify(saying(''), trust)))
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return seen.size
  }
  t.equal(await threads(0), 3)
  t.equal(await threads(60_000), 1)
})

t.test('documents have turns by client, and of one client by project', async t => {
  const pool = misbehaving({ maxQueue: 1_000 })
  t.teardown(() => pool.close())
  const done: string[] = []
  const verify = (label: string, ...turn: readonly [string, string]) =>
    pool.verify(saying('well'), trust, turn).then(() => void done.push(label))
  const all = [verify('under way', 'greedy', 'first')]
  for (let at = 0; at < 60; at += 1) all.push(verify(`large ${at}`, 'greedy', 'large'))
  for (let at = 0; at < 60; at += 1) all.push(verify(`small ${at}`, 'greedy', `small ${at}`))
  all.push(verify('honest 0', 'modest', 'honest'), verify('honest 1', 'modest', 'honest'))
  await Promise.all(all)
  t.strictSame(done.slice(0, 6), ['under way', 'large 0', 'honest 0', 'small 0', 'honest 1', 'small 1'])
  t.equal(done.length, 123)
})

t.test('a full queue is overload, at once', async t => {
  const pool = misbehaving({ maxQueue: 2 })
  const accepted = ['hang', 'well', 'well'].map(text => pool.verify(saying(text), trust))
  await t.rejects(pool.verify(saying('well'), trust), { code: 'unknown-overloaded', limit: 'verifications' })
  const settled = Promise.allSettled(accepted)
  await pool.close()
  const codes = (await settled).map(
    result => result.status === 'rejected' && Reflect.get(Object(result.reason), 'code'),
  )
  t.same(codes, ['unknown-verifier', 'unknown-verifier', 'unknown-verifier'], 'closing answers everybody')
  await t.rejects(pool.verify(saying('well'), trust), { code: 'unknown-verifier' })
})

t.test('a root that cannot be used is "cannot tell"', async t => {
  const pool = createVerifierPool({ size: 1, timeoutMs: 60_000, maxQueue: 4 })
  t.teardown(() => pool.close())
  await t.rejects(pool.verify(saying('{}'), trust), { code: 'unknown-trust' })
})

t.test('real documents come back from the workers as they went in', { skip: vectorsSkip }, async t => {
  const pool = createVerifierPool({ size: 2, timeoutMs: 60_000, maxQueue: 100 })
  t.teardown(() => pool.close())
  const findings = await Promise.all([
    ...realEvidence().map(evidence => pool.verify(evidence, rootsOf(productionTrust()))),
    ...stagingEvidence().map(evidence => pool.verify(evidence, rootsOf(stagingTrust()))),
  ])
  t.ok(findings.every(({ kind }) => kind === 'attested'))
  const [evidence] = stagingEvidence()
  if (evidence === undefined) throw new Error('the vector is missing')
  t.match(await pool.verify(evidence, rootsOf(productionTrust())), { kind: 'invalid' }, 'roots are kept apart')
})
