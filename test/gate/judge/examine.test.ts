// guards: src/gate/judge/judge.ts src/gate/judge/pep740-watch.ts src/gate/judge/provenance.ts
import t, { type Test } from 'tap'
import { createInProcessLeases } from '../../../src/store/leases/in-process.ts'
import { createVerifierPool } from '../../../src/verify/workers/pool.ts'
import { type BareChanges, materialOf, nameOf, openBareGate } from '../../world/gate/bare-gate.ts'
import type { Fault } from '../../world/index/upstream-faults.ts'
import { createSigningWorld } from '../../world/signing/signing.ts'
import { createWorld, type Published, type WorldOptions } from '../../world/world.ts'

const TEN_MINUTES = 600_000
const DAY = 86_400_000

/** A rule for `demo`: its publisher, or none under `optional`; with what a test adds. */
function ruleText(attestation: 'required' | 'optional', more = ''): string {
  return `version: 1
publishers: { demo: { kind: github, repository: acme/demo, workflow: release.yml } }
defaults: { attestation: ${attestation}, unmatched: deny }
projects: [{ match: demo, publishers: [demo] }]
${more}`
}

function exemption(file: Published, expires = new Date(Date.now() + 30 * DAY).toISOString().slice(0, 10)): string {
  return `exemptions:
  - id: EX-1
    project: demo
    waive: [attestation]
    files: { ${file.filename}: "sha256:${file.sha256}" }
    reason: a test needs it
    owner: test@acme.example
    expires: ${expires}
`
}

async function demo(
  t: Test,
  request: Parameters<Awaited<ReturnType<typeof createWorld>>['release']>[2] = {},
  options: WorldOptions = {},
) {
  const world = await createWorld(t, options)
  const release = await world.release('demo', '1.0', request)
  return { world, ...release, open: (changes: BareChanges = {}) => openBareGate(t, world, changes) }
}

t.test('an attested file is admitted, and is asked about once', async t => {
  const { world, wheel, sdist, open } = await demo(t)
  const gate = await open()
  t.match(await gate.judge(wheel), { kind: 'admitted', facts: { by: 'attestation', restsOnAttestation: true } })
  t.equal(await gate.outcome(sdist), 'admitted')
  gate.clock.now += 365 * DAY
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('provenance', wheel.filename), 1, 'what was proved stays proved')
  t.same(await gate.download(wheel), wheel.bytes)
  const { project, filename } = nameOf(wheel)
  t.same(await gate.gate.provenance(project, filename), wheel.provenance, 'the bytes that were verified')
  t.equal(world.upstream.count('provenance', wheel.filename), 1)
})

