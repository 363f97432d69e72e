// guards: src/gate/records/recorded-state.ts
import { deepStrictEqual as equal } from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { type Replay, replay } from '../../../src/gate/records/replay.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { openStore } from '../../../src/store/open.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { type BareGate, materialOf, openBareGate } from '../../world/gate/bare-gate.ts'
import { makeSdist } from '../../world/index/distributions.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { ManualScope } from '../../world/manual-scope.ts'
import { createWorld, type Published, type ReleaseRequest, type Scope, type World } from '../../world/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Journaled {
  readonly world: World
  readonly bare: BareGate
  /** publishes a release as of the gate's now, and returns its files */
  publish(project: string, version: string, request?: ReleaseRequest): Promise<readonly Published[]>
  /** asks as a client would, and is in the journal as one */
  ask(file: Published, client?: string): Promise<string>
  now(): number
  /** moves the clock by so many hours */
  wait(hours: number): void
  /** what a policy would have made of all that was asked so far */
  replay(policy: string, changes?: { readonly at?: number }): Promise<Replay>
}

/** A gate with the real database, whose clock stands on a string. */
async function journaled(scope: Scope, policy: string, options: { readonly own?: boolean } = {}): Promise<Journaled> {
  const world = await createWorld(scope)
  const clock = { now: Date.now() }
  const folder = join(world.folder, 'gate')
  mkdirSync(folder)
  const events = { emit() {} }
  const store = await openStore({
    folder,
    cacheBytes: 1e9,
    journal: { keep: millis(400 * DAY), maxSize: 1e12 },
    events,
    clock: () => instant(clock.now),
  })
  scope.teardown(async () => {
    await store.store.close()
    await store.blobs.close()
  })
  const memory = await store.store.memory(sourceAt(world.upstream.origin))
  const bare = await openBareGate(scope, world, {
    policy,
    parts: parts => ({
      ...store,
      memory,
      clock: () => instant(clock.now),
      ...(options.own === true ? { integrity: { ...parts.integrity, isOwnOrigin: () => true } } : {}),
    }),
  })
  return {
    world,
    bare,
    async publish(project, version, request = {}) {
      const uploadTime = new Date(clock.now).toISOString()
      return (await world.release(project, version, { ...request, listed: { uploadTime, ...request.listed } })).files
    },
    async ask(file, client = '10.0.0.1') {
      clock.now += 61_000
      const verdict = await bare.judge(file)
      bare.gate.journal(verdict, { address: client, subject: 'anonymous' }, 0)
      return verdict.kind === 'refused' ? verdict.code : verdict.facts.by
    },
    now: () => clock.now,
    wait(hours) {
      clock.now += hours * HOUR
    },
    async replay(text, { at } = {}) {
      await store.store.journal.flush()
      const records = readRecords(folder, sourceAt(world.upstream.origin))
      if (records === undefined) throw new TypeError('the gate has written nothing down')
      try {
        return await replay(records, policyAt(text, clock.now), {
          since: instant(0),
          at: at === undefined ? undefined : instant(at),
        })
      } finally {
        await records.close()
      }
    },
  }
}

function policyAt(text: string, now: number): Policy {
  const loaded = loadPolicy([{ path: 'new.yaml', text }], instant(now), noRoots)
  if ('policy' in loaded) return loaded.policy
  throw new TypeError(loaded.diagnostics.map(({ message }) => message).join('\n'))
}

const PROJECTS = ['ratchet', 'pinned', 'cooled', 'named', 'open', 'denied', 'stranger'] as const
const BY = (repository: string, ownerId = '222') =>
  ({ kind: 'github', repository, workflow: 'release.yml', ref: 'refs/tags/v1', ownerId }) as const

const EVERYTHING = `version: 1
defaults: { yanked: deny, status: { archived: deny } }
projects:
  - { match: ratchet, attestation: when-seen }
  - { match: pinned, identity: first-seen }
  - { match: cooled, attestation: optional, cooldown: { min_age: 3d } }
  - { match: named, publishers: [{ kind: github, repository: acme/named, workflow: release.yml }] }
  - { match: open, attestation: optional, regression: { added_late: allow }, yanked: allow }
  - { match: denied, deny: "SEC-1" }
`

type Step =
  | {
      readonly kind: 'publish'
      readonly project: (typeof PROJECTS)[number]
      readonly minor: number
      readonly signed: boolean
      readonly moved: boolean
      readonly both: boolean
    }
  | { readonly kind: 'ask'; readonly which: number; readonly times: number }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'yank'; readonly which: number }
  | { readonly kind: 'archive'; readonly project: (typeof PROJECTS)[number] }

// what remembers comes up most
const project = fc.constantFrom(
  ...PROJECTS,
  'ratchet' as const,
  'ratchet' as const,
  'pinned' as const,
  'pinned' as const,
  'pinned' as const,
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      project,
      minor: fc.nat(1),
      signed: fc.boolean(),
      moved: fc.boolean(),
      both: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      which: fc.nat(50),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 30, 80, 400) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('yank' as const), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const), project }) },
)

const exempted = fc.record({
  project: fc.constantFrom('ratchet', 'pinned', 'cooled', 'named'),
  minor: fc.nat(1),
  hours: fc.constantFrom(2, 100, 1_000),
})

/** Pins the sdist of the first release of a line; some end while requests go on. */
function exemptionText(
  { project, minor, hours }: { readonly project: string; readonly minor: number; readonly hours: number },
  index: number,
): string {
  const { filename, sha256 } = makeSdist({ name: project, version: `1.${minor}.0` })
  const ends = new Date(Date.now() + hours * HOUR).toISOString()
  const waive = '[attestation, identity, cooldown, regression, yanked, status]'
  const pin = `{ id: EX-${index}, project: ${project}, waive: ${waive}, files: { ${filename}: "sha256:${sha256}" }, reason: r, owner: o, expires: "${ends}" }`
  return `${index === 0 ? 'exemptions:\n' : ''}  - ${pin}\n`
}

