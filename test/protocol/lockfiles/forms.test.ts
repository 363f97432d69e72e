// guards: src/protocol/lockfiles/named-files.ts src/protocol/lockfiles/pdm-lock.ts src/protocol/lockfiles/requirements/read.ts src/protocol/lockfiles/requirements/requirement.ts
import t from 'tap'
import { A, B, C, read, short, told, wrong } from './locks-as-text.ts'

const apart = (path: string, text: string) =>
  read(path, text).unjudged.map(({ kind, name, line }) => `${kind} ${name} @${line}`)

t.test('uv: a file without a sha256 is known by its name', async t => {
  const text = (hash: string) =>
    `version = 1\n[[package]]\nname = "mix"\nversion = "1"\nsource = { registry = "https://r.example/simple" }\nsdist = { url = "https://f.example/mix-1.tar.gz", hash = "sha256:${A}" }\nwheels = [{ url = "https://f.example/mix-1-py3-none-any.whl"${hash} }]\n`
  for (const hash of ['', `, hash = "sha512:${A}${A}"`])
    t.strictSame(told(read('uv.lock', text(hash))), [`mix 1: mix-1-py3-none-any.whl=? mix-1.tar.gz=${short(A)} @2`])
  t.strictSame(
    told(read('uv.lock', text('').replace(/(sdist|wheels) = .*\n/g, ''))),
    ['mix 1: + @2'],
    'a package without files leaves all of them open',
  )
})

t.test('uv: where a package comes from', async t => {
  const from = (source: string) => `version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = ${source}\n`
  const kinds: readonly (readonly [source: string, kind: string])[] = [
    ['{ git = "https://u:secret@g.example/a" }', 'vcs'],
    ['{ url = "https://f.example/a-1.tar.gz" }', 'url'],
    ['{ path = "a-1.tar.gz" }', 'path'],
    ['{ directory = "a" }', 'path'],
    ['{ editable = "a" }', 'editable'],
    ['{ editable = "." }', 'own'],
    ['{ virtual = "." }', 'own'],
    ['{ registry = "../wheels" }', 'path'],
    ['{ registry = "wheels" }', 'path'],
    ['{ surprise = "x" }', 'path'],
    ['{ registry = "https://r.example/simple", git = "https://g.example/a" }', 'path'],
    ['{ virtual = ".", url = "https://f.example/a-1.tar.gz" }', 'url'],
    ['{ editable = ".", directory = "." }', 'path'],
  ]
  for (const [source, kind] of kinds) t.strictSame(apart('uv.lock', from(source)), [`${kind} a @2`], source)
  t.notMatch(read('uv.lock', from('{ git = "https://u:secret@g.example/a" }')).unjudged[0]?.why, 'secret')
  t.match(read('uv.lock', from('{ registry = "https://u:secret@r.example/simple" }')).packages, [
    { index: 'https://r.example/simple' },
  ])
})

t.test('uv: packages stand under either of their names', async t => {
  const entry = (key: string, name: string) =>
    `[[${key}]]\nname = "${name}"\nversion = "1"\nsource = { registry = "https://r.example/simple" }\n`
  const both = `version = 1\n${entry('package', 'a')}${entry('distribution', 'b')}`
  t.strictSame(told(read('uv.lock', both)), ['a 1: + @2', 'b 1: + @6'])
  t.strictSame(told(read('x', `version = 1\n${entry('distribution', 'b')}`)), ['b 1: + @2'])
})

t.test('a lock that names nothing says so', async t => {
  const nothing: readonly (readonly [path: string, text: string])[] = [
    ['uv.lock', 'version = 1\n'],
    ['poetry.lock', ''],
    ['pdm.lock', ''],
    ['Pipfile.lock', '{"default": {}}'],
    ['pylock.toml', 'lock-version = "1.0"\n'],
    ['requirements.txt', '# nothing\n'],
  ]
  for (const [path, text] of nothing) t.strictSame(apart(path, text), ['empty the whole lock @1'], path)
})

const OLD_POETRY = (metadata: string) =>
  `[[package]]\nname = "demo"\nversion = "1.0"\n\n[[package]]\nname = "demo"\nversion = "2.0"\n\n[metadata]\n${metadata}`

