import t from 'tap'
import { type Desk, desk } from '../../world/commands/desk.ts'
import type { Published } from '../../world/world.ts'

const EVIL = 'http://evil.example'
const PYPI = 'https://pypi.org/simple'
const PYPI_PATH = `packages/aa/bb/${'c'.repeat(60)}`
const SHA512 = `sha512:${'e'.repeat(128)}`

const here = await desk(t)
const { wheel, sdist } = await here.world.release('demo', '1.0')
here.world.writePolicy()

interface Audited {
  readonly exit: number
  /** file name and outcome */
  readonly files: readonly string[]
  /** kind and name of what is told */
  readonly told: readonly string[]
}

async function audit({ run, write }: Desk, name: string, text: string, ...flags: readonly string[]): Promise<Audited> {
  const { exit, out, err } = await run('audit', write(name, text), '--format', 'json', ...flags)
  if (out === '') return { exit, files: [], told: [err] }
  const { files, skipped } = JSON.parse(out) as Readonly<Record<'files' | 'skipped', readonly Record<string, string>[]>>
  return {
    exit,
    files: files.map(file => `${file['filename']} ${file['outcome']}`),
    told: skipped.map(it => `${it['kind']} ${it['name']}`),
  }
}

const uv = (registry: string, wheels: string, key = 'package') =>
  `version = 1\n[[${key}]]\nname = "demo"\nversion = "1.0"\nsource = { registry = "${registry}" }\nwheels = [${wheels}]\n`
const uvWheel = (at: string, hash: string | undefined, more = '') =>
  `{ url = "${at}/${wheel.filename}"${hash === undefined ? '' : `, hash = "${hash}"`}${more} }`
const pylock = (place: string, hashes: string) =>
  `lock-version = "1.0"\n[[packages]]\nname = "demo"\nversion = "1.0"\nwheels = [{ name = "${wheel.filename}", ${place}, hashes = { ${hashes} } }]\n`
const pdm = (file: string) =>
  `[metadata]\nlock_version = "4.5.0"\nstrategy = ["static_urls"]\n[[package]]\nname = "demo"\nversion = "1.0"\nfiles = [${file}]\n`
const pipfile = (entry: object, url = PYPI) =>
  JSON.stringify({ _meta: { 'pipfile-spec': 6, sources: [{ name: 'pypi', url }] }, default: { demo: entry } })

const held = `sha256:${wheel.sha256}`
const real = `sha256 = "${wheel.sha256}"`
const pinned = { version: '==1.0', hashes: [held] }

