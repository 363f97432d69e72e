// guards: src/gate/mirror/carried-documents.ts src/gate/mirror/export.ts src/gate/mirror/fetch.ts
// guards: src/gate/mirror/held-verdicts.ts src/gate/mirror/import.ts src/gate/mirror/static-tree.ts
// guards: src/gate/mirror/take.ts src/gate/mirror/verify.ts
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { contentsOf, Luggage } from '../../world/mirror/carried.ts'
import { type Crossing, createCrossing, must } from '../../world/mirror/crossing.ts'
import type { Published } from '../../world/world.ts'

t.setTimeout(900_000)

const ANY = 'version: 1\nmode: enforce\ndefaults:\n  attestation: optional\n  unmatched: apply-defaults\n'

/** A crossing with demo 1.0 (wheel and sdist) and lab 2.0 (wheel), held outside. */
async function filled(t: Test): Promise<{ readonly crossing: Crossing; readonly files: readonly Published[] }> {
  const crossing = await createCrossing(t)
  const demo = await crossing.world.release('demo', '1.0', { requiresPython: '>=3.8' })
  const lab = await crossing.world.release('lab', '2.0', { kinds: ['wheel'] })
  crossing.world.writePolicy()
  crossing.setPolicy()
  const files = [...demo.files, ...lab.files]
  must(await crossing.fetch(files), 0)
  return { crossing, files }
}

t.test('what was carried in is served without an upstream', async t => {
  const { crossing, files } = await filled(t)
  const folder = await crossing.export('one')
  must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
  await crossing.world.upstream.close()
  const gate = await crossing.serve()
  const [wheel] = files
  if (wheel?.provenance === undefined) throw new Error('the wheel is attested')

  await t.test('the list of projects', async t => {
    const list = await gate.get('/simple/', { accept: 'application/vnd.pypi.simple.v1+json' })
    t.strictSame((await list.json()).projects, [{ name: 'demo' }, { name: 'lab' }])
    t.match(await (await gate.get('/simple/', { accept: 'text/html' })).text(), /<a href="demo\/">demo<\/a>/)
    t.equal((await gate.get('/simple', {}, 'manual')).status, 301)
  })
  await t.test('a page, in both forms', async t => {
    const page = await (await gate.get('/simple/demo/', { accept: 'application/vnd.pypi.simple.v1+json' })).json()
    t.strictSame(
      page.files.map((file: { filename: string }) => file.filename),
      ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz'],
    )
    t.match(page.files[0], { 'requires-python': '>=3.8', size: wheel.bytes.length, hashes: { sha256: wheel.sha256 } })
    t.match(page, { versions: ['1.0'], meta: { 'api-version': '1.4' } })
    t.match(await (await gate.get('/simple/demo/', { accept: 'text/html' })).text(), /demo-1\.0\.tar\.gz<\/a>/)
  })
  await t.test('a file, a part of it, and its METADATA', async t => {
    t.ok(wheel.bytes.equals(await (await gate.get(wheel.path)).bytes()))
    const part = await gate.get(wheel.path, { range: 'bytes=0-9' })
    t.equal(part.status, 206)
    t.ok(wheel.bytes.subarray(0, 10).equals(await part.bytes()))
    t.ok(wheel.metadata.equals(await (await gate.get(`${wheel.path}.metadata`)).bytes()))
  })
  await t.test('its provenance, byte for byte', async t => {
    const provenance = await gate.get('/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance')
    t.ok(wheel.provenance?.equals(await provenance.bytes()))
  })
  await t.test('the JSON API, with what METADATA says', async t => {
    const { info, urls, releases } = await (await gate.get('/pypi/demo/json')).json()
    t.match(info, { name: 'demo', version: '1.0', requires_python: '>=3.8' })
    t.equal(urls.length, 2)
    t.strictSame(Object.keys(releases), ['1.0'])
    t.equal((await gate.get('/pypi/demo/1.0/json')).status, 200)
    t.equal((await gate.get('/pypi/demo/9.9/json')).status, 404)
  })
  await t.test('what is not held is 404 with a code, and was noted', async t => {
    for (const path of ['/simple/numpy/', `/packages/ab/cd/${'0'.repeat(60)}/flask-3.0-py3-none-any.whl`]) {
      const missing = await gate.get(path)
      t.equal(missing.status, 404)
      t.match(missing.reason, /not-in-mirror/)
      t.match(await missing.json(), { code: 'not-in-mirror' })
    }
    await gate.stop()
    const plan = join(crossing.places.inside, 'request.json')
    must(await crossing.inside('mirror', 'request', '--out', plan, '--python', '3.11'), 0)
    t.match(JSON.parse(readFileSync(plan, 'utf8')), {
      python: ['3.11'],
      files: [],
      wanted: [
        { project: 'demo', filename: null },
        { project: 'flask', filename: 'flask-3.0-py3-none-any.whl' },
        { project: 'numpy', filename: null },
      ],
    })
  })
})

