import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { Ended } from '../../world/commands/commands.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { type Crossing, createCrossing, type Served } from '../../world/mirror/crossing.ts'
import type { Published } from '../../world/world.ts'

/** A file about which something is odd, as somebody asks for it. */
type Odd = Pick<Published, 'project' | 'version' | 'kind' | 'filename' | 'sha256' | 'bytes'> & { readonly path: string }

interface Case {
  readonly odd: string
  /** the one answer: a code, or `admitted` */
  readonly answer: string
  /** Publishes it; what it does to the index after `seen` was awaited, the gate and the commands have seen otherwise before. */
  arrange(crossing: Crossing, seen: () => Promise<void>): Promise<Odd>
}

const CASES: readonly Case[] = [
  {
    odd: 'nothing is odd',
    answer: 'admitted',
    arrange: async ({ world }) => (await world.release('demo', '1.0')).wheel,
  },
  {
    odd: 'it has no attestation',
    answer: 'unattested',
    arrange: async ({ world }) => (await world.release('demo', '1.0', { attested: false })).wheel,
  },
  {
    odd: 'it came back with another sha256',
    answer: 'unknown-index-changed',
    async arrange({ world }, seen) {
      const { wheel } = await world.release('demo', '1.0')
      await seen()
      const { bytes, sha256 } = (await world.release('other', '1.0')).wheel
      world.upstream.replace('demo', wheel.filename, { bytes, sha256, size: bytes.length })
      return { ...wheel, bytes, sha256, path: world.upstream.pathOf('demo', wheel.filename) }
    },
  },
  {
    odd: 'two projects list it',
    answer: 'unknown-index-changed',
    async arrange({ world }) {
      await world.release('demo', '1.0')
      const filename = 'demo-2-4.tar.gz' // demo 2.post4, or demo-2 4
      const { bytes } = (await world.release('other', '1.0', { attested: false })).sdist
      for (const project of ['demo', 'demo-2']) world.upstream.add(project, { filename, bytes })
      const path = world.upstream.pathOf('demo', filename)
      return { project: 'demo', version: '2.post4', kind: 'sdist', filename, bytes, sha256: sha256Of(bytes), path }
    },
  },
  {
    odd: 'its project is quarantined',
    answer: 'project-quarantined',
    async arrange({ world }) {
      const { wheel } = await world.release('demo', '1.0')
      world.upstream.setStatus('demo', 'quarantined')
      return wheel
    },
  },
  {
    odd: 'it is neither a wheel nor a source distribution',
    answer: 'file-unsupported',
    async arrange({ world }) {
      await world.release('demo', '1.0')
      const [filename, bytes] = ['demo-1.0-py3.8.egg', Buffer.from('an egg')]
      world.upstream.add('demo', { filename, bytes })
      const path = world.upstream.pathOf('demo', filename)
      return { project: 'demo', version: '1.0', kind: 'sdist', filename, bytes, sha256: sha256Of(bytes), path }
    },
  },
  {
    odd: 'it is larger than files.max_size',
    answer: 'too-large',
    async arrange({ world }) {
      const { wheel } = await world.release('demo', '1.0')
      world.upstream.replace('demo', wheel.filename, { size: 6 * 1024 ** 3 })
      return wheel
    },
  },
]