t.test('what an attestation proves ends with the trust root it was proved under', async t => {
  const { world, wheel, open } = await demo(t)
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  const before = gate.root.material
  gate.root.material = materialOf((await createSigningWorld()).trustedRootJson)
  t.equal(await gate.outcome(wheel), 'signature-invalid')
  t.equal(world.upstream.count('provenance'), 2, 'it was verified anew')
  gate.root.material = before
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('a root that comes in while the verifier works does not inherit what the old one proved', async t => {
  const { wheel, open } = await demo(t)
  const other = materialOf((await createSigningWorld()).trustedRootJson)
  const gate = await open({
    parts: ({ verifier }) => ({
      verifier: {
        ...verifier,
        async verify(document, trust) {
          const finding = await verifier.verify(document, trust)
          gate.root.material = other
          return finding
        },
      },
    }),
  })
  t.equal(await gate.outcome(wheel), 'signature-invalid', 'whoever asked is told what the new one proves')
  t.equal(await gate.outcome(wheel), 'signature-invalid')
})

t.test('only a 404 of the Integrity API, or null of the index on the same origin, means unattested', async t => {
  const { world, wheel, open } = await demo(t, { attested: false })
  world.upstream.speak({ provenance: false })
  const gate = await open({ policy: ruleText('optional') })
  const faults: readonly Fault['do'][] = [
    { status: 403 },
    { status: 401 },
    { status: 406 },
    { status: 410 },
    { status: 429 },
    { status: 500 },
    { status: 200, bytes: '', headers: { 'content-type': 'application/vnd.pypi.integrity.v1+json' } },
    { status: 200, bytes: '<html>please log in</html>', headers: { 'content-type': 'text/html' } },
    { status: 204, bytes: '' },
    { reset: true },
    { status: 200, bytes: '{"version":1}', truncateAt: 3 },
  ]
  for (const fault of faults) {
    const asked = world.upstream.count('provenance')
    world.upstream.fault({ route: 'provenance', do: fault })
    t.match(await gate.outcome(wheel), /^unknown-upstream/, `${JSON.stringify(fault)} is no answer`)
    t.ok(world.upstream.count('provenance') > asked)
    world.upstream.clearFaults()
  }
  t.equal(await gate.outcome(wheel), 'admitted', 'none of them was remembered')
  const asked = world.upstream.count('provenance')
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('provenance'), asked, 'the 404 was')

  world.upstream.speak({ provenance: true })
  const second = await open({ policy: ruleText('required') })
  t.equal(await second.outcome(wheel), 'unattested')
  t.equal(world.upstream.count('provenance'), asked, 'null on the own origin needs no question')
})

t.test('garbage where provenance should be is a failure that is known', async t => {
  const { world, wheel, open } = await demo(t)
  const gate = await open()
  world.upstream.fault({ route: 'provenance', do: { bytes: '{"version":1}' } })
  t.equal(await gate.outcome(wheel), 'provenance-malformed')
})

t.test('null of an index is no word where the Integrity API is another origin', async t => {
  const { world, wheel, open } = await demo(t, {}, { integrity: 'own-origin' })
  world.upstream.replace('demo', wheel.filename, { entry: { provenance: null } })
  const gate = await open({ policy: ruleText('optional') })
  t.match(await gate.judge(wheel), { kind: 'admitted', facts: { by: 'attestation' } })
  t.equal(world.upstream.count('provenance'), 1)
})

t.test('what an index says of provenance in another way than with a URL or null says nothing', async t => {
  const { world, wheel, open } = await demo(t)
  for (const [index, said] of [false, 0, {}, []].entries()) {
    world.upstream.replace('demo', wheel.filename, { entry: { provenance: said } })
    const gate = await open({ policy: ruleText('optional') })
    t.match(await gate.judge(wheel), { facts: { by: 'attestation' } }, JSON.stringify(said))
    t.equal(world.upstream.count('provenance'), index + 1, 'it was asked')
  }
})

t.test('an index that offers provenance which the Integrity API lacks cannot be believed', async t => {
  const { world, wheel, open } = await demo(t)
  const gate = await open({ policy: ruleText('optional') })
  world.upstream.fault({ route: 'provenance', do: { status: 404 } })
  t.equal(await gate.outcome(wheel), 'unknown-upstream')
  world.upstream.clearFaults()
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('unattested is asked again after its time, and at once when the index offers provenance', async t => {
  const { world, wheel, open } = await demo(t)
  world.upstream.replace('demo', wheel.filename, { provenance: undefined })
  world.upstream.speak({ provenance: false })
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'unattested')
  world.upstream.replace('demo', wheel.filename, { provenance: wheel.provenance })
  gate.clock.now += TEN_MINUTES - 1
  t.equal(await gate.outcome(wheel), 'unattested', 'remembered')
  gate.clock.now += 1
  t.equal(await gate.outcome(wheel), 'admitted', 'asked again')

  world.upstream.replace('demo', wheel.filename, { provenance: undefined })
  const second = await open()
  t.equal(await second.outcome(wheel), 'unattested')
  world.upstream.replace('demo', wheel.filename, { provenance: wheel.provenance })
  world.upstream.speak({ provenance: true })
  second.clock.now += 61_000
  t.equal(await second.outcome(wheel), 'admitted', 'the page tells')
})

t.test('a proof that is refused by policy is asked for again after its time, one that admits is not', async t => {
  const { world, wheel, open } = await demo(t, {
    identity: { kind: 'github', repository: 'evil/demo', workflow: 'release.yml' },
  })
  const gate = await open({ policy: ruleText('required') })
  t.equal(await gate.outcome(wheel), 'publisher-mismatch')
  gate.clock.now += TEN_MINUTES - 1
  t.equal(await gate.outcome(wheel), 'publisher-mismatch')
  t.equal(world.upstream.count('provenance'), 1)
  gate.clock.now += 1
  t.equal(await gate.outcome(wheel), 'publisher-mismatch')
  t.equal(world.upstream.count('provenance'), 2)
})

t.test('a stale trust root is unknown for every verdict that rests on an attestation, remembered ones too', async t => {
  const { world, wheel, sdist, open } = await demo(t, { attested: ['wheel'] }, { integrity: 'own-origin' })
  const gate = await open({ policy: ruleText('optional') })
  t.equal(await gate.outcome(wheel), 'admitted')
  gate.root.stale = true
  t.equal(await gate.outcome(wheel), 'unknown-trust', 'a remembered proof')
  t.equal(await gate.outcome(sdist), 'admitted', 'an unattested file under optional goes on')
  const forgetful = await openBareGate(t, world, { policy: ruleText('optional') })
  forgetful.root.stale = true
  t.equal(await forgetful.outcome(wheel), 'unknown-trust', 'a proof that was never made')
  t.match(await forgetful.gate.readiness(), [
    { name: 'policy', ok: true },
    { name: 'trust-root', ok: false },
  ])
  gate.root.stale = false
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('provenance', wheel.filename), 2, 'the stale root forgot nothing')

  gate.root.stale = true
  gate.rewritePolicy(ruleText('required', exemption(wheel)))
  t.match(await gate.judge(wheel), { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: false } })
})