t.test('what is held is judged like anything else', async t => {
  const { crossing, files } = await filled(t)
  const folder = await crossing.export('one')
  must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
  crossing.setPolicy(crossing.world.policyText().replace('acme/demo', 'acme/other'))
  const gate = await crossing.serve()
  const [wheel, , lab] = files
  const refused = await gate.get(wheel?.path ?? '')
  t.equal(refused.status, 403)
  t.match(refused.reason, /Refused by policy: publisher-mismatch/)
  t.equal((await gate.get(`${wheel?.path}.metadata`)).status, 403)
  t.equal((await gate.get(lab?.path ?? '')).status, 200)
  await gate.stop()
  const verified = await crossing.inside('mirror', 'verify')
  t.equal(verified.exit, 1)
  t.match(verified.out, /✗ demo-1\.0-py3-none-any\.whl: publisher-mismatch/)
  t.match(verified.out, /1 {2}admitted, attested\n/)
  t.match(verified.out, /signed by\n {6}1 {2}.*acme\/lab .*release\.yml\n/)
})

t.test('what was asked in vain is carried out, resolved, and carried in as a delta', async t => {
  const { crossing } = await filled(t)
  const { world } = crossing
  const one = await crossing.export('one')
  must(await crossing.inside('mirror', 'import', one, '--signer', crossing.signer), 0)
  const gate = await crossing.serve()
  await gate.get('/simple/flask/')
  await gate.get(`/packages/ab/cd/${'0'.repeat(60)}/lab-2.1-py3-none-any.whl`)
  await gate.get('/simple/nowhere/')
  await gate.stop()
  const request = join(crossing.places.inside, 'request.json')
  must(await crossing.inside('mirror', 'request', '--out', request), 0)

  await world.release('flask', '3.0', { kinds: ['wheel'] })
  await world.release('flask', '3.1', { kinds: ['wheel'] })
  await world.release('flask', '4.0rc1', { kinds: ['wheel'] })
  await world.release('lab', '2.1', { kinds: ['wheel'] })
  world.writePolicy()
  crossing.setPolicy()
  const fetched = await crossing.outside('mirror', 'fetch', request)
  t.equal(fetched.exit, 1, 'one of them is nowhere')
  t.match(fetched.out, /\? nowhere: not-listed\n {4}the index does not know nowhere/)
  t.match(fetched.out, /2 files.* held/)

  const two = await crossing.export('two', '--since', join(one, 'manifest.json'))
  const delta = new Luggage(two).manifest
  t.match(delta, { sequence: 2, parent: /^[0-9a-f]{64}$/ })
  t.equal(delta.files.length, 5, 'the manifest names everything')
  const before = new Set(new Luggage(one).manifest.parts.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256)))
  const carried = delta.parts.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256))
  t.equal(carried.length, 6, 'a wheel, its METADATA and its provenance, twice')
  t.notOk(
    carried.some(sha256 => before.has(sha256)),
    'and nothing that the first one carried',
  )
  const imported = must(await crossing.inside('mirror', 'import', two, '--signer', crossing.signer), 0)
  t.match(imported.out, /\+ flask-3\.1-py3-none-any\.whl\n\+ lab-2\.1-py3-none-any\.whl\n/)
  t.match(imported.out, /2 new, 0 changed, 3 as before/)
  must(await crossing.inside('mirror', 'request', '--out', request), 0)
  t.match(JSON.parse(readFileSync(request, 'utf8')).wanted, [{ project: 'nowhere' }], 'what came in is asked no more')
})

