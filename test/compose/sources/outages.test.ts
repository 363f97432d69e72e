import fc from 'fast-check'
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { FaultAction } from '../../world/index/upstream-faults.ts'
import type { Published } from '../../world/world.ts'
import { type Answer, ask, createSources, startOver } from './two-sources.ts'

// the work is measured in runs, whatever time a busy machine takes for them
t.setTimeout(0)

const RUNS = 20
/** longer than a page may stand in: each question is one of its own */
const LATER = 3 * 3_600_000

/** In the order of the index. */
const SOURCES = ['acme', 'pypi'] as const
type Source = (typeof SOURCES)[number]

/** What a source that cannot answer does. */
const OUTAGES: Readonly<Record<string, FaultAction>> = {
  'says 503': { status: 503 },
  'says 403': { status: 403 },
  resets: { reset: true },
  // not 304, which would be an answer
  'breaks off': { status: 200, bytes: 'x'.repeat(100), truncateAt: 10 },
  'says something else': { status: 200, bytes: '<p>Welcome</p>', headers: { 'content-type': 'text/html' } },
}

const HOW = ['page', 'html', 'legacy', 'release', 'provenance', 'file', 'head', 'range', 'metadata'] as const

interface Step {
  /** `undefined`: it is up */
  readonly outages: Readonly<Record<Source, string | undefined>>
  readonly has: Readonly<Record<Source, boolean>>
  readonly name: 'a' | 'b'
  readonly how: (typeof HOW)[number]
  /** whose file is asked for */
  readonly file: Source
  readonly restart: boolean
}

const outage = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(OUTAGES)) },
)
const steps = fc.array(
  fc.record<Step>({
    outages: fc.record({ acme: outage, pypi: outage }),
    has: fc.record({ acme: fc.boolean(), pypi: fc.boolean() }),
    name: fc.constantFrom('a', 'b'),
    how: fc.constantFrom(...HOW),
    file: fc.constantFrom(...SOURCES),
    restart: fc.nat(11).map(it => it === 11),
  }),
  { minLength: 3, maxLength: 14 },
)

/** What must come of a step, and who may hear of the name: by the rule as a person would say it. */
function foretell(
  { outages, has }: Step,
  owner: Source | undefined,
): { readonly owner: Source | undefined; readonly page: Source | 404 | 'unknown'; readonly heard: readonly Source[] } {
  const heard: Source[] = []
  for (const source of owner === undefined ? SOURCES : [owner]) {
    heard.push(source)
    if (outages[source] !== undefined) return { owner, page: 'unknown', heard }
    if (has[source]) return { owner: source, page: source, heard }
  }
  return { owner, page: 404, heard }
}

type Files = Readonly<Record<Source, Published>>

function requestFor({ how, file }: Step, project: string, files: Files): readonly [path: string, init: RequestInit] {
  const { path, filename, version } = files[file]
  switch (how) {
    case 'page':
      return [`/simple/${project}/`, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } }]
    case 'html':
      return [`/simple/${project}/`, { headers: { accept: 'text/html' } }]
    case 'legacy':
      return [`/pypi/${project}/json`, {}]
    case 'release':
      return [`/pypi/${project}/${version}/json`, {}]
    case 'provenance':
      return [`/integrity/${project}/${version}/${filename}/provenance`, {}]
    case 'file':
      return [path, {}]
    case 'head':
      return [path, { method: 'HEAD' }]
    case 'range':
      return [path, { headers: { range: 'bytes=0-9' } }]
    case 'metadata':
      return [`${path}.metadata`, {}]
    default:
      return how satisfies never
  }
}

/** Whose an answer is by what is in it. */
function sourceOf({ body, headers }: Answer, files: Files): readonly Source[] {
  return SOURCES.filter(source => {
    const { sha256, bytes, metadata } = files[source]
    return (
      body.includes(sha256) ||
      headers.get('etag')?.includes(sha256) ||
      (body.length > 0 && (body.equals(bytes) || body.equals(metadata)))
    )
  })
}

const ABOUT_FILE: ReadonlySet<Step['how']> = new Set(['provenance', 'file', 'head', 'range', 'metadata'])