t.test('the very policy that was in force changes nothing, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 15, maxLength: 40, size: 'max' }),
      fc.array(exempted, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (steps, exemptions, own) => {
        const scope = new ManualScope()
        try {
          const policy = `${EVERYTHING}${exemptions.map(exemptionText).join('')}`
          const here = await journaled(scope, policy, { own })
          const files: Published[] = []
          const patches = new Map<string, number>()
          let asked = 0
          for (const it of steps) {
            const file = 'which' in it ? files[it.which % Math.max(1, files.length)] : undefined
            if (it.kind === 'publish') {
              const key = `${it.project} ${it.minor}`
              const patch = (patches.get(key) ?? -1) + 1
              patches.set(key, patch)
              const identity = it.moved ? BY(`evil/${it.project}`, '666') : BY(`acme/${it.project}`)
              const kinds = it.both ? (['wheel', 'sdist'] as const) : (['sdist'] as const)
              files.push(
                ...(await here.publish(it.project, `1.${it.minor}.${patch}`, { attested: it.signed, identity, kinds })),
              )
            } else if (it.kind === 'wait') here.wait(it.hours)
            else if (it.kind === 'archive') {
              if (files.some(({ project }) => project === it.project))
                here.world.upstream.setStatus(it.project, 'archived')
            } else if (file !== undefined && it.kind === 'ask')
              for (let time = 0; time < it.times; time += 1) {
                await here.ask(file, `10.0.0.${time}`)
                asked += 1
              }
            else if (file !== undefined && it.kind === 'yank') here.world.upstream.yank(file.project, file.filename)
          }
          const { requests, changed, watched, untold } = await here.replay(`${policy}# the same, in other bytes\n`)
          equal({ requests, changed, watched, untold }, { requests: asked, changed: [], watched: [], untold: [] })
        } finally {
          await scope.end()
        }
      },
    ),
    { numRuns: 12 },
  )
})

t.test('what the index itself says to be unattested is known of a file that an exemption let pass', async t => {
  const here = await journaled(t, `${EVERYTHING}${exemptionText({ project: 'named', minor: 0, hours: 100 }, 0)}`, {
    own: true,
  })
  const [file] = await here.publish('named', '1.0.0', { attested: false, kinds: ['sdist'] })
  if (file === undefined) throw new TypeError('a release has a file')
  t.equal(await here.ask(file), 'exemption')
  const { changed, untold } = await here.replay(EVERYTHING)
  t.strictSame(untold, [])
  t.match(changed, [{ from: { code: 'exemption' }, to: { outcome: 'refused', code: 'unattested' } }])
})

t.test('a draft in audit mode is told what it would refuse', async t => {
  const here = await journaled(t, 'version: 1\nprojects: [{ match: open, attestation: optional }]\n')
  const [file] = await here.publish('open', '1.0.0', { attested: false, kinds: ['sdist'] })
  if (file === undefined) throw new TypeError('a release has a file')
  t.equal(await here.ask(file), 'optional')
  const draft = 'version: 1\nmode: audit\nprojects: [{ match: open, identity: first-seen }]\n'
  const { changed, watched } = await here.replay(draft)
  t.strictSame(changed, [])
  t.match(watched, [{ to: { outcome: 'admitted', code: 'audit:unattested' } }])
})

t.test('what was proved then and fails now is no evidence of then', async t => {
  const here = await journaled(t, EVERYTHING)
  const [file] = await here.publish('named', '1.0.0', { kinds: ['sdist'] })
  if (file === undefined) throw new TypeError('a release has a file')
  t.equal(await here.ask(file), 'attestation')
  // another root: what the first one vouched for is verified anew, and fails
  const other = await createWorld(t)
  here.bare.root.material = materialOf(readFileSync(other.trustRoot, 'utf8'))
  t.equal(await here.ask(file), 'signature-invalid')
  const { changed, untold } = await here.replay(`${EVERYTHING}# the same\n`)
  t.strictSame(changed, [], 'the admission stands, and so does the refusal')
  t.match(untold, [{ from: { outcome: 'admitted', code: 'attestation' } }])
})

t.test('as of another moment, what was found since counts', async t => {
  const here = await journaled(t, EVERYTHING)
  const [file] = await here.publish('named', '1.0.0', { attested: false, kinds: ['sdist'] })
  if (file === undefined) throw new TypeError('a release has a file')
  t.equal(await here.ask(file), 'unattested')
  here.world.upstream.remove('named')
  const [late] = await here.publish('named', '1.0.0', { kinds: ['sdist'] })
  t.equal(late?.sha256, file.sha256, 'the same bytes, attested now')
  here.wait(1)
  t.equal(await here.ask(file), 'attestation')
  t.match(await here.replay(EVERYTHING), { changed: { length: 0 } }, 'each as of then')
  const asOfNow = await here.replay(EVERYTHING, { at: here.now() })
  t.match(asOfNow.changed, [{ from: { code: 'unattested' }, to: { outcome: 'admitted', code: 'attestation' } }])
})

t.test('what the index quarantined then, no policy would have admitted', async t => {
  const here = await journaled(t, EVERYTHING)
  const [file] = await here.publish('open', '1.0.0', { kinds: ['sdist'] })
  if (file === undefined) throw new TypeError('a release has a file')
  t.equal(await here.ask(file), 'attestation')
  here.world.upstream.setStatus('open', 'quarantined')
  t.equal(await here.ask(file), 'project-quarantined')
  t.match(await here.replay(EVERYTHING), { changed: { length: 0 } }, 'and the admission before it stands')
})
