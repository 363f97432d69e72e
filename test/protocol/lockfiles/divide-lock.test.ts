import t from 'tap'
import { divideLock, indexKey } from '../../../src/protocol/lockfiles/divide-lock.ts'
import { A, B, read } from './locks-as-text.ts'

const OURS = {
  indexes: new Set([indexKey('https://pypi.org/simple')]),
  origins: new Set(['https://pypi.org', 'https://files.pythonhosted.org']),
  isInternal: (name: string) => name.startsWith('acme-'),
}
const PYPI = 'https://pypi.org/simple'
const PATH = `/packages/aa/bb/${'c'.repeat(60)}`

interface Entry {
  readonly name?: string
  readonly index?: string
  readonly url?: string
  readonly hash?: string
}

const uv = (...entries: readonly Entry[]): string =>
  `version = 1\n${entries
    .map(({ name = 'demo', index = PYPI, url = 'https://files.pythonhosted.org/demo-1.0.tar.gz', hash }) => {
      const pinned = hash === undefined || hash === '' ? '' : `, hash = "${hash}"`
      return `[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { registry = "${index}" }\nsdist = { url = "${url}"${pinned} }\n`
    })
    .join('')}`

/** What is judged, and kind and name of what is not. */
function divided(text: string, path = 'uv.lock') {
  const { packages, unjudged } = divideLock(read(path, text), OURS)
  return [packages.map(({ project }) => project).join(' '), ...unjudged.map(({ kind, name }) => `${kind} ${name}`)]
}

t.test('packages of another index are not asked of this one', async t => {
  const other = 'https://other.example/simple'
  t.strictSame(divided(uv({}, { name: 'theirs', index: other })), ['demo', 'other-index theirs'])
  t.strictSame(divided(uv({}, { name: 'acme-lib', index: other })), ['demo', 'internal acme-lib'])
  t.strictSame(divided(uv({ index: other })), ['', 'other-index demo'], 'also where there is no other')
  for (const spelled of [
    'https://pypi.org/simple/',
    'https://PyPI.org:443/simple',
    'https://user:secret@pypi.org/simple',
  ])
    t.strictSame(divided(uv({ index: spelled })), ['demo'], spelled)
  t.strictSame(divided(uv({ index: 'http://pypi.org/simple' })), ['', 'other-index demo'])
})

t.test('the only index of a lock is this one where nobody else gives out such files', async t => {
  const mirror = {
    index: 'https://mirror.example/simple',
    url: `https://files.example${PATH}/demo-1.0.tar.gz`,
    hash: `sha256:${A}`,
  }
  t.strictSame(divided(uv(mirror)), ['demo'])
  t.strictSame(divided(uv(mirror, { ...mirror, name: 'acme-lib', index: 'https://acme.example/simple' })), [
    'demo',
    'internal acme-lib',
  ])
  t.strictSame(divided(uv(mirror, { name: 'more' })), ['more', 'other-index demo'], 'but not beside another')
  t.strictSame(
    divided(uv(mirror, { ...mirror, name: 'more', url: 'https://files.example/more-1.0.tar.gz' })).length,
    3,
    'and not where one file is',
  )
  const local = { index: 'http://127.0.0.1:4711/simple/', url: 'http://127.0.0.1:4711/demo-1.0.tar.gz' }
  const held = { ...local, hash: `sha256:${A}` }
  t.strictSame(divided(uv(held)), ['demo'], 'a gate on this machine')
  t.strictSame(
    divided(uv(local)),
    ['demo', 'other-index demo'],
    'by the word of the lock alone, and no sha256 holds it',
  )
  t.strictSame(divided(uv({ ...mirror, hash: '' })), ['demo', 'other-index demo', 'url demo'], 'nor this')
  const line = (more: string) => divided(`-i http://localhost:4711/simple\ndemo==1.0 ${more}\n`, 'r.txt')
  t.strictSame(line(`--hash=sha256:${A}`), ['demo'], 'a line of requirements')
  t.strictSame(line(''), ['demo', 'other-index demo'])
  t.strictSame(line(`--hash=sha256:${A} --hash=sha512:${A}${A}`), ['demo', 'other-index demo'])
  t.strictSame(divided(uv({ ...local, index: 'http://127.0.0.1:4711/root/pypi/+simple/' })), ['', 'other-index demo'])
})

t.test('lines of requirements that name this index say nothing new', async t => {
  const text = (lines: string) => `${lines}\ndemo==1.0\n`
  t.strictSame(divided(text(`-i ${PYPI}`), 'r.txt'), ['demo'])
  t.strictSame(divided(text(`--extra-index-url ${PYPI}/`), 'r.txt'), ['demo'])
  t.strictSame(divided(text('-i https://other.example/simple'), 'r.txt'), [
    '',
    'index-line --index-url https://other.example/simple',
    'other-index demo',
  ])
})

t.test('a file that nothing ties to the one of the index is told besides', async t => {
  const elsewhere = 'https://elsewhere.example/demo-1.0.tar.gz'
  t.strictSame(divided(uv({ url: elsewhere })), ['demo', 'url demo'])
  t.strictSame(divided(uv({ url: elsewhere, hash: `sha512:${A}${A}` })), ['demo', 'url demo'], 'a hash of another file')
  t.strictSame(divided(uv({ url: elsewhere, hash: `sha256:${A}` })), ['demo'], 'its sha256 does')
  t.strictSame(divided(uv({})), ['demo'], 'and so does a place of the index')
  for (const odd of [
    'https://elsewhere.example\\\\@pypi.org/demo-1.0.tar.gz',
    'http://pypi.org/demo-1.0.tar.gz',
    '/demo-1.0.tar.gz',
  ])
    t.match(divided(uv({ url: odd })), ['demo', / demo$/], odd)
})

t.test('a place that one sha256 names is no place of the index', async t => {
  const entry = (more: string) =>
    `version = 1\n[[package]]\nname = "demo"\nversion = "1.0"\nsource = { registry = "${PYPI}" }\nsdist = { url = "https://evil.example/demo-1.0.tar.gz", hash = "sha256:${A}" }\nwheels = [${more}]\n`
  t.strictSame(divided(entry('')), ['demo'])
  t.strictSame(divided(entry('{ url = "https://evil.example/demo-1.0-py3-none-any.whl" }')), ['demo', 'url demo'])
  t.strictSame(
    divided(
      entry(
        `{ url = "https://evil.example/demo-1.0-py3-none-any.whl", hash = "sha256:${B}", zstd = { hash = "sha256:${A}" } }`,
      ),
    ),
    ['demo', 'url demo'],
    'what is compressed has a hash of its own',
  )
})

t.test('a client that goes by the URL takes what the URL calls it', async t => {
  const wheel = (url: string, filename: string, hash = '') =>
    divided(
      `version = 1\n[[package]]\nname = "demo"\nversion = "1.0"\nsource = { registry = "${PYPI}" }\nwheels = [{ url = "https://files.pythonhosted.org${PATH}/${url}", filename = "${filename}"${hash} }]\n`,
    )
  t.strictSame(wheel('demo-1.0-py3-none-any.whl', 'demo-1.0-py3-none-any.whl'), ['demo'])
  t.strictSame(wheel('Demo-1.0-py3-none-any.whl', 'demo-1.0-py3-none-any.whl'), ['demo'], 'in another case')
  const other = 'demo-1.0-1-py3-none-any.whl'
  t.strictSame(wheel(other, 'demo-1.0-py3-none-any.whl'), ['demo', 'url demo'])
  t.strictSame(wheel(other, 'demo-1.0-py3-none-any.whl', `, hash = "sha256:${A}"`), ['demo', 'url demo'])
  t.strictSame(wheel('download', 'demo-1.0-py3-none-any.whl', `, hash = "sha256:${A}"`), ['demo'], 'no name, and held')
  t.strictSame(wheel('download', 'demo-1.0-py3-none-any.whl'), ['demo', 'url demo'])
})

const pylock = (...files: readonly string[]) =>
  `lock-version = "1.0"\n[[packages]]\nname = "demo"\nversion = "1.0"\nwheels = [${files.join(', ')}]\n`

t.test('pylock: every hash beside a sha256 may do for a client instead', async t => {
  const wheel = (hashes: string, place = 'url = "https://evil.example/demo-1.0-py3-none-any.whl"') =>
    divided(pylock(`{ name = "demo-1.0-py3-none-any.whl", ${place}, hashes = { ${hashes} } }`), 'pylock.toml')
  t.strictSame(wheel(`sha256 = "${A}"`), ['demo'])
  for (const hashes of [
    `sha256 = "${A}", sha512 = "${A}${A}"`,
    `sha256 = "${A}", md5 = "0123"`,
    `SHA256 = "${A}", sha256 = "${B}"`,
    `sha256 = "${A}", SHA256 = "${B}"`,
    `sha512 = "${A}${A}"`,
  ])
    t.strictSame(wheel(hashes), ['demo', 'url demo'], hashes)
  const at = 'url = "https://files.pythonhosted.org/demo-1.0-py3-none-any.whl"'
  t.strictSame(wheel(`sha256 = "${A}", sha512 = "${A}${A}"`, at), ['demo'], 'a place of the index, by its name')
  const path = 'path = "./x/demo-1.0-py3-none-any.whl"'
  t.strictSame(wheel(`sha256 = "${A}"`, path), ['demo'])
  t.strictSame(wheel(`sha512 = "${A}${A}"`, path), ['demo', 'path demo'])
  t.strictSame(wheel(`sha512 = "${A}${A}"`, `${at}, ${path}`), ['demo', 'path demo'], 'of both')
})

t.test('pdm: every hash of a release may do for each of its files', async t => {
  const pdm = (...files: readonly string[]) =>
    divided(
      `[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "demo"\nversion = "1.0"\nfiles = [${files.join(', ')}]\n`,
      'pdm.lock',
    )
  const evil = 'url = "https://evil.example/demo-1.0-py3-none-any.whl"'
  const named = 'file = "demo-1.0-py3-none-any.whl"'
  t.strictSame(pdm(`{ ${named}, ${evil}, hash = "sha256:${A}" }`), ['demo'])
  t.strictSame(pdm(`{ ${named}, ${evil}, hash = "sha512:${A}${A}" }`), ['demo', 'url demo'], 'a name hides no URL')
  const other = `{ file = "demo-1.0.tar.gz", hash = "sha512:${A}${A}" }`
  t.strictSame(pdm(`{ ${evil}, hash = "sha256:${A}" }`, other), ['demo', 'url demo'])
})
