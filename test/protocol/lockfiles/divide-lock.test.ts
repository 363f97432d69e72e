import t from 'tap'
import { divideLock, indexKey } from '../../../src/protocol/lockfiles/divide-lock.ts'
import { A, read } from './locks-as-text.ts'

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
      const pinned = hash === undefined ? '' : `, hash = "${hash}"`
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
  t.strictSame(divided(uv(local)), ['demo'], 'a gate on this machine')
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
})