t.test('an export', async t => {
  const { crossing, files } = await filled(t)

  await t.test('is the same, byte for byte, as long as nothing changes', async t => {
    const [first, again] = [await crossing.export('first'), await crossing.export('again')]
    t.strictSame(contentsOf(again), contentsOf(first))
  })
  await t.test('can be checked and unpacked with what every system has', async t => {
    const folder = await crossing.export('plain')
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
    t.match(sums, /^[0-9a-f]{64} {2}manifest\.json$/m)
    t.equal(sums.trimEnd().split('\n').length, contentsOf(folder).length - 1)
    const archive = zstdDecompressSync(readFileSync(join(folder, 'part-0001.tar.zst')))
    t.equal(archive.subarray(257, 262).toString(), 'ustar')
  })
  await t.test('that is there and still says all is left as it is', async t => {
    const folder = await crossing.export('there')
    const before = statSync(join(folder, 'manifest.json'), { bigint: true }).mtimeNs
    must(await crossing.outside('mirror', 'export', '--out', folder, '--key', crossing.key), 0)
    t.equal(statSync(join(folder, 'manifest.json'), { bigint: true }).mtimeNs, before)
    must(await crossing.outside('mirror', 'keygen', '--out', crossing.carried('other-keys')), 0)
    const other = join(crossing.carried('other-keys'), 'mirror.key')
    const ended = await crossing.outside('mirror', 'export', '--out', folder, '--key', other)
    t.equal(ended.exit, 2, 'but not where it is signed with another key')
  })
  await t.test('never writes over anything else', async t => {
    const folder = await crossing.export('taken')
    writeFileSync(join(folder, 'manifest.json'), '{}')
    const ended = await crossing.outside('mirror', 'export', '--out', folder, '--key', crossing.key)
    t.equal(ended.exit, 2)
    t.match(ended.err, /not empty/)
    t.equal(readFileSync(join(folder, 'manifest.json'), 'utf8'), '{}')
  })
  await t.test('is divided into parts no larger than asked for', async t => {
    const folder = await crossing.export('parts', '--max-part', '12000')
    const { parts } = new Luggage(folder).manifest
    t.ok(parts.length > 1, `${parts.length} parts`)
    for (const { name, size } of parts) t.ok(size <= 12_000, `${name} has ${size} bytes`)
    const ended = await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer, '--dry-run')
    t.equal(ended.exit, 0)
    t.match(ended.out, /would be let in: 3 new/)
    t.equal((await crossing.inside('mirror', 'verify', '--format', 'json')).out, '', 'a dry run keeps nothing')
    const small = await crossing.outside(
      'mirror',
      'export',
      '--out',
      crossing.carried('small'),
      '--key',
      crossing.key,
      '--max-part',
      '2000',
    )
    t.equal(small.exit, 2)
    t.match(small.err, /does not fit a part/)
  })
  await t.test('leaves out what is refused by now', async t => {
    crossing.world.writePolicy(crossing.world.policyText().replace('acme/lab', 'acme/other'))
    const ended = await crossing.outside('mirror', 'export', '--out', crossing.carried('less'), '--key', crossing.key)
    t.equal(ended.exit, 1)
    t.match(ended.out, /✗ lab-2\.0-py3-none-any\.whl: publisher-mismatch/)
    t.equal(new Luggage(crossing.carried('less')).manifest.files.length, 2)
    crossing.world.writePolicy()
  })
  await t.test('as a tree is what any web server can serve', async t => {
    const tree = await crossing.export('tree', '--layout', 'pep503')
    const [wheel] = files
    const page = readFileSync(join(tree, 'simple', 'demo', 'index.html'), 'utf8')
    const href = /<a href="([^"#]*)#sha256=[0-9a-f]{64}"[^>]*>demo-1\.0-py3-none-any\.whl/.exec(page)?.[1] ?? ''
    t.ok(wheel?.bytes.equals(readFileSync(join(tree, 'simple', 'demo', href))))
    t.ok(wheel?.metadata.equals(readFileSync(join(tree, 'simple', 'demo', `${href}.metadata`))))
    const provenance = /data-provenance="([^"]*)"[^>]*>demo-1\.0-py3-none-any\.whl/.exec(page)?.[1] ?? ''
    t.ok(wheel?.provenance?.equals(readFileSync(join(tree, 'simple', 'demo', provenance))))
    const { files: listed } = JSON.parse(readFileSync(join(tree, 'simple', 'demo', 'index.json'), 'utf8'))
    t.match(listed[0], { filename: 'demo-1.0-py3-none-any.whl', url: href, provenance })
    t.match(readFileSync(join(tree, 'simple', 'index.html'), 'utf8'), /href="lab\/"/)
  })
})

