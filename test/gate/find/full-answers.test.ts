// guards: src/gate/find/indexes.ts
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { atOnce } from '../../../src/flow/steps.ts'
import { isSettled, mayBeUnchanged, saysTheSame } from '../../../src/gate/find/full-answers.ts'
import { parseProjectPage, SIMPLE_JSON } from '../../../src/protocol/simple/project-page.ts'
import { type BareGate, openBareGate } from '../../world/gate/bare-gate.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const DEMO = parseProjectName('demo')
const OPTIONAL = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'

interface Page {
  readonly files: readonly { readonly filename: string; readonly hashes: unknown }[]
}

interface Lie {
  readonly serial?: number
  readonly alter?: (page: Page) => Page
  /** what the origin of files gives meanwhile */
  readonly bytes?: Buffer
}

/** The next answer for the page, and no other: by the ETag of the honest page, or by one of its own. */
async function lieOnce(
  { upstream }: World,
  { serial, alter = page => page }: Lie,
  by: 'its own' | 'the honest',
): Promise<void> {
  const honest = await fetch(`${upstream.origin}/simple/demo/`, { headers: { accept: SIMPLE_JSON } })
  const page = alter((await honest.json()) as Page)
  const etag = by === 'its own' ? '"odd"' : (honest.headers.get('etag') ?? '')
  const headers = {
    'content-type': SIMPLE_JSON,
    etag,
    ...(serial === undefined ? {} : { 'x-pypi-last-serial': `${serial}` }),
  }
  upstream.fault({
    route: 'page',
    match: '/simple/demo/',
    times: 1,
    do: { status: 200, headers, bytes: JSON.stringify(page) },
  })
}

async function scene(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { attested: false })
  const gate = await openBareGate(t, world, { policy: OPTIONAL })
  const look = async (later: number) => {
    gate.clock.now += later
    await gate.gate.page(DEMO, 'json')
  }
  for (const later of [0, 6 * MINUTE, 6 * MINUTE, 20 * DAY]) await look(later)
  return { world, wheel, gate, look }
}

