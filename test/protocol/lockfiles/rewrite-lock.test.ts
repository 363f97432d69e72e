// guards: src/protocol/lockfiles/replace-strings.ts
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { divideLock, indexKey, ownIndexes } from '../../../src/protocol/lockfiles/divide-lock.ts'
import type { Lock } from '../../../src/protocol/lockfiles/lock.ts'
import { readLock } from '../../../src/protocol/lockfiles/read-lock.ts'
import type { Surroundings } from '../../../src/protocol/lockfiles/requirements/surroundings.ts'
import { type RewrittenLock, rewriteLock } from '../../../src/protocol/lockfiles/rewrite-lock.ts'
import { casePath, casesSkip } from '../../world/vectors/cases-folder.ts'
import { A, B, wrong } from './locks-as-text.ts'

const GATE = 'https://gate.example/team'
const OWNERSHIP = {
  indexes: new Set(['https://pypi.org/simple', `${GATE}/simple`].map(indexKey)),
  origins: new Set<string>(),
  isInternal: () => false,
}
const AROUND: Surroundings = { read: () => Buffer.alloc(0), environment: {} }

function rewritten(
  path: string,
  content: string | Uint8Array,
  around = AROUND,
): RewrittenLock & { readonly text: string } {
  const file = { path, bytes: Buffer.from(content) }
  const lock = readLock(file, around)
  const own = ownIndexes(lock, OWNERSHIP)
  const result = rewriteLock(file, divideLock(lock, OWNERSHIP), { gate: GATE, own }, it => readLock(it, around))
  return { ...result, text: Buffer.from(result.bytes).toString('utf8') }
}

/** Everything that a lock says but where things come from. */
function withoutAddresses({ packages, unjudged }: Lock): object {
  return {
    unjudged,
    packages: packages.map(it => ({
      ...it,
      index: undefined,
      files: it.files.map(file => ({ ...file, url: undefined })),
      places: it.places.map(place => ({ ...place, place: undefined })),
    })),
  }
}

t.test('of real locks nothing but addresses of this index changes', { skip: casesSkip }, async t => {
  const folder = casePath('locks')
  for (const path of readdirSync(folder).flatMap(name =>
    readdirSync(join(folder, name)).map(file => join(folder, name, file)),
  )) {
    const before = readFileSync(path)
    const { bytes, text, left } = rewritten(path, before)
    const expected = before
      .toString('utf8')
      .replaceAll('https://files.pythonhosted.org/', `${GATE}/`)
      .replaceAll('"https://pypi.org/simple"', `"${GATE}/simple"`)
    t.equal(text, expected, path.slice(folder.length))
    t.strictSame(left, [])
    const [old, fresh] = [before, bytes].map(it => readLock({ path, bytes: it }, AROUND))
    if (old !== undefined && fresh !== undefined) t.strictSame(withoutAddresses(fresh), withoutAddresses(old))
    t.equal(rewritten(path, bytes).text, text, 'and once is enough')
  }
})

const PATH = `/packages/aa/bb/${'c'.repeat(60)}`
const uv = (registry: string, file: string, more = '') =>
  `version = 1\n[[package]]\nname = "demo"\nversion = "1.0"\nsource = { registry = "${registry}" }\nwheels = [{ url = "${file}"${more} }]\n`

t.test('a file has at the gate the path that the gate gives it', async t => {
  const [pypi, hash] = ['https://pypi.org/simple', `, hash = "sha256:${A}"`]
  const moved = `${A.slice(0, 2)}/${A.slice(2, 4)}/${A.slice(4)}`
  const urls: readonly (readonly [from: string, to: string, more: string])[] = [
    [`https://files.pythonhosted.org${PATH}/demo-1.0-py3-none-any.whl`, `${GATE}${PATH}/demo-1.0-py3-none-any.whl`, ''],
    [`https://i.example/x${PATH}/demo-1.0-py3-none-any.whl#f=1`, `${GATE}${PATH}/demo-1.0-py3-none-any.whl#f=1`, hash],
    ['https://i.example/demo-1.0-py3-none-any.whl?t=1', `${GATE}/packages/${moved}/demo-1.0-py3-none-any.whl`, hash],
    [`https://i.example${PATH}/demo-1.0%2Bcpu-py3-none-any.whl`, `${GATE}${PATH}/demo-1.0+cpu-py3-none-any.whl`, hash],
  ]
  for (const [from, to, more] of urls)
    t.equal(rewritten('uv.lock', uv(pypi, from, more)).text, uv(`${GATE}/simple`, to, more), from)
  const unknown = uv(pypi, 'https://i.example/demo-1.0-py3-none-any.whl')
  t.match(rewritten('uv.lock', unknown), { files: 0, left: [{ url: 'https://i.example/demo-1.0-py3-none-any.whl' }] })
})

t.test('a slash at the end of an index stays, and so does every other index', async t => {
  const file = `https://files.pythonhosted.org${PATH}/demo-1.0-py3-none-any.whl`
  t.match(rewritten('uv.lock', uv('https://pypi.org/simple/', file)).text, `registry = "${GATE}/simple/"`)
  const other = uv('https://other.example/simple', 'https://other.example/demo-1.0-py3-none-any.whl')
  t.equal(rewritten('uv.lock', other).text, other)
  const both = `${uv('https://pypi.org/simple', file)}${other.slice(other.indexOf('[['))}`
  t.match(rewritten('uv.lock', both), { files: 1, indexes: 1, text: 'registry = "https://other.example/simple"' })
})