t.test('a refusal by proof needs a fresh root as well', async t => {
  const { wheel, open } = await demo(t, { tamper: 'content' })
  const gate = await open({ policy: ruleText('required') })
  t.equal(await gate.outcome(wheel), 'digest-mismatch')
  gate.root.stale = true
  t.equal(await gate.outcome(wheel), 'unknown-trust')
})

t.test('an exemption that waives attestation', async t => {
  t.test('holds for exactly its bytes', async t => {
    const { world, wheel, sdist, open } = await demo(t, { attested: false })
    const gate = await open({ policy: ruleText('required', exemption(wheel)) })
    t.match(await gate.judge(wheel), { facts: { by: 'exemption', rule: { id: 'exemption EX-1' } } })
    t.equal(await gate.outcome(sdist), 'unattested')
    const wrong = { ...wheel, sha256: sdist.sha256 }
    t.equal(gate.rewritePolicy(ruleText('required', exemption(wrong))), 'loaded')
    t.equal(await gate.outcome(wheel), 'unattested', 'a pin on other bytes')
    t.equal(world.upstream.count('file'), 0, 'judging needs no bytes')
  })

  t.test('holds when provenance cannot be fetched', async t => {
    const { world, wheel, sdist, open } = await demo(t)
    const gate = await open({ policy: ruleText('required', exemption(wheel)) })
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    t.match(await gate.judge(wheel), { facts: { by: 'exemption', restsOnAttestation: false } })
    t.match(await gate.outcome(sdist), /^unknown-upstream/, 'and for nothing else')
    world.upstream.clearFaults()
    t.match(await gate.judge(wheel), { facts: { by: 'attestation' } }, 'nothing was remembered of that')
  })

  t.test('never holds against provenance that failed, past its time too, until it is found absent', async t => {
    const { world, wheel, open } = await demo(t, { tamper: 'content' })
    const gate = await open({ policy: ruleText('required', exemption(wheel)) })
    t.equal(await gate.outcome(wheel), 'digest-mismatch')
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    gate.clock.now += 2 * TEN_MINUTES
    t.equal(await gate.outcome(wheel), 'digest-mismatch', 'the upstream is down, the failure counts')
    gate.root.stale = true
    t.equal(await gate.outcome(wheel), 'digest-mismatch', 'the root is stale, the failure counts')
    gate.root.stale = false
    gate.root.material = materialOf((await createSigningWorld()).trustedRootJson)
    t.equal(await gate.outcome(wheel), 'digest-mismatch', 'another root, the failure counts')
    world.upstream.clearFaults()
    world.upstream.replace('demo', wheel.filename, { provenance: undefined })
    gate.clock.now += 61_000
    t.equal(await gate.outcome(wheel), 'admitted', 'found absent')
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    t.equal(await gate.outcome(wheel), 'admitted', 'and the failure is forgotten')
  })

  t.test('ends at its second, not before and not after', async t => {
    const { wheel, open } = await demo(t, { attested: false })
    const ends = Math.floor(Date.now() / 1000) * 1000 + 3_600_000
    const text = new Date(ends).toISOString().replace('.000Z', 'Z')
    const gate = await open({ policy: ruleText('required', exemption(wheel, text)) })
    gate.clock.now = ends - 1
    t.equal(await gate.outcome(wheel), 'admitted')
    gate.clock.now = ends
    t.match(await gate.judge(wheel), { kind: 'refused', code: 'exemption-expired', detail: /EX-1/ })
  })

  t.test('that ends while the upstream is asked admits nothing any more', async t => {
    const { world, wheel, open } = await demo(t)
    const ends = Math.floor(Date.now() / 1000) * 1000 + 3_600_000
    const text = new Date(ends).toISOString().replace('.000Z', 'Z')
    const gate = await open({
      policy: ruleText('required', exemption(wheel, text)),
      parts: ({ integrity }) => ({
        integrity: {
          ...integrity,
          async provenance(project, filename) {
            gate.clock.now = ends
            return await integrity.provenance(project, filename)
          },
        },
      }),
    })
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    gate.clock.now = ends - 1
    t.match(await gate.outcome(wheel), /^unknown-upstream/)
  })
})