t.test('an import', async t => {
  const { crossing, files } = await filled(t)

  await t.test('may leave out what is refused here for a code that is named, and the next delta may too', async t => {
    const one = await crossing.export('one')
    crossing.setPolicy(crossing.world.policyText().replace('acme/lab', 'acme/other'))
    const refused = await crossing.inside('mirror', 'import', one, '--signer', crossing.signer)
    t.equal(refused.exit, 1)
    t.match(refused.err, /file-refused: lab-2\.0-py3-none-any\.whl: publisher-mismatch/)
    const some = ['--signer', crossing.signer, '--allow-refused', 'publisher-mismatch']
    const imported = await crossing.inside('mirror', 'import', one, ...some)
    t.equal(imported.exit, 0)
    t.match(imported.out, /2 new, 0 changed, 0 as before, 1 left out/)
    const more = await crossing.world.release('demo', '1.1', { kinds: ['wheel'] })
    must(await crossing.fetch(more.files), 0)
    const two = await crossing.export('two', '--since', join(one, 'manifest.json'))
    t.equal((await crossing.inside('mirror', 'import', two, '--signer', crossing.signer)).exit, 1)
    t.match((await crossing.inside('mirror', 'import', two, ...some)).out, /1 new, 0 changed, 2 as before, 1 left out/)
  })
  await t.test('keeps what was carried as evidence', async t => {
    const evidence = join(crossing.places.inside, 'data', 'evidence')
    const [one] = readdirSync(evidence)
    t.strictSame(readdirSync(join(evidence, one ?? '')).sort(), [
      'manifest.dsse.json',
      'manifest.json',
      'policy',
      'trust',
      'verdicts.ndjson',
    ])
    const verdicts = readFileSync(join(evidence, one ?? '', 'verdicts.ndjson'), 'utf8')
    t.match(verdicts, /"outcome":"admitted"/)
    t.notMatch(verdicts, crossing.world.folder, 'without the folders of whoever judged')
  })
  await t.test('tells what was changed on disk since', async t => {
    const [wheel] = files
    const { sha256 } = wheel ?? { sha256: '' }
    const blob = join(crossing.places.inside, 'data', 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
    const bytes = readFileSync(blob)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    writeFileSync(blob, bytes)
    const verified = await crossing.inside('mirror', 'verify')
    t.equal(verified.exit, 1)
    t.match(verified.out, /demo-1\.0-py3-none-any\.whl: integrity-mismatch\n.*gone or were changed; import it again/)
    const gate = await crossing.serve()
    t.equal((await gate.get(wheel?.path ?? '')).status, 503, 'and it is served no more')
    await gate.stop()
  })
  await t.test('brings back what was changed, and says so', async t => {
    const whole = await crossing.export('whole')
    const allowed = ['--allow-refused', 'publisher-mismatch']
    const args = ['mirror', 'import', whole, '--signer', crossing.signer, ...allowed] as const
    const imported = must(await crossing.inside(...args), 0)
    t.match(imported.out, /\+ demo-1\.0-py3-none-any\.whl, whole again\n.*0 new, 0 changed, 1 restored, \d+ as before/s)
    const log = (await crossing.inside('audit-log', 'export')).out.trim().split('\n')
    const rows = log.filter(line => line.includes('imported'))
    t.match(rows.at(-1), /"files":"1"/)
    t.notMatch((await crossing.inside('mirror', 'verify')).out, /integrity-mismatch/)
    t.match(must(await crossing.inside(...args), 0).out, /0 new, 0 changed, \d+ as before/)
  })
  await t.test('cannot be made where a gate runs', async t => {
    const gate = await crossing.serve()
    const ended = await crossing.inside('mirror', 'import', crossing.carried('one'), '--signer', crossing.signer)
    t.equal(ended.exit, 2)
    t.match(ended.err, /in use by another gate/)
    t.match(
      ended.err,
      /stop it first and start it again afterwards, or take a folder of its own \(--data\)/,
      'and what to do',
    )
    await gate.stop()
  })
  await t.test('wants a public key', async t => {
    for (const signer of [crossing.key, join(crossing.places.inside, 'policy.yaml')]) {
      const ended = await crossing.inside('mirror', 'import', crossing.carried('one'), '--signer', signer)
      t.equal(ended.exit, 2)
      t.match(ended.err, /is no ed25519 public key/)
    }
  })
  await t.test('without a usable root of this place ends with 5', async t => {
    writeFileSync(crossing.world.trustRoot, '{}')
    const ended = await crossing.inside('mirror', 'import', crossing.carried('one'), '--signer', crossing.signer)
    t.equal(ended.exit, 5)
  })
})

t.test('files that nobody attested are carried as they are, for a policy that lets them', async t => {
  const crossing = await createCrossing(t)
  const bare = await crossing.world.release('bare', '1.0', { attested: false, kinds: ['wheel'] })
  crossing.world.writePolicy(ANY)
  crossing.setPolicy(ANY)
  must(await crossing.fetch(bare.files), 0)
  const folder = await crossing.export('bare')
  must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
  const gate = await crossing.serve()
  t.equal((await gate.get(bare.wheel.path)).status, 200)
  t.equal((await gate.get('/integrity/bare/1.0/bare-1.0-py3-none-any.whl/provenance')).status, 404)
  await gate.stop()
})

t.test('what a mirror holds is never evicted', async t => {
  const { crossing, files } = await filled(t)
  const config = join(crossing.places.outside, 'portcullis.yaml')
  writeFileSync(config, `${readFileSync(config, 'utf8')}files:\n  cache: 1B\n`)
  const other = await crossing.world.release('demo', '7.0', { kinds: ['wheel'] })
  const gate = await crossing.serve('outside')
  t.equal((await gate.get(other.wheel.path)).status, 200)
  t.equal((await gate.get(files[0]?.path ?? '')).status, 200)
  await gate.stop()
  t.equal((await crossing.outside('mirror', 'verify')).exit, 0)
})
