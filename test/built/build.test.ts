import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { fromBufferPromise } from 'yauzl'
import { packAll } from '../../scripts/pack-all.ts'
import { emptyFolder } from './installed.ts'

t.setTimeout(900_000)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const out = join(emptyFolder(t), 'out')
const names = await packAll(out)
const wheel = names.find(name => name.endsWith('.whl')) ?? ''
const tarball = names.find(name => name.endsWith('.tgz')) ?? ''

/** bytes by path */
async function filesOf(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const zip = await fromBufferPromise(archive)
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = []
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
    files.set(entry.fileName, Buffer.concat(chunks))
  }
  return files
}

const inWheel = await filesOf(readFileSync(join(out, wheel)))

t.test('the same input makes the same bytes, whichever folder it lies in', async t => {
  const checkout = join(emptyFolder(t), 'another place')
  mkdirSync(checkout)
  for (const name of ['bin', 'man', 'policies', 'scripts', 'src', 'LICENSE', 'README.md', 'package.json'])
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true })
  for (const name of ['package-lock.json', 'portcullis.schema.json']) cpSync(join(ROOT, name), join(checkout, name))
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  execFileSync(process.execPath, [join(checkout, 'scripts/pack-all.ts')], { cwd: '/', stdio: 'ignore' })
  t.strictSame(readdirSync(join(checkout, 'out')).sort(), [...names].sort())
  t.equal(readFileSync(join(checkout, 'out/SHA256SUMS'), 'utf8'), readFileSync(join(out, 'SHA256SUMS'), 'utf8'))
})

t.test('SHA256SUMS is what sha256sum checks, and names every other file', async t => {
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: out })
  const named = readFileSync(join(out, 'SHA256SUMS'), 'utf8').match(/\S+$/gm)
  t.strictSame(
    named,
    names.filter(name => name !== 'SHA256SUMS'),
  )
})

t.test('nothing of the machine that built it is in what was built, and no source map', async t => {
  for (const [path, bytes] of inWheel) {
    if (!path.endsWith('.js')) continue
    t.notOk(bytes.includes(ROOT.slice(0, -1)) || bytes.includes('sourceMappingURL'), path)
  }
})

t.test('every module is ASCII, which V8 holds with one byte a character', async t => {
  const beyond = [...inWheel].filter(([path, bytes]) => path.endsWith('.js') && bytes.some(byte => byte > 0x7f))
  t.strictSame(
    beyond.map(([path]) => path),
    [],
  )
})

t.test('Node’s own modules are taken without reading all that they export', async t => {
  const importing = [...inWheel].filter(
    ([path, bytes]) => path.endsWith('.js') && /^import .* from "node:/m.test(bytes.toString()),
  )
  t.strictSame(
    importing.map(([path]) => path),
    [],
  )
})

t.test('the record of the wheel names every file with its digest', async t => {
  const [info = ''] = [...inWheel.keys()].flatMap(path => /^(.*\.dist-info)\/RECORD$/.exec(path)?.[1] ?? [])
  const record = String(inWheel.get(`${info}/RECORD`))
    .trimEnd()
    .split('\n')
  t.strictSame(
    record,
    [...inWheel].map(([path, bytes]) => {
      const digest = createHash('sha256').update(bytes).digest('base64url')
      return path === `${info}/RECORD` ? `${path},,` : `${path},sha256=${digest},${bytes.length}`
    }),
  )
  t.match(String(inWheel.get(`${info}/METADATA`)), /^Metadata-Version: 2\.4\nName: portcullis-gate\n/)
})

t.test('every package that is in it is named, with its licence and its version', async t => {
  const files = [...inWheel].filter(([path]) => path.includes('/gate/dist/'))
  const text = (name: string): string => String(files.find(([path]) => path.endsWith(`/${name}`))?.[1])
  const { components, dependencies, metadata } = JSON.parse(text('sbom.cdx.json'))
  t.match(metadata.component, { name: 'portcullis', purl: /^pkg:npm\/portcullis@/ })
  const sections = text('THIRD-PARTY-LICENSES').split(`\n\n${'='.repeat(80)}\n\n`)
  for (const name of ['zod', 'undici', 'better-sqlite3', '@sigstore/verify'])
    t.ok(
      components.some((each: { readonly name: string }) => each.name === name),
      name,
    )
  t.equal(components.length, sections.length)
  for (const [index, { name, version, hashes, licenses }] of components.entries()) {
    t.ok(sections[index]?.startsWith(`${name}@${version} (${licenses[0].expression})\n\n`), `${name}@${version}`)
    t.equal(hashes.length, 1, `${name} has the digest of the lock`)
    t.match(sections[index], /copyright|license/i, name)
  }
  const refs = new Set(components.map((each: Record<string, string>) => each['bom-ref']))
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) t.ok(refs.has(ref), ref)
  t.notOk(
    [...refs].some(ref => /^(?:tap|typescript|rolldown|ws)@/.test(String(ref))),
    'nothing that is not in it',
  )
})

t.test('it holds what runs, for every platform, and neither source nor tests', async t => {
  const listed = execFileSync('tar', ['--list', '--file', join(out, tarball)], { encoding: 'utf8' })
    .trim()
    .split('\n')
  t.strictSame(
    listed.filter(path => /\.ts$|\/(?:src|test|node_modules)\//.test(path)),
    [],
  )
  for (const path of [
    'bin/portcullis',
    'dist/main.js',
    'policies/starter.yaml',
    'man/portcullis.1',
    'LICENSE',
    'README.md',
  ])
    t.ok(listed.includes(`package/${path}`), path)
  t.strictSame(listed.flatMap(path => /\/([^/]+)\.node$/.exec(path)?.[1] ?? []).sort(), [
    'darwin-arm64',
    'darwin-x64',
    'linux-arm64',
    'linux-x64',
    'linuxmusl-arm64',
    'linuxmusl-x64',
    'win32-arm64',
    'win32-x64',
  ])
  const manifest = JSON.parse(
    execFileSync('tar', ['-xOf', join(out, tarball), 'package/package.json'], { encoding: 'utf8' }),
  )
  for (const key of ['private', 'dependencies', 'devDependencies', 'scripts']) t.notOk(key in manifest, key)
})

t.test('the program in Python starts Node as the launcher does', async t => {
  const options = (text: string): readonly string[] => [...new Set(text.match(/--[a-z-]+[a-z0-9](?:=\d+)?/g))].sort()
  const launcher = readFileSync(join(ROOT, 'bin/portcullis'), 'utf8').replaceAll('--version', '')
  t.strictSame(options(String(inWheel.get('portcullis_gate/__main__.py'))), options(launcher))
})