/** Whom somebody asks about a file, and how the answer is read. `undefined`: it cannot be asked there. */
const ASKED: Readonly<Record<string, (crossing: Crossing, odd: Odd) => Promise<string | undefined>>> = {
  'explain FILE': async ({ outside }, { filename }) =>
    filename.endsWith('.egg')
      ? undefined // its name is no file name of a distribution
      : codeIn(await outside('explain', filename, '--format', 'json'), filename),
  'explain URL': async ({ outside }, { filename, path }) =>
    codeIn(await outside('explain', `https://files.example${path}`, '--format', 'json'), filename),
  'verify RELEASE': async ({ outside }, { project, version, filename }) =>
    codeIn(await outside('verify', `${project}==${version}`, '--format', 'json'), filename),
  'verify FILE': async ({ outside, carried }, { filename, bytes }) => {
    if (filename.endsWith('.egg')) return undefined
    const file = carried(filename)
    writeFileSync(file, bytes)
    return codeIn(await outside('verify', file, '--format', 'json'), filename)
  },
  'audit of a pinned lock': async (crossing, odd) =>
    await audited(crossing, odd, 'uv.lock', uvLock([odd as Published])),
  'audit of a lock without pins': async (crossing, odd) =>
    await audited(crossing, odd, 'requirements.txt', `${odd.project}==${odd.version}\n`),
  'audit of hashes': async (crossing, odd) =>
    await audited(crossing, odd, 'hashes.txt', requirementsLock([odd as Published])),
  'mirror fetch': async ({ outside, places }, { project, filename, sha256, version }) => {
    if (filename.endsWith('.egg')) return undefined
    const plan = join(places.outside, 'plan.json')
    const file = { project, version, filename, sha256, size: null, outcome: 'admitted', code: null }
    const told = { format: 'portcullis-plan/1', locks: [], python: [], platform: [], files: [file], wanted: [] }
    writeFileSync(plan, JSON.stringify(told))
    return codeIn(await outside('mirror', 'fetch', plan, '--format', 'json'), filename)
  },
}

async function audited({ outside, places }: Crossing, { filename }: Odd, name: string, lock: string): Promise<string> {
  const path = join(places.outside, name)
  writeFileSync(path, lock)
  return codeIn(await outside('audit', path, '--format', 'json'), filename)
}

/** The code that a command gives a file, on stdout or where the whole command fails; `admitted` for none. */
function codeIn({ out, err, exit }: Ended, filename: string): string {
  const told = out
    .split('\n')
    .filter(line => line.startsWith('{'))
    .flatMap(line => filesIn(JSON.parse(line)))
    .find(file => file.filename === filename)
  if (told !== undefined) return told.outcome === 'admitted' ? 'admitted' : (told.code ?? 'nothing')
  return /\(([a-z-]+)\)/.exec(err)?.[1] ?? `exit ${exit}: ${out}${err}`
}

interface Told {
  readonly filename: string
  readonly outcome: string
  readonly code: string | null
}

function filesIn(line: { readonly files?: readonly Told[] } & Told): readonly Told[] {
  return line.files ?? [line]
}

async function answerAtTheDoor({ get }: Served, { path }: Odd): Promise<string> {
  const answer = await get(path)
  if (answer.status === 200) return 'admitted'
  return (await answer.json()).code
}

/** What the door shows in a listing that hides what is refused: the file, or not. */
async function isShown({ get }: Served, { project, filename }: Odd): Promise<boolean> {
  const page = await get(`/simple/${project}/`, { accept: 'application/vnd.pypi.simple.v1+json' })
  return (await page.json()).files.some((file: { filename: string }) => file.filename === filename)
}

for (const { odd: name, answer, arrange } of CASES)
  t.test(`where ${name}, the door and every command say ${answer}`, async t => {
    const crossing = await createCrossing(t)
    crossing.world.writePolicy(POLICY)
    let seen = false
    const odd = await arrange(crossing, async () => {
      seen = true
      await lookOnce(t, crossing)
    })
    const gate = await crossing.serve('outside')
    t.equal(await answerAtTheDoor(gate, odd), answer, 'the door')
    await isShown(gate, odd)
    await gate.stop()
    for (const [who, ask] of Object.entries(ASKED)) {
      const told = await ask(crossing, odd)
      if (told !== undefined) t.equal(told, answer, seen ? `${who}, after the gate has seen it otherwise` : who)
    }
  })

const POLICY = `version: 1
defaults: { attestation: required, unmatched: deny }
projects:
  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }
`

/** A gate reads the page of demo and ends. */
async function lookOnce(t: Test, crossing: Crossing): Promise<void> {
  const gate = await crossing.serve('outside')
  t.equal((await gate.get('/simple/demo/')).status, 200)
  await gate.stop()
}
