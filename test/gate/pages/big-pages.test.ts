// guards: src/gate/pages/alternatives.ts src/gate/pages/flights.ts src/gate/pages/legacy.ts src/gate/pages/listed-version.ts
import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { GateParts, GateSettings } from '../../../src/gate/create-gate.ts'
import { createLegacyReader } from '../../../src/protocol/legacy/legacy-json.ts'
import { parseProjectPage, SIMPLE_JSON } from '../../../src/protocol/simple/project-page.ts'
import { type BareGate, openBareGate } from '../../world/gate/bare-gate.ts'
import { type BigProject, makeBigProject } from '../../world/index/big-page.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { longestTurn, threadTime } from '../../world/thread/thread-time.ts'
import { createWorld } from '../../world/world.ts'

const NAME = parseProjectName('demo')
const ORIGIN = 'https://files.example'
const CONTEXT = { project: NAME, pageUrl: 'https://index.example/simple/demo/', fileOrigins: [ORIGIN], serial: 7 }
const POLICY = `version: 1
projects: [{ match: demo, attestation: when-seen, identity: first-seen }]
`

interface Scene extends BareGate {
  readonly project: BigProject
  /** how often the index was asked for a legacy document, by the version that was said */
  readonly asked: readonly (string | undefined)[]
  /** how often somebody wanted to know the policy, which everybody does who looks at a file */
  readonly looks: () => number
}

/** A gate whose index has one project with so many files, by default half of them offered with provenance, and none of them provable. */
async function scene(
  t: Test,
  files: number,
  mode: GateSettings['mode'],
  policy = POLICY,
  offered = (at: number): boolean => at % 2 === 0,
): Promise<Scene> {
  const project = makeBigProject({ name: 'demo', files, origin: ORIGIN, offered })
  const index = parseProjectPage(project.page, SIMPLE_JSON, CONTEXT)
  const asked: (string | undefined)[] = []
  let looks = 0
  const parts = ({ policies, integrity }: GateParts): Partial<GateParts> => ({
    index: {
      project: async () => ({ kind: 'page', index, etag: undefined }),
      async legacy(_name, version) {
        asked.push(version)
        const reader = createLegacyReader({ project: NAME, serial: 7, origins: [] })
        reader.write(project.legacy(version))
        return { kind: 'json', json: reader.end() }
      },
    },
    integrity: { ...integrity, isOwnOrigin: () => true },
    policies: {
      ...policies,
      current() {
        looks += 1
        return policies.current()
      },
    },
  })
  const gate = await openBareGate(t, await createWorld(t), {
    policy,
    parts,
    settings: { mode, publicUrl: 'https://gate.example', maxAge: millis(3_600_000) },
  })
  return { ...gate, project, asked, looks: () => looks }
}

/** Everything that can be asked of a project, one after the other. */
const QUESTIONS: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'simple JSON': ({ gate }) => gate.page(NAME, 'json'),
  'simple HTML': ({ gate }) => gate.page(NAME, 'html'),
  '/pypi/demo/json': ({ gate }) => gate.legacy(NAME, undefined),
  '/pypi/demo/<version>/json': ({ gate, project }) => gate.legacy(NAME, project.versions.at(-1)),
}

t.test('a page of 10,000 files is made in slices, in every mode', async t => {
  for (const mode of ['list', 'annotate'] as const) {
    const made = await scene(t, 10_000, mode)
    // what the test's own index takes for its documents is no time of the gate's
    for (const version of [undefined, made.project.versions.at(-1)]) await made.gate.legacy(NAME, version)
    // how fast a machine is, is told by how long it takes to read the page of the index at once
    const read = () => parseProjectPage(made.project.page, SIMPLE_JSON, CONTEXT)
    await inAnyRound(
      t,
      `${mode}: ms of the longest turn, of a legacy document that is made already, and to read the page`,
      async () => {
        const fresh = await scene(t, 10_000, mode)
        const whole = await threadTime(async () => read())
        const taken = await longestTurn(() => fresh.gate.locateByName(NAME, distribution(fresh)).catch(() => {}))
        const json = await longestTurn(() => fresh.gate.page(NAME, 'json'))
        const html = await longestTurn(() => fresh.gate.page(NAME, 'html'))
        const legacy = await threadTime(() => made.gate.legacy(NAME, undefined))
        fresh.gate.close()
        return { taken: taken.ms, json: json.ms, html: html.ms, legacy: legacy.ms, whole: whole.ms }
      },
      ({ taken, json, html, legacy, whole }) =>
        html < whole && json < whole && taken < 1.3 * whole && legacy < Math.max(whole / 10, 1),
    )
  }
})

t.test(
  'a page that says of 10,000 files why they are refused takes little more than one that says nothing',
  async t => {
    const required = POLICY.replace('when-seen', 'required')
    const time = async (mode: GateSettings['mode']): Promise<number> => {
      const made = await scene(t, 10_000, mode, required, () => false)
      await made.gate.locateByName(NAME, distribution(made)).catch(() => {})
      const { result, ms } = await threadTime(() => made.gate.page(NAME, 'json'))
      const reasons = result.identity.toString().split('Refused by policy: unattested').length - 1
      t.equal(reasons, mode === 'annotate' ? 10_000 : 0)
      made.gate.close()
      return ms
    }
    for (const mode of ['list', 'annotate'] as const) await time(mode) // compiles
    await inAnyRound(
      t,
      'less than eight times as many ms: it took thirteen times as much with every refusal told in full',
      async () => ({ plain: await time('list'), told: await time('annotate') }),
      ({ plain, told }) => told < 8 * plain,
    )
  },
)

