import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PORTCULLIS } from '../../world/commands/commands.ts'
import { uvLock } from '../../world/commands/locks.ts'
import { contentsOf } from '../../world/mirror/carried.ts'
import { createCrossing, must } from '../../world/mirror/crossing.ts'

t.setTimeout(900_000)

const TRACER = ['strace', '-f', '-o', '/dev/null'] as const
const traceable = canTrace()

const crossing = await createCrossing(t)
const { world, places } = crossing
const releases = [
  await world.release('demo', '1.0'),
  await world.release('large', '1.0', { kinds: ['wheel'], padTo: 6 * 1024 * 1024 }),
  await world.release('lab', '2.0'),
]
const files = releases.flatMap(release => release.files)
world.writePolicy()
crossing.setPolicy()
const lock = join(places.outside, 'uv.lock')
const plan = join(places.outside, 'plan.json')
writeFileSync(lock, uvLock(files))
must(await crossing.outside('mirror', 'plan', lock, '--out', plan), 0)

// what becomes of it where nobody interrupts anything
const filled = join(places.outside, 'filled')
must(await crossing.outside('mirror', 'fetch', plan, '--data', filled), 0)
const exportOf = (data: string, out: string) =>
  ['mirror', 'export', '--data', data, '--out', out, '--key', crossing.key, '--max-part', '6500000'] as const
const untouched = join(places.outside, 'untouched')
cpSync(filled, untouched, { recursive: true })
const [reference, held] = [crossing.carried('reference'), crossing.carried('held')]
const copied = join(places.outside, 'copied')
cpSync(filled, copied, { recursive: true })
must(await crossing.outside(...exportOf(copied, held)), 0)
must(await command(places.outside, exportOf(filled, reference)), 0)

/** When a process is killed: as soon as something is there, or at the N-th system call of a kind. */
type Moment = { readonly when: () => boolean } | { readonly at: string }

const FETCHING: Readonly<Record<string, (data: string) => Moment>> = {
  'in a large file': data => ({ when: () => partialBytes(data) > 1024 * 1024 }),
  'near the end of a large file': data => ({ when: () => partialBytes(data) > 5 * 1024 * 1024 }),
  'as a file is renamed': () => ({ at: 'rename,renameat,renameat2:3' }),
}

for (const [title, momentOf] of Object.entries(FETCHING))
  t.test(`a fetch that is killed ${title}`, { skip: skipOf(momentOf('')) }, async t => {
    const data = join(places.outside, `fetched ${title}`)
    const argv = ['mirror', 'fetch', plan, '--data', data]
    world.upstream.limit(2 * 1024 * 1024) // its last megabyte takes half a second, in which a busy machine looks once at least
    t.equal(await kill(places.outside, argv, momentOf(data)), 'SIGKILL')
    const left = partialBytes(data)
    world.upstream.limit(undefined)
    world.upstream.forgetRequests()
    must(await crossing.outside(...argv), 0)
    if (left > 0) t.equal(rangesAsked(), 1, `${left} bytes were there, and are not asked for again`)
    t.equal(partialBytes(data), 0, 'nothing is left of a download')
    const own = crossing.carried(`of ${title}`)
    must(await crossing.outside(...exportOf(data, own)), 0)
    t.strictSame(contentsOf(own), contentsOf(held), 'it holds the same, byte for byte')
  })

const EXPORTING: Readonly<Record<string, (out: string) => Moment>> = {
  'in a part': out => ({ when: () => existsSync(join(out, 'part-0001.tar.zst.unfinished')) }),
  'after a part': out => ({ when: () => existsSync(join(out, 'part-0001.tar.zst')) }),
  'at its end': out => ({ when: () => existsSync(join(out, 'manifest.json')) }),
  'as it is written to the disk': () => ({ at: 'fsync,fdatasync:3' }),
}