/** A lock that holds a client to what is judged, and what one change makes of it. */
const PAIRS: readonly (readonly [
  name: string,
  honest: string,
  ...changed: (readonly [what: string, text: string])[],
])[] = [
  [
    'uv.lock',
    uv(PYPI, uvWheel(EVIL, held)),
    ['no hash', uv(PYPI, uvWheel(EVIL, undefined))],
    ['another hash', uv(PYPI, uvWheel(EVIL, SHA512))],
    ['a hash of what is compressed', uv(PYPI, uvWheel(EVIL, held, `, zstd = { hash = "${held}" }`))],
    ['an older name', uv(PYPI, uvWheel(EVIL, undefined), 'distribution')],
    ['an index that is odd', uv(`${EVIL}\\\\@pypi.org/simple`, uvWheel(EVIL, held))],
    ['a path', uv(PYPI, `{ path = "evil/${wheel.filename}" }`)],
    [
      'a place that the sha256 of another file names',
      `${uv(PYPI, uvWheel(EVIL, undefined))}sdist = { url = "${EVIL}/${sdist.filename}", hash = "sha256:${sdist.sha256}" }\n`,
    ],
    ['nothing at all', 'version = 1\n'],
  ],
  [
    'uv.lock',
    uv(`${EVIL}/simple`, uvWheel(`${EVIL}/${PYPI_PATH}`, held)),
    ['no hash, of an index that looks like this one', uv(`${EVIL}/simple`, uvWheel(`${EVIL}/${PYPI_PATH}`, undefined))],
    ['no hash, of a port', uv('http://localhost:6666/simple', uvWheel('http://localhost:6666', undefined))],
  ],
  [
    'uv.lock',
    uv(PYPI, uvWheel(`https://files.pythonhosted.org/${PYPI_PATH}`, undefined)),
    [
      'another name in the URL',
      uv(PYPI, `{ url = "https://files.pythonhosted.org/demo-1.0-py2-none-any.whl", filename = "${wheel.filename}" }`),
    ],
    ['a host that is odd', uv(PYPI, uvWheel(`https://files.pythonhosted.org\\\\@evil.example`, undefined))],
    ['no TLS', uv(PYPI, uvWheel('http://files.pythonhosted.org', undefined))],
  ],
  [
    'pylock.toml',
    pylock(`url = "${EVIL}/${wheel.filename}"`, real),
    [
      'two spellings',
      pylock(`url = "${EVIL}/${wheel.filename}"`, `SHA256 = "${wheel.sha256}", sha256 = "${'e'.repeat(64)}"`),
    ],
    ['a second hash', pylock(`url = "${EVIL}/${wheel.filename}"`, `${real}, sha512 = "${'e'.repeat(128)}"`)],
    [
      'another name in the URL',
      pylock(`url = "https://files.pythonhosted.org/evil-1.0-py3-none-any.whl"`, `sha512 = "ee"`),
    ],
  ],
  [
    'pylock.toml',
    pylock(`path = "x/${wheel.filename}"`, real),
    ['another hash', pylock(`path = "x/${wheel.filename}"`, `sha512 = "${'e'.repeat(128)}"`)],
  ],
  [
    'pdm.lock',
    pdm(`{ file = "${wheel.filename}", url = "${EVIL}/${wheel.filename}", hash = "${held}" }`),
    ['another hash', pdm(`{ file = "${wheel.filename}", url = "${EVIL}/${wheel.filename}", hash = "${SHA512}" }`)],
  ],
  [
    'Pipfile.lock',
    pipfile(pinned),
    ['a URL before the project', pipfile({ path: '.', file: `${EVIL}/${wheel.filename}` })],
    ['a second line', pipfile({ ...pinned, markers: `os_name == 'x'\n${EVIL}/${wheel.filename}` })],
    ['a second hash', pipfile({ ...pinned, markers: `os_name == 'x' --hash=${SHA512}` })],
    ['words for pip', pipfile({ ...pinned, pip_args: ['--index-url', `${EVIL}/simple`] })],
    ['a source that is odd', pipfile(pinned, `${EVIL}\\@pypi.org/simple`)],
  ],
  [
    'requirements.txt',
    `--index-url http://localhost:6666/simple\ndemo==1.0 --hash=${held}\n`,
    ['no hash', '--index-url http://localhost:6666/simple\ndemo==1.0\n'],
    ['a second hash', `--index-url http://localhost:6666/simple\ndemo==1.0 --hash=${held} --hash=${SHA512}\n`],
    ['an index that is odd', `--index-url ${EVIL}\\\\@pypi.org/simple\ndemo==1.0 --hash=${held}\n`],
    ['a further index that is odd', `--extra-index-url ${EVIL}\\\\@pypi.org/simple\ndemo==1.0 --hash=${held}\n`],
  ],
]

for (const [name, honest, ...changed] of PAIRS)
  t.test(`${name}: a client that is held to what is judged, and what holds it no more`, async t => {
    t.match(await audit(here, name, honest), { exit: 0, files: [`${wheel.filename} admitted`], told: [] }, honest)
    for (const [what, text] of changed) {
      const { exit, told } = await audit(here, name, text)
      t.ok(exit === 1 || exit === 2, `${what}: ${told.join()}`)
      t.equal(told.length >= 1, true, `${what} is told`)
    }
  })

/** The same bytes under a name that nobody signed, which clients prefer, and a local version that nobody signed. */
async function deskWithMore(): Promise<Desk & { readonly lib: readonly Published[] }> {
  const more = await desk(t)
  const demo = await more.world.release('demo', '1.0')
  const { wheel: signed } = demo
  more.world.upstream.add('demo', {
    filename: signed.filename.replace('-py3', '-1-py3'),
    bytes: signed.bytes,
    metadata: signed.metadata,
  })
  const lib = await more.world.release('lib', '1.0')
  await more.world.release('lib', '1.0+local', { attested: false })
  more.world.writePolicy()
  return { ...more, lib: lib.files }
}

t.test('every file that a requirement lets in is judged, by its name', async t => {
  const more = await deskWithMore()
  const twins = await audit(more, 'requirements.txt', `demo==1.0 --hash=${held}\n`)
  t.equal(twins.exit, 1)
  t.strictSame(twins.files, ['demo-1.0-py3-none-any.whl admitted', 'demo-1.0-1-py3-none-any.whl refused'])
  const local = await audit(more, 'requirements.txt', 'lib==1.0\n')
  t.equal(local.exit, 1)
  t.strictSame(local.files.map(it => it.split(' ')).filter(([, outcome]) => outcome === 'refused').length, 2)
  const hashes = more.lib.map(({ sha256 }) => `--hash=sha256:${sha256}`).join(' ')
  t.equal(
    (await audit(more, 'requirements.txt', `lib==1.0 ${hashes}\n`)).exit,
    0,
    'those that a sha256 keeps out are not',
  )
})