t.test('poetry: two versions share a list of files, each has its own', async t => {
  const files = `\n[metadata.files]\ndemo = [${['1.0', '2.0'].map((version, at) => `{file = "demo-${version}.tar.gz", hash = "sha256:${[A, B][at]}"}`).join(', ')}]\n`
  t.strictSame(told(read('poetry.lock', OLD_POETRY(files))), [
    `demo 1.0: demo-1.0.tar.gz=${short(A)} @1`,
    `demo 2.0: demo-2.0.tar.gz=${short(B)} @5`,
  ])
})

t.test('poetry before 1.0: hashes alone', async t => {
  const hashes = `\n[metadata.hashes]\nDemo = ["${A}", "${B}"]\n`
  t.strictSame(told(read('poetry.lock', OLD_POETRY(hashes))), [
    `demo 1.0: ?=${short(A)} ?=${short(B)} @1`,
    `demo 2.0: ?=${short(A)} ?=${short(B)} @5`,
  ])
  const weak = `\n[metadata.hashes]\ndemo = ["0123456789abcdef0123456789abcdef"]\n`
  t.strictSame(told(read('poetry.lock', OLD_POETRY(weak)))[0], 'demo 1.0: + @1', 'an md5 leaves the files open')
})

t.test('poetry, pdm: a name beside a hash that no index lists leaves the files open', async t => {
  const file = `{file = "demo-1-py3-none-any.whl", hash = "sha512:${A}${A}"}`
  const entry = `[[package]]\nname = "demo"\nversion = "1"\nfiles = [${file}]\n`
  for (const path of ['poetry.lock', 'pdm.lock'])
    t.strictSame(told(read(path, entry)), ['demo 1: demo-1-py3-none-any.whl=?+ @1'], path)
})

t.test('poetry: a source of a type that nobody knows is no index', async t => {
  for (const type of ['""', '1', '"surprise"'])
    t.strictSame(
      apart('poetry.lock', `[[package]]\nname = "a"\nversion = "1"\nfiles = []\n[package.source]\ntype = ${type}\n`),
      ['vcs a @1'],
      type,
    )
})

t.test('poetry: another index is named', async t => {
  const text = `[[package]]\nname = "a"\nversion = "1"\nfiles = []\n[package.source]\ntype = "legacy"\nurl = "https://i.example/simple"\nreference = "i"\n`
  t.match(read('poetry.lock', text).packages, [{ index: 'https://i.example/simple', open: true }])
})

const PDM = (files: string, more = '') =>
  `[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "A.b"\nversion = "1"\n${files}${more}`

t.test('pdm: names and URLs as they were written', async t => {
  const old = PDM('', `[metadata.files]\n"a-B 1" = [{file = "a_b-1.tar.gz", hash = "sha256:${A}"}]\n`).replace(
    /^\[metadata\]\nlock_version = .*\n/,
    '',
  )
  t.strictSame(told(read('pdm.lock', old)), [`a-b 1: a_b-1.tar.gz=${short(A)} @1`])
  const url = 'https://d.example/packages/a_b-1%2Bcpu.tar.gz?token=1#egg'
  t.strictSame(told(read('pdm.lock', PDM(`files = [{url = "${url}", hash = "sha256:${A}"}]\n`))), [
    `a-b 1: a_b-1+cpu.tar.gz=${short(A)} @3`,
  ])
  t.strictSame(apart('pdm.lock', PDM('path = "./a"\neditable = true\n')), ['editable A.b @3'])
})

t.test('pylock: the version stands in the name, an archive is a URL', async t => {
  const wheel = (name: string, hashes: string) =>
    `lock-version = "1.0"\n[[packages]]\nname = "demo"\nwheels = [{ name = "${name}", hashes = { ${hashes} } }]\n`
  t.strictSame(told(read('pylock.toml', wheel('demo-1.0-py3-none-any.whl', `SHA256 = "${A.toUpperCase()}"`))), [
    `demo 1.0: demo-1.0-py3-none-any.whl=${short(A)} @2`,
  ])
  t.strictSame(told(read('pylock.toml', wheel('demo-1.0-py3-none-any.whl', 'sha512 = "x"'))), [
    'demo 1.0: demo-1.0-py3-none-any.whl=? @2',
  ])
  t.strictSame(apart('pylock.toml', wheel('demo-1.0-py3-none-any.whl', `sha256 = "${A}"`)), [])
  t.strictSame(
    apart('pylock.toml', wheel('demo-1.0-py3-none-any.whl', 'sha512 = "x"')),
    ['index-line demo @2'],
    'pipenv takes any release then',
  )
  t.match(wrong('pylock.toml', wheel('other-1.0-py3-none-any.whl', '')), /demo has no version/)
  const archive = `lock-version = "1.0"\n[[packages]]\nname = "demo"\narchive = { url = "https://a.example/demo.zip", hashes = { sha256 = "${A}" } }\n`
  t.strictSame(apart('pylock.toml', archive), ['url demo @2'])
})