t.test('every reason on a page leads to its explanation, after the gate was stopped too', async t => {
  const made = await scene(t, 400, 'annotate', POLICY.replace('when-seen', 'required'), () => false)
  const page = (await made.gate.page(NAME, 'json')).identity.toString()
  const ids = [...page.matchAll(/https:\/\/gate\.example\/x\/([0-9a-z]{12})"/g)].map(([, id = '']) => id)
  t.equal(new Set(ids).size, 400)
  const [now, stopped] = [made.gate, made.memory.store.refusals]
  const told = await Promise.all(ids.map(id => now.explained(id)))
  now.close()
  const kept = await Promise.all(ids.map(id => stopped.get(id)))
  for (const [at, each] of told.entries()) {
    t.match(each?.refused, { code: 'unattested', file: { project: 'demo' } })
    t.ok((each?.refused.steps.length ?? 0) > 1, 'with all that was looked at')
    t.strictSame(kept[at]?.refused, each?.refused)
  }
})

t.test('foreseeing takes time in proportion to the files', async t => {
  const time = async (files: number): Promise<number> => {
    const made = await scene(t, files, 'annotate')
    await made.gate.locateByName(NAME, distribution(made)).catch(() => {})
    const { ms } = await threadTime(() => made.gate.page(NAME, 'json'))
    made.gate.close()
    return ms
  }
  await time(1_000) // compiles
  await inAnyRound(
    t,
    'ms for six times the files: not 36 times the work',
    async () => ({ few: await time(2_000), many: await time(12_000) }),
    ({ few, many }) => many < 15 * few,
  )
})

function distribution({ project }: Scene) {
  return { kind: 'sdist', text: 'none', project: NAME, version: project.versions[0], extension: '.zip' } as never
}

t.test('whoever asks for a page at once shares one rendering, and nobody renders it again', async t => {
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    const made = await scene(t, 2_000, 'annotate')
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => ask(made)))
    for (const other of [...others, await ask(made)]) t.equal(other, first, question)
  }
})

t.test('all spellings of a version are one question and one answer', async t => {
  const made = await scene(t, 200, 'list')
  const version = made.project.versions.at(-1) ?? ''
  const spellings = [version, `${version}.0`, `v${version}`, `0!${version}.0.0`, ` ${version}`.trim()]
  const bodies = await Promise.all(spellings.map(spelling => made.gate.legacy(NAME, spelling)))
  for (const body of bodies) t.equal(body, bodies[0])
  t.strictSame(made.asked, [version], 'asked in the spelling of the index')
})

t.test('versions that there are not cost the index nothing, and are not remembered', async t => {
  const made = await scene(t, 200, 'list')
  for (let at = 0; at < 50; at += 1) await t.rejects(made.gate.legacy(NAME, `99.${at}`), { code: 'not-found' })
  t.strictSame(made.asked, [])
})

t.test('a refusal looks for alternatives once for a page, a policy and what is remembered', async t => {
  const made = await scene(t, 4_000, 'list', POLICY.replace('when-seen', 'required'))
  const paths = made.project.paths.filter((_, at) => at % 4 >= 2).slice(-40)
  const artifacts = await Promise.all(paths.map(path => made.locate({ path })))
  const refusal = async (at: number) => {
    const before = made.looks()
    const artifact = artifacts[at]
    if (artifact === undefined) throw new TypeError('no such file')
    const { result, ms } = await threadTime(() => made.gate.judge(artifact))
    if (result.kind !== 'refused') throw new TypeError('it was to be refused')
    return { looks: made.looks() - before, ms, notes: result.notes.join() }
  }
  const first = await refusal(0)
  t.match(first.notes, /Versions with attestations, not judged yet: /)
  t.ok(first.looks > 100, `${first.looks} looks`)
  const others: Awaited<ReturnType<typeof refusal>>[] = []
  for (let at = 1; at < artifacts.length; at += 1) others.push(await refusal(at))
  for (const { looks, notes } of others) {
    t.ok(looks <= 12, `${looks} looks`)
    t.match(notes, /Versions with attestations/)
  }
  const median = others.map(({ ms }) => ms).sort((a, b) => a - b)[others.length >> 1] ?? 0
  t.comment(`the first ${first.ms.toFixed(2)} ms, the others ${median.toFixed(2)} ms`)
  made.clock.now += 11 * 60_000
  t.ok((await refusal(1).catch(() => ({ looks: 200 }))).looks > 100, 'later it is looked again')
})

t.test('what is in the same words is not coded again', async t => {
  const made = await scene(t, 400, 'list')
  const before = await made.gate.page(NAME, 'json')
  const coded = await before.coded('gzip')
  made.rewritePolicy(`${POLICY}# another policy\n`)
  const after = await made.gate.page(NAME, 'json')
  t.not(after.etag.identity, before.etag.identity)
  t.equal(after.gzip, coded)
  t.equal(after.identity, before.identity)
})