function assertTold(
  step: Step,
  answer: Answer,
  {
    page,
    owner,
    files,
  }: { readonly page: Source | 404 | 'unknown'; readonly owner: Source | undefined; readonly files: Files },
): void {
  const { how, file, has, outages } = step
  // a refusal tells the digest of the file that it refuses
  const whose = sourceOf(answer, files)
  if (answer.status === 200 || answer.status === 206) {
    if (whose.some(source => source !== page)) throw new Error(`something of ${whose.join()} in the place of ${page}`)
  } else if (answer.status !== 403 && whose.length > 0)
    throw new Error(`something of ${whose.join()} beside ${answer.status}`)
  const expected = ((): readonly number[] => {
    if (page === 'unknown') return [502, 503, 504]
    if (how === 'provenance') return [404] // nobody has signed anything
    if (page === 404) {
      // it was somebody's, and another has this very file now: that is told, and nothing else
      const moved =
        ABOUT_FILE.has(how) && owner !== undefined && file !== owner && has[file] && outages[file] === undefined
      return moved ? [403] : [404]
    }
    if (how === 'page' || how === 'html' || how === 'legacy') return [200]
    return file === page ? [200, 206] : [404]
  })()
  if (!expected.includes(answer.status)) throw new Error(`${answer.status}, not ${expected.join(' or ')}`)
  if (answer.status === 403 && how !== 'head' && !answer.body.includes('source-changed'))
    throw new Error(`403 for another reason: ${answer.body.toString()}`)
}

t.test(
  'whatever the order of questions and outages, a name that nobody owns is the first source’s that had it, and no other is asked',
  async t => {
    const sources = await createSources(t)
    const clock = { now: Date.now() }
    const start = async () => await startOver(t, sources, { clock: () => instant(clock.now) })
    let gate = await start()
    let run = 0
    const seen = new Map<string, number>()

    async function publish(project: string): Promise<Files> {
      const kinds = ['wheel'] as const
      const [acme, pypi] = await Promise.all([
        sources.acme.release(project, '1.0', { attested: false, kinds }),
        sources.pypi.release(project, '2.0', { attested: false, kinds }),
      ])
      return { acme: acme.wheel, pypi: pypi.wheel }
    }

    function arrange({ outages, has }: Step, project: string): void {
      for (const source of SOURCES) {
        const { upstream } = sources[source]
        upstream.clearFaults()
        upstream.forgetRequests()
        const down = outages[source]
        for (const route of ['page', 'legacy', 'provenance', 'file', 'metadata'] as const) {
          const action = down === undefined ? undefined : OUTAGES[down]
          if (action !== undefined) upstream.fault({ route, do: action })
          else if (!has[source]) upstream.fault({ route, match: project, do: { status: 404, bytes: 'no' } })
        }
      }
    }

    await fc.assert(
      fc.asyncProperty(steps, async taken => {
        run += 1
        const owners = new Map<string, Source | undefined>()
        const published = { a: await publish(`open-${run}-a`), b: await publish(`open-${run}-b`) }
        for (const step of taken) {
          if (step.restart) {
            await gate.stop()
            gate = await start()
          }
          const project = `open-${run}-${step.name}`
          const files = published[step.name]
          arrange(step, project)
          clock.now += LATER
          const foretold = foretell(step, owners.get(project))
          const [path, init] = requestFor(step, project, files)
          const answer = await ask(`${gate.url}${path}`, init)
          assertTold(step, answer, { ...foretold, files })
          for (const source of SOURCES) {
            const heard = sources[source].upstream.requests.length > 0
            const may = foretold.heard.includes(source) || (foretold.page === 404 && ABOUT_FILE.has(step.how))
            if (heard && !may) throw new Error(`${source} has heard of it: ${step.how}`)
          }
          owners.set(project, foretold.owner)
          seen.set(`${foretold.page}`, (seen.get(`${foretold.page}`) ?? 0) + 1)
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
    for (const outcome of ['acme', 'pypi', '404', 'unknown'])
      t.ok((seen.get(outcome) ?? 0) > 3, `${outcome}: ${seen.get(outcome)} times`)
  },
)
