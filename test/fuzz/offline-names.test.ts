import fc from 'fast-check'
import t from 'tap'
import { heldIndexOf } from '../../src/compose/held/held-indexes.ts'
import { indexesOf } from '../../src/config/sources.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { GateError } from '../../src/domain/base/errors.ts'
import { instant } from '../../src/domain/base/instant.ts'
import type { HeldFile } from '../../src/domain/packaging/held-file.ts'
import { type ProjectName, parseProjectName } from '../../src/domain/packaging/name.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { load } from '../config/loaded-config.ts'
import { held } from '../protocol/carry/held-files.ts'

t.setTimeout(0)

/** Where each source has its files: at hosts of their own, or at one host, apart by their paths. */
const PLACES = {
  'hosts of their own': { acme: 'https://acme.example', pypi: 'https://pypi.example' },
  'one host': { acme: 'https://nexus.example/local', pypi: 'https://nexus.example/proxy' },
} as const
type Name = keyof (typeof PLACES)['one host']
const SOURCES = ['acme', 'pypi'] as const satisfies readonly Name[]
const PROJECTS = { owned: 'acme-core', open: 'tools', other: 'plain' } as const
type Project = keyof typeof PROJECTS

type Event =
  /** a file comes in, as it was written down, or as it was before sources were, or when its source was called otherwise */
  | {
      readonly kind: 'import'
      readonly of: Name
      readonly project: Project
      readonly version: number
      readonly written: 'now' | 'before' | 'otherwise'
    }
  /** what a source brought of a project is let go of */
  | { readonly kind: 'drop'; readonly of: Name; readonly project: Project }
  | { readonly kind: 'ask'; readonly project: Project; readonly away: boolean }
  | { readonly kind: 'restart' }

const project = fc.constantFrom<Project>('owned', 'open', 'other')
const source = fc.constantFrom<Name>(...SOURCES)
const events = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('import' as const),
        of: source,
        project,
        version: fc.nat(2),
        written: fc.constantFrom('now' as const, 'now' as const, 'before' as const, 'otherwise' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), of: source, project }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('ask' as const), project, away: fc.nat(4).map(it => it === 4) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  ),
  { minLength: 4, maxLength: 24 },
) as fc.Arbitrary<readonly Event[]>

/** The file that an event brings, by which source it tells in its bytes. */
function fileOf({ of, project, version, written }: Event & { kind: 'import' }, place: string): HeldFile {
  const name = PROJECTS[project]
  const filename = `${name.replace('-', '_')}-${version}.0-py3-none-any.whl`
  const sha256 = sha256Of(`${of} ${filename}`)
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`
  const said = written === 'now' ? { source: of } : written === 'otherwise' ? { source: `old-${of}` } : {}
  return held(undefined, { project: name, filename, sha256, url: `${place}${path}`, ...said })
}

for (const [where, places] of Object.entries(PLACES))
  t.test(`without a network no owned name is another source’s, whatever came in when; sources at ${where}`, async t => {
    const entry = (name: Name) => `{ index: "${places[name]}", files: ["${places[name]}"]`
    const { config } = load(
      t,
      `policy: [policy.yaml]\nsources:\n  acme: ${entry('acme')}, owns: ["acme-*"] }\n  pypi: ${entry('pypi')} }\n`,
    )
    const [own] = indexesOf(config)
    if (own === undefined) throw new TypeError('there is one')
    const seen = { pages: 0, absent: 0, away: 0, refused: 0 }

    await fc.assert(
      fc.asyncProperty(events, async all => {
        let files: readonly (readonly [Name, HeldFile])[] = []
        let away = false
        const { store, blobs } = createMemoryStore({ clock: () => instant(0), events: { emit() {} } })
        const heldNow = {
          async of(name: ProjectName) {
            if (away) throw new GateError('unknown-store', 'what is held cannot be read')
            return files.flatMap(([, file]) => (file.project === name ? [file] : []))
          },
          projects: async () => [...new Set(files.map(([, file]) => file.project))],
        }
        const start = () =>
          heldIndexOf(own, {
            config,
            held: heldNow,
            blobs,
            memoryOf: its => store.memory(its),
            belongings: index => store.belongings(index),
            clock: () => instant(0),
          })
        const owners = new Map<Project, Name>([['owned', 'acme']])
        const has = (name: Name, asked: Project): boolean =>
          files.some(([of, file]) => of === name && file.project === PROJECTS[asked])
        let gate = await start()

        async function ask(asked: Project): Promise<void> {
          const name = parseProjectName(PROJECTS[asked])
          const answer = await gate.index.project(name).catch((error: unknown) => {
            if (!away || !(error instanceof GateError)) throw error
            return 'away' as const
          })
          if (answer === 'away') {
            seen.away += 1
            return
          }
          // it is the first's that has it when somebody asks, for good
          const owner = owners.get(asked) ?? SOURCES.find(it => has(it, asked))
          if (owner !== undefined) owners.set(asked, owner)
          const listed = answer.kind === 'page' ? answer.index.files : []
          for (const file of listed) {
            const [whose] = files.find(([, its]) => its.sha256 === file.sha256) ?? []
            if (whose !== owner) throw new Error(`${file.filename} of ${whose} in the page of ${owner}`)
          }
          if (listed.length > 0 !== (owner !== undefined && has(owner, asked)))
            throw new Error(`${asked} of ${owner}: ${listed.length} files`)
          seen[listed.length > 0 ? 'pages' : 'absent'] += 1
        }

        for (const event of all) {
          if (event.kind === 'restart') gate = await start()
          else if (event.kind === 'drop')
            files = files.filter(([of, file]) => of !== event.of || file.project !== PROJECTS[event.project])
          else if (event.kind === 'import') {
            const file = fileOf(event, places[event.of])
            files = [...files.filter(([, { sha256 }]) => sha256 !== file.sha256), [event.of, file]]
            // what is let in is what some index serves
            if (event.project === 'owned' && event.of === 'pypi') {
              if (await gate.serves(file)) throw new Error('an index serves what is not its owner’s')
              seen.refused += 1
            }
          } else {
            away = event.away
            await ask(event.project)
            away = false
          }
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) },
    )
    t.comment(JSON.stringify(seen))
    for (const [what, times] of Object.entries(seen)) t.ok(times > 20, `${what}: ${times} times`)
  })