t.test('Pipfile.lock: a package comes from its source, without a name from the first', async t => {
  const lock = (
    entry: object,
    sources = [
      { name: 'one', url: 'https://u:secret@one.example/simple' },
      { name: 'two', url: 'https://two.example/simple' },
    ],
  ) =>
    read(
      'Pipfile.lock',
      JSON.stringify({ _meta: { 'pipfile-spec': 6, sources }, default: { demo: { version: '==1', ...entry } } }),
    )
  t.match(lock({}).packages, [{ index: 'https://one.example/simple', open: true }])
  t.match(lock({ index: 'two', hashes: [`sha256:${A}`, `sha512:${B}`] }).packages, [
    { index: 'https://two.example/simple', open: true, files: [{ sha256: A }] },
  ])
  t.match(lock({ index: 'gone' }).packages, [{ index: 'gone' }])
  t.match(lock({}, []).packages, [{ index: undefined }])
  t.match(lock({ path: '.', editable: true }).unjudged, [{ kind: 'own' }])
  t.match(lock({ path: './a', editable: true }).unjudged, [{ kind: 'editable' }])
  t.match(lock({ file: 'https://f.example/a.zip' }).unjudged, [{ kind: 'url' }])
  t.match(lock({ path: '.', file: 'https://f.example/a.zip' }).unjudged, [{ kind: 'url' }], 'pipenv reads file first')
  t.match(lock({ path: '.', git: 'https://g.example/a' }).unjudged, [{ kind: 'vcs' }], 'and repositories before')
})

t.test('Pipfile.lock: what has no hash may come from any source', async t => {
  const lock = (entry: object, environment = {}) =>
    read(
      'Pipfile.lock',
      JSON.stringify({
        _meta: {
          sources: [
            { name: 'a', url: 'https://a.example/simple' },
            { name: 'b', url: `https://${'$'}{USER}@b.example/simple` },
          ],
        },
        default: { demo: { version: '==1', ...entry } },
      }),
      { environment },
    ).unjudged.map(({ kind, index }) => `${kind} ${index}`)
  t.strictSame(lock({ hashes: [`sha256:${A}`] }), [])
  t.strictSame(lock({}, { USER: 'me' }), ['index-line https://a.example/simple', 'index-line https://b.example/simple'])
  t.strictSame(lock({})[1], 'index-line https://…@b.example/simple', 'an address that cannot be filled in is nobody’s')
  t.strictSame(lock({}, { USER: 'evil.example/' })[1], 'index-line https://evil.example/@b.example/simple')
})