/** What a client is told that takes whatever it gets. */
async function take(gate: BareGate, file: Published): Promise<string> {
  const outcome = await gate.outcome(file)
  if (outcome !== 'admitted') return outcome
  try {
    return (await gate.download(file)).equals(file.bytes) ? 'its bytes' : 'other bytes'
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

const EVIL = makeWheel({ name: 'demo', version: '1.0', files: { 'demo/more.py': '' } })

const LIES: Readonly<Record<string, (wheel: Published) => Lie>> = {
  'a serial far ahead': () => ({ serial: 5_000_000 }),
  'a page without the wheel': wheel => ({
    alter: page => ({ ...page, files: page.files.filter(({ filename }) => filename !== wheel.filename) }),
  }),
  'another sha256': wheel => ({
    alter: page => ({
      ...page,
      files: page.files.map(entry =>
        entry.filename === wheel.filename
          ? { ...entry, hashes: { sha256: sha256Of(EVIL.bytes) }, size: EVIL.bytes.length, 'core-metadata': false }
          : entry,
      ),
    }),
    bytes: EVIL.bytes,
  }),
  'a page that offers provenance': wheel => ({
    alter: page => ({
      ...page,
      files: page.files.map(entry =>
        entry.filename === wheel.filename ? { ...entry, provenance: 'https://x' } : entry,
      ),
    }),
  }),
}

for (const [what, lieOf] of Object.entries(LIES))
  t.test(`${what}, told once by the ETag of the honest page, ends as it does by another`, async t => {
    const told = async (by: 'its own' | 'the honest') => {
      const { world, wheel, gate } = await scene(t)
      const lie = lieOf(wheel)
      await lieOnce(world, lie, by)
      if (lie.bytes !== undefined) world.upstream.fault({ route: 'file', do: { bytes: lie.bytes } })
      const outcomes: string[] = []
      const after = async (later: number) => {
        gate.clock.now += later
        outcomes.push(await take(gate, wheel))
      }
      for (const later of [6, 6, 6, 6, 6]) await after(later * MINUTE)
      world.upstream.clearFaults()
      await world.release('demo', '1.1', { attested: false })
      for (const later of [6 * MINUTE, DAY / 2, DAY / 2, DAY / 2, 40 * DAY]) await after(later)
      const again = await openBareGate(t, world, { policy: OPTIONAL, after: gate })
      outcomes.push(await take(again, wheel))
      return outcomes
    }
    const control = await told('its own')
    t.strictSame(await told('the honest'), control)
    t.equal(control.includes('other bytes'), false)
    t.ok(new Set(control).size > 1, 'which is told')
    t.equal(control.at(-2), 'its bytes', 'and heals')
    t.equal(control.at(-1), 'its bytes', 'after a restart too')
  })

t.test('a new page is asked for whole twice more, and then by its ETag', async t => {
  const world = await createWorld(t)
  const gate = await openBareGate(t, world, { policy: OPTIONAL })
  for (const version of ['1.0', '1.1']) {
    await world.release('demo', version, { attested: false })
    world.upstream.forgetRequests()
    for (let looks = 0; looks < 60; looks += 1) {
      gate.clock.now += 2 * MINUTE
      await gate.gate.page(DEMO, 'json')
    }
    const pages = world.upstream.requests.filter(({ route }) => route === 'page')
    const whole = pages.flatMap(({ headers }, at) => (headers['if-none-match'] === undefined ? [at] : []))
    t.equal(pages.length, 60)
    // of a page that changed the first answer came to a question by the ETag of the one before
    t.strictSame(whole, version === '1.0' ? [0, 1, 5] : [1, 5])
  }
})

t.test('that a page is unchanged is a reading of it once it came twice, ten minutes apart', async t => {
  const [start, ten] = [1_000_000, 10 * MINUTE]
  const answers = (first: number, last: number) => ({ first: instant(start + first), last: instant(start + last) })
  const at = (later: number) => instant(start + millis(later))
  t.equal(mayBeUnchanged(answers(0, 0), at(1)), false, 'what came once is asked for whole')
  t.equal(mayBeUnchanged(answers(0, 1), at(ten - 1)), true, 'what came twice is not, until')
  t.equal(mayBeUnchanged(answers(0, 1), at(ten)), false, 'its second sight is due')
  t.equal(mayBeUnchanged(answers(0, ten), at(99 * DAY)), true)
  t.equal(isSettled(answers(0, ten - 1)), false)
  t.equal(isSettled(answers(0, ten)), true)
})

t.test('two pages say the same where every field of every entry does', async t => {
  const entry = {
    filename: 'demo-1.0-py3-none-any.whl',
    url: 'https://pypi.example/a/demo-1.0-py3-none-any.whl',
    hashes: { sha256: 'a'.repeat(64), md5: 'b'.repeat(32) },
    size: 1,
    'upload-time': '2026-01-01T00:00:00Z',
    'requires-python': '>=3.9',
    yanked: false,
    'core-metadata': { sha256: 'c'.repeat(64) },
    provenance: null,
  }
  const meta = { 'api-version': '1.4', '_last-serial': 7 }
  const read = (page: object) =>
    parseProjectPage(
      Buffer.from(JSON.stringify({ meta, name: 'demo', files: [entry], versions: ['1.0'], ...page })),
      SIMPLE_JSON,
      {
        project: DEMO,
        pageUrl: 'https://pypi.example/simple/demo/',
        fileOrigins: ['https://pypi.example'],
        serial: undefined,
      },
    )
  const same = (page: object) => atOnce(saysTheSame(read({}), read(page)))
  t.equal(same({}), true)
  for (const [what, change] of Object.entries({
    url: 'https://pypi.example/b/demo-1.0-py3-none-any.whl',
    filename: 'demo-1.0-py2-none-any.whl',
    hashes: { ...entry.hashes, md5: 'd'.repeat(32) },
    size: 2,
    'upload-time': '2026-01-01T00:00:01Z',
    'requires-python': '>=3.10',
    yanked: true,
    'core-metadata': { sha256: 'd'.repeat(64) },
    provenance: 'https://pypi.example/p',
  }))
    t.equal(same({ files: [{ ...entry, [what]: change }] }), false, what)
  t.equal(same({ files: [{ ...entry, hashes: { ...entry.hashes, sha256: 'd'.repeat(64) } }] }), false, 'sha256')
  for (const page of [
    { files: [] },
    { files: [entry, {}] },
    { versions: ['1.0', '1.1'] },
    { meta: { ...meta, '_last-serial': 8 } },
    { 'project-status': { status: 'archived' } },
  ])
    t.equal(same(page), false, JSON.stringify(page).slice(0, 40))
})