t.test('a policy reload changes verdicts both ways, with nothing to invalidate', async t => {
  const { world, wheel, sdist, open } = await demo(t, { attested: ['wheel'] })
  const gate = await open({ policy: ruleText('required') })
  t.same([await gate.outcome(wheel), await gate.outcome(sdist)], ['admitted', 'unattested'])
  gate.rewritePolicy('version: 1\nprojects: [{ match: demo, deny: "no more" }]\n')
  t.same([await gate.outcome(wheel), await gate.outcome(sdist)], ['rule-denies', 'rule-denies'])
  gate.rewritePolicy(ruleText('optional'))
  t.same([await gate.outcome(wheel), await gate.outcome(sdist)], ['admitted', 'admitted'])
  gate.rewritePolicy('version: 1\nprojects: [{ match: other, deny: "no" }]\n')
  t.same([await gate.outcome(wheel), await gate.outcome(sdist)], ['no-rule', 'no-rule'])
  t.equal(gate.rewritePolicy('version: 2\n'), 'kept')
  t.equal(await gate.outcome(wheel), 'no-rule', 'what does not load changes nothing')
  t.match((await gate.gate.readiness())[0], { name: 'policy', ok: true, warning: true })
  gate.rewritePolicy(ruleText('required'))
  t.same([await gate.outcome(wheel), await gate.outcome(sdist)], ['admitted', 'unattested'])
  t.equal(world.upstream.count('provenance'), 1, 'all from one finding; the index’s null needed none')
})

t.test('a file that is refused whatever it proves is not asked about', async t => {
  const { world, wheel, open } = await demo(t)
  const gate = await open({ policy: 'version: 1\nprojects: [{ match: demo, deny: "no" }]\n' })
  t.equal(await gate.outcome(wheel), 'rule-denies')
  t.equal(world.upstream.count('provenance') + world.upstream.count('file'), 0)
})