t.test('Pipfile.lock: nothing is more than a value where pipenv writes it into a requirements file', async t => {
  const lock = (entry: object) =>
    JSON.stringify({ default: { demo: { version: '==1', hashes: [`sha256:${A}`], ...entry } } })
  const evil = 'http://evil.example/demo-1-py3-none-any.whl'
  const honest = [
    "python_version >= '3.9'",
    "sys_platform == 'win32' and python_version not in '3.0, 3.1'",
    "extra == 'a-b'",
  ]
  for (const markers of honest) t.equal(wrong('Pipfile.lock', lock({ markers })), 'nothing', markers)
  const entries: readonly object[] = [
    { markers: `os_name == 'x'\n${evil}` },
    { markers: `os_name == 'x'\r${evil}` },
    { markers: `os_name == 'x'\u2028${evil}` },
    { markers: `os_name == 'x' --hash=sha256:${B}` },
    { markers: `--hash=sha256:${B}` },
    { markers: "os_name == 'x' # " },
    { markers: "os_name == 'x' \\" },
    { markers: ['x'] },
    { os_markers: `os_name == 'x'\n${evil}` },
    { version: `==1\n${evil}` },
    { version: '==1\n' },
    { extras: [`x]\n${evil}\ndemo[x`] },
    { extras: 'x' },
    { hashes: [`sha256:${A}`, `md5:x\n${evil}`] },
    { hashes: [`sha256:${A} --hash=sha256:${B}`] },
    { hashes: `sha256:${A}` },
    { path: '.', markers: `os_name == 'x'\n${evil}` },
  ]
  for (const entry of entries)
    t.match(
      wrong('Pipfile.lock', lock(entry)),
      /of "demo" is more than pipenv writes there/,
      JSON.stringify(entry).replace('\u2028', ' '),
    )
  const passed = (pip_args: unknown) => read('Pipfile.lock', lock({ pip_args })).unjudged.map(({ kind }) => kind)
  t.strictSame(passed(['--config-settings', 'a=b']), [])
  t.strictSame(passed(['--index-url', 'https://evil.example/simple']), ['index-line'])
  t.strictSame(passed(['--config-settings', '--index-url=https://evil.example/simple']), ['index-line'])
  t.strictSame(passed('-ihttps://evil.example/simple'), ['index-line'])
})

t.test('pylock: what pipenv reads of it besides', async t => {
  const lock = (more: string, hash = `sha256 = "${A}"`, sources = '[[sources]]\nurl = "https://a.example/simple"\n') =>
    `lock-version = "1.0"\n${sources}[[packages]]\nname = "demo"\nversion = "1"\nwheels = [{ name = "demo-1-py3-none-any.whl", hashes = { ${hash} } }]\n${more}\n`
  t.strictSame(apart('pylock.toml', lock('')), [])
  t.strictSame(apart('pylock.toml', lock('', `sha512 = "${A}${A}"`)), [
    'index-line sources: https://a.example/simple @1',
  ])
  const further = (hash: string) => told(read('pylock.toml', lock(`[packages.tool.pipenv]\nhashes = ["${hash}"]`)))
  t.strictSame(further(`sha256:${B}`), [`demo 1: demo-1-py3-none-any.whl=${short(A)} ?=${short(B)} @4`])
  t.strictSame(further(`sha512:${B}`), [`demo 1: demo-1-py3-none-any.whl=${short(A)}+ @4`])
  t.match(
    wrong('pylock.toml', lock(`marker = "os_name == 'x'\\nhttps://evil.example/demo-1.zip"`)),
    /is more than a marker/,
  )
  t.match(wrong('pylock.toml', lock(`marker = "os_name == 'x' --hash=sha256:${B}"`)), /is more than a marker/)
  t.match(wrong('pylock.toml', lock('directory = { path = "." }\nmarker = "\\n-i x"')), /is more than a marker/)
})

t.test('pylock: a folder that is the project is nothing besides', async t => {
  const entry = (more: string) =>
    apart('pylock.toml', `lock-version = "1.0"\n[[packages]]\nname = "demo"\ndirectory = { path = "." }\n${more}\n`)
  t.strictSame(entry(''), ['own demo @2'])
  t.strictSame(entry('archive = { url = "https://a.example/demo.zip" }'), ['url demo @2'])
  t.strictSame(entry('vcs = { url = "https://a.example/demo" }'), ['vcs demo @2'])
  t.strictSame(entry('wheels = [{ url = "https://a.example/demo-1-py3-none-any.whl" }]'), ['path demo @2'])
})

t.test('a lock of a version that nobody knows here is an error that names it', async t => {
  const wrongs: readonly (readonly [path: string, text: string, said: RegExp])[] = [
    ['uv.lock', 'version = 2\n', /uv\.lock of version 2 is not known; 1 is/],
    ['poetry.lock', '[metadata]\nlock-version = "3.0"\n', /lock-version "3\.0" is not known; 1 and 2 are/],
    ['pdm.lock', '[metadata]\nlock_version = "5.0"\n', /lock_version "5\.0" is not known/],
    ['pylock.toml', 'lock-version = "2.0"\n', /lock-version "2\.0" is not known; 1\.0 is/],
    ['pylock.toml', '', /lock-version nothing is not known/],
    ['Pipfile.lock', '{"_meta": {"pipfile-spec": 7}}', /pipfile-spec 7 is not known; 6 is/],
  ]
  for (const [path, text, said] of wrongs) t.match(wrong(path, text), said)
  t.match(wrong('uv.lock', 'version = 1\npackage = "demo"\n'), /package is not a list of tables/)
})