t.test('each kind of lock in its own way', async t => {
  const index = 'https://pypi.org/simple'
  const gated = `${GATE}/simple`
  const kinds: readonly (readonly [path: string, text: (index: string) => string])[] = [
    [
      'poetry.lock',
      url =>
        `[[package]]\nname = "demo"\nversion = "1"\nfiles = []\n\n[package.source]\ntype = "legacy"\nurl = "${url}"\nreference = "x"\n`,
    ],
    [
      'Pipfile.lock',
      url => `{"_meta": {"sources": [{"name": "pypi", "url": "${url}", "verify_ssl": true}]}, "default": {}}`,
    ],
    [
      'pylock.toml',
      url =>
        `lock-version = "1.0"\n\n[[sources]]\nname = "pypi"\nurl = "${url}"\n\n[[packages]]\nname = "demo"\nversion = "1"\nindex = "${url}"\n`,
    ],
    [
      'requirements.txt',
      url => `# --index-url ${url} \r\n--index-url=${url}  # mine\r\n-i "${url}"\r\ndemo==1 --hash=sha256:${B}`,
    ],
  ]
  for (const [path, text] of kinds) {
    const expected = path === 'requirements.txt' ? text(gated).replace(gated, index) : text(gated)
    t.equal(rewritten(path, text(index)).text, expected, path)
  }
})

t.test('however an address is written it is moved', async t => {
  const [pypi, file] = ['https://pypi.org/simple', `https://files.pythonhosted.org${PATH}/demo-1.0-py3-none-any.whl`]
  const [gated, moved] = [`${GATE}/simple`, `${GATE}${PATH}/demo-1.0-py3-none-any.whl`]
  const plain = uv(pypi, file, `, hash = "sha256:${A}"`)
  const forms: readonly (readonly [path: string, from: string, to: string])[] = [
    ['uv.lock', plain.replaceAll('"', "'"), uv(gated, moved, `, hash = "sha256:${A}"`).replaceAll('"', "'")],
    [
      'uv.lock',
      plain.replace('//files', '//f\\u0069les').replace('//pypi', '//\\U00000070ypi'),
      uv(gated, moved, `, hash = "sha256:${A}"`),
    ],
    [
      'uv.lock',
      plain.replace('registry = ', '"registry"="').replace('=""', '="'),
      uv(gated, moved, `, hash = "sha256:${A}"`).replace('registry = ', '"registry"="').replace('=""', '="'),
    ],
    [
      'uv.lock',
      `${plain}# "${file}" and 'registry = "${pypi}"'\n`,
      `${uv(gated, moved, `, hash = "sha256:${A}"`)}# "${file}" and 'registry = "${pypi}"'\n`,
    ],
    [
      'Pipfile.lock',
      `{"_meta":{"sources":[{"url":"${pypi}"}]},"default":{}}`,
      `{"_meta":{"sources":[{"url":"${gated}"}]},"default":{}}`,
    ],
    ['r.txt', `--index-u ${pypi}\ndemo==1`, `--index-u ${gated}\ndemo==1`],
    ['r.txt', `--pre --index-url=${pypi}\ndemo==1`, `--pre --index-url=${gated}\ndemo==1`],
    ['r.txt', `-i${pypi}\ndemo==1`, `-i${gated}\ndemo==1`],
    ['r.txt', `--index-url \\\n  ${pypi}\ndemo==1 # -i ${pypi}`, `--index-url \\\n  ${gated}\ndemo==1 # -i ${pypi}`],
    [
      'r.txt',
      `--pre --ext '${pypi}' --index-url ${pypi}\r\ndemo==1`,
      `--pre --ext '${gated}' --index-url ${gated}\r\ndemo==1`,
    ],
  ]
  for (const [path, from, to] of forms) {
    const { text, left } = rewritten(path, from)
    t.equal(text, to)
    t.strictSame(left, [], from)
  }
})

t.test('what still leads past the gate is named', async t => {
  const pypi = 'https://pypi.org/simple'
  const left = (text: string, around?: Surroundings) => rewritten('r.txt', text, around).left.map(({ url }) => url)
  const including = (text: string): Surroundings => ({ read: () => Buffer.from(text), environment: { INDEX: pypi } })
  t.strictSame(left(`-r more.txt\ndemo==1`, including(`-i ${pypi}\n`)), [pypi], 'in a file that is included')
  t.strictSame(left(`-r more.txt\ndemo==1`, including(`-i ${GATE}/simple\n`)), [])
  t.strictSame(left(`-i ${'$'}{INDEX}\ndemo==1`, including('')), [pypi], 'in the environment')
  t.strictSame(left(`-i https:/\\\n/pypi.org/simple\ndemo==1`), [pypi], 'in two lines')
  t.strictSame(left('-i https://other.example/simple\ndemo==1'), [], 'and another index is not')
})

t.test('bytes that are no ASCII stay as they are', async t => {
  const text = `# naïve ☃ \u0085\n--index-url https://pypi.org/simple\ndemo==1\n`
  t.equal(rewritten('requirements.txt', text).text, text.replace('https://pypi.org', GATE))
  const latin = Buffer.from('# coding: latin-1 \xfc\n--index-url https://pypi.org/simple\n', 'latin1')
  t.equal(
    Buffer.from(rewritten('requirements.txt', latin).bytes).toString('latin1'),
    latin.toString('latin1').replace('https://pypi.org', GATE),
  )
  const wide = Buffer.from('\ufeff--index-url https://pypi.org/simple\n', 'utf16le')
  t.equal(wrong('requirements.txt', wide), 'nothing', 'it can be read')
  t.throws(() => rewritten('requirements.txt', wide), /is not UTF-8: only that is rewritten/)
})