for (const [title, momentOf] of Object.entries(EXPORTING))
  t.test(`an export that is killed ${title}`, { skip: skipOf(momentOf('')) }, async t => {
    const data = join(places.outside, `exporting ${title}`)
    cpSync(untouched, data, { recursive: true })
    const out = crossing.carried(`exported ${title}`)
    await kill(places.outside, exportOf(data, out), momentOf(out))
    if (existsSync(join(out, '.unfinished-export'))) {
      const early = await crossing.inside('mirror', 'import', out, '--signer', crossing.signer)
      t.equal(early.exit, 1, 'nobody takes what is left for whole')
    }
    must(await command(places.outside, exportOf(data, out)), 0)
    t.strictSame(contentsOf(out), contentsOf(reference), 'it is the same, byte for byte')
  })

const IMPORTING: Readonly<Record<string, (data: string) => Moment>> = {
  'after the first blob': data => ({ when: () => countIn(join(data, 'blobs')) > 0 }),
  'after the first part': data => ({ when: () => countIn(join(data, 'blobs')) > 6 }),
  'once its documents are kept': data => ({
    when: () =>
      existsSync(join(data, 'evidence')) && readdirSync(join(data, 'evidence')).some(name => !name.includes('.')),
  }),
  'as the database is written': () => ({ at: 'pwrite64:12' }),
}

for (const [title, momentOf] of Object.entries(IMPORTING))
  t.test(`an import that is killed ${title}`, { skip: skipOf(momentOf('')) }, async t => {
    const data = join(places.inside, `importing ${title}`)
    const argv = ['mirror', 'import', reference, '--signer', crossing.signer, '--data', data]
    await kill(places.inside, argv, momentOf(data))
    const seen = await heldIn(data)
    t.ok(seen.length === 0 || seen.length === files.length, `${seen.length} files are held: none, or all`)
    must(await crossing.inside(...argv), 0)
    t.strictSame(await heldIn(data), files.map(({ sha256 }) => sha256).sort())
    t.equal(readdirSync(join(data, 'evidence')).length, 1, 'its documents are kept once')
  })

// ---------------------------------------------------------------- processes, and what they leave

function skipOf(moment: Moment): string | false {
  return 'at' in moment && !traceable ? 'strace is not installed, or may not trace' : false
}

/** The signal that ended it; null when it was done before. */
async function kill(folder: string, argv: readonly string[], moment: Moment): Promise<string | null> {
  if ('at' in moment) {
    const [calls, when] = moment.at.split(':')
    const inject = `inject=${calls}:signal=SIGKILL:when=${when}`
    const traced = start(folder, [...TRACER, '-e', `trace=${calls}`, '-e', inject, PORTCULLIS, ...argv])
    return ((await once(traced, 'exit')) as [number | null, string | null])[1]
  }
  const child = start(folder, [PORTCULLIS, ...argv])
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  const watch = setInterval(() => {
    if (moment.when()) child.kill('SIGKILL')
  }, 1)
  const [, signal] = await ended
  clearInterval(watch)
  return signal
}

function start(folder: string, [file = '', ...argv]: readonly string[]) {
  const { PATH, HOME } = process.env
  return spawn(file, argv, {
    cwd: folder,
    env: { PATH, HOME, XDG_CACHE_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function command(folder: string, argv: readonly string[]): Promise<Parameters<typeof must>[0]> {
  const child = start(folder, [PORTCULLIS, ...argv])
  const texts = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    texts.out += chunk
  })
  child.stderr.on('data', chunk => {
    texts.err += chunk
  })
  const [exit] = (await once(child, 'close')) as [number | null]
  return { exit: exit ?? -1, ...texts }
}

async function heldIn(data: string): Promise<readonly string[]> {
  const ended = await crossing.inside('mirror', 'verify', '--data', data, '--format', 'json')
  return ended.out
    .split('\n')
    .filter(line => line !== '')
    .map(line => (JSON.parse(line) as { readonly sha256: string; readonly outcome: string }).sha256)
    .sort()
}

function partialBytes(data: string): number {
  const folder = join(data, 'partial')
  if (!existsSync(folder)) return 0
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

function countIn(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true }).filter(name => /[0-9a-f]{64}$/.test(String(name))).length
}

function rangesAsked(): number {
  return world.upstream.requests.filter(({ headers }) => headers.range !== undefined).length
}

function canTrace(): boolean {
  try {
    execFileSync(TRACER[0], [...TRACER.slice(1), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