t.test('requirements: what is no release of an index is told', async t => {
  const text = [
    'https://u:secret@f.example/a-1.tar.gz',
    'git+https://g.example/b@main#egg=b',
    'c @ git+ssh://git@g.example/c',
    'd @ file:///d',
    './e ; os_name == "nt"',
    'f-1.0-py3-none-any.whl',
    '-e git+https://g.example/g#egg=g',
    '--extra-index-url https://u:secret@x.example/simple',
    '--find-links ./wheels',
    'h==1',
  ].join('\n')
  t.strictSame(apart('requirements.txt', text), [
    'index-line --extra-index-url https://x.example/simple @8',
    'index-line --find-links ./wheels @9',
    'url https://f.example/a-1.tar.gz @1',
    'vcs git+https://g.example/b@main#egg=b @2',
    'vcs c @3',
    'path d @4',
    'path ./e @5',
    'path f-1.0-py3-none-any.whl @6',
    'editable git+https://g.example/g#egg=g @7',
  ])
})

t.test('requirements: the last index is everybody’s', async t => {
  const text =
    'a==1\n--index-url https://one.example/simple\n--extra-index-url https://gone.example/simple\n-i https://two.example/simple\n'
  const lock = read('requirements.txt', text)
  t.match(lock.packages, [{ index: 'https://two.example/simple' }])
  t.match(lock.unjudged, [{ name: '--index-url https://two.example/simple' }])
  t.equal(lock.unjudged.length, 1)
  t.match(read('requirements.txt', `--no-index\n${text}`).packages, [{ index: undefined }])
})

t.test('requirements: constraints narrow and require nothing', async t => {
  const constrained = (constraints: string, required = `demo==1.0 --hash=sha256:${A} --hash=sha256:${B}`) =>
    read('/locks/requirements.txt', `-c c.txt\n${required}`, { files: { '/locks/c.txt': constraints } })
  t.strictSame(told(constrained('urllib3<3\ndemo<2\nother==1')), [`demo 1.0: ?=${short(A)} ?=${short(B)} @2`])
  t.strictSame(
    told(constrained(`demo==1 --hash=sha256:${A} --hash=sha256:${C}`)),
    [`demo 1.0: ?=${short(A)} @2`],
    'pip: hashes of both',
  )
  t.strictSame(told(constrained(`demo==2 --hash=sha256:${A}`)), [`demo 1.0: ?=${short(A)} ?=${short(B)} @2`])
  t.strictSame(told(constrained(`demo==1 --hash=sha256:${C}`, 'demo==1.0')), [`demo 1.0: ?=${short(C)} @2`])
  t.match(constrained('demo @ https://f.example/demo-1.0.tar.gz').unjudged, [{ kind: 'url', name: 'demo' }])
  t.match(
    wrong('/locks/r.txt', '-c c.txt', { files: { '/locks/c.txt': './demo' } }),
    /c\.txt:1: "\.\/demo" is no constraint/,
  )
  t.match(wrong('/locks/r.txt', '-c c.txt', { files: { '/locks/c.txt': '-e demo' } }), /is no constraint/)
})

t.test('requirements: a hash that no index lists leaves the files open', async t => {
  t.strictSame(told(read('r.txt', `demo==1 --hash=sha256:${A} --hash=sha512:${A}${A}`)), [`demo 1: ?=${short(A)}+ @1`])
  t.match(wrong('r.txt', 'demo==1 --hash=md5:aa'), /r\.txt:1: "md5:aa" is no hash that pip takes/)
})

t.test('requirements: a variable is filled in, or stays', async t => {
  const text = `demo==${'$'}{VERSION}`
  t.strictSame(told(read('r.txt', text, { environment: { VERSION: '1.0' } })), ['demo 1.0: + @1'])
  t.match(wrong('r.txt', text), /r\.txt:1: .*is not one version/)
})
