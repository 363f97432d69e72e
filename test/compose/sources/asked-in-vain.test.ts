import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Crossing, createCrossing, must } from '../../world/mirror/crossing.ts'
import { createWorld, type World } from '../../world/world.ts'

const FILE = `/packages/aa/bb/${'c'.repeat(60)}`

interface Scene {
  readonly crossing: Crossing
  readonly acme: World
  readonly pypi: World
  configure(place: 'outside' | 'inside', changes: object): void
  /** Asks inside for paths, carries out what was missed, and fetches it: what was wanted, and what PyPI and acme heard. */
  carryOut(...paths: readonly string[]): Promise<{
    readonly exit: number
    readonly out: string
    readonly wanted: readonly { readonly project: string }[]
    readonly heard: { readonly pypi: readonly string[]; readonly acme: readonly string[] }
  }>
}

const at = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })

async function scene(scope: Test): Promise<Scene> {
  const crossing = await createCrossing(scope)
  const { world: pypi, places } = crossing
  const acme = await createWorld(scope)
  const policy = 'version: 1\nprojects: [{ match: "*", attestation: optional }]\n'
  pypi.writePolicy(policy)
  crossing.setPolicy(policy)
  return {
    crossing,
    acme,
    pypi,
    configure(place, changes) {
      const configuration = {
        listen: '127.0.0.1:0',
        data: join(places[place], 'data'),
        policy: [place === 'inside' ? join(places.inside, 'policy.yaml') : pypi.policy],
        trust: { root: pypi.trustRoot },
        ...(place === 'inside' ? { offline: true } : {}),
        ...changes,
      }
      writeFileSync(join(places[place], 'portcullis.yaml'), stringify(configuration))
    },
    async carryOut(...paths) {
      const gate = await crossing.serve()
      for (const path of paths) await (await gate.get(path)).bytes()
      await gate.stop()
      const request = join(places.inside, 'request.json')
      must(await crossing.inside('mirror', 'request', '--out', request), 0)
      const { wanted } = JSON.parse(readFileSync(request, 'utf8'))
      for (const { upstream } of [pypi, acme]) upstream.forgetRequests()
      const { exit, out } = await crossing.outside('mirror', 'fetch', request)
      const heardBy = ({ upstream }: World) => upstream.requests.map(({ url }) => url)
      return { exit, out, wanted, heard: { pypi: heardBy(pypi), acme: heardBy(acme) } }
    },
  }
}

t.test('a name that is internal where a request is carried to is asked of nobody there', async t => {
  const { pypi, configure, carryOut } = await scene(t)
  configure('inside', {})
  configure('outside', { upstream: at(pypi), index: { internal: ['secret-*'] } })
  const { exit, out, wanted, heard } = await carryOut('/simple/secret-plan/', `${FILE}/secret-tool-1.0-1.tar.gz`)
  t.equal(wanted.length, 2)
  t.strictSame(heard.pypi, [])
  t.match(out, /secret-plan: internal/)
  t.match(out, /secret-tool-1\.0-1\.tar\.gz: internal/)
  t.not(exit, 0)
})

t.test('a file name that somebody’s own name could have is asked of its owner alone', async t => {
  const { crossing, acme, pypi, configure, carryOut } = await scene(t)
  const owned = { sources: { acme: { ...at(acme), owns: ['left-hand'] }, pypi: at(pypi) } }
  const ambiguous = `${FILE}/left-hand-1.0-1.tar.gz`
  configure('outside', owned)
  for (const [inside, noted] of [
    [owned, 'left-hand'],
    [{}, 'left-hand-1-0'], // a mirror that does not know of sources, or an older one
  ] as const) {
    configure('inside', { ...inside, data: join(crossing.places.inside, noted) })
    const { exit, wanted, heard } = await carryOut(ambiguous)
    t.match(wanted, [{ project: noted }])
    t.strictSame(heard.pypi, [])
    t.ok(heard.acme.includes('/simple/left-hand/'))
    t.equal(exit, 1)
  }
})

t.test('and what its owner has of it is fetched', async t => {
  const { acme, pypi, configure, carryOut } = await scene(t)
  const { sdist } = await acme.release('left-hand', '1.0.post1', { attested: false })
  configure('outside', { sources: { acme: { ...at(acme), owns: ['left-hand'] }, pypi: at(pypi) } })
  configure('inside', {})
  const { exit, out, heard } = await carryOut(sdist.path)
  t.equal(exit, 0, out)
  t.match(out, /1 file.* held/)
  t.strictSame(heard.pypi, [])
})