t.test('two names for the same bytes are judged apart', async t => {
  const { world, wheel, open } = await demo(t)
  const other = wheel.filename.replace('1.0', '2.0')
  world.upstream.add('demo', { filename: other, bytes: wheel.bytes, provenance: wheel.provenance })
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  t.same(await gate.download(wheel), wheel.bytes)
  const path = world.upstream.pathOf('demo', other)
  t.equal(await gate.outcome({ path }), 'subject-mismatch', 'the stored bytes give the other name nothing')
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test(
  'a verification worker that crashes or hangs is unknown, for exempted bytes too unless attestation is waived',
  async t => {
    const { world, wheel, sdist, open } = await demo(t)
    const workerUrl = new URL('../../fault/hanging-worker.ts', import.meta.url)
    const pool = createVerifierPool({ size: 1, timeoutMs: 1_500, maxQueue: 4, workerUrl })
    t.teardown(() => pool.close())
    const gate = await open({ policy: ruleText('optional'), parts: () => ({ verifier: pool }) })
    for (const bytes of ['exit', 'throw', 'nonsense', 'hang']) {
      world.upstream.fault({ route: 'provenance', do: { bytes } })
      t.equal(await gate.outcome(wheel), 'unknown-verifier', bytes)
      world.upstream.clearFaults()
    }
    world.upstream.fault({ route: 'provenance', do: { bytes: 'exit' } })
    gate.rewritePolicy(ruleText('required', exemption(wheel)))
    t.match(await gate.judge(wheel), { facts: { by: 'exemption' } })
    t.equal(await gate.outcome(sdist), 'unknown-verifier')
  },
)

t.test('an upstream that speaks no PEP 740 is noticed after twenty different files and no success', async t => {
  const world = await createWorld(t, { dialect: { provenance: false } })
  const files: Published[] = []
  for (let release = 0; release < 21; release += 1)
    files.push((await world.release('demo', `1.${release}`, { kinds: ['wheel'], attested: false })).wheel)
  const last = files.pop()
  if (last === undefined) throw new TypeError('there is a last one')
  const gate = await openBareGate(t, world, { policy: ruleText('required') })
  for (const file of files.slice(0, 19)) t.equal(await gate.outcome(file), 'unattested')
  for (const file of files.slice(0, 19)) await gate.outcome(file)
  t.match(gate.events.filter(({ type }) => type === 'no-pep740-upstream').length, 0, 'nineteen are not enough')
  const twentieth = files[19]
  if (twentieth === undefined) throw new TypeError('there are twenty')
  t.match(await gate.judge(twentieth), { code: 'unattested', notes: [/upstream\.integrity/] })
  t.equal(gate.events.filter(({ type }) => type === 'no-pep740-upstream').length, 1)
  t.match(
    (await gate.gate.readiness()).find(({ name }) => name === 'upstream'),
    { ok: true, warning: true },
  )
  const signed = await world.release('demo', '2.0', { kinds: ['wheel'] })
  gate.clock.now += 61_000
  t.equal(await gate.outcome(signed.wheel), 'admitted')
  t.match(await gate.judge(last), { code: 'unattested', notes: [/^(?!.*upstream\.integrity)/] }, 'one success ends it')
})

t.test('of gates that share a memory one asks and verifies for all, and each of them decides', async t => {
  const { world, wheel, open } = await demo(t)
  world.upstream.fault({ route: 'provenance', do: { delayMs: 300 } })
  const leases = createInProcessLeases()
  const parts = () => ({ leases })
  const one = await open({ parts })
  const gates = [one, await open({ parts, after: one }), await open({ parts, after: one })]
  const asked = Array.from({ length: 10 }, () => gates.map(gate => gate.outcome(wheel))).flat()
  t.strictSame([...new Set(await Promise.all(asked))], ['admitted'])
  t.equal(world.upstream.count('provenance', wheel.filename), 1)
  const { project, filename } = nameOf(wheel)
  t.same(await gates[2]?.gate.provenance(project, filename), wheel.provenance)
})

t.test('gates that share leases and no memory each find out for themselves', async t => {
  const { world, wheel, open } = await demo(t)
  const leases = createInProcessLeases()
  const parts = () => ({ leases })
  const gates = [await open({ parts }), await open({ parts })]
  t.strictSame(await Promise.all(gates.map(gate => gate.outcome(wheel))), ['admitted', 'admitted'])
  t.equal(world.upstream.count('provenance', wheel.filename), 2)
})

t.test('one that fails to find out leaves it to the next, and nothing of it is remembered', async t => {
  const { world, wheel, open } = await demo(t)
  const leases = createInProcessLeases()
  const parts = () => ({ leases })
  const one = await open({ parts })
  const other = await open({ parts, after: one })
  world.upstream.fault({ route: 'provenance', do: { status: 500 }, times: 1 })
  const outcomes = await Promise.all([one.outcome(wheel), other.outcome(wheel)])
  t.strictSame(outcomes.sort(), ['admitted', 'unknown-upstream'])
})

t.test('who is refused asks anew once what was found is no longer fresh, leases or not', async t => {
  const { world, sdist, open } = await demo(t, { attested: ['wheel'] }, { integrity: 'own-origin' })
  const gate = await open({ parts: () => ({ leases: createInProcessLeases() }) })
  const refused = await gate.outcome(sdist)
  t.not(refused, 'admitted')
  const asked = world.upstream.count('provenance', sdist.filename)
  t.equal(await gate.outcome(sdist), refused)
  t.equal(world.upstream.count('provenance', sdist.filename), asked)
  gate.clock.now += TEN_MINUTES
  await gate.outcome(sdist)
  t.equal(world.upstream.count('provenance', sdist.filename), asked + 1)
})
